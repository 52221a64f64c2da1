"""A stage's end as the policy writes it: each error class has its verdict, and every error ends on the row."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from actors import policy
from registre.db.pool import Database
from registre.domain import errors
from registre.domain.errors import RegistreError
from registre.domain.job import Job, Stage
from registre.domain.verdict import Verdict
from registre.runtime import Runtime
from registre.settings import Environment, Secret
from registre.stages.context import Located
from tests.integration.db.orders import TARGET, claim, job_row, messages, place, ripen, status, to_stage

_LEAVES = [item for family in errors.RegistreError.__subclasses__() for item in family.__subclasses__()]
#: verdict → state and tries counted after the first try of three
_AFTER_ONE = {
    Verdict.REFUSE: ("refused", 1),
    Verdict.DEFER: ("waiting", 0),
    Verdict.RETRY: ("waiting", 1),
    Verdict.INFRA: ("waiting", 0),
    Verdict.DRIFT: ("waiting", 1),
    Verdict.PERSON: ("failed", 1),
}


@contextmanager
def database_locked(sql: psycopg.Connection, job_id: UUID) -> Iterator[None]:
    """Nobody can claim the job meanwhile."""
    with sql.transaction():
        sql.execute("SELECT FROM registre.job WHERE id = %s FOR UPDATE", [job_id])
        yield


def _runtime(database: Database, *, ocr: bool = True) -> Runtime:
    place = Environment("essai", Secret(""), "", ocr=ocr)
    return Runtime(place, "browser", None, database, worker="w1", name="slot")


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch):
    """Runs fetch on a job with `end` as the stage's end: an error to raise, or a coroutine function."""

    async def act(job_id: UUID, end) -> Runtime:
        runtime = _runtime(database)

        async def work(job: Job, _context: object):
            if isinstance(end, BaseException):
                raise end
            return await end(job, runtime)

        monkeypatch.setitem(policy._WORK, Stage.FETCH, work)
        await policy.run_stage(runtime, Stage.FETCH, job_id)
        assert runtime.running == {}
        return runtime

    return act


@pytest.mark.parametrize("error", _LEAVES, ids=lambda item: item.__name__)
async def test_each_error_has_its_verdict_its_code_and_its_sentence(
    run, sql: psycopg.Connection, error: type[RegistreError]
) -> None:
    order_id, job_id = place(sql)
    runtime = await run(job_id, error())
    row = job_row(sql, job_id)
    assert (row["state"], row["attempts"]) == _AFTER_ONE[error.verdict]
    assert (row["error_code"], row["error_text"]) == (error.code, error.message)
    assert status(sql, order_id) == (1 if row["state"] == "waiting" else 4)
    assert sql.execute("SELECT error_message FROM public.extraction_queue").fetchone() == (error.message,)
    assert sql.execute("SELECT verdict, error_code FROM registre.attempt").fetchall() == [(error.verdict, error.code)]
    assert runtime.failed == (error.verdict is Verdict.PERSON)


@pytest.mark.parametrize(
    ("error", "most", "tries"),
    [
        (errors.SiteError(), 3, 3),
        (errors.SiteError(), 5, 5),
        (errors.SiteError(), 1, 1),
        (errors.LayoutChanged(), 3, 2),
        (errors.LayoutChanged(), 1, 1),
        (ZeroDivisionError("x"), 3, 3),
        (ZeroDivisionError("x"), 5, 3),
        (errors.NotFound(), 5, 1),
        (errors.BadPdf(), 5, 1),
    ],
)
async def test_an_error_is_tried_as_often_as_its_verdict_and_the_row_allow_and_its_cause_is_kept(
    run, sql: psycopg.Connection, error: Exception, most: int, tries: int
) -> None:
    order_id, job_id = place(sql, max_attempts=most)
    for _ in range(tries):
        assert job_row(sql, job_id)["state"] in ("queued", "waiting")
        await run(job_id, error)
        ripen(sql, job_id)
    assert job_row(sql, job_id)["state"] in ("failed", "refused")
    assert status(sql, order_id) == 4
    assert sql.execute("SELECT count(*) FROM registre.attempt").fetchone() == (tries,)
    [text] = sql.execute("SELECT error_message FROM public.extraction_queue").fetchone()
    assert text == (error.text if isinstance(error, RegistreError) else "ZeroDivisionError: x")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BrowserLost(), "browser_lost"),
        (psycopg.OperationalError("server closed the connection"), "database_away"),
        (psycopg.errors.AdminShutdown("terminating connection"), "database_away"),
        (PoolTimeout("couldn't get a connection after 10.00 sec"), "database_away"),
    ],
)
async def test_what_we_must_provide_ourselves_costs_no_try_the_first_five_times_in_a_row(
    run, sql: psycopg.Connection, error: Exception, code: str
) -> None:
    _, job_id = place(sql)
    counted = []
    while job_row(sql, job_id)["state"] in ("queued", "waiting"):
        await run(job_id, error)
        counted.append(job_row(sql, job_id)["attempts"])
        ripen(sql, job_id)
    assert counted == [0, 0, 0, 0, 0, 1, 2, 3]
    assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["error_code"]) == ("failed", code)


