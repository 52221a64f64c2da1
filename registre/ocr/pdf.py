"""PDF files through pdfium: checks of what was delivered, page images, and the text layer's characters.

Synchronous and CPU-bound: meant for a reader process, never for an event loop.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from pypdfium2 import raw

from registre.domain.errors import BadPdf
from registre.domain.reading import PdfFacts

#: One rendered page never exceeds this; a 600 dpi letter page is 34 million pixels.
MAX_PIXELS = 24_000_000
#: pdfium refuses bitmaps beyond this side anyway, and a reader needs far less.
MAX_SIDE = 12_000
#: Pages whose text layer goes into `PdfFacts.text`, and how much of it.
_FACT_PAGES = 3
_FACT_CHARACTERS = 20_000
#: Readers accept the marker within the file's first and last kilobyte; one more for trailing junk.
_HEAD = 1024
_TAIL = 2048
#: FPDF_ERR_PASSWORD
_PASSWORD = 4

#: pdfium keeps process-wide state and is not thread-safe.
_LOCK = threading.Lock()


class _Bitmap(Protocol):
    def to_numpy(self) -> NDArray[np.uint8]: ...
    def close(self) -> None: ...


class _PageObject(Protocol):
    type: int

    def get_bounds(self) -> tuple[float, float, float, float]: ...


class _TextPage(Protocol):
    raw: Any

    def count_chars(self) -> int: ...
    def get_text_range(self) -> str: ...
    def get_charbox(self, index: int, loose: bool) -> tuple[float, float, float, float]: ...
    def close(self) -> None: ...


class _Page(Protocol):
    raw: Any

    def get_size(self) -> tuple[float, float]: ...
    def get_bbox(self) -> tuple[float, float, float, float]: ...
    def get_objects(self, filter: list[int], max_depth: int) -> Iterator[_PageObject]: ...
    def get_textpage(self) -> _TextPage: ...
    def render(self, *, scale: float, grayscale: bool) -> _Bitmap: ...
    def close(self) -> None: ...


class _Document(Protocol):
    def __len__(self) -> int: ...
    def get_page(self, index: int) -> _Page: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character of the text layer, in points of the displayed page, y downward."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Layer:
    """What a page carries besides its image: characters in the file's order, and how much is picture."""

    #: None marks a break that pdfium itself inserted (line end, wide gap)
    glyphs: tuple[Glyph | None, ...]
    width: float
    height: float
    #: share of the page covered by pictures, 0 to 1 (a scan is near 1)
    pictures: float


def inspect(data: bytes) -> PdfFacts:
    """Check that `data` is a whole PDF that opens, and describe it.

    A PDF that only restricts printing or copying opens without a password and is accepted.

    Raises:
        BadPdf: empty, another kind of file, cut short, unreadable, protected by a password, or without pages.
    """
    _check_envelope(data)
    with _LOCK, _document(data) as document:
        count = len(document)
        if not count:
            raise BadPdf("Le PDF livré n'a aucune page.")
        texts: list[str] = []
        for index in range(count):
            with _page(document, index) as page:
                if index < _FACT_PAGES:
                    texts.append(_text(page))
    text = "\n".join(filter(None, texts))[:_FACT_CHARACTERS]
    return PdfFacts(size=len(data), sha256=hashlib.sha256(data).hexdigest(), pages=count, text=text)


def render_page(data: bytes | Path, number: int, dpi: int) -> NDArray[np.uint8]:
    """Gray image (height, width) of page `number` (from 1) as displayed, rotation applied.

    Rendered at `dpi` or at whatever lower resolution keeps it within `MAX_PIXELS`.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with _LOCK, _document(data) as document, _page(document, number - 1) as page:
        width, height = page.get_size()
        scale = _scale(width, height, dpi)
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            pixels = bitmap.to_numpy()
            return np.array(pixels.reshape(pixels.shape[0], pixels.shape[1]), dtype=np.uint8)
        finally:
            bitmap.close()


def read_layer(data: bytes | Path, number: int) -> Layer:
    """Characters of page `number` (from 1) with their places, and the share of it that is picture.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with _LOCK, _document(data) as document, _page(document, number - 1) as page:
        width, height = page.get_size()
        return Layer(tuple(_glyphs(page, width, height)), width, height, _pictures(page))


