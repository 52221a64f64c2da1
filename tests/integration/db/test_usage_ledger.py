"""The ledger of paid calls: every call is on it before it leaves, and a first answer stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from registre.db import usage
from registre.db.pool import connect
from registre.db.usage import Usage

MODEL = "gemini-test"
DOCUMENT = uuid4()
SENT = Usage(model=MODEL, purpose="extract", document_id=DOCUMENT, page=1, input_tokens=2000, microdollars=900)


@pytest.fixture
async def connection(database_url):
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def test_a_call_of_a_process_that_died_stays_on_the_books(connection) -> None:
    await usage.record_usage(connection, SENT)

    assert await usage.day_use(connection, MODEL) == (1, 900)
    assert await usage.document_cost(connection, DOCUMENT) == 900
    assert await usage.recent_calls(connection, MODEL, span=timedelta(minutes=1)) == [(0, 1, 2000)]


async def test_the_first_answer_stays(connection) -> None:
    call = await usage.record_usage(connection, SENT)
    answer = replace(SENT, outcome="read", model_version="gemini-test-001", input_tokens=1800, microdollars=700)

    assert await usage.settle_usage(connection, call, answer)
    assert not await usage.settle_usage(connection, call, replace(answer, microdollars=0))

    (row,) = await usage.usage_by_day(connection, span=timedelta(days=1))
    assert (row.outcome, row.calls, row.input_tokens, row.microdollars) == ("read", 1, 1800, 700)


async def test_only_a_call_that_never_left_is_withdrawn(connection) -> None:
    never, answered = await usage.record_usage(connection, SENT), await usage.record_usage(connection, SENT)
    await usage.settle_usage(connection, answered, replace(SENT, outcome="rate_limited", microdollars=0))

    await usage.withdraw_usage(connection, never)
    await usage.withdraw_usage(connection, answered)

    (row,) = await usage.usage_by_day(connection, span=timedelta(days=1))
    assert (row.outcome, row.calls) == ("rate_limited", 1)


async def test_documents_are_listed_dearest_first(connection) -> None:
    dear = uuid4()
    for _ in range(2):
        await usage.record_usage(connection, SENT)
    await usage.record_usage(connection, replace(SENT, document_id=dear, microdollars=5000))

    rows = await usage.usage_by_document(connection, span=timedelta(days=1))
    assert [(row.document_id, row.calls, row.microdollars) for row in rows] == [(dear, 1, 5000), (DOCUMENT, 2, 1800)]
    (one,) = await usage.usage_by_document(connection, span=timedelta(days=1), document_id=DOCUMENT)
    assert one.pages == 1
