"""Reads one page, synchronously: text layer where it can be trusted, else its image. Runs inside a reader process."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from registre.domain.errors import BadPdf, ReaderFailed
from registre.domain.reading import Doubt, PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.accord.checks import doubt_order
from registre.ocr.engine import image as imaging
from registre.ocr.engine import tesseract
from registre.ocr.engine.layer import Layer, read_layer, undecoded
from registre.ocr.engine.pdf import render_page
from registre.ocr.engine.rapid import read_words, reader_version
from registre.ocr.engine.text_layer import shown_words, trusted_words
from registre.ocr.engine.words import Sheet, Word, certainty, group_lines, reading_order
from registre.ocr.index.page import read_index

#: Resolution at which a page is read. Measured on the sandbox: 300 gains nothing over 200 but memory.
DPI = 200
#: Words of an upside-down page are read with less certainty than this, on average.
_UPSIDE_DOWN = 0.6
#: Resolution at which a born-digital page is searched for ruled lines.
_RULE_DPI = 100
#: Less ink than this is a blank page; a line of text on a letter page is ten times as much.
_BLANK = 0.0002
#: Less ink than this that no reader can read is dirt, folds and punch holes.
_DIRT = 0.003
#: Half the page darker than this is a negative.
_NEGATIVE = 100
#: Grey levels that differ by more than this show something, and the share of a picture that must.
_CONTRAST = 24
_BARE = 0.001


def read(data: bytes | Path, number: int, kind: DocumentKind) -> PageReading:
    """Read page `number` (from 1); raises as `read_with_picture`."""
    return read_with_picture(data, number, kind)[0]


def read_with_picture(data: bytes | Path, number: int, kind: DocumentKind) -> tuple[PageReading, imaging.Gray | None]:
    """Read page `number` (from 1); also its picture, straight and upright, if it had to be read from one and has ink.

    Raises:
        BadPdf: the file or the page does not open.
        ReaderFailed: anything else that broke on this page.
    """
    with _page_fails(number):
        return _read(data, number, kind)


def read_second(second: Path, source: Path | imaging.Gray, number: int, kind: DocumentKind) -> PageReading:
    """Read page `number` with the tesseract `second`: from its picture as another reader left it, or from the PDF.

    Raises:
        BadPdf: the file or the page does not open.
        ReaderFailed: tesseract or anything else broke on this page.
    """
    with _page_fails(number):
        edition = tesseract.reader_version(second)
        if isinstance(source, Path):
            picture = _drawn(source, number)
            if imaging.ink_share(picture) < _BLANK:
                return PageReading(number, PageState.BLANK, "tesseract", edition)
            picture = imaging.straighten(picture)
        else:
            picture = source
        ruled = imaging.rules(picture)
        seen = tesseract.read_words(second, picture, ruled)
        if not seen:
            return PageReading(number, PageState.FAILED, "tesseract", edition, error="Aucun mot lisible.")
        return _understood(_picture_sheet(picture, seen, ruled), number, kind, "tesseract", edition, _mean(seen))


def seen(data: bytes | Path, number: int) -> tuple[imaging.Gray, tuple[Word, ...]]:
    """Page `number` as the places of a reading mean it, straight, upright, dark on light; and its words in pixels.

    Raises:
        BadPdf: the file or the page does not open.
        ReaderFailed: anything else that broke on this page.
    """
    with _page_fails(number):
        layer = read_layer(data, number)
        words = trusted_words(layer)
        picture = _drawn(data, number)
        if words is None or shown_words(words, picture, layer) is None:
            return _upright(imaging.straighten(picture))
        scale = picture.shape[1] / layer.width
        return picture, tuple(
            replace(word, x0=word.x0 * scale, y0=word.y0 * scale, x1=word.x1 * scale, y1=word.y1 * scale)
            for word in words
        )


@contextmanager
def _page_fails(number: int) -> Generator[None]:
    """Whatever a page does to a reader is this page's failure; only a process without memory goes down with it."""
    try:
        yield
    except (BadPdf, ReaderFailed, MemoryError):
        raise
    except Exception as exc:
        raise ReaderFailed(f"La lecture de la page {number} a échoué ({type(exc).__name__}).") from exc


def _read(data: bytes | Path, number: int, kind: DocumentKind) -> tuple[PageReading, imaging.Gray | None]:
    layer = read_layer(data, number)
    words = trusted_words(layer)
    if words is not None:
        low = _drawn(data, number, _RULE_DPI)
        shown = shown_words(words, low, layer)
        if shown is not None:
            reading = _understood(_layer_sheet(low, layer, shown), number, kind, "text_layer", _layer_version(), None)
            return _with_lost(reading, _lost(data, number, layer, low)), None
    picture = _drawn(data, number)
    ink = imaging.ink_share(picture)
    lost = _lost(data, number, layer, picture)
    if ink < _BLANK:
        return _nothing(number, lost), None
    picture, seen = _upright(imaging.straighten(picture))
    if not seen:
        if ink < _DIRT:
            return _nothing(number, lost), None
        error = "De l'encre, mais aucun mot lisible."
        return PageReading(number, PageState.FAILED, "rapidocr", reader_version(), error=error), picture
    sheet = _picture_sheet(picture, seen, imaging.rules(picture))
    reading = _understood(sheet, number, kind, "rapidocr", reader_version(), _mean(seen))
    return _with_lost(reading, lost), picture


