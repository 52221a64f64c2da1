"""What applications see: the histories of the contract, and no edge between statuses that is not on the list."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registre.db import document as documents
from registre.db import job as jobs
from registre.db.pool import Database
from registre.domain.job import Job, Stage, State
from tests.integration.db.orders import PLAN, TROUBLE, add_document, claim, job_row, place, read_page, ripen, status

#: from → to. 1 waits, 2 is being fetched, 3 is stored and waits to be read, 4 failed, 5 is done, 6 is being read.
ALLOWED = {
    (1, 2),  # claimed; or what was bought before is stored first
    (1, 4),  # cancelled
    (2, 1),  # search failed or its worker died: waits
    (2, 3),  # stored, or held already
    (2, 4),  # refused, failed, cancelled
    (2, 5),  # plan stored
    (3, 1),  # the order was corrected: searched anew
    (3, 4),  # cancelled before it was read
    (3, 6),  # being read
    (4, 1),  # repeated: search
    (4, 2),  # repeated: what was paid is stored
    (4, 3),  # repeated: what is stored is read
    (5, 1),  # ordered anew
    (6, 3),  # reading failed or its worker died: waits
    (6, 4),  # reading failed for good, cancelled
    (6, 5),  # read
}


def history(sql: psycopg.Connection, job_id: UUID) -> list[int]:
    """Statuses in order, each named once while it lasts."""
    rows = sql.execute(
        "SELECT (data ->> 'status_to')::int FROM registre.event WHERE job_id = %s AND data ? 'status_to' ORDER BY id",
        [job_id],
    ).fetchall()
    seen: list[int] = []
    for (value,) in rows:
        if not seen or seen[-1] != value:
            seen.append(value)
    return seen


async def _walk(database: Database, sql: psycopg.Connection, order_id: UUID, job_id: UUID) -> list[int]:
    """The happy path through the real functions; answers what the public row showed at each step."""
    shown = [status(sql, order_id)]
    for stage in Stage:
        async with database.transaction() as connection:
            job = await jobs.claim_job(connection, job_id, stage, worker="w1", lease=timedelta(seconds=8))
        shown.append(status(sql, order_id))
        async with database.transaction() as connection:
            done = await _succeed(connection, job)
        shown.append(status(sql, order_id))
        if done:
            return shown
    raise AssertionError("the walk ends at the last stage")


async def _succeed(connection, job: Job) -> bool:
    """Commit the stage's success; True when the job has ended."""
    if job.stage in (Stage.FETCH, Stage.DOWNLOAD):
        await jobs.advance_job(connection, job, Stage.DOWNLOAD if job.stage is Stage.FETCH else Stage.STORE)
        return False
    if job.stage is Stage.STORE:
        document_id = await add_document(connection)
        if job.kind == "plan_cadastraux":
            await jobs.finish_job(connection, job, State.DONE, document_id=document_id)
            return True
        await jobs.advance_job(connection, job, Stage.OCR, document_id=document_id)
        return False
    await read_page(connection, job.document_id, 1)
    await documents.write_content(connection, job.order_id, content="texte", corrected="texte", searchable="texte")
    await jobs.finish_job(connection, job, State.DONE)
    return True


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, [1, 2, 3, 6, 5]),
        ({"document_source": "acte", "acte_type": "Acte"}, [1, 2, 3, 6, 5]),
        (PLAN, [1, 2, 5]),
    ],
)
async def test_the_history_of_an_order_is_the_contracts(
    database: Database, sql: psycopg.Connection, columns: dict, expected: list[int]
) -> None:
    order_id, job_id = place(sql, **columns)
    shown = await _walk(database, sql, order_id, job_id)
    assert [value for n, value in enumerate(shown) if n == 0 or shown[n - 1] != value] == expected
    assert history(sql, job_id) == expected
    row = sql.execute(
        "SELECT worker_id, ocr_worker_id, error_message, ocr_error, supabase_path LIKE 'index/%%', "
        "ocr_completed_at IS NOT NULL, processing_started_at IS NOT NULL FROM public.extraction_queue WHERE id = %s",
        [order_id],
    ).fetchone()
    assert row == (None, None, None, None, True, True, True)


