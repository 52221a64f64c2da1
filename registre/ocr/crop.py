"""Cuts a field out of its page for a person to look at. Synchronous: runs inside a reader process."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from registre.domain.reading import Box
from registre.domain.text import digits, fold
from registre.ocr.engine.image import Gray
from registre.ocr.engine.words import Line, Word, group_lines
from registre.ocr.page import seen

#: Shares of the page left around a field on its sides, and of the field's height above and below it.
_BESIDE: Final = 0.006
_ABOVE: Final = 0.35
#: Heights of a row shown above and below it in its surroundings.
_AROUND: Final = 2.0
#: A line reads like what is looked for from this likeness on.
_ALIKE: Final = 0.4
#: Words hold a figure from this likeness of digits on; a figure is written in this many words at most.
_SAME_FIGURE: Final = 0.6
_MOST_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Crop:
    """Two PNGs."""

    #: the field alone
    field: bytes
    #: the whole width of the page around it, the field framed
    around: bytes


def crop(path: Path, number: int, box: Box | None, near: str, figures: Sequence[str]) -> Crop:
    """Cut `box` out of page `number`, or where there is none that of the `figures` which stands in the line that reads
    most like `near`, or the line, or the page.
    """
    picture, words = _page(path, number)
    height, width = picture.shape
    image = Image.fromarray(picture)
    place = box or _found(words, near, figures, width, height)
    if place is None:
        whole = _png(image)
        return Crop(whole, whole)
    left, top, right, bottom = (value * side for value, side in zip(place, (width, height) * 2, strict=True))
    tall = max(bottom - top, 1.0)
    inner = (left - _BESIDE * width, top - _ABOVE * tall, right + _BESIDE * width, bottom + _ABOVE * tall)
    framed = image.convert("RGB")
    ImageDraw.Draw(framed).rectangle(inner, outline=(200, 30, 30), width=3)
    outer = (0.0, top - _AROUND * tall, float(width), bottom + _AROUND * tall)
    return Crop(_png(_cut(image, inner)), _png(_cut(framed, outer)))


@lru_cache(maxsize=2)
def _page(path: Path, number: int) -> tuple[Gray, tuple[Word, ...]]:
    # a person settles several fields of a page in a row; turning it upright takes a reading
    return seen(path, number)


def _found(words: Sequence[Word], near: str, figures: Sequence[str], width: int, height: int) -> Box | None:
    line = _line_like(words, near)
    if line is None:
        return None
    part = _figure_in(line, figures) or line
    return part.x0 / width, part.y0 / height, part.x1 / width, part.y1 / height


def _line_like(words: Sequence[Word], near: str) -> Line | None:
    wanted = fold(near)
    best: tuple[float, Line | None] = (_ALIKE, None)
    for line in group_lines(words) if wanted else ():
        matcher = SequenceMatcher(None, wanted, fold(line.text), autojunk=False)
        alike = sum(block.size for block in matcher.get_matching_blocks() if block.size > 2) / len(wanted)
        best = max(best, (alike, line), key=lambda found: found[0])
    return best[1]


def _figure_in(line: Line, figures: Sequence[str]) -> Line | None:
    """The few words in a row that have a figure's digits, or most of them."""
    best: tuple[float, Line | None] = (_SAME_FIGURE, None)
    for size in range(1, _MOST_WORDS + 1):
        for start in range(len(line.words) - size + 1):
            part = Line(line.words[start : start + size])
            seen = digits(part.text)
            alike = max((SequenceMatcher(None, seen, digits(figure)).ratio() for figure in figures), default=0.0)
            best = max(best, (alike, part), key=lambda found: found[0])
    return best[1]


def _cut(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    left, top, right, bottom = (round(value) for value in box)
    return image.crop((max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    (ImageOps.autocontrast(image) if image.mode == "L" else image).save(out, "PNG")
    return out.getvalue()
