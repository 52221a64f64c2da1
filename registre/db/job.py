"""Every change of a job's state, one function per query of `sql/job.sql`. Zero rows means another owner: Fenced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.errors import Fenced, LeaseExpired, PoisonJob
from registre.domain.job import Job, JobId, Stage, State
from registre.domain.request import Target

_SQL = load("job")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is noted on job and attempt when a stage did not simply succeed."""

    verdict: str
    code: str
    text: str
    screen: str | None = None
    snapshot: str | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """Another order in the same words: what it holds, or that it is being worked on."""

    document_id: UUID | None
    busy: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job whose holder stopped beating."""

    id: UUID
    kind: str
    #: where it died
    stage: str
    worker: str
    state: str


async def claim_job(
    connection: Connection, job_id: UUID, stage: Stage, *, worker: str, lease: timedelta, ocr: bool = True
) -> Job | None:
    """Take the job for `stage`, or None when there is nothing to take: not due, taken, moved on, held elsewhere.

    Without `ocr` this environment's documents are not read, whatever message says so.
    """
    values = {"job_id": job_id, "stage": stage, "worker": worker, "lease": lease, "ocr": ocr}
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(_SQL["claim_job"], values)).fetchone()
    return None if row is None else _job(row)


async def beat_jobs(connection: Connection, ids: Sequence[UUID], *, worker: str, lease: timedelta) -> dict[UUID, int]:
    """Extend the leases of these jobs; returns those still held, job id → fence."""
    values = {"ids": list(ids), "worker": worker, "lease": lease}
    rows = await (await connection.execute(_SQL["beat_jobs"], values)).fetchall()
    return {row[0]: int(row[1]) for row in rows}


async def advance_job(
    connection: Connection,
    job: Job,
    following: Stage,
    *,
    request_key: str | None = None,
    targets: Sequence[Target] | None = None,
    document_id: UUID | None = None,
    staging_key: str | None = None,
    hold_worker: str | None = None,
    hold: timedelta | None = None,
) -> None:
    """Hand the job to its next stage, message included. Raises Fenced."""
    values = {
        "job_id": job.id,
        "fence": job.fence,
        "next": following,
        "request_key": request_key,
        "targets": None if targets is None else Jsonb([target.to_json() for target in targets]),
        "document_id": document_id,
        "staging_key": staging_key,
        "hold_worker": hold_worker,
        "hold": hold,
    }
    await _fenced(connection, "advance_job", values)


async def finish_job(
    connection: Connection, job: Job, state: State, *, document_id: UUID | None = None, trouble: Trouble | None = None
) -> None:
    """End the job. Raises Fenced."""
    values = {
        "job_id": job.id,
        "fence": job.fence,
        "state": state,
        "document_id": document_id,
        **_trouble(trouble),
    }
    await _fenced(connection, "finish_job", values)


async def delay_job(connection: Connection, job: Job, delay: timedelta, trouble: Trouble, *, spent: bool) -> None:
    """Let the job wait and start its stage again; `spent` counts the try. Raises Fenced."""
    values = {"job_id": job.id, "fence": job.fence, "delay": delay, "spent": spent, **_trouble(trouble)}
    await _fenced(connection, "delay_job", values)


async def count_stumbles(connection: Connection, job: Job, codes: Collection[str]) -> int:
    """How many tries of the job's stage in a row, this one apart, ended with one of these codes."""
    values = {"job_id": job.id, "stage": job.stage, "codes": list(codes)}
    row = await (await connection.execute(_SQL["count_stumbles"], values)).fetchone()
    return 0 if row is None else int(row[0])


async def note_fenced(connection: Connection, job: Job, *, worker: str) -> None:
    """Leave a trace of a result that was dropped."""
    await connection.execute(_SQL["note_fenced"], {"job_id": job.id, "fence": job.fence, "worker": worker})


async def expire_leases(connection: Connection) -> list[Recovered]:
    """Return jobs of dead holders to their stage."""
    values = {"expired": LeaseExpired.message, "poison": PoisonJob.message}
    rows = await (await connection.execute(_SQL["expire_leases"], values)).fetchall()
    return [Recovered(*row[:5]) for row in rows]


async def announce_again(connection: Connection, *, after: timedelta) -> list[UUID]:
    """Write the message of queued jobs that lost theirs."""
    rows = await (await connection.execute(_SQL["announce_again"], {"after": after})).fetchall()
    return [row[0] for row in rows]


async def announce(connection: Connection, job_id: UUID, stage: Stage, *, worker: str) -> None:
    """Leave a job that waits for `stage` to others, this worker's hold included: write one more message for it."""
    await connection.execute(_SQL["announce"], {"job_id": job_id, "stage": stage, "worker": worker})


async def note_request_key(connection: Connection, job: Job, request_key: str) -> None:
    """Record the order's folded words. Raises Fenced."""
    await _fenced(connection, "note_request_key", {"job_id": job.id, "fence": job.fence, "request_key": request_key})


async def find_twin(connection: Connection, job: Job, request_key: str, *, max_age: timedelta) -> Twin | None:
    """Another order in the same words that already holds the document, or is about to."""
    values = {"request_key": request_key, "job_id": job.id, "max_age": max_age}
    row = await (await connection.execute(_SQL["find_twin"], values)).fetchone()
    return None if row is None else Twin(row[0], bool(row[1]))


async def order_path(connection: Connection, order_id: UUID) -> str | None:
    """`supabase_path` of the public row."""
    row = await (await connection.execute(_SQL["order_path"], {"order_id": order_id})).fetchone()
    return None if row is None else row[0]


async def reread_job(
    connection: Connection, job_id: UUID, *, actor: str, pages: Sequence[int] | None, engine: str
) -> str:
    """Read a stored document again; answers `ocr`, or why not (`no_document`, `not_stored`, `already_…`)."""
    wish = Jsonb({"pages": None if pages is None else list(pages), "engine": engine})
    row = await (
        await connection.execute(_SQL["reread_job"], {"job_id": job_id, "actor": actor, "wish": wish})
    ).fetchone()
    assert row is not None  # noqa: S101  a function always answers
    return str(row[0])


async def cancel_job(connection: Connection, job_id: UUID, *, actor: str) -> str:
    """`cancelled`, or `too_late` when it is over or money is on the table."""
    row = await (await connection.execute(_SQL["cancel_job"], {"job_id": job_id, "actor": actor})).fetchone()
    return "too_late" if row is None else str(row[0])


async def _fenced(connection: Connection, name: str, values: dict[str, Any]) -> None:
    if await (await connection.execute(_SQL[name], values)).fetchone() is None:
        raise Fenced


def _trouble(trouble: Trouble | None) -> dict[str, Any]:
    if trouble is None:
        return {"verdict": "done", "code": None, "text": None, "screen": None, "snapshot": None}
    return {
        "verdict": trouble.verdict,
        "code": trouble.code,
        # Postgres text holds neither NUL nor half a surrogate pair, and a site's sentence may
        "text": trouble.text.replace("\x00", "").encode("utf-8", "replace").decode(),
        "screen": trouble.screen,
        "snapshot": trouble.snapshot,
    }


def _job(row: dict[str, Any]) -> Job:
    return Job(
        id=JobId(row["id"]),
        order_id=row["order_id"],
        kind=row["kind"],
        stage=Stage(row["stage"]),
        fence=row["fence"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        request=row["request"],
        targets=tuple(Target.from_json(raw) for raw in row["targets"] or ()),
        document_id=row["document_id"],
        staging_key=row["staging_key"],
        fresh=row["fresh"],
        priority=row["priority"],
        reread=row["reread"],
    )