def _drawn(data: bytes | Path, number: int, dpi: int = DPI) -> imaging.Gray:
    """The page's picture, dark on light: microfilm is delivered in the negative as well."""
    picture = render_page(data, number, dpi)
    return 255 - picture if imaging.paper(picture) < _NEGATIVE else picture


def _lost(data: bytes | Path, number: int, layer: Layer, picture: imaging.Gray) -> int:
    """How many parts of the page cannot be decoded, or not to their end. What cannot be drawn looks like paper."""
    # loads qpdf: only where a page is read
    from registre.ocr.engine.streams import count_damaged

    damaged = count_damaged(data, number)
    bare = [place.index for place in layer.places if _is_bare(place.box, picture)]
    return max(damaged, undecoded(data, number, bare) if bare else 0)


def _is_bare(box: tuple[float, float, float, float] | None, picture: imaging.Gray) -> bool:
    height, width = picture.shape
    x0, y0, x1, y1 = (max(value, 0.0) for value in box or (0.0, 0.0, 1.0, 1.0))
    part = picture[int(y0 * height) : math.ceil(y1 * height), int(x0 * width) : math.ceil(x1 * width)]
    if not part.size:
        return True
    ground = int(np.median(part))
    shown = (part < ground - _CONTRAST) | (part > ground + _CONTRAST)
    return float(shown.mean()) < _BARE


def _nothing(number: int, lost: int) -> PageReading:
    """A page on which nothing is written, as far as one can see."""
    if not lost:
        return PageReading(number, PageState.BLANK, "rapidocr", reader_version())
    return PageReading(number, PageState.FAILED, "rapidocr", reader_version(), error=_lost_text(lost))


def _with_lost(reading: PageReading, lost: int) -> PageReading:
    """What cannot be seen is said, as a doubt of the page: no row can carry it."""
    return replace(reading, doubts=(*reading.doubts, Doubt(None, None, _lost_text(lost)))) if lost else reading


def _lost_text(lost: int) -> str:
    return f"{lost} élément(s) de la page (image ou contenu) ne se laissent pas décoder: il peut y manquer du texte."


def _upright(picture: imaging.Gray) -> tuple[imaging.Gray, tuple[Word, ...]]:
    """The picture and its words, turned by quarters if it was scanned sideways or upside down."""
    seen = read_words(picture)
    letters = sum(len(word.text) for word in seen)
    sideways = sum(len(word.text) for word in seen if len(word.text) > 1 and word.height > word.width)
    if sideways > letters / 2:
        turns = (1, 3)
    elif seen and _mean(seen) < _UPSIDE_DOWN:
        turns = (2,)
    else:
        return picture, seen
    turned = [imaging.straighten(np.ascontiguousarray(np.rot90(picture, turn))) for turn in turns]
    return max([(picture, seen), *((image, read_words(image)) for image in turned)], key=_legible)


def _legible(candidate: tuple[imaging.Gray, tuple[Word, ...]]) -> float:
    return sum(word.confidence**2 * len(word.text) for word in candidate[1])


def _layer_sheet(low: imaging.Gray, layer: Layer, words: tuple[Word, ...]) -> Sheet:
    ruled = imaging.rules(low)
    points = layer.width / low.shape[1]
    return Sheet(
        words,
        layer.width,
        layer.height,
        tuple(x * points for x in ruled.verticals),
        tuple(y * points for y in ruled.horizontals),
    )


def _picture_sheet(picture: imaging.Gray, words: tuple[Word, ...], ruled: imaging.Rules) -> Sheet:
    height, width = picture.shape
    return Sheet(words, float(width), float(height), ruled.verticals, ruled.horizontals)


def _understood(
    sheet: Sheet, number: int, kind: DocumentKind, reader: str, edition: str, confidence: float | None
) -> PageReading:
    if kind is not DocumentKind.INDEX:
        lines = group_lines(sheet.words)
        text = "\n".join(line.text for line in reading_order(lines, sheet.width))
        return PageReading(number, PageState.READ, reader, edition, text, confidence=confidence)
    page = read_index(sheet)
    return PageReading(
        number,
        PageState.READ,
        reader,
        edition,
        page.text,
        doubt_order(page.rows),
        page.header,
        confidence,
        doubts=page.doubts,
    )


def _mean(words: Sequence[Word]) -> float:
    """Their certainty, as it is stored."""
    return round(certainty(words), 4)


def versions() -> tuple[str, ...]:
    """Of the readers of this module: what they read once, they would read the same again."""
    return (_layer_version(), reader_version())


@cache
def _layer_version() -> str:
    return f"pypdfium2 {version('pypdfium2')}"
