"""Orders, documents and verdicts for the tests of the database."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql as compose

from registre.db import document as documents
from registre.db import job as jobs
from registre.db.job import Trouble
from registre.db.pool import Connection, Database
from registre.domain.job import Job, Stage, State
from registre.domain.reading import PageReading, PageState, PdfFacts
from registre.domain.request import DocumentKind, Target

LEASE = timedelta(seconds=8)
INDEX = {
    "document_source": "index",
    "document_number": "2 784 195",
    "circonscription_fonciere": "Montréal",
    "cadastre": "Cadastre du Québec",
}
PLAN = {**INDEX, "document_source": "plan_cadastraux"}
TROUBLE = Trouble("retry", "site_error", "Le site a répondu par une erreur.")
TARGET = Target(DocumentKind.INDEX, "2784195", "Montréal", "Cadastre du Québec")


def place(sql: psycopg.Connection, **columns: object) -> tuple[UUID, UUID]:
    """Insert an order as an application would; answers (order, job)."""
    row = {**INDEX, **columns}
    statement = compose.SQL("INSERT INTO public.extraction_queue ({}) VALUES ({}) RETURNING id").format(
        compose.SQL(", ").join(map(compose.Identifier, row)), compose.SQL(", ").join(compose.Placeholder() * len(row))
    )
    order_id = sql.execute(statement, list(row.values())).fetchone()[0]
    return order_id, sql.execute("SELECT id FROM registre.job WHERE order_id = %s", [order_id]).fetchone()[0]


def job_row(sql: psycopg.Connection, job_id: UUID) -> dict[str, Any]:
    """The whole job row."""
    cursor = sql.execute("SELECT * FROM registre.job WHERE id = %s", [job_id])
    return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def status(sql: psycopg.Connection, order_id: UUID) -> int:
    return sql.execute("SELECT status_id FROM public.extraction_queue WHERE id = %s", [order_id]).fetchone()[0]


def messages(sql: psycopg.Connection, job_id: UUID) -> list[tuple[str, str]]:
    """(queue, state) of the job's messages, oldest first."""
    return sql.execute(
        "SELECT queue_name, state::text FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s "
        "ORDER BY (message ->> 'message_timestamp')::bigint, mtime",
        [str(job_id)],
    ).fetchall()


def ripen(sql: psycopg.Connection, job_id: UUID) -> None:
    """Let a waiting or held job be due."""
    sql.execute(
        "UPDATE registre.job SET not_before = CASE WHEN not_before IS NOT NULL THEN now() END, "
        "hold_until = now() - interval '1 s' WHERE id = %s",
        [job_id],
    )


async def claim(database: Database, job_id: UUID, stage: Stage, worker: str = "w1") -> Job | None:
    async with database.connection() as connection:
        return await jobs.claim_job(connection, job_id, stage, worker=worker, lease=LEASE)


async def claimed(database: Database, job_id: UUID, stage: Stage, worker: str = "w1") -> Job:
    job = await claim(database, job_id, stage, worker)
    assert job is not None
    return job


async def advance(database: Database, job: Job, following: Stage, **values: Any) -> None:
    async with database.connection() as connection:
        await jobs.advance_job(connection, job, following, **values)


async def finish(database: Database, job: Job, state: State, **values: Any) -> None:
    async with database.connection() as connection:
        await jobs.finish_job(connection, job, state, **values)


async def delay(database: Database, job: Job, seconds: float = 5, *, spent: bool = True) -> None:
    async with database.connection() as connection:
        await jobs.delay_job(connection, job, timedelta(seconds=seconds), TROUBLE, spent=spent)


async def requeue(connection: Connection, job_id: UUID, *, actor: str, rebuy: bool = False) -> str:
    """As the door and the command do; answers the stage it goes to, or why not."""
    row = await (await connection.execute("SELECT registre.requeue(%s, %s, %s)", [job_id, actor, rebuy])).fetchone()
    return row[0]


async def add_document(connection: Connection, target: Target = TARGET, *, pages: int = 1) -> UUID:
    """A stored document that nobody has read."""
    sha = uuid4().hex * 2
    facts = PdfFacts(1000, sha, pages, "")
    return await documents.add_document(
        connection, target, facts, object_key=f"objects/{sha}.pdf", path=f"index/{sha}.pdf", number_checked=None
    )


async def read_page(connection: Connection, document_id: UUID, number: int, state: PageState = PageState.READ) -> None:
    reading = PageReading(number, state, "text_layer", "1", "texte")
    await documents.add_page(connection, document_id, reading, "texte")


async def to_stage(database: Database, sql: psycopg.Connection, job_id: UUID, stage: Stage) -> None:
    """Bring a fresh job to the queue of `stage` through the real hand-offs."""
    for now, following in pairwise(Stage):
        if now is stage:
            return
        job = await claimed(database, job_id, now)
        async with database.transaction() as connection:
            document_id = await add_document(connection) if following is Stage.OCR else None
            await jobs.advance_job(connection, job, following, document_id=document_id)
