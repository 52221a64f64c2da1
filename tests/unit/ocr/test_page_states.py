"""How a page ends that is blank, dark, unseen, undecodable or oddly made: read, proved blank, or failed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr import page
from registre.ocr.engine.image import ink_share
from registre.ocr.engine.words import Word
from tests.integration.ocr import hostile_papers as papers


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The pictures that the offline reader was given; it reads one word in each."""
    pictures: list[np.ndarray] = []

    def read_words(picture: np.ndarray) -> tuple[Word, ...]:
        pictures.append(picture)
        return (Word("lu", 10, 10, 60, 30, 0.9),)

    monkeypatch.setattr(page, "read_words", read_words)
    return pictures


def read(data: bytes, number: int = 1) -> PageReading:
    return page.read(data, number, DocumentKind.ACTE)


def test_blank_paper_is_blank_and_no_reader_is_asked(given):
    reading, picture = page.read_with_picture(papers.paper(b" "), 1, DocumentKind.ACTE)

    # without a picture nothing can be sent to the paid reader
    assert (reading.state, picture, given) == (PageState.BLANK, None, [])


CODES = [papers.ccitt_page, papers.jbig2_page, papers.jpx_page, papers.cmyk_page, papers.indexed_page]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.__name__)
def test_a_picture_in_any_code_shows_its_ink(given, code: Callable[[papers.Paper], None]):
    assert read(papers.with_good_pages(code), 2).state is PageState.READ
    (picture,) = given
    assert np.median(picture) > 200
    assert 0.005 < ink_share(picture) < 0.05


def test_a_negative_is_read_dark_on_light(given):
    white_on_black = b"0 0 612 792 re f 1 g " + papers.text()

    assert read(papers.paper(white_on_black + b" 0.1 g 0 0 m 1 1 l S"), 1).reader == "text_layer"
    drawn = papers.Paper()
    picture = 255 - np.asarray(papers.sentence_picture())
    papers.image(drawn, picture.tobytes(), *picture.shape[::-1], b"/ColorSpace /DeviceGray /BitsPerComponent 8")
    assert read(drawn.data()).reader == "rapidocr"
    assert np.median(given[0]) > 200


@pytest.mark.parametrize("hostile", [papers.undecodable_page, papers.huge_jbig2], ids=lambda made: made.__name__)
def test_a_picture_that_cannot_be_decoded_is_no_blank_page(given, hostile):
    reading = read(papers.with_good_pages(hostile), 2)

    assert (reading.state, given) == (PageState.FAILED, [])
    assert "décoder" in (reading.error or "")


def test_a_lost_picture_beside_text_is_said(given):
    made = papers.Paper()
    papers.undecodable_page(made)
    number = made.objects[made.pages[-1]].split(b"/I ")[1].split()[0]
    made.pages.clear()
    made.page(papers.text() + b"q 300 0 0 300 60 60 cm /I Do Q", objects=b"/I %s 0 R" % number)

    reading = read(made.data())

    assert (reading.state, reading.reader) == (PageState.READ, "text_layer")
    assert ["décoder" in doubt.near for doubt in reading.doubts] == [True]


def test_text_that_cannot_be_seen_is_not_what_the_page_says(given):
    hidden = papers.text("Vente cachee par personne du lot 9 999 999", mode=3)

    assert read(papers.paper(hidden)).state is PageState.BLANK
    assert read(papers.paper(hidden + papers.text("Tout autre chose est ecrite ici", y=400))).reader == "rapidocr"
    mostly = read(papers.paper(papers.text(lines=12) + papers.text("secret", y=200, lines=2, mode=3)))
    assert (mostly.reader, "secret" in mostly.text) == ("text_layer", False)


def test_a_million_characters_are_no_text(given):
    assert read(papers.with_good_pages(papers.million_characters), 2).state is PageState.BLANK


@pytest.mark.parametrize(
    "codes", [[0xD800, 0xDBFF, 0xD801], [0xE000, 0xE001, 0xE002], [0, 0, 0], [0xFFFD, 0xFFFE, 7]], ids=str
)
def test_a_layer_of_rubbish_is_not_believed(given, codes: list[int]):
    reading = read(papers.coded_text(codes))

    assert (reading.state, reading.reader) == (PageState.READ, "rapidocr")
    assert len(given) == 1


ODD = {
    "font missing": papers.missing_font(),
    "form draws itself": papers.with_good_pages(papers.recursive_form),
    "table of objects broken": papers.broken_xref(),
    "tables in a circle": papers.xref_loop(),
    "brackets in brackets": papers.deep_array(),
    "updated": papers.updated(),
    "owner's password": papers.encrypted(""),
    "scripts and launches": papers.restless(),
    "junk before": b"x" * 1000 + papers.paper(),
    "junk after": papers.paper() + b"\0" * 1000,
    "negative box": papers.paper(papers.text(x=-280, y=300), box=b"[-300 -400 312 392]"),
    "crop": papers.paper(entries=b"/CropBox [40 600 600 740]"),
    "crop beside the page": papers.paper(entries=b"/CropBox [5000 5000 6000 6000]"),
    "user unit": papers.paper(entries=b"/UserUnit 10"),
    "no size": papers.paper(box=b"[0 0 0 0]"),
    "larger than the world": papers.paper(box=b"[0 0 1e30 1e30]"),
    "turned askew": papers.paper(entries=b"/Rotate 37"),
}


@pytest.mark.parametrize("data", ODD.values(), ids=list(ODD))
def test_what_is_merely_odd_is_read(given, data: bytes):
    reading = read(data)

    assert (reading.state, reading.reader) == (PageState.READ, "text_layer")
    assert reading.text.count(papers.SENTENCE) == 3


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_layer_that_runs_sideways_or_backwards_is_not_believed(given, angle: int):
    assert read(papers.paper(entries=b"/Rotate %d" % angle)).reader == "rapidocr"


def test_a_page_of_two_points_and_one_of_twenty_thousand_end(given):
    assert read(papers.paper(box=b"[0 0 2 2]")).state is PageState.BLANK
    assert read(papers.paper(papers.text(size=400, y=15_000), box=b"[0 0 20000 20000]")).reader == "text_layer"
