"""RapidOCR's networks behind one function: a straight gray page in, words with places and certainty out.

Tuned as measured 2026-11: text is searched for at 1280 pixels, lines are read one by one, 32 pixels high, by weights
cut down to our alphabet and to eight bits, on one thread. The weights are in the wheel; no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from registre.ocr.engine.image import Gray
from registre.ocr.engine.signs import western
from registre.ocr.engine.words import Word

if TYPE_CHECKING:
    from registre.ocr.engine.looks import Reading
    from registre.ocr.engine.networks import Finder, LineReader

#: Lines read with less certainty than this are texture, not text.
_NOISE = 0.35
#: A gap this many times the line's usual pitch, and wider than the text is high, parts two words
#: although no space was read.
_WIDE = 2.6
#: Detection boxes stand this much taller than the text in them.
_SLACK = 1.25
#: Taller than wide by this much, a box holds sideways text.
_SIDEWAYS = 1.5


def reader_version() -> str:
    """The library, which fixes the weights, and how they are used: another way reads otherwise."""
    return f"{version('rapidocr')} PP-OCRv6 small, latin, 8 bits, 32 px"


def read_words(image: Gray) -> tuple[Word, ...]:
    """Words of a straight page, in pixels of `image`, in no particular order; empty if no text is found."""
    # loads onnxruntime and OpenCV: only where a picture is read
    from registre.ocr.engine.networks import cut_out

    finder, reader = _networks()
    words: list[Word] = []
    for box in finder.boxes(image):
        reading = reader.read(cut_out(image, box))
        if reading.text.strip() and reading.mean >= _NOISE:
            words.extend(_words_of(box, reading))
    return tuple(words)


@cache
def _networks() -> tuple[Finder, LineReader]:
    """Those of this process: about a second and 200 MB, so made at the first page that needs them."""
    from registre.ocr.engine.networks import Finder, LineReader

    return Finder(), LineReader()


def _words_of(box: NDArray[np.float32], reading: Reading) -> Iterator[Word]:
    """Cut one recognised line into words, each placed by where its characters were seen."""
    left, top = (float(v) for v in box.min(axis=0))
    right, bottom = (float(v) for v in box.max(axis=0))
    width = right - left
    height = (bottom - top) / _SLACK
    top, bottom = (top + bottom - height) / 2, (top + bottom + height) / 2
    text = western(reading.text)
    certainties = reading.certainties
    solid = [index for index, char in enumerate(text) if not char.isspace()]
    if bottom - top > _SIDEWAYS * width and len(text) > 1:
        yield Word(text.strip(), left, top, right, bottom, min(certainties, default=0.0))
        return
    places = [left + reading.places[index] * width for index in solid]
    pitch = _pitch(places, solid, width)
    wide = max(_WIDE * pitch, 1.2 * height)
    start = 0
    for end in range(1, len(solid) + 1):
        if end < len(solid) and _together(text, solid[end - 1], solid[end], places[end] - places[end - 1], wide):
            continue
        yield Word(
            text[solid[start] : solid[end - 1] + 1],
            max(places[start] - pitch / 2, left),
            top,
            min(places[end - 1] + pitch / 2, right),
            bottom,
            min(certainties[index] for index in solid[start:end]),
        )
        start = end


def _together(text: str, before: int, after: int, gap: float, wide: float) -> bool:
    """Whether two characters belong to one word; a comma between letters ends one, space seen or not."""
    if after != before + 1 or gap >= wide:
        return False
    return not (text[before] == "," and text[after].isalpha() and text[before - 1 : before].isalpha())


def _pitch(places: list[float], solid: list[int], width: float) -> float:
    """Usual distance between two neighbouring characters of the line."""
    steps = [places[i] - places[i - 1] for i in range(1, len(places)) if solid[i] == solid[i - 1] + 1]
    pitch = median(steps) if steps else width / max(len(places), 1)
    return max(pitch, 1.0)