async def test_a_browser_that_dies_at_each_purchase_does_not_do_so_for_ever(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locate(_job: Job, _context: object) -> Located:
        return Located("key", (TARGET,))

    async def die(_job: Job, _context: object) -> None:
        raise errors.BrowserLost

    monkeypatch.setitem(policy._WORK, Stage.FETCH, locate)
    monkeypatch.setitem(policy._WORK, Stage.DOWNLOAD, die)
    _, job_id = place(sql)
    rounds = 0
    while job_row(sql, job_id)["state"] != "failed":
        await policy.run_stage(_runtime(database), Stage.FETCH, job_id)
        ripen(sql, job_id)
        rounds += 1
        assert rounds < 20
    assert rounds == 8


async def test_other_trouble_between_ends_the_row_of_stumbles(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql, max_attempts=9)
    for error in [errors.BrowserLost()] * 5 + [errors.SiteError()] + [errors.BrowserLost()] * 5:
        await run(job_id, error)
        ripen(sql, job_id)
    assert job_row(sql, job_id)["attempts"] == 1


async def test_the_waits_are_between_half_and_the_whole_of_5_10_and_20_seconds(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql, max_attempts=5)
    for nominal in (5, 10, 20, 20):
        await run(job_id, errors.SiteError())
        [wait] = sql.execute("SELECT extract(epoch FROM not_before - updated_at)::float8 FROM registre.job").fetchone()
        assert nominal / 2 <= wait <= nominal
        assert messages(sql, job_id)[-1] == ("fetch.DQ", "queued")
        ripen(sql, job_id)


async def test_a_deferral_may_repeat_without_end(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql, max_attempts=1)
    for _ in range(4):
        await run(job_id, errors.SiteUnavailable())
        assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["attempts"]) == ("waiting", 0)
        ripen(sql, job_id)


@pytest.mark.parametrize(
    "text",
    ["nul \x00 inside", "lone surrogate \udcff", "é" * 5000, "", "\\u0000 %s {}"],
    ids=["nul", "surrogate", "long", "empty", "escapes"],
)
async def test_no_text_of_an_error_keeps_its_verdict_from_being_written(
    run, sql: psycopg.Connection, text: str
) -> None:
    _, job_id = place(sql)
    unwritten = ""
    try:
        await run(job_id, errors.BadPdf(text))
    except (psycopg.Error, UnicodeError) as exc:
        # Only its name: the traceback would hold the text, which no report can carry either.
        unwritten = type(exc).__name__
    assert not unwritten
    assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["error_code"]) == ("failed", "bad_pdf")


async def test_an_overtaken_stage_drops_its_result_and_says_so(run, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)

    async def overtaken(job: Job, runtime: Runtime) -> None:
        sql.execute("UPDATE public.extraction_queue SET status_id = 4 WHERE id = %s", [order_id])
        raise errors.SiteError

    await run(job_id, overtaken)
    assert job_row(sql, job_id)["state"] == "cancelled"
    assert ("job.fenced",) in sql.execute("SELECT name FROM registre.event").fetchall()


