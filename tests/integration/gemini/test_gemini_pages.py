"""Whole pages read from the stand-in: right where it reads right, wrong exactly where a mistake was planted."""

from __future__ import annotations

import httpx
import pytest

from registre.domain.reading import PageState
from registre.domain.request import DocumentKind
from registre.ocr.engine import pdf
from registre.ocr.gemini.outcome import Outcome
from registre.sandbox import documents
from registre.sandbox.foncier.catalogue import catalogue
from tests.integration.gemini.conftest import fiche, holdings, picture

#: A modern page of many rows, and a typewritten one that was scanned.
MODERN, OLD = "2784195", next(f.lot for f in holdings().fiches if f.layout == "old" and f.scan is not None)


def rows_of(reading):
    return [(r.kind, r.date, r.numero, r.nature, r.parties, r.remarques, r.avis_adresse, r.radiations) for r in reading]


async def read(bench, lot=MODERN, number=1, dpi=150):
    return await bench.reader.read(picture(lot, number, dpi), number, DocumentKind.INDEX)


@pytest.mark.parametrize(("lot", "dpi"), [(MODERN, 150), (MODERN, 300), (OLD, 200)])
async def test_an_index_page_read_equals_the_truth(bench, lot, dpi):
    truth = documents.truth(fiche(lot))[0]
    result = await read(bench, lot, dpi=dpi)
    assert result.outcome is Outcome.READ
    assert rows_of(result.reading.rows) == rows_of(truth.rows)
    assert result.reading.header["lot"] == truth.header["lot"]
    assert result.reading.header["circonscription"] == truth.header["circonscription"]
    assert [arrival.page for arrival in bench.app.books.arrivals] == [f"fiche/{fiche(lot).circonscription}/{lot}/1"]


async def test_an_acte_page_read_equals_the_truth(bench):
    acte = holdings().actes[0]
    image = pdf.render_page(documents.render(acte, demande="D-1"), 1, 150)
    result = await bench.reader.read(image, 1, DocumentKind.ACTE)
    assert result.reading.text == documents.truth(acte)[0].text


async def test_a_page_of_no_known_document_is_not_read(bench):
    stranger = next(f for f in catalogue().fiches if f not in holdings().fiches and f.layout == "modern")
    image = pdf.render_page(documents.render(stranger, demande="D-1"), 1, 150)
    result = await bench.reader.read(image, 1, DocumentKind.INDEX)
    known = bench.app.books.arrivals[0].page
    assert known is None or result.reading.rows == ()
    assert result.outcome is Outcome.UNREADABLE
    assert result.reading.state is PageState.FAILED


async def test_an_answer_too_long_is_read_in_halves_and_loses_nothing(bench):
    truth = documents.truth(fiche(MODERN))[0]
    bench.told(output_cap=1_100)
    result = await read(bench)
    assert result.calls[0].outcome is Outcome.TRUNCATED
    assert {call.part for call in result.calls} >= {"page", "page/haut", "page/bas"}
    assert (result.outcome, result.reading.state) == (Outcome.READ, PageState.RETAKEN)
    assert rows_of(result.reading.rows) == rows_of(truth.rows)


async def test_an_acte_too_long_is_joined_word_by_word(bench):
    acte = holdings().actes[0]
    image = pdf.render_page(documents.render(acte, demande="D-1"), 1, 150)
    bench.told(output_cap=600)
    result = await bench.reader.read(image, 1, DocumentKind.ACTE)
    assert (result.outcome, result.reading.state) == (Outcome.READ, PageState.RETAKEN)
    assert result.calls[0].outcome is Outcome.TRUNCATED
    assert result.reading.text.split() == documents.truth(acte)[0].text.split()


async def test_what_does_not_fit_in_quarters_either_goes_to_another_reader(bench):
    bench.told(output_cap=200)
    result = await read(bench)
    assert (result.outcome, result.reading.state) == (Outcome.TRUNCATED, PageState.FAILED)
    assert [call.part for call in result.calls] == ["page", "page/haut", "page/haut/haut"]


async def test_digits_are_swapped_where_planted_and_nowhere_else(bench):
    truth = documents.truth(fiche(MODERN))[0]
    bench.told(mistakes=[{"kind": "digit_swap", "rate": 0.5, "seed": 3}])
    result = await read(bench)
    planted = {item["row"]: item["given"].replace(" ", "") for item in bench.app.books.planted}
    assert planted
    expected = [planted.get(rank, row.numero) for rank, row in enumerate(truth.rows)]
    assert [row.numero for row in result.reading.rows] == expected


async def test_dropped_and_invented_rows_are_seen_as_planted(bench):
    truth = [row.numero for row in documents.truth(fiche(MODERN))[0].rows]
    bench.told(mistakes=[{"kind": "drop_row", "rate": 0.3, "seed": 5}, {"kind": "invent"}])
    result = await read(bench)
    dropped = [item["row"] for item in bench.app.books.planted if item["kind"] == "drop_row"]
    (invented,) = [item for item in bench.app.books.planted if item["kind"] == "invent"]
    expected = [number for rank, number in enumerate(truth) if rank not in dropped]
    expected.insert(invented["row"], invented["given"].replace(" ", ""))
    assert dropped
    assert [row.numero for row in result.reading.rows] == expected


@pytest.mark.parametrize(
    ("kind", "outcome", "asked"),
    [("refuse", Outcome.REFUSED, 1), ("loop", Outcome.LOOP, 3), ("truncate", Outcome.TRUNCATED, 3)],
)
async def test_a_page_misread_each_time_ends_in_its_own_state(bench, kind, outcome, asked):
    bench.told(mistakes=[{"kind": kind}])
    result = await read(bench)
    assert (result.outcome, len(result.calls)) == (outcome, asked)
    assert {item["kind"] for item in bench.app.books.planted} == {kind}


async def test_planted_mistakes_are_the_same_at_every_run(bench):
    bench.told(mistakes=[{"kind": "digit_swap", "rate": 0.5, "fields": ["numero", "radiations", "date"]}])
    await read(bench)
    first = list(bench.app.books.planted)
    bench.app.books.reset()
    await read(bench)
    assert bench.app.books.planted == first


async def test_the_quota_is_held_and_the_log_proves_it(bench):
    bench.told(quota={"rpm": 3})
    body = {"contents": [{"parts": [{"text": "bonjour"}]}]}
    address = f"{bench.url}/v1beta/models/gemini-3.8-flash:generateContent"
    headers = {"x-goog-api-key": next(iter(bench.app.books.options.keys))}
    async with httpx.AsyncClient(headers=headers) as http:
        answers = [await http.post(address, json=body) for _ in range(5)]
        rates = (await http.get(f"{bench.url}/__ctl/rates")).json()
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert rates["bac-a-sable/gemini-3.8-flash"] == {"requests": 3, "tokens": 6, "refused": 2, "total": 5}
    details = {detail["@type"].rsplit(".", 1)[-1]: detail for detail in answers[-1].json()["error"]["details"]}
    assert details["QuotaFailure"]["violations"][0]["quotaValue"] == "3"
    assert 55 < float(details["RetryInfo"]["retryDelay"][:-1]) <= 60
