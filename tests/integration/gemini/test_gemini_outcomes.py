"""Every way a call can end, through the official SDK, against the stand-in: what we make of it and how often we ask."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from registre.domain.errors import GeminiMisconfigured, GeminiUnavailable, QuotaWait
from registre.domain.reading import PageState
from registre.domain.request import DocumentKind
from registre.ocr.gemini import models
from registre.ocr.gemini.client import Client
from registre.ocr.gemini.outcome import Outcome
from registre.ocr.gemini.reader import GeminiReader
from registre.sandbox.gemini.options import Fault

PAGE = np.full((340, 560), 255, dtype=np.uint8)
PAGE[40:300:12, 40:500] = 0
REFUSALS = [
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR",
]  # fmt: skip


async def read(bench, page=PAGE):
    return await bench.reader.read(page, 1, DocumentKind.INDEX)


@pytest.mark.parametrize("reason", REFUSALS)
async def test_a_refusal_is_not_asked_again_and_goes_to_another_reader(bench, reason):
    bench.app.books.faults.append(Fault(kind="finish", reason=reason))
    result = await read(bench)
    assert (result.outcome, result.wants_another_reader) == (Outcome.REFUSED, True)
    assert result.reading.state is PageState.FAILED
    assert reason in (result.reading.error or "")
    assert len(bench.arrivals) == 1


@pytest.mark.parametrize("reason", ["PROHIBITED_CONTENT", "SAFETY", "OTHER", "BLOCKLIST"])
async def test_a_blocked_prompt_is_a_refusal(bench, reason):
    bench.app.books.faults.append(Fault(kind="block", reason=reason))
    result = await read(bench)
    assert result.outcome is Outcome.REFUSED
    assert result.calls[0].finish_reason == reason
    assert len(bench.arrivals) == 1


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("no_candidates", Outcome.EMPTY),
        ("no_parts", Outcome.EMPTY),
        ("blank_text", Outcome.EMPTY),
        ("not_json", Outcome.INVALID),
        ("wrong_shape", Outcome.INVALID),
    ],
)
async def test_what_is_empty_or_misshapen_is_asked_once_more(bench, kind, outcome):
    bench.app.books.faults.append(Fault(kind=kind, count=None))
    result = await read(bench)
    assert result.outcome is outcome
    assert [call.outcome for call in result.calls] == [outcome, outcome]
    assert len(bench.arrivals) == 2


@pytest.mark.parametrize("reason", ["OTHER", "MALFORMED_RESPONSE", "CONTINUATION", "A_REASON_OF_NEXT_YEAR"])
async def test_another_finish_reason_is_asked_once_more(bench, reason):
    bench.app.books.faults.append(Fault(kind="finish", reason=reason, count=1))
    result = await read(bench)
    assert [call.outcome for call in result.calls] == [Outcome.EMPTY, Outcome.UNREADABLE]
    assert len(bench.arrivals) == 2


@pytest.mark.parametrize(("kind", "outcome"), [("reset", "interrupted"), ("half", "interrupted")])
async def test_a_broken_connection_is_tried_again(bench, kind, outcome):
    bench.app.books.faults.append(Fault(kind=kind, count=2))
    result = await read(bench)
    assert [call.outcome for call in result.calls] == [outcome, outcome, Outcome.UNREADABLE]
    assert len(bench.arrivals) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_overload_is_tried_four_times_in_all_and_costs_nothing(bench, status):
    bench.app.books.faults.append(Fault(kind="http", status=status, count=None))
    with pytest.raises(GeminiUnavailable, match="overloaded"):
        await read(bench)
    assert len(bench.arrivals) == 4
    assert [(call.answer.outcome, call.answer.input_tokens) for call in bench.ledger.calls] == [("overloaded", 0)] * 4


async def test_silence_is_a_timeout(bench):
    bench.app.books.faults.append(Fault(kind="hang", seconds=20, count=None))
    client = Client(_key(), bench.client.model, base_url=bench.url, timeout=timedelta(seconds=0.2))
    with pytest.raises(GeminiUnavailable, match="timeout"):
        await GeminiReader(client, bench.ledger, pause=0.0).read(PAGE, 1, DocumentKind.INDEX)
    await client.close()
    assert len(bench.arrivals) == 4
    assert all(call.left for call in bench.ledger.calls)


async def test_a_server_that_is_not_there_is_not_counted(bench):
    client = Client(_key(), bench.client.model, base_url="http://127.0.0.1:9", timeout=timedelta(seconds=5))
    with pytest.raises(GeminiUnavailable, match="unreachable"):
        await GeminiReader(client, bench.ledger, pause=0.0).read(PAGE, 1, DocumentKind.INDEX)
    await client.close()
    assert [call.left for call in bench.ledger.calls] == [False] * 4


@pytest.mark.parametrize(
    ("fault", "wait", "until_tomorrow"),
    [
        (Fault(kind="http", status=429, retry_s=7.5), timedelta(seconds=7.5), False),
        (Fault(kind="http", status=429), timedelta(seconds=60), False),
        (Fault(kind="http", status=429, retry_s=41, daily=True), timedelta(seconds=41), True),
    ],
)
async def test_a_429_waits_as_long_as_it_says_and_tells_the_meter(bench, fault, wait, until_tomorrow):
    bench.app.books.faults.append(fault)
    with pytest.raises(QuotaWait) as caught:
        await read(bench)
    assert caught.value.delay == wait
    delay, tomorrow = bench.ledger.calls[0].throttle
    assert (delay, tomorrow) == (timedelta(seconds=fault.retry_s) if fault.retry_s else None, until_tomorrow)
    assert len(bench.arrivals) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_request_refused_for_good_stops_everything(bench, status):
    bench.app.books.faults.append(Fault(kind="http", status=status, count=None))
    with pytest.raises(GeminiMisconfigured, match=str(status)):
        await read(bench)
    assert len(bench.arrivals) == 1


async def test_a_picture_that_is_not_taken_concerns_this_page_only(bench):
    fault = Fault(kind="http", status=400, message="Unable to process input image. Please retry or report.")
    bench.app.books.faults.append(fault)
    result = await read(bench)
    assert (result.outcome, len(bench.arrivals)) == (Outcome.REJECTED, 1)


async def test_a_wrong_key_is_named_and_never_shown(bench):
    secret = "AIza-a-key-that-is-wrong"
    client = Client(secret, bench.client.model, base_url=bench.url)
    with pytest.raises(GeminiMisconfigured, match="API key not valid") as caught:
        await GeminiReader(client, bench.ledger, pause=0.0).read(PAGE, 1, DocumentKind.INDEX)
    await client.close()
    shown = [str(caught.value), repr(caught.value), caught.value.text, repr(client), str(bench.ledger.calls)]
    assert not any(secret in text for text in shown)


async def test_a_model_that_is_not_served_is_misconfigured(bench):
    bench.told(models=("gemini-other",))
    with pytest.raises(GeminiMisconfigured, match="404"):
        await read(bench)


async def test_the_key_goes_in_a_header_and_nothing_is_uploaded(bench):
    await read(bench)
    assert [arrival.key_in_url for arrival in bench.app.books.arrivals] == [False]
    assert (bench.app.books.uploads, bench.app.books.deleted) == (0, [])


async def test_usage_that_leaves_counts_out_keeps_the_estimate(bench):
    bench.app.books.faults.append(Fault(kind="no_usage"))
    await read(bench)
    call = bench.ledger.calls[0]
    assert call.answer.output_tokens == call.usage.output_tokens
    assert call.answer.input_tokens == bench.app.books.arrivals[0].input_tokens


async def test_thinking_and_version_reach_the_books(bench):
    result = await read(bench)
    call, answer = result.calls[0], bench.ledger.calls[0].answer
    assert (answer.thinking_tokens, answer.model_version) == (180, "gemini-3.8-flash-001")
    assert result.reading.reader_version == f"gemini-3.8-flash-001 {call.prompt}"
    assert answer.prompt_hash in call.prompt


@pytest.mark.parametrize("name", ["gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-2.5-flash-lite"])
async def test_the_estimate_is_never_below_what_the_picture_takes(bench, name):
    client = Client(_key(), models.load().usable(name, date(2026, 11, 22)), base_url=bench.url)
    await GeminiReader(client, bench.ledger, pause=0.0).read(PAGE, 1, DocumentKind.INDEX)
    await client.close()
    estimated, taken = bench.ledger.calls[0].usage, bench.ledger.calls[0].answer
    assert taken.input_tokens <= estimated.input_tokens < taken.input_tokens * 2


def _key() -> str:
    from registre.sandbox.gemini.options import KEY

    return KEY
