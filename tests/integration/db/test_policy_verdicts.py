"""A stage's end as the policy writes it: each error class has its verdict, and every error ends on the row."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import psycopg
import pytest

from actors import policy
from registre.db.pool import Database
from registre.domain import errors
from registre.domain.errors import RegistreError
from registre.domain.job import Job, Stage
from registre.domain.verdict import Verdict
from tests.integration.db.orders import job_row, messages, place, ripen, status

_LEAVES = [
    item
    for family in (errors.Refused, errors.Deferred, errors.Transient, errors.Drifted, errors.NeedsPerson)
    for item in family.__subclasses__()
]
#: verdict → state and tries counted after the first try of three
_AFTER_ONE = {
    Verdict.REFUSE: ("refused", 1),
    Verdict.DEFER: ("waiting", 0),
    Verdict.RETRY: ("waiting", 1),
    Verdict.DRIFT: ("waiting", 1),
    Verdict.PERSON: ("failed", 1),
}


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch):
    """Runs fetch on a job with `end` as the stage's end: an error to raise, or a coroutine function."""

    async def act(job_id: UUID, end, **changes) -> SimpleNamespace:
        runtime = SimpleNamespace(
            database=database, worker="w1", role="browser", context=None, running={}, stopping=False, completed=0,
            failed=0, **changes,
        )  # fmt: skip

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

    async def overtaken(job: Job, runtime: SimpleNamespace) -> None:
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

    async def hang(_job: Job, _runtime: SimpleNamespace) -> None:
        await asyncio.sleep(30)

    await run(job_id, hang)
    assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["error_code"]) == ("waiting", "stage_timeout")


async def test_a_shutdown_gives_the_job_back_without_spending_its_try(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)

    async def released(job: Job, runtime: SimpleNamespace) -> None:
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
    runtime = SimpleNamespace(database=database, worker="w1", role="browser", stopping=True)
    await policy.run_stage(runtime, Stage.FETCH, job_id)
    assert (job_row(sql, job_id)["state"], messages(sql, job_id)) == ("queued", [("fetch", "queued")])


async def test_a_second_message_for_a_job_that_runs_does_nothing(run, sql: psycopg.Connection) -> None:
    _, job_id = place(sql)
    again = 0

    async def twice(job: Job, runtime: SimpleNamespace) -> None:
        nonlocal again
        again += 1
        await policy.run_stage(runtime, Stage.FETCH, job.id)
        raise errors.NotFound

    await run(job_id, twice)
    assert again == 1
    assert sql.execute("SELECT count(*) FROM registre.attempt").fetchone() == (1,)
