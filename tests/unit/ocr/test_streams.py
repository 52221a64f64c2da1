"""Whether a page is all there: what does not decode to its end counts, whoever would draw the rest in silence."""

from __future__ import annotations

import base64
import io
import zlib

import pytest

from registre.domain.reading import PageState
from registre.domain.request import DocumentKind
from registre.ocr import page
from registre.ocr.engine.streams import count_damaged
from tests.integration.ocr import hostile_papers as papers

_WORDS = papers.text(lines=12)
_FLATE = zlib.compress(_WORDS)


def _overwritten(data: bytes, at: int, length: int = 6) -> bytes:
    return data[:at] + b"\x55" * length + data[at + length :]


def _file(data: bytes, entries: bytes = b"/Filter /FlateDecode") -> bytes:
    made = papers.Paper()
    made.page(made.stream(data, entries))
    return made.data()


def _form(data: bytes) -> bytes:
    made = papers.Paper()
    resources = b"/Resources << /Font << /F1 3 0 R >> >>"
    form = made.stream(data, b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Filter /FlateDecode " + resources)
    made.page(b"/F Do", objects=b"/F %d 0 R" % form)
    return made.data()


def _jpeg(cut: int) -> bytes:
    out = io.BytesIO()
    picture = papers.sentence_picture()
    picture.save(out, "JPEG")
    made = papers.Paper()
    entries = b"/Filter /DCTDecode /ColorSpace /DeviceGray /BitsPerComponent 8"
    papers.image(made, out.getvalue()[: len(out.getvalue()) - cut], *picture.size, entries)
    return made.data()


@pytest.mark.parametrize(
    "data",
    [
        papers.paper(_WORDS),
        _file(_FLATE),
        _file(_FLATE[:-4]),  # no checksum: some do not write it
        _file(base64.a85encode(_FLATE, adobe=True)[2:], b"/Filter [/ASCII85Decode /FlateDecode]"),
        _file(b""),
        _form(_FLATE),
        _jpeg(0),
        papers.with_good_pages(papers.recursive_form),
    ],
    ids=["plain", "deflated", "no checksum", "in two layers", "empty", "form", "jpeg", "form draws itself"],
)
def test_what_decodes_is_whole(data: bytes):
    assert count_damaged(data, 1) == 0


@pytest.mark.parametrize(
    "data",
    [
        _file(_overwritten(_FLATE, 0)),
        _file(_overwritten(_FLATE, len(_FLATE) // 2)),
        _file(_FLATE[: len(_FLATE) // 2]),
        _file(base64.a85encode(_overwritten(_FLATE, 20), adobe=True)[2:], b"/Filter [/ASCII85Decode /FlateDecode]"),
        _form(_overwritten(_FLATE, len(_FLATE) // 2)),
        _jpeg(400),
    ],
    ids=["head", "middle", "cut", "in two layers", "form", "jpeg cut"],
)
def test_what_does_not_is_counted(data: bytes):
    assert count_damaged(data, 1) == 1


def test_each_page_is_looked_at_alone():
    data = papers.with_good_pages(lambda made: made.page(made.stream(_FLATE[:40], b"/Filter /FlateDecode")))

    assert [count_damaged(data, number) for number in (1, 2, 3)] == [0, 1, 0]


def test_what_it_cannot_open_is_not_vouched_for():
    assert count_damaged(b"%PDF-1.7\nnothing\n%%EOF", 1) == 1
    assert count_damaged(papers.paper(_WORDS), 2) == 1


def test_a_page_whose_content_is_lost_is_not_blank():
    reading = page.read(_file(_overwritten(_FLATE, 0)), 1, DocumentKind.ACTE)

    assert reading.state is PageState.FAILED
    assert "décoder" in (reading.error or "")


def test_a_page_of_which_half_is_lost_is_read_and_doubted():
    packing = zlib.compressobj()
    half = packing.compress(_WORDS) + packing.flush(zlib.Z_FULL_FLUSH)

    reading = page.read(_file(half + b"\x55" * 200), 1, DocumentKind.ACTE)

    assert (reading.state, reading.reader) == (PageState.READ, "text_layer")
    assert ["décoder" in doubt.near for doubt in reading.doubts] == [True]
