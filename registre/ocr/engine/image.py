"""Measurements on a gray page image: ink, slant, ruled lines; and turning it straight."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

#: A pixel this much darker than the paper is ink.
_CONTRAST = 60
#: Scanner beds leave black borders; ink is measured inside this share of each side.
_MARGIN = 0.03
#: Slants searched, in degrees; a page fed askew by more is re-fed by any scanning bureau.
_SLANT_LIMIT = 4.0
#: Below this a slant moves a line by less than half its height across a page.
_SLANT_FLOOR = 0.08

#: A block of pixels this much darker than the paper may be the faintest writing.
_FAINT = 14
#: What the part of a page that bears ink keeps of the paper around it, in shares of the page's longer side.
_AIR = 0.012


@dataclass(frozen=True, slots=True)
class Rules:
    """Ruled lines found, in pixels."""

    verticals: tuple[int, ...]
    horizontals: tuple[int, ...]


def ink_share(image: Gray) -> float:
    """Share of the page under ink, borders and single specks left out: 0 for blank paper."""
    height, width = image.shape
    top, left = int(height * _MARGIN), int(width * _MARGIN)
    inner = image[top : height - top, left : width - left]
    if inner.size == 0:
        return 0.0
    means = _shrunk(inner, max(round(max(height, width) / 700), 1))
    if means.size == 0:
        return 0.0
    dark = means < float(np.median(means)) - _CONTRAST * 0.7
    # a speck is one dark block alone; a stroke has a dark neighbour
    neighbours = np.zeros_like(dark)
    neighbours[1:] |= dark[:-1]
    neighbours[:-1] |= dark[1:]
    neighbours[:, 1:] |= dark[:, :-1]
    neighbours[:, :-1] |= dark[:, 1:]
    return float((dark & neighbours).mean())


def straighten(image: Gray) -> Gray:
    """The page with its text lines level; the same array when they already are."""
    angle = slant(image)
    if abs(angle) < _SLANT_FLOOR:
        return image
    import cv2

    height, width = image.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=paper(image))
    return np.asarray(turned, dtype=np.uint8)


def inked(image: Gray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part that bears ink, with a margin; the whole image where none does.

    Single specks do not count; a scanner's black border does. Errs towards more.
    """
    block = max(round(max(image.shape) / 700), 1)
    dark = _shrunk(image, block) < paper(image) - _FAINT
    if dark.size == 0:
        return 0, 0, image.shape[1], image.shape[0]
    ends: list[tuple[int, int]] = []
    for axis, length in ((0, image.shape[1]), (1, image.shape[0])):
        found = np.nonzero(dark.sum(axis=axis) >= 2)[0]
        if found.size == 0:
            return 0, 0, image.shape[1], image.shape[0]
        margin = round(max(image.shape) * _AIR)
        ends.append((max(int(found[0]) * block - margin, 0), min(int(found[-1] + 1) * block + margin, length)))
    (left, right), (top, bottom) = ends
    return left, top, right, bottom


def paper(image: Gray) -> int:
    """Gray level of the paper: the usual pixel's, of one in sixteen."""
    return int(np.median(image[::4, ::4]))


def _shrunk(image: Gray, block: int) -> Gray:
    """The image with `block` by `block` pixels averaged into one; what is left over at the edges is cut off."""
    import cv2

    cv2.setNumThreads(1)  # a reader process is one core's work
    rows, columns = image.shape[0] // block, image.shape[1] // block
    if block == 1 or not rows or not columns:
        return image[: rows * block, : columns * block]
    whole = image[: rows * block, : columns * block]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def slant(image: Gray) -> float:
    """Degrees by which text lines fall to the right (the turn that levels them, counter-clockwise)."""
    small = _shrunk(image, max(round(max(image.shape) / 1400), 1))
    top, left = int(small.shape[0] * _MARGIN), int(small.shape[1] * _MARGIN)
    small = small[top : small.shape[0] - top, left : small.shape[1] - left]
    if small.size == 0:
        return 0.0
    ys, xs = np.nonzero(small < float(np.median(small)) - _CONTRAST * 0.7)
    if ys.size < 200:
        return 0.0
    angle = _sharpest(*_some(ys, xs, 20_000), np.arange(-_SLANT_LIMIT, _SLANT_LIMIT + 0.01, 0.25))
    return _sharpest(*_some(ys, xs, 40_000), np.arange(angle - 0.24, angle + 0.241, 0.04))


def _some(ys: NDArray[np.int64], xs: NDArray[np.int64], number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """So many of the points, evenly taken."""
    if ys.size <= number:
        return ys, xs
    keep = np.linspace(0, ys.size - 1, number).astype(np.int64)
    return ys[keep], xs[keep]


def _sharpest(ys: NDArray[np.int64], xs: NDArray[np.int64], angles: NDArray[np.float64]) -> float:
    """The angle at which ink gathers in the fewest pixel rows."""
    best, winner = -1.0, 0.0
    for angle in sorted(angles.tolist(), key=abs):
        rows: NDArray[np.int64] = np.rint(ys - xs * math.tan(math.radians(angle))).astype(np.int64)
        counts = np.bincount(rows - rows.min()).astype(np.float64)
        score = float((counts**2).sum())
        if score > best * 1.0001:
            best, winner = score, float(angle)
    return winner


def rules(image: Gray) -> Rules:
    """Ruled lines of a straight page: verticals of a quarter of the ink's height, horizontals of half its width."""
    dark = image < paper(image) - _CONTRAST
    columns, rows = np.nonzero(dark.any(axis=0))[0], np.nonzero(dark.any(axis=1))[0]
    if columns.size == 0 or rows.size == 0:
        return Rules((), ())
    tall, wide = int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)
    return Rules(
        _peaks(_longest_runs(dark.T), tall / 4),
        _peaks(_longest_runs(dark), wide / 2),
    )


def _longest_runs(dark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Per row of `dark`, the longest run of ink, gaps of a few pixels and a drift of one row forgiven."""
    thick = dark.copy()
    thick[1:] |= dark[:-1]
    thick[:-1] |= dark[1:]
    for shift in (1, 2):
        thick[:, shift:] |= thick[:, :-shift]
    counts = thick.sum(axis=1)
    result = np.zeros(dark.shape[0], dtype=np.int64)
    # only rows with much ink can hold a rule: the run search is per row
    for index in np.nonzero(counts > dark.shape[1] * 0.12)[0]:
        padded = np.concatenate(([False], thick[index], [False]))
        edges = np.nonzero(padded[1:] != padded[:-1])[0]
        result[index] = int((edges[1::2] - edges[::2]).max(initial=0))
    return result


def _peaks(runs: NDArray[np.int64], minimum: float) -> tuple[int, ...]:
    """Centres of the groups of neighbouring rows whose run is long enough."""
    found: list[list[int]] = []
    for index in np.nonzero(runs >= minimum)[0].tolist():
        if found and index - found[-1][-1] <= 3:
            found[-1].append(index)
        else:
            found.append([index])
    # a band thicker than a rule is a picture's edge or a shaded heading
    return tuple((group[0] + group[-1]) // 2 for group in found if len(group) <= 12)
