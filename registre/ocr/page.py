"""Reads one page, synchronously: text layer where it can be trusted, else its image. Runs inside a reader process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from registre.domain.errors import BadPdf, ReaderFailed
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr import image as imaging
from registre.ocr.checks import doubt_order
from registre.ocr.header import read_header
from registre.ocr.index_table import read_index
from registre.ocr.pdf import Layer, read_layer, render_page
from registre.ocr.rapid import read_words, reader_version
from registre.ocr.text_layer import trusted_words
from registre.ocr.words import Sheet, Word, group_lines, reading_order

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


def read(data: bytes | Path, number: int, kind: DocumentKind) -> PageReading:
    """Read page `number` (from 1); raises as `read_with_picture`."""
    return read_with_picture(data, number, kind)[0]


def read_with_picture(data: bytes | Path, number: int, kind: DocumentKind) -> tuple[PageReading, imaging.Gray | None]:
    """Read page `number` (from 1); also its picture, straight and upright, if it had to be read from one and has ink.

    Raises:
        BadPdf: the file or the page does not open.
        ReaderFailed: anything else that broke on this page.
    """
    try:
        return _read(data, number, kind)
    except (BadPdf, ReaderFailed):
        raise
    except Exception as exc:  # whatever a page does to a reader is this page's failure, not the process's
        raise ReaderFailed(f"La lecture de la page {number} a échoué ({type(exc).__name__}).") from exc


def _read(data: bytes | Path, number: int, kind: DocumentKind) -> tuple[PageReading, imaging.Gray | None]:
    layer = read_layer(data, number)
    words = trusted_words(layer)
    if words is not None:
        sheet = _layer_sheet(data, number, layer, words)
        return _understood(sheet, number, kind, "text_layer", _layer_version(), None), None
    picture = render_page(data, number, DPI)
    ink = imaging.ink_share(picture)
    if ink < _BLANK:
        return PageReading(number, PageState.BLANK, "rapidocr", reader_version()), None
    picture, seen = _upright(imaging.straighten(picture))
    if not seen:
        if ink < _DIRT:
            return PageReading(number, PageState.BLANK, "rapidocr", reader_version()), None
        error = "De l'encre, mais aucun mot lisible."
        return PageReading(number, PageState.FAILED, "rapidocr", reader_version(), error=error), picture
    ruled = imaging.rules(picture)
    height, width = picture.shape
    sheet = Sheet(seen, float(width), float(height), ruled.verticals, ruled.horizontals)
    return _understood(sheet, number, kind, "rapidocr", reader_version(), _mean(seen)), picture


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


def _layer_sheet(data: bytes | Path, number: int, layer: Layer, words: tuple[Word, ...]) -> Sheet:
    picture = render_page(data, number, _RULE_DPI)
    ruled = imaging.rules(picture)
    points = layer.width / picture.shape[1]
    return Sheet(
        words,
        layer.width,
        layer.height,
        tuple(x * points for x in ruled.verticals),
        tuple(y * points for y in ruled.horizontals),
    )


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
        read_header(page.margin),
        confidence,
    )


def _mean(words: Sequence[Word]) -> float:
    """Certainty weighted by length."""
    letters = sum(len(word.text) for word in words)
    return round(sum(word.confidence * len(word.text) for word in words) / max(letters, 1), 4)


def versions() -> tuple[str, ...]:
    """Of the readers of this module: what they read once, they would read the same again."""
    return (_layer_version(), reader_version())


@cache
def _layer_version() -> str:
    return f"pypdfium2 {version('pypdfium2')}"
