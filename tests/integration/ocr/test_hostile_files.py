"""Hostile files through the readers' processes: each ends in a clear state, a bomb costs its own page and no more."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from datetime import timedelta

import hostile_papers as papers
import pytest

from registre.domain.errors import BadPdf, ReaderFailed
from registre.domain.request import DocumentKind
from registre.ocr.bounds import Bounds
from registre.ocr.engine.pdf import MAX_PAGES
from registre.ocr.reader import Reader

#: Little, so that a bomb goes off soon: enough for a page that carries its text.
_MEMORY = 400 * 1_048_576
_BOUNDS = Bounds(cpu=timedelta(seconds=2), wall=timedelta(seconds=60))


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    async with Reader(bounds=_BOUNDS, memory=_MEMORY) as opened:
        yield opened


REFUSED = {
    "zero bytes": (b"", "vide"),
    "white space": (b" \r\n\t\0" * 50_000, "vide"),
    "web page": (b"<!DOCTYPE html><html><body>Session expir\xe9e</body></html>", "page web"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "n'est pas un PDF"),
    "begun": (papers.truncated(0.05), "tronqué"),
    "half": (papers.truncated(0.5), "tronqué"),
    "all but its end": (papers.truncated(0.99), "tronqué"),
    "junk of two kilobytes first": (b"x" * 2000 + papers.paper(), "n'est pas un PDF"),
    "user's password": (papers.encrypted("secret"), "mot de passe"),
    "two files": (papers.paper(papers.text("Premier")) + papers.paper(), "bout à bout"),
    "tree in a circle": (papers.page_tree_loop(), "Il manque"),
    "tree of 10,000 storeys": (papers.deep_page_tree(), "Il manque"),
    "pages it has not": (papers.lying_count(3), "Il manque"),
    "a million pages": (papers.lying_count(1_000_000), "1000000 pages"),
    "too many pages": (papers.lying_count(MAX_PAGES + 1), "pages"),
}


async def test_what_is_no_whole_pdf_is_refused_in_one_sentence(reader: Reader):
    told: dict[str, str] = {}
    for name, (data, _) in REFUSED.items():
        with pytest.raises(BadPdf) as caught:
            await reader.inspect(data)
        told[name] = caught.value.text

    assert {name: words in told[name] for name, (_, words) in REFUSED.items()} == dict.fromkeys(REFUSED, True)


async def test_two_thousand_pages_are_looked_through_and_the_last_is_read(reader: Reader):
    data = papers.paper(pages=2000)

    facts = await reader.inspect(data)
    last = await reader.read_page(data, 2000, DocumentKind.ACTE)

    assert (facts.pages, papers.SENTENCE in facts.text, papers.SENTENCE in last.text) == (2000, True, True)


BOMBS = {
    "operators of gigabytes": (lambda made: papers.flate_bomb(made, 1500), "mémoire"),
    "deflated three times": (papers.nested_bomb, "mémoire"),
    "forms upon forms": (papers.laughing_forms, "processus"),
    "strokes of 200 megabytes": (papers.many_operators, "mémoire"),
    "picture of 100,000 a side": (papers.huge_jpx, "mémoire"),
    "pictures upon pictures": (papers.many_images, "calcul"),
}


@pytest.mark.parametrize(("hostile", "words"), BOMBS.values(), ids=list(BOMBS))
async def test_a_bomb_costs_its_own_page_and_no_other(reader: Reader, hostile, words: str):
    data = papers.with_good_pages(hostile)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    facts = await reader.inspect(data)
    with pytest.raises(ReaderFailed, match=words):
        await reader.read_page(data, 2, DocumentKind.ACTE)
    pages = [await reader.read_page(data, number, DocumentKind.ACTE) for number in (1, 3)]

    assert (facts.pages, papers.SENTENCE in facts.text) == (3, True)
    assert [papers.SENTENCE in page.text for page in pages] == [True, True]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes


async def test_a_file_that_breaks_its_reader_twice_is_refused():
    async with Reader(memory=40 * 1_048_576) as starved:
        with pytest.raises(BadPdf, match="ne se laisse pas ouvrir"):
            await starved.inspect(papers.paper())
