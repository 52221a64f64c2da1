"""Ink maps: what a page looks like at a few points a cell, drawn from its sheet or taken from a picture of it."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from registre.sandbox.documents.sheet import Sheet, text_width

Map = NDArray[np.float32]

#: Points a cell of the fine map, and cells of it a cell of the coarse one.
CELL: Final = 4.0
COARSE: Final = 6
#: Dots drawn a cell, so that a word's edge falls where it is.
_GRAIN: Final = 2
#: Share of a letter's box that is ink.
_LETTER: Final = 90
#: A picture never needs more columns than this to be compared.
_WIDEST: Final = 900


def drawn(sheet: Sheet) -> Map:
    """Fine map of a sheet: a gray box a word, a line a stroke."""
    size = round(sheet.width / CELL) * _GRAIN, round(sheet.height / CELL) * _GRAIN
    across, down = size[0] / sheet.width, size[1] / sheet.height
    picture = Image.new("L", size, 0)
    pen = ImageDraw.Draw(picture)
    for stroke in sheet.strokes:
        points = [(x * across, y * down) for x, y in stroke.points]
        pen.line([*points, points[0]] if stroke.closed else points, fill=120)
    for run in sheet.texts:
        if run.angle:
            continue
        x, space = run.x, text_width(" ", run.font, run.size) + run.word_space
        for word in run.text.split(" "):
            width = text_width(word, run.font, run.size)
            box = (x * across, (run.y - run.size * 0.68) * down, (x + width) * across, run.y * down)
            pen.rectangle(box, fill=_LETTER)
            x += width + space
    return _even(_blocks(np.asarray(picture, dtype=np.float32), _GRAIN, _GRAIN))


def pictured(data: bytes, columns: int) -> Map:
    """Fine map of a picture, `columns` cells wide, levelled.

    Raises:
        ValueError: the bytes are no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", (_WIDEST, _WIDEST))
            gray = image.convert("L")
    except OSError as exc:
        raise ValueError("Unable to process input image") from exc
    rows = max(round(gray.height * columns / gray.width), 1)
    small = gray.resize((columns * _GRAIN, rows * _GRAIN), Image.Resampling.BOX)
    ink = 255 - np.asarray(small, dtype=np.float32)
    ink = np.clip(ink - float(np.median(ink)) - 8, 0, None)
    return _even(_blocks(_levelled(ink), _GRAIN, _GRAIN))


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: the bytes are no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except OSError as exc:
        raise ValueError("Unable to process input image") from exc


def coarse(fine: Map) -> Map:
    """The map at `COARSE` times fewer cells a side; what does not fill one is left out."""
    return _blocks(fine, COARSE, COARSE)


def alike(one: Map, other: Map) -> float:
    """Correlation of two maps of one shape, -1 to 1, the best of a shift of one cell either way."""
    best = -1.0
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            a = one[max(down, 0) : one.shape[0] + min(down, 0), max(across, 0) : one.shape[1] + min(across, 0)]
            b = other[max(-down, 0) : one.shape[0] - max(down, 0), max(-across, 0) : one.shape[1] - max(across, 0)]
            best = max(best, correlation(a, b))
    return best


def correlation(one: Map, other: Map) -> float:
    """Pearson's, 0 where either is even."""
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-6 else 0.0


def _even(ink: Map) -> Map:
    """Softened, and of the same blackness whatever the printer."""
    picture = Image.fromarray(np.clip(ink, 0, 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(1))
    soft = np.sqrt(np.asarray(picture, dtype=np.float32))
    return (soft / max(float(soft.mean()), 0.01)).astype(np.float32)


def _blocks(ink: Map, tall: int, wide: int) -> Map:
    rows, columns = ink.shape[0] // tall, ink.shape[1] // wide
    sums = np.cumsum(
        np.cumsum(ink[: rows * tall, : columns * wide], axis=0, dtype=np.float64), axis=1, dtype=np.float64
    )
    corners = np.zeros((rows + 1, columns + 1), dtype=np.float64)
    corners[1:, 1:] = sums[tall - 1 :: tall, wide - 1 :: wide]
    inside = corners[1:, 1:] - corners[:-1, 1:] - corners[1:, :-1] + corners[:-1, :-1]
    return (inside / (tall * wide)).astype(np.float32)


def _levelled(ink: Map) -> Map:
    """Turned by the small angle at which ink gathers in the fewest rows."""
    picture = Image.fromarray(np.clip(ink, 0, 255).astype(np.uint8))
    best, level = -1.0, picture
    for fifth in range(-6, 7):
        turned = picture.rotate(fifth / 5, Image.Resampling.BILINEAR) if fifth else picture
        rows = np.asarray(turned, dtype=np.float32).sum(axis=1)
        sharp = float((rows * rows).sum()) * (1.0 if fifth else 1.001)
        if sharp > best:
            best, level = sharp, turned
    return np.asarray(level, dtype=np.float32)
