"""What a page carries beside its rendered image: the text layer's characters, and the pictures it is made of.

Synchronous, like `registre.ocr.engine.pdf`: meant for a reader process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import pypdfium2

from registre.ocr.engine.pdf import Page, PageObject, TextPage, opened_page

#: Bound at run time: too many functions for a type checker to know them all.
_PDFIUM: Final[Any] = pypdfium2.raw
#: More characters than this on a page are no page's text: a dense index page has 10,000, a large plan 50,000.
MAX_GLYPHS: Final = 200_000
#: Pictures looked at; a page of more is a picture cut into strips.
_MAX_PICTURES: Final = 4_000
#: A picture smaller than this share of the page is a stamp or a logo: text is not lost with it.
_SMALL: Final = 0.01
#: How deep pictures are searched for in forms.
_DEPTH: Final = 4


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character of the text layer, in points of the displayed page, y downward."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Place:
    """A picture's place, as shares of the displayed page; None where it stands in a form of its own measures."""

    index: int
    box: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Layer:
    """What a page carries besides its image: characters in the file's order, and how much is picture."""

    #: None marks a break that pdfium itself inserted (line end, wide gap)
    glyphs: tuple[Glyph | None, ...]
    width: float
    height: float
    #: share of the page covered by pictures, 0 to 1 (a scan is near 1)
    pictures: float
    #: the pictures that are not small, by their order on the page
    places: tuple[Place, ...] = ()
    #: whether there were more characters than a page can have; none is kept then
    overfull: bool = False


def read_layer(data: bytes | Path, number: int) -> Layer:
    """Characters of page `number` (from 1) with their places, and where its pictures are.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with opened_page(data, number) as page:
        width, height = page.get_size()
        place = _placer(page, width, height)
        share, places = _pictures(page, place, width, height)
        textpage = page.get_textpage()
        try:
            overfull = textpage.count_chars() > MAX_GLYPHS
            glyphs = () if overfull else tuple(_glyphs(textpage, place))
        finally:
            textpage.close()
    return Layer(glyphs, width, height, share, places, overfull)


def undecoded(data: bytes | Path, number: int, indexes: Sequence[int]) -> int:
    """How many of these pictures of the page nobody can decode: pdfium leaves them white and says nothing.

    Raises:
        BadPdf: the file or that page does not open.
    """
    wanted = set(indexes)
    lost = 0
    with opened_page(data, number) as page:
        for index, item in _images(page):
            if index in wanted:
                bitmap = _PDFIUM.FPDFImageObj_GetBitmap(item.raw)
                if bitmap:
                    _PDFIUM.FPDFBitmap_Destroy(bitmap)
                else:
                    lost += 1
    return lost


def _images(page: Page) -> Iterator[tuple[int, PageObject]]:
    found = page.get_objects(filter=[_PDFIUM.FPDF_PAGEOBJ_IMAGE], max_depth=_DEPTH)
    return enumerate(islice(found, _MAX_PICTURES))


def _pictures(page: Page, place: _Placer, width: float, height: float) -> tuple[float, tuple[Place, ...]]:
    """Share of the page under pictures, and where; overlaps count twice, which only errs towards « scan »."""
    left, bottom, right, top = page.get_bbox()
    whole = max((right - left) * (top - bottom), 1.0)
    covered = 0.0
    places: list[Place] = []
    for index, item in _images(page):
        x0, y0, x1, y1 = item.get_bounds()
        area = max(min(x1, right) - max(x0, left), 0.0) * max(min(y1, top) - max(y0, bottom), 0.0)
        covered += area
        if item.level:
            places.append(Place(index, None))
        elif area > _SMALL * whole:
            a, b, c, d = place((x0, y0, x1, y1))
            places.append(Place(index, (a / width, b / height, c / width, d / height)))
    return min(covered / whole, 1.0), tuple(places)


def _glyphs(textpage: TextPage, place: _Placer) -> Iterator[Glyph | None]:
    for index in range(textpage.count_chars()):
        code: int = _PDFIUM.FPDFText_GetUnicode(textpage.raw, index)
        if code <= 32 and code != 2:
            yield None
            continue
        x0, y0, x1, y1 = place(textpage.get_charbox(index, loose=True))
        yield Glyph(_character(code), x0, y0, x1, y1)


def _character(code: int) -> str:
    """The character of a code; half a surrogate pair and what is none stand as the replacement mark."""
    if code == 2:  # pdfium's mark for a hyphen that ends a line
        return "-"
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


class _Placer(Protocol):
    def __call__(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]: ...


def _placer(page: Page, width: float, height: float) -> _Placer:
    """A function from page space (origin bottom left, unrotated) to the displayed page."""
    grain = 100  # pdfium answers in whole device units: ask at a hundredth of a point

    def device(x: float, y: float) -> tuple[float, float]:
        dx, dy = ctypes.c_int(), ctypes.c_int()
        size = int(width * grain), int(height * grain)
        _PDFIUM.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, ctypes.byref(dx), ctypes.byref(dy))
        return dx.value / grain, dy.value / grain

    ox, oy = device(0, 0)
    ax, ay = ((value - origin) / 1000 for value, origin in zip(device(1000, 0), (ox, oy), strict=True))
    bx, by = ((value - origin) / 1000 for value, origin in zip(device(0, 1000), (ox, oy), strict=True))

    def place(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        left, bottom, right, top = box
        xs = (ox + ax * left + bx * bottom, ox + ax * right + bx * top)
        ys = (oy + ay * left + by * bottom, oy + ay * right + by * top)
        return min(xs), min(ys), max(xs), max(ys)

    return place