async def test_a_stage_past_its_budget_is_a_failed_try(
    run, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(policy.PLAN[Stage.FETCH], budget=timedelta(milliseconds=50))
    monkeypatch.setitem(policy.PLAN, Stage.FETCH, plan)
    _, job_id = place(sql)

    async def hang(_job: Job, _runtime: Runtime) -> None:
        await asyncio.sleep(30)

    await run(job_id, hang)
    assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["error_code"]) == ("waiting", "stage_timeout")


async def test_a_shutdown_gives_the_job_back_without_spending_its_try(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)

    async def released(job: Job, runtime: Runtime) -> None:
        runtime.running[job.id].task.cancel()
        await asyncio.sleep(30)

    await run(job_id, released)
    row = job_row(sql, job_id)
    assert (row["state"], row["error_code"], row["attempts"], row["worker"]) == ("waiting", "released", 0, None)


async def test_a_stopping_process_takes_nothing_and_leaves_the_job_a_message(
    database: Database, sql: psycopg.Connection
) -> None:
    _, job_id = place(sql)
    sql.execute("DELETE FROM dramatiq.queue")
    runtime = _runtime(database)
    runtime.stopping = True
    await policy.run_stage(runtime, Stage.FETCH, job_id)
    assert (job_row(sql, job_id)["state"], messages(sql, job_id)) == ("queued", [("fetch", "queued")])


async def test_a_stopping_process_gives_up_the_page_it_held_open(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = _runtime(database)

    async def locate(_job: Job, _context: object) -> Located:
        runtime.stopping = True
        return Located("key", (TARGET,))

    monkeypatch.setitem(policy._WORK, Stage.FETCH, locate)
    _, job_id = place(sql)
    await policy.run_stage(runtime, Stage.FETCH, job_id)
    assert (job_row(sql, job_id)["stage"], job_row(sql, job_id)["state"]) == ("download", "queued")
    assert messages(sql, job_id)[-1] == ("download", "queued")
    assert await claim(database, job_id, Stage.DOWNLOAD, "another") is not None


async def test_a_stop_that_comes_during_the_claim_hands_the_job_back(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = _runtime(database)
    really = policy.jobs.claim_job

    async def slowly(*args, **kwargs):
        job = await really(*args, **kwargs)
        runtime.stopping = True
        return job

    monkeypatch.setattr(policy.jobs, "claim_job", slowly)
    _, job_id = place(sql)
    await policy.run_stage(runtime, Stage.FETCH, job_id)
    row = job_row(sql, job_id)
    assert (row["state"], row["error_code"], row["attempts"], row["worker"]) == ("waiting", "released", 0, None)


async def test_a_stop_waits_for_the_message_that_is_dealt_with(database: Database, sql: psycopg.Connection) -> None:
    runtime = _runtime(database)
    _, job_id = place(sql)
    with database_locked(sql, job_id):
        visit = asyncio.create_task(policy.run_stage(runtime, Stage.FETCH, job_id))
        await asyncio.sleep(0)
        stop = asyncio.create_task(runtime.drain(60))
        await asyncio.sleep(0.1)
        assert not stop.done()
    await stop
    assert visit.done()
    assert job_row(sql, job_id)["error_code"] == "released"


@pytest.mark.parametrize("ocr", [False, True])
async def test_a_document_is_read_only_where_reading_is_on(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, ocr: bool
) -> None:
    read = []

    async def work(job: Job, _context: object) -> None:
        read.append(job.id)
        raise errors.ReaderFailed

    monkeypatch.setitem(policy._WORK, Stage.OCR, work)
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.OCR)
    await policy.run_stage(_runtime(database, ocr=ocr), Stage.OCR, job_id)
    assert read == ([job_id] if ocr else [])
    assert (job_row(sql, job_id)["state"], status(sql, order_id)) == ("waiting" if ocr else "queued", 3)


async def test_a_second_message_for_a_job_that_runs_does_nothing(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    again = 0

    async def twice(job: Job, runtime: Runtime) -> None:
        nonlocal again
        again += 1
        await policy.run_stage(runtime, Stage.FETCH, job.id)
        raise errors.NotFound

    await run(job_id, twice)
    assert again == 1
    assert sql.execute("SELECT count(*) FROM registre.attempt").fetchone() == (1,)
