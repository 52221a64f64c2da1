"""Claims, leases, fences: one holder at a time, and a result only from the holder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from registre.db import charge as charges
from registre.db import document as documents
from registre.db import job as jobs
from registre.db.pool import Connection, Database
from registre.domain.errors import Fenced, PoisonJob
from registre.domain.job import Job, Stage, State
from registre.domain.reading import PageState
from tests.integration.db.orders import (
    LEASE,
    PLAN,
    TARGET,
    TROUBLE,
    add_document,
    advance,
    claim,
    claimed,
    delay,
    finish,
    job_row,
    messages,
    place,
    read_page,
    ripen,
    status,
    to_stage,
)


async def test_fifty_claims_at_once_have_one_winner(database: Database, sql: psycopg.Connection) -> None:
    for _ in range(10):
        _, job_id = place(sql)
        answers = await asyncio.gather(*(claim(database, job_id, Stage.FETCH, f"w{n}") for n in range(50)))
        winners = [answer for answer in answers if answer is not None]
        assert len(winners) == 1
        row = job_row(sql, job_id)
        assert (row["state"], row["fence"], row["attempts"]) == ("running", winners[0].fence, 1)
        assert sql.execute("SELECT count(*) FROM registre.attempt WHERE job_id = %s", [job_id]).fetchone() == (1,)


async def test_a_claim_leaves_owner_fence_stage_and_lease(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH, "host-browser.1#abc")
    row = job_row(sql, job_id)
    assert (row["worker"], row["fence"], row["stage"], row["state"]) == ("host-browser.1#abc", 1, "fetch", "running")
    [left] = sql.execute("SELECT lease_until - now() FROM registre.job").fetchone()
    assert timedelta(0) < left <= LEASE
    assert job.request["document_number"] == "2 784 195"
    assert sql.execute(
        "SELECT worker_id, attemtps, attempts FROM public.extraction_queue WHERE id = %s", [order_id]
    ).fetchone() == ("host-browser.1#abc", 1, 1)


@pytest.mark.parametrize("stage", [Stage.DOWNLOAD, Stage.STORE, Stage.OCR])
async def test_a_claim_for_another_stage_takes_nothing(
    database: Database, sql: psycopg.Connection, stage: Stage
) -> None:
    _, job_id = place(sql)
    assert await claim(database, job_id, stage) is None
    assert await claim(database, uuid4(), Stage.FETCH) is None


async def test_a_waiting_job_is_not_claimed_before_its_time(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    await delay(database, await claimed(database, job_id, Stage.FETCH), 60)
    assert await claim(database, job_id, Stage.FETCH) is None
    ripen(sql, job_id)
    assert (await claimed(database, job_id, Stage.FETCH)).fence == 2


async def test_a_held_job_is_its_processs_alone_until_the_hold_ends(
    database: Database, sql: psycopg.Connection
) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH, "a")
    await advance(database, job, Stage.DOWNLOAD, hold_worker="a", hold=timedelta(seconds=60))
    assert await claim(database, job_id, Stage.DOWNLOAD, "b") is None
    assert messages(sql, job_id)[-1] == ("download.DQ", "queued")
    sql.execute("UPDATE registre.job SET hold_until = now() - interval '1 ms'")
    assert await claim(database, job_id, Stage.DOWNLOAD, "b") is not None


async def test_the_holder_of_the_page_goes_on_at_once(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH, "a")
    await advance(database, job, Stage.DOWNLOAD, hold_worker="a", hold=timedelta(seconds=60))
    assert await claim(database, job_id, Stage.DOWNLOAD, "a") is not None


async def test_only_the_holder_gives_a_held_job_to_others(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH, "a")
    await advance(database, job, Stage.DOWNLOAD, hold_worker="a", hold=timedelta(seconds=60))
    async with database.connection() as connection:
        await jobs.announce(connection, job_id, Stage.DOWNLOAD, worker="b")
        assert await claim(database, job_id, Stage.DOWNLOAD, "b") is None
        await jobs.announce(connection, job_id, Stage.DOWNLOAD, worker="a")
    assert messages(sql, job_id)[-1] == ("download", "queued")
    assert await claim(database, job_id, Stage.DOWNLOAD, "b") is not None


async def test_fetch_and_download_share_one_try_and_each_later_stage_has_its_own(
    database: Database, sql: psycopg.Connection
) -> None:
    _, job_id = place(sql)
    seen = []
    for following in (Stage.DOWNLOAD, Stage.STORE, Stage.OCR):
        job = await claimed(database, job_id, Stage(job_row(sql, job_id)["stage"]))
        seen.append((job.stage.value, job.attempts))
        await advance(database, job, following)
    job = await claimed(database, job_id, Stage.OCR)
    seen.append((job.stage.value, job.attempts))
    assert seen == [("fetch", 1), ("download", 1), ("store", 1), ("ocr", 1)]


async def test_a_failed_download_counts_once_and_starts_again_at_the_free_steps(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.DOWNLOAD)
    await delay(database, await claimed(database, job_id, Stage.DOWNLOAD))
    row = job_row(sql, job_id)
    assert (row["stage"], row["state"], row["attempts"]) == ("fetch", "waiting", 1)
    assert (status(sql, order_id), messages(sql, job_id)[-1]) == (1, ("fetch.DQ", "queued"))
    ripen(sql, job_id)
    assert (await claimed(database, job_id, Stage.FETCH)).attempts == 2


async def test_a_wait_that_is_nobodys_fault_spends_no_try(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    for _ in range(5):
        await delay(database, await claimed(database, job_id, Stage.FETCH), spent=False)
        assert job_row(sql, job_id)["attempts"] == 0
        ripen(sql, job_id)


async def test_each_failed_try_leaves_its_record_and_its_text_is_cut_at_2000(
    database: Database, sql: psycopg.Connection
) -> None:
    _, job_id = place(sql)
    for _ in range(2):
        job = await claimed(database, job_id, Stage.FETCH)
        async with database.connection() as connection:
            trouble = jobs.Trouble("retry", "site_error", "é" * 5000, "recherche", "snapshots/x.html")
            await jobs.delay_job(connection, job, timedelta(seconds=1), trouble, spent=True)
        ripen(sql, job_id)
    rows = sql.execute(
        "SELECT fence, verdict, error_code, length(error_text), screen, snapshot, ended_at IS NOT NULL, worker "
        "FROM registre.attempt ORDER BY fence"
    ).fetchall()
    expected = ("retry", "site_error", 2000, "recherche", "snapshots/x.html", True, "w1")
    assert rows == [(1, *expected), (2, *expected)]


_WRITES: dict[str, Callable[[Connection, Job], Awaitable[object]]] = {
    "advance": lambda c, job: jobs.advance_job(c, job, Stage.DOWNLOAD),
    "finish": lambda c, job: jobs.finish_job(c, job, State.FAILED, trouble=TROUBLE),
    "delay": lambda c, job: jobs.delay_job(c, job, timedelta(seconds=1), TROUBLE, spent=True),
    "request_key": lambda c, job: jobs.note_request_key(c, job, "k"),
}
_LOSSES = {
    "overtaken": "UPDATE registre.job SET fence = fence + 1",
    "requeued": "UPDATE registre.job SET state = 'queued', worker = NULL, lease_until = NULL",
    "cancelled": "SELECT registre.cancel(id, 'test') FROM registre.job",
}


@pytest.mark.parametrize("loss", _LOSSES)
@pytest.mark.parametrize("write", _WRITES)
async def test_a_stale_holders_write_raises_and_changes_nothing(
    database: Database, sql: psycopg.Connection, write: str, loss: str
) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH)
    sql.execute(_LOSSES[loss])
    everything = (
        "SELECT (SELECT array_agg(j::text) FROM registre.job j), (SELECT array_agg(a::text) FROM registre.attempt a), "
        "(SELECT array_agg(q::text) FROM public.extraction_queue q), (SELECT count(*) FROM dramatiq.queue), "
        "(SELECT count(*) FROM registre.event)"
    )
    before = sql.execute(everything).fetchone()
    async with database.connection() as connection:
        with pytest.raises(Fenced):
            await _WRITES[write](connection, job)
    assert sql.execute(everything).fetchone() == before


async def test_a_stale_holder_cannot_buy(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH)
    sql.execute("UPDATE registre.job SET fence = fence + 1")
    async with database.connection() as connection:
        bought = await charges.intend_charge(connection, job, TARGET, account_id=None, amount_cents=150)
    assert bought is None
    assert sql.execute("SELECT count(*) FROM registre.charge").fetchone() == (0,)


async def test_a_dropped_result_leaves_its_trace(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH)
    sql.execute("SELECT registre.cancel(id, 'test') FROM registre.job")
    async with database.connection() as connection:
        await jobs.note_fenced(connection, job, worker="w1")
    assert sql.execute("SELECT verdict FROM registre.attempt").fetchall() == [("fenced",)]
    assert ("job.fenced",) in sql.execute("SELECT name FROM registre.event").fetchall()


async def _expire(database: Database) -> list[jobs.Recovered]:
    async with database.connection() as connection:
        return await jobs.expire_leases(connection)


@pytest.mark.parametrize(
    ("stage", "back", "shown"),
    [(Stage.FETCH, "fetch", 1), (Stage.DOWNLOAD, "fetch", 1), (Stage.STORE, "store", 2), (Stage.OCR, "ocr", 3)],
)
async def test_a_dead_holders_job_returns_to_its_own_stage(
    database: Database, sql: psycopg.Connection, stage: Stage, back: str, shown: int
) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, stage)
    job = await claimed(database, job_id, stage)
    assert await _expire(database) == []
    sql.execute("DELETE FROM dramatiq.queue")
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
    assert await _expire(database) == [jobs.Recovered(job_id, "index", stage, "w1", "queued")]
    row = job_row(sql, job_id)
    assert (row["stage"], row["state"], row["crashes"], row["worker"]) == (back, "queued", 1, None)
    assert (status(sql, order_id), messages(sql, job_id)) == (shown, [(back, "queued")])
    assert sql.execute("SELECT verdict, error_code FROM registre.attempt WHERE fence = %s", [job.fence]).fetchall() == [
        ("crash", "lease_expired")
    ]
    with pytest.raises(Fenced):
        await advance(database, job, Stage.OCR)
    assert await _expire(database) == []


async def test_a_beating_lease_is_never_touched(database: Database, sql: psycopg.Connection) -> None:
    _, mine = place(sql)
    _, other = place(sql)
    await claimed(database, mine, Stage.FETCH, "alive")
    await claimed(database, other, Stage.FETCH, "dead")
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
    async with database.connection() as connection:
        beaten = await jobs.beat_jobs(connection, [mine, other], worker="alive", lease=LEASE)
    assert beaten == {mine: 1}
    assert [job.id for job in await _expire(database)] == [other]
    assert job_row(sql, mine)["state"] == "running"


async def test_a_job_that_is_no_longer_ours_is_not_answered_to_the_beat(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    await claimed(database, job_id, Stage.FETCH, "w1")
    sql.execute("UPDATE public.extraction_queue SET status_id = 4 WHERE id = %s", [order_id])
    async with database.connection() as connection:
        assert await jobs.beat_jobs(connection, [job_id], worker="w1", lease=LEASE) == {}


@pytest.mark.parametrize("most", [1, 2, 3, 5])
async def test_a_job_that_kills_its_worker_each_time_fails_after_its_own_maximum(
    database: Database, sql: psycopg.Connection, most: int
) -> None:
    order_id, job_id = place(sql, max_attempts=most)
    for death in range(1, most + 1):
        await claimed(database, job_id, Stage.FETCH)
        sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
        [recovered] = await _expire(database)
        assert recovered.state == ("failed" if death == most else "queued")
    row = job_row(sql, job_id)
    assert (row["error_code"], row["error_text"], status(sql, order_id)) == ("poison_job", PoisonJob.message, 4)
    assert row["finished_at"] is not None
    assert await claim(database, job_id, Stage.FETCH) is None


async def test_a_stage_that_went_well_forgets_the_deaths_before_it(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.STORE)
    for stage in (Stage.STORE, Stage.OCR):
        for _ in range(2):
            await claimed(database, job_id, stage)
            sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
            [recovered] = await _expire(database)
            assert recovered.state == "queued"
        if stage is Stage.STORE:
            async with database.transaction() as connection:
                job = await jobs.claim_job(connection, job_id, stage, worker="w1", lease=LEASE)
                await jobs.advance_job(connection, job, Stage.OCR, document_id=await add_document(connection))


async def test_finished_rows_are_never_swept(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql, **PLAN)
    await to_stage(database, sql, job_id, Stage.STORE)
    job = await claimed(database, job_id, Stage.STORE)
    async with database.connection() as connection:
        await jobs.finish_job(connection, job, State.DONE, document_id=await add_document(connection))
    failed_order, failed = place(sql)
    await finish(database, await claimed(database, failed, Stage.FETCH), State.FAILED, trouble=TROUBLE)
    for _ in range(3):
        assert await _expire(database) == []
        assert await _announce_again(database, after=timedelta(0)) == []
    assert (status(sql, order_id), status(sql, failed_order)) == (5, 4)


async def _announce_again(database: Database, *, after: timedelta) -> list:
    async with database.connection() as connection:
        return await jobs.announce_again(connection, after=after)


async def test_only_a_job_whose_message_is_nowhere_is_announced_again(
    database: Database, sql: psycopg.Connection
) -> None:
    lost, queued, consumed, delayed, running, fresh = (place(sql)[1] for _ in range(6))
    await delay(database, await claimed(database, delayed, Stage.FETCH), 0.001)
    await claimed(database, running, Stage.FETCH)
    sql.execute(
        "UPDATE registre.job SET announced_at = now() - interval '1 h', "
        "not_before = CASE WHEN not_before IS NOT NULL THEN now() - interval '1 h' END WHERE id <> %s",
        [fresh],
    )
    for job_id in (lost, running, fresh):
        sql.execute("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", [str(job_id)])
    sql.execute("UPDATE dramatiq.queue SET state = 'consumed' WHERE message -> 'args' ->> 0 = %s", [str(consumed)])
    assert await _announce_again(database, after=timedelta(seconds=30)) == [lost]
    assert messages(sql, lost) == [("fetch", "queued")]
    assert len(messages(sql, queued)) == 1
    assert await _announce_again(database, after=timedelta(seconds=30)) == []


@pytest.mark.parametrize("ended", ["done", "rejected"])
async def test_a_job_whose_message_was_spent_without_a_claim_is_announced_again(
    database: Database, sql: psycopg.Connection, ended: str
) -> None:
    _, job_id = place(sql)
    sql.execute("UPDATE registre.job SET announced_at = now() - interval '1 h'")
    sql.execute("UPDATE dramatiq.queue SET state = %s::dramatiq.state", [ended])
    assert await _announce_again(database, after=timedelta(seconds=30)) == [job_id]


async def test_a_message_for_an_earlier_stage_does_not_hide_a_lost_one(
    database: Database, sql: psycopg.Connection
) -> None:
    _, job_id = place(sql)
    await advance(database, await claimed(database, job_id, Stage.FETCH), Stage.DOWNLOAD)
    sql.execute("DELETE FROM dramatiq.queue WHERE queue_name LIKE 'download%'")
    sql.execute("UPDATE registre.job SET announced_at = now() - interval '1 h', hold_until = NULL")
    assert await _announce_again(database, after=timedelta(seconds=30)) == [job_id]


@pytest.mark.parametrize("kind", ["index", "acte"])
async def test_a_reading_that_waits_in_its_queue_is_not_announced_again(
    database: Database, sql: psycopg.Connection, kind: str
) -> None:
    _, job_id = place(sql, document_source=kind, acte_type="Acte" if kind == "acte" else None)
    await to_stage(database, sql, job_id, Stage.OCR)
    sql.execute("UPDATE registre.job SET announced_at = now() - interval '1 h', hold_until = NULL")
    assert await _announce_again(database, after=timedelta(seconds=30)) == []


async def test_done_without_a_document_is_rejected_by_the_database(database: Database, sql: psycopg.Connection) -> None:
    _, job_id = place(sql, **PLAN)
    await to_stage(database, sql, job_id, Stage.STORE)
    job = await claimed(database, job_id, Stage.STORE)
    with pytest.raises(psycopg.errors.CheckViolation):
        await finish(database, job, State.DONE)
    assert job_row(sql, job_id)["state"] == "running"


@pytest.mark.parametrize("ended", [0, 1, 2])
async def test_done_needs_one_ended_row_a_page_and_the_text(
    database: Database, sql: psycopg.Connection, ended: int
) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.OCR)
    job = await claimed(database, job_id, Stage.OCR)
    async with database.connection() as connection:
        sql.execute("UPDATE registre.document SET pages = 3")
        for number in range(1, ended + 1):
            await read_page(connection, job.document_id, number)
        with pytest.raises(psycopg.errors.CheckViolation, match=f"{ended} of 3"):
            await jobs.finish_job(connection, job, State.DONE)
        for number in range(ended + 1, 4):
            await read_page(connection, job.document_id, number, PageState.BLANK)
        with pytest.raises(psycopg.errors.CheckViolation, match="read_has_text"):
            await jobs.finish_job(connection, job, State.DONE)
    sql.execute("UPDATE public.extraction_queue SET file_content = '' WHERE id = %s", [order_id])
    await finish(database, job, State.DONE)
    assert status(sql, order_id) == 5


@pytest.mark.parametrize(
    "change",
    [
        "state = 'running'",
        "state = 'waiting', not_before = NULL",
        "state = 'failed', error_code = NULL",
        "state = 'refused', error_code = NULL",
        "state = 'asleep'",
        "stage = 'print'",
        "max_attempts = 0",
        "attempts = -1",
    ],
)
async def test_a_job_row_that_contradicts_itself_is_rejected(sql: psycopg.Connection, change: str) -> None:
    place(sql)
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.execute(f"UPDATE registre.job SET {change}, lease_until = NULL")


async def test_a_first_reading_stays_and_a_failed_one_is_replaced(database: Database, sql: psycopg.Connection) -> None:
    async with database.connection() as connection:
        document_id = await add_document(connection, pages=2)
        for state in (PageState.FAILED, PageState.READ, PageState.BLANK):
            await read_page(connection, document_id, 1, state)
        [page] = await documents.pages(connection, document_id)
    assert page.state is PageState.READ
