"""A paid call: on the books before it leaves, priced, settled, and never beyond its document's ceiling."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from registre.db import usage as ledger
from registre.db.pool import Database
from registre.db.usage import Usage
from registre.domain.errors import DocumentCeiling, QuotaWait, ReaderFailed
from registre.limits import prices
from registre.limits.calls import Calls
from registre.limits.configured import read_ledgers
from registre.limits.meter import Limits, Meter

MODEL = "gemini-2.5-flash"
DOCUMENT = uuid4()
#: 1000 × 0.30 + 400 × 2.50 micro-dollars
ESTIMATE = Usage(model=MODEL, purpose="extract", document_id=DOCUMENT, page=1, input_tokens=1000, output_tokens=400)


@pytest.fixture
async def database(database_url):
    database = Database(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def meter(redis, database) -> Meter:
    return Meter(
        redis,
        project=uuid4().hex,
        limits=lambda _model: Limits(requests_per_minute=3, tokens_per_minute=100_000),
        history=read_ledgers([database]),
        patience=timedelta(seconds=2.5),
        guard_ms=1000,
    )


@pytest.fixture
def calls(meter, database) -> Calls:
    return Calls(meter, database, prices.load())


async def rows(database: Database) -> list[tuple[str, int, int, int]]:
    async with database.connection() as connection:
        found = await ledger.usage_by_day(connection, span=timedelta(days=1))
    return [(row.outcome, row.calls, row.input_tokens, row.microdollars) for row in found]


async def test_a_call_is_on_the_books_before_it_leaves_and_settled_after(calls, meter, database) -> None:
    async with calls.call(ESTIMATE) as call:
        assert await rows(database) == [("sent", 1, 1000, 1300)]
        call.answered(
            "read",
            model_version="gemini-2.5-flash-001",
            finish_reason="STOP",
            input_tokens=900,
            output_tokens=100,
            thinking_tokens=8,
        )

    assert await rows(database) == [("read", 1, 900, 540)]
    async with database.connection() as connection:
        [(why,)] = await (await connection.execute("SELECT finish_reason FROM registre.usage")).fetchall()
    assert why == "STOP"
    gauge = await meter.gauge(MODEL)
    assert (gauge.tokens, gauge.microdollars, gauge.held) == (900, 540, 0)


async def test_a_call_that_broke_keeps_its_estimate_and_its_code(calls, database) -> None:
    with pytest.raises(ReaderFailed):
        async with calls.call(ESTIMATE):
            raise ReaderFailed
    assert await rows(database) == [("reader_failed", 1, 1000, 1300)]


async def test_a_call_that_never_left_leaves_nothing(calls, meter, database) -> None:
    async with calls.call(ESTIMATE) as call:
        call.not_sent()
    assert await rows(database) == []
    assert (await meter.gauge(MODEL)).requests == 0


async def test_a_429_costs_nothing_and_pauses_everyone(calls, meter, database) -> None:
    async with calls.call(ESTIMATE) as call:
        call.throttled(timedelta(seconds=30))

    assert await rows(database) == [("rate_limited", 1, 0, 0)]
    with pytest.raises(QuotaWait) as refusal:
        async with calls.call(ESTIMATE):
            pass
    assert timedelta(seconds=20) < refusal.value.delay <= timedelta(seconds=30)


async def test_redis_may_forget_everything_and_no_call_too_many_is_let_through(calls, meter, redis) -> None:
    for _ in range(2):
        async with calls.call(ESTIMATE):
            pass
    await redis.flushall()

    async with calls.call(ESTIMATE):
        pass
    with pytest.raises(QuotaWait):
        async with calls.call(ESTIMATE):
            pass
    gauge = await meter.gauge(MODEL)
    assert (gauge.requests, gauge.tokens, gauge.day_requests, gauge.microdollars) == (3, 3000, 3, 3900)


async def test_a_document_is_not_read_beyond_its_ceiling(meter, database) -> None:
    calls = Calls(meter, database, prices.load(), document_ceiling=2000)
    async with calls.call(ESTIMATE) as call:
        call.answered("read", input_tokens=1000, output_tokens=400)

    with pytest.raises(DocumentCeiling):
        async with calls.call(ESTIMATE):
            pass
    async with calls.call(Usage(model=MODEL, purpose="extract", document_id=uuid4(), input_tokens=1)):
        pass


async def test_the_price_table_is_data(tmp_path) -> None:
    table = tmp_path / "prix.json"
    table.write_text(json.dumps({"as_of": "2030-01", "models": {MODEL: {"input": 1, "output": 2}}}))
    assert prices.load(table).cost(f"{MODEL}-001", input_tokens=10, output_tokens=10, thinking_tokens=1) == 32
