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
from registre.domain.text import fold
from registre.ocr.image import Gray
from registre.ocr.page import seen
from registre.ocr.words import Word, group_lines

#: Shares of the page left around a field on its sides, and of the field's height above and below it.
_BESIDE: Final = 0.006
_ABOVE: Final = 0.35
#: Heights of a row shown above and below it in its surroundings.
_AROUND: Final = 2.0
#: A line reads like what is looked for from this likeness on.
_ALIKE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Crop:
    """Two PNGs."""

    #: the field alone
    field: bytes
    #: the whole width of the page around it, the field framed
    around: bytes


def crop(path: Path, number: int, box: Box | None, near: str) -> Crop:
    """Cut `box` out of page `number`, or where there is none the line that reads most like `near`, or the page."""
    picture, words = _page(path, number)
    height, width = picture.shape
    image = Image.fromarray(picture)
    place = box or _line_like(words, near, width, height)
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


def _line_like(words: Sequence[Word], near: str, width: int, height: int) -> Box | None:
    wanted = fold(near)
    best: tuple[float, Box | None] = (_ALIKE, None)
    for line in group_lines(words) if wanted else ():
        matcher = SequenceMatcher(None, wanted, fold(line.text), autojunk=False)
        alike = sum(block.size for block in matcher.get_matching_blocks() if block.size > 2) / len(wanted)
        if alike > best[0]:
            best = (alike, (line.x0 / width, line.y0 / height, line.x1 / width, line.y1 / height))
    return best[1]


def _cut(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    left, top, right, bottom = (round(value) for value in box)
    return image.crop((max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    (ImageOps.autocontrast(image) if image.mode == "L" else image).save(out, "PNG")
    return out.getvalue()