def _check_envelope(data: bytes) -> None:
    if not data.strip(b"\0\t\r\n "):
        raise BadPdf("Le fichier livré est vide.")
    if b"%PDF-" not in data[:_HEAD]:
        head = data[:_HEAD].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
        if head.startswith(b"<"):
            raise BadPdf("Une page web a été livrée au lieu du PDF.")
        raise BadPdf("Le fichier livré n'est pas un PDF.")
    if b"%%EOF" not in data[-_TAIL:]:
        raise BadPdf("Le PDF livré est tronqué.")


@contextmanager
def _document(data: bytes | Path) -> Generator[_Document]:
    try:
        document = cast("_Document", pypdfium2.PdfDocument(data))
    except pypdfium2.PdfiumError as exc:
        # pdfium answers so to a file without pages as well
        locked = isinstance(data, Path) or b"/Encrypt" in data
        if cast("int | None", exc.err_code) == _PASSWORD and locked:
            raise BadPdf("Le PDF livré est protégé par un mot de passe.") from exc
        raise BadPdf("Le PDF livré est illisible ou tronqué.") from exc
    try:
        yield document
    finally:
        document.close()


@contextmanager
def _page(document: _Document, index: int) -> Generator[_Page]:
    try:
        page = document.get_page(index)
    except pypdfium2.PdfiumError as exc:
        raise BadPdf(f"La page {index + 1} du PDF est illisible.") from exc
    try:
        yield page
    finally:
        page.close()


def _scale(width: float, height: float, dpi: int) -> float:
    """Pixels per point: `dpi / 72`, less for a page that would be too large to hold."""
    scale = dpi / 72
    scale = min(scale, MAX_SIDE / max(width, height, 1.0))
    return min(scale, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)


def _text(page: _Page) -> str:
    textpage = page.get_textpage()
    try:
        return textpage.get_text_range().strip()
    finally:
        textpage.close()


def _pictures(page: _Page) -> float:
    """Share of the page under pictures; overlaps count twice, which only errs towards « scan »."""
    left, bottom, right, top = page.get_bbox()
    whole = max((right - left) * (top - bottom), 1.0)
    covered = 0.0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        x0, y0, x1, y1 = item.get_bounds()
        covered += max(min(x1, right) - max(x0, left), 0.0) * max(min(y1, top) - max(y0, bottom), 0.0)
    return min(covered / whole, 1.0)


def _glyphs(page: _Page, width: float, height: float) -> Iterator[Glyph | None]:
    place = _placer(page, width, height)
    textpage = page.get_textpage()
    try:
        for index in range(textpage.count_chars()):
            code: int = raw.FPDFText_GetUnicode(textpage.raw, index)
            if code <= 32 and code != 2:
                yield None
                continue
            # 2 is pdfium's mark for a hyphen that ends a line
            text = "-" if code == 2 else chr(code) if code < 0x110000 else "\ufffd"
            x0, y0, x1, y1 = place(textpage.get_charbox(index, loose=True))
            yield Glyph(text, x0, y0, x1, y1)
    finally:
        textpage.close()


class _Placer(Protocol):
    def __call__(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]: ...


def _placer(page: _Page, width: float, height: float) -> _Placer:
    """A function from page space (origin bottom left, unrotated) to the displayed page."""
    grain = 100  # pdfium answers in whole device units: ask at a hundredth of a point

    def device(x: float, y: float) -> tuple[float, float]:
        dx, dy = ctypes.c_int(), ctypes.c_int()
        size = int(width * grain), int(height * grain)
        raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, ctypes.byref(dx), ctypes.byref(dy))
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