async def test_every_change_has_its_time_and_its_actor(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await _walk(database, sql, order_id, job_id)
    sql.execute("SELECT registre.requeue(%s, 'a.person')", [job_id])
    events = sql.execute(
        "SELECT name, actor, at FROM registre.event WHERE job_id = %s ORDER BY id", [job_id]
    ).fetchall()
    assert all(actor and at for _, actor, at in events)
    assert [actor for name, actor, _ in events if name == "job.running"] == ["w1"] * 4
    assert {actor for _, actor, _ in events[-2:]} == {"a.person"}


async def test_the_reading_columns_are_those_of_the_reading(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    for stage in list(Stage)[:-1]:
        async with database.transaction() as connection:
            job = await jobs.claim_job(connection, job_id, stage, worker="w1", lease=timedelta(seconds=8))
            await _succeed(connection, job)
    columns = (
        "SELECT status_id, worker_id, ocr_worker_id, ocr_attempts, ocr_error, error_message, "
        "ocr_started_at IS NOT NULL FROM public.extraction_queue WHERE id = %s"
    )
    job = await claim(database, job_id, Stage.OCR, "reader")
    assert sql.execute(columns, [order_id]).fetchone() == (6, None, "reader", 1, None, None, True)
    async with database.connection() as connection:
        await jobs.delay_job(connection, job, timedelta(seconds=1), TROUBLE, spent=True)
    assert sql.execute(columns, [order_id]).fetchone() == (3, None, None, 1, TROUBLE.text, None, True)
    ripen(sql, job_id)
    job = await claim(database, job_id, Stage.OCR, "reader")
    async with database.connection() as connection:
        await jobs.finish_job(connection, job, State.FAILED, trouble=TROUBLE)
    assert sql.execute(columns, [order_id]).fetchone() == (4, None, None, 2, TROUBLE.text, None, True)


_STEPS = ("claim", "succeed", "retry", "defer", "refuse", "fail", "crash", "1", "4", "rebuy", "edit", "ripen", "held")


async def _step(step: str, database: Database, sql: psycopg.Connection, order_id: UUID, job_id: UUID) -> None:
    """Try one thing that may happen; what is not possible now changes nothing."""
    row = job_row(sql, job_id)
    if step in ("1", "4"):
        sql.execute("UPDATE public.extraction_queue SET status_id = %s WHERE id = %s", [int(step), order_id])
    elif step == "edit":
        number = str(random.randint(1, 9999))
        sql.execute(
            "UPDATE public.extraction_queue SET status_id = 1, document_number = %s WHERE id = %s", [number, order_id]
        )
    elif step == "rebuy":
        sql.execute("SELECT registre.requeue(%s, 'test', true)", [job_id])
    elif step == "ripen":
        ripen(sql, job_id)
    elif step == "claim":
        await claim(database, job_id, Stage(row["stage"]))
    elif step == "crash":
        sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms' WHERE state = 'running'")
        async with database.connection() as connection:
            await jobs.expire_leases(connection)
    elif row["state"] == "running":
        await _end(step, database, row)


async def _end(step: str, database: Database, row: dict) -> None:
    job = Job(
        row["id"], row["order_id"], row["kind"], Stage(row["stage"]), row["fence"], row["attempts"],
        row["max_attempts"], row["request"], (), row["document_id"], None, False, 0,
    )  # fmt: skip
    async with database.transaction() as connection:
        if step == "succeed":
            await _succeed(connection, job)
        elif step == "held" and job.stage in (Stage.FETCH, Stage.DOWNLOAD):
            await jobs.advance_job(connection, job, Stage.OCR, document_id=await add_document(connection))
        elif step in ("retry", "defer"):
            await jobs.delay_job(connection, job, timedelta(minutes=1), TROUBLE, spent=step == "retry")
        elif step in ("refuse", "fail"):
            await jobs.finish_job(connection, job, State(step + ("d" if step == "refuse" else "ed")), trouble=TROUBLE)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(plan=st.booleans(), steps=st.lists(st.sampled_from(_STEPS), min_size=5, max_size=25))
async def test_no_walk_shows_an_edge_that_is_not_allowed(
    database: Database, sql: psycopg.Connection, plan: bool, steps: list[str]
) -> None:
    order_id, job_id = place(sql, **(PLAN if plan else {}))
    await _follow(steps, database, sql, order_id, job_id)


async def _follow(
    steps: list[str], database: Database, sql: psycopg.Connection, order_id: UUID, job_id: UUID
) -> set[tuple[int, int]]:
    edges: set[tuple[int, int]] = set()
    before = status(sql, order_id)
    for step in steps:
        await _step(step, database, sql, order_id, job_id)
        after = status(sql, order_id)
        row = job_row(sql, job_id)
        assert after == sql.execute("SELECT registre.public_status(%s, %s)", [row["stage"], row["state"]]).fetchone()[0]
        if after != before:
            edges.add((before, after))
        before = after
    assert edges <= ALLOWED
    return edges


async def test_long_walks_see_nearly_every_allowed_edge(database: Database, sql: psycopg.Connection) -> None:
    """So that the list is not longer than the truth."""
    choose = random.Random(7)
    weights = [6 if step in ("claim", "succeed", "ripen") else 1 for step in _STEPS]
    edges: set[tuple[int, int]] = set()
    for walk in range(12):
        order_id, job_id = place(sql, **(PLAN if walk % 4 == 0 else {}))
        edges |= await _follow(choose.choices(_STEPS, weights, k=60), database, sql, order_id, job_id)
    assert edges >= ALLOWED - {(1, 2), (2, 5), (4, 2), (4, 3), (3, 1), (5, 1)}
    assert len(edges) >= 12


def test_every_stage_and_state_has_its_status(sql: psycopg.Connection) -> None:
    shown = {
        (stage, state): sql.execute("SELECT registre.public_status(%s, %s)", [stage, state]).fetchone()[0]
        for stage in Stage
        for state in State
        if state is not State.IMPORTED
    }
    assert set(shown.values()) == {1, 2, 3, 4, 5, 6}
    assert {key for key, value in shown.items() if value == 6} == {(Stage.OCR, State.RUNNING)}
    assert {state for (_, state), value in shown.items() if value == 4} == {
        State.REFUSED,
        State.FAILED,
        State.CANCELLED,
    }
    assert {state for (_, state), value in shown.items() if value == 5} == {State.DONE}
