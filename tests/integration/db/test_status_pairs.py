"""Every state a job can be in, struck by everything that can be done to it: of the 36 pairs of statuses only the
contract's are ever seen, and who does not hold the job can write nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import product
from uuid import UUID

import psycopg
import pytest

from registre.db import document as documents
from registre.db import job as jobs
from registre.db.pool import Connection, Database
from registre.domain.errors import Fenced
from registre.domain.job import Job, PublicStatus, Stage, State
from tests.integration.db.orders import (
    LEASE,
    PLAN,
    TROUBLE,
    add_document,
    claimed,
    place,
    read_page,
    requeue,
    to_stage,
)
from tests.integration.db.test_public_status import ALLOWED

#: Where a stage that went well may lead: to the next, or to reading where the document is held already.
FOLLOWING = {
    Stage.FETCH: (Stage.DOWNLOAD, Stage.OCR),
    Stage.DOWNLOAD: (Stage.STORE, Stage.OCR),
    Stage.STORE: (Stage.OCR,),
    Stage.OCR: (),
}
ENDS = (State.REFUSED, State.FAILED)
Write = Callable[[Connection, Job], Awaitable[object]]


def _writes(stage: Stage) -> list[Write]:
    """What the holder of a job may write, and nobody else."""

    async def advance(connection: Connection, job: Job, following: Stage) -> None:
        document = await add_document(connection) if following is Stage.OCR else None
        await jobs.advance_job(connection, job, following, document_id=document)

    async def succeed(connection: Connection, job: Job) -> None:
        document = job.document_id or await add_document(connection)
        await read_page(connection, document, 1)
        if job.order_id is not None:
            await documents.write_content(connection, job.order_id, content="t", corrected="t", searchable="t")
        await jobs.finish_job(connection, job, State.DONE, document_id=document)

    return [
        *(lambda c, j, to=to: advance(c, j, to) for to in FOLLOWING[stage]),
        *(lambda c, j, end=end: jobs.finish_job(c, j, end, trouble=TROUBLE) for end in ENDS),
        lambda c, j: jobs.delay_job(c, j, timedelta(0), TROUBLE, spent=True),
        lambda c, j: jobs.delay_job(c, j, timedelta(0), TROUBLE, spent=False),
        *([succeed] if stage in (Stage.STORE, Stage.OCR) else []),
    ]  # fmt: skip


async def _bring(database: Database, sql: psycopg.Connection, job_id: UUID, stage: Stage, state: State) -> Job:
    """The job in that state, and what its last holder believes to hold."""
    await to_stage(database, sql, job_id, stage)
    job = await claimed(database, job_id, stage)
    async with database.transaction() as connection:
        if state is State.RUNNING:
            pass
        elif state is State.CANCELLED:
            await jobs.cancel_job(connection, job_id, actor="test")
        elif state is State.DONE:
            await _writes(Stage.OCR)[-1](connection, job)
        elif state in ENDS:
            await jobs.finish_job(connection, job, state, trouble=TROUBLE)
        else:
            await jobs.delay_job(connection, job, timedelta(0), TROUBLE, spent=False)
            if state is State.QUEUED:
                await connection.execute(
                    "UPDATE registre.job SET state = 'queued', not_before = NULL, error_code = NULL WHERE id = %s",
                    [job_id],
                )
    return job


async def _status(connection: Connection, order: UUID) -> int:
    cursor = await connection.execute("SELECT status_id FROM public.extraction_queue WHERE id = %s", [order])
    [(found,)] = await cursor.fetchall()
    return found


async def _edges(connection: Connection, order: UUID, job: Job, state: State) -> set[tuple[int, int]]:
    before, seen = await _status(connection, order), set()
    anyones: list[Write] = [
        lambda c, j: jobs.claim_job(c, j.id, j.stage, worker="w2", lease=LEASE),
        lambda c, j: requeue(c, j.id, actor="test"),
        lambda c, j: requeue(c, j.id, actor="test", rebuy=True),
        lambda c, _: c.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [order]),
        lambda c, _: c.execute(
            "UPDATE public.extraction_queue SET status_id = 1, document_number = '9' WHERE id = %s", [order]
        ),
        lambda c, _: c.execute("UPDATE public.extraction_queue SET status_id = 4 WHERE id = %s", [order]),
        lambda c, j: jobs.cancel_job(c, j.id, actor="test"),
    ]
    for write in anyones:
        async with connection.transaction(force_rollback=True):
            await write(connection, job)
            seen.add((before, await _status(connection, order)))
    for write in _writes(job.stage):
        async with connection.transaction(force_rollback=True):
            if state is State.RUNNING:
                await write(connection, job)
                seen.add((before, await _status(connection, order)))
            else:
                with pytest.raises(Fenced):
                    await write(connection, job)
    return seen


@pytest.mark.parametrize("columns", [{}, PLAN], ids=["index", "plan"])
async def test_of_the_36_pairs_only_the_contracts_are_ever_seen(
    database: Database, sql: psycopg.Connection, columns: dict
) -> None:
    seen: set[tuple[int, int]] = set()
    for stage, state in product(Stage, set(State) - {State.IMPORTED}):
        if columns and stage is Stage.OCR:
            continue  # a plan is not read
        if state is State.DONE and stage not in (Stage.STORE, Stage.OCR):
            continue
        order, job_id = place(sql, **columns)
        job = await _bring(database, sql, job_id, stage, state)
        async with database.connection() as connection:
            seen |= await _edges(connection, order, job, state)
    pairs = set(product(map(int, PublicStatus), repeat=2))
    assert len(pairs) == 36
    staying = {(status, status) for status in map(int, PublicStatus)}
    assert seen - staying <= ALLOWED
    # No pair is allowed for nothing: an index sees all but a plan's own.
    if not columns:
        assert ALLOWED - seen <= {(2, 5)}, ALLOWED - seen
