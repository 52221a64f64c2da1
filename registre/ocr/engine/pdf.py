"""PDF files through pdfium: checks of what was delivered, the first pages' text, and page images.

Synchronous and CPU-bound: meant for a reader process, never for an event loop.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from registre.domain.errors import BadPdf
from registre.domain.reading import PdfFacts

#: One rendered page never exceeds this; a 600 dpi letter page is 34 million pixels.
MAX_PIXELS = 24_000_000
#: pdfium refuses bitmaps beyond this side anyway, and a reader needs far less.
MAX_SIDE = 12_000
#: More pages than this no document of a registry has; reading them would take days.
MAX_PAGES = 5_000
#: How much of a page's text layer is worth looking at: a dense index page has 10,000 characters.
_TEXT = 20_000
#: Readers accept the marker within the file's first and last kilobyte; one more for trailing junk.
_HEAD = 1024
_TAIL = 2048
#: FPDF_ERR_PASSWORD
_PASSWORD = 4

#: pdfium keeps process-wide state and is not thread-safe.
LOCK = threading.Lock()

#: One file ends and another begins: never inside one PDF.
_SECOND_FILE = re.compile(rb"%%EOF\s{0,64}%PDF-\d")


class _Bitmap(Protocol):
    def to_numpy(self) -> NDArray[np.uint8]: ...
    def close(self) -> None: ...


class PageObject(Protocol):
    raw: Any
    #: 0 for what stands on the page itself, more for what stands in a form
    level: int

    def get_bounds(self) -> tuple[float, float, float, float]: ...


class TextPage(Protocol):
    raw: Any

    def count_chars(self) -> int: ...
    def get_text_range(self, index: int, count: int) -> str: ...
    def get_charbox(self, index: int, loose: bool) -> tuple[float, float, float, float]: ...
    def close(self) -> None: ...


class Page(Protocol):
    raw: Any

    def get_size(self) -> tuple[float, float]: ...
    def get_bbox(self) -> tuple[float, float, float, float]: ...
    def get_mediabox(self) -> tuple[float, float, float, float]: ...
    def set_cropbox(self, left: float, bottom: float, right: float, top: float) -> None: ...
    def get_objects(self, filter: list[int], max_depth: int) -> Iterator[PageObject]: ...
    def get_textpage(self) -> TextPage: ...
    def render(self, *, scale: float, grayscale: bool) -> _Bitmap: ...
    def close(self) -> None: ...


class _Document(Protocol):
    def __len__(self) -> int: ...
    def get_page_size(self, index: int) -> tuple[float, float]: ...
    def get_page(self, index: int) -> Page: ...
    def close(self) -> None: ...


def inspect(data: bytes | Path) -> PdfFacts:
    """Check that `data` is a whole PDF that opens and has all its pages, and describe it; `text` is left empty.

    No page's content is looked at: what one page holds never decides about the others. A PDF that only restricts
    printing or copying opens without a password and is accepted.

    Raises:
        BadPdf: empty, another kind of file, cut short, unreadable, protected by a password, two files in one, or
            without its pages.
    """
    with _bytes_of(data) as content:
        size = _check_envelope(content)
        digest = hashlib.sha256(content).hexdigest()
    with LOCK, _document(data) as document:
        count = _count(document)
    return PdfFacts(size=size, sha256=digest, pages=count, text="")


def read_text(data: bytes | Path, number: int) -> str:
    """The beginning of what the text layer of page `number` (from 1) says, as it stands in the file.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with opened_page(data, number) as page:
        textpage = page.get_textpage()
        try:
            found = textpage.get_text_range(0, min(textpage.count_chars(), _TEXT))
        finally:
            textpage.close()
    return found.replace("\0", "").strip()


def render_page(data: bytes | Path, number: int, dpi: int) -> NDArray[np.uint8]:
    """Gray image (height, width) of page `number` (from 1) as displayed, rotation applied.

    Rendered at `dpi` or at whatever lower resolution keeps it within `MAX_PIXELS`.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with opened_page(data, number) as page:
        width, height = page.get_size()
        scale = _scale(width, height, dpi)
        bitmap = page.render(scale=scale, grayscale=True)
        try:
            pixels = bitmap.to_numpy()
            return np.array(pixels.reshape(pixels.shape[0], pixels.shape[1]), dtype=np.uint8)
        finally:
            bitmap.close()


@contextmanager
def opened_page(data: bytes | Path, number: int) -> Generator[Page]:
    """Page `number` (from 1), alone in pdfium for as long.

    Raises:
        BadPdf: the file or that page does not open.
    """
    with LOCK, _document(data) as document:
        with _page(document, number - 1) as page:
            if min(page.get_size()) > 0:
                yield page
                return
            # cropped to nothing: what the sheet itself holds is shown
            page.set_cropbox(*page.get_mediabox())
        with _page(document, number - 1) as page:
            yield page


@contextmanager
def _bytes_of(data: bytes | Path) -> Generator[bytes | mmap.mmap]:
    """The file's bytes, mapped and not read where it lies on disk."""
    if isinstance(data, bytes):
        yield data
    elif not data.stat().st_size:
        yield b""  # nothing can be mapped
    else:
        with data.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def _check_envelope(content: bytes | mmap.mmap) -> int:
    """Size of the file, once it looks like one whole PDF."""
    size = len(content)
    head = content[:_HEAD]
    if b"%PDF-" not in head:
        text = head.lstrip(b"\xef\xbb\xbf\0\r\n\t ").lower()
        if not text and _all_blank(content):
            raise BadPdf("Le fichier livré est vide.")
        if text.startswith(b"<"):
            raise BadPdf("Une page web a été livrée au lieu du PDF.")
        raise BadPdf("Le fichier livré n'est pas un PDF.")
    if content.find(b"%%EOF", max(size - _TAIL, 0)) < 0:
        raise BadPdf("Le PDF livré est tronqué.")
    if _SECOND_FILE.search(content):
        # pdfium would read the last one only, and say nothing
        raise BadPdf("Deux PDF ont été livrés bout à bout.")
    return size


def _all_blank(content: bytes | mmap.mmap) -> bool:
    pieces = (content[at : at + 1_048_576] for at in range(0, len(content), 1_048_576))
    return not any(piece.strip(b"\0\t\r\n ") for piece in pieces)


def _count(document: _Document) -> int:
    """Pages of the document, each of them there."""
    count = len(document)
    if not count:
        raise BadPdf("Le PDF livré n'a aucune page.")
    if count > MAX_PAGES:
        raise BadPdf(f"Le PDF livré annonce {count} pages; aucun document du registre n'en a autant.")
    for index in range(count):
        try:
            # finds the page without looking at what it holds
            document.get_page_size(index)
        except pypdfium2.PdfiumError as exc:
            raise BadPdf(f"Il manque au PDF livré la page {index + 1} des {count} qu'il annonce.") from exc
    return count


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
def _page(document: _Document, index: int) -> Generator[Page]:
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
