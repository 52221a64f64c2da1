"""Words with their place on the page, and their grouping into lines. Pure geometry: knows no document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True, slots=True)
class Word:
    """Text between two gaps, y growing downward, in any one unit for the whole page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    #: certainty of its least certain character, 0 to 1; 1 for a text layer
    confidence: float = 1.0

    @property
    def cy(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def cx(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def width(self) -> float:
        return self.x1 - self.x0


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one baseline, left to right."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @property
    def y0(self) -> float:
        return min(word.y0 for word in self.words)

    @property
    def y1(self) -> float:
        return max(word.y1 for word in self.words)

    @property
    def cy(self) -> float:
        return median(word.cy for word in self.words)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page ready to be understood: its words, its ruled lines, its size, all in the unit of the words."""

    words: tuple[Word, ...]
    width: float
    height: float
    #: x of the vertical rules long enough to part columns
    verticals: tuple[float, ...] = ()
    #: y of the horizontal rules wide enough to part rows
    horizontals: tuple[float, ...] = ()


def certainty(words: Sequence[Word]) -> float:
    """How surely words were read, weighted by length; 1 for none."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 1.0


def line_height(words: Iterable[Word]) -> float:
    """Median height of a word; 1 for no words, so that it can divide."""
    heights = [word.height for word in words if word.height > 0]
    return median(heights) if heights else 1.0


def group_lines(words: Sequence[Word]) -> tuple[Line, ...]:
    """Cluster words into lines, top to bottom; the page must already be straight."""
    if not words:
        return ()
    tolerance = 0.45 * line_height(words)
    rows: list[list[Word]] = []
    centres: list[float] = []
    for word in sorted(words, key=lambda w: w.cy):
        if rows and abs(word.cy - centres[-1]) <= tolerance:
            rows[-1].append(word)
            centres[-1] += (word.cy - centres[-1]) / len(rows[-1])
        else:
            rows.append([word])
            centres.append(word.cy)
    return tuple(Line(tuple(sorted(row, key=lambda w: w.x0))) for row in rows)


def segments(line: Line, gap: float) -> tuple[Line, ...]:
    """Cut a line wherever the space between two words is wider than `gap`."""
    parts: list[list[Word]] = []
    for word in line.words:
        if parts and word.x0 - parts[-1][-1].x1 <= gap:
            parts[-1].append(word)
        else:
            parts.append([word])
    return tuple(Line(tuple(part)) for part in parts)


def split_at(word: Word, x: float) -> tuple[Word, Word] | None:
    """Cut a word that two columns share, at the character boundary nearest to `x`.

    A change between digit and letter within two characters of the place wins: columns that were
    read as one word nearly always differ in kind. None when nothing would be left on one side.
    """
    length = len(word.text)
    pitch = word.width / max(length, 1)
    near = round((x - word.x0) / pitch) if pitch else 0
    cut = min(
        range(1, length),
        key=lambda i: abs(i - near) - (2.5 if _changes(word.text, i) else 0.0),
        default=0,
    )
    if not cut or abs(cut - near) > 2:
        return None
    middle = word.x0 + cut * pitch
    return replace(word, text=word.text[:cut], x1=middle), replace(word, text=word.text[cut:], x0=middle)


def _changes(text: str, index: int) -> bool:
    return text[index - 1].isdigit() != text[index].isdigit()


def reading_order(lines: Sequence[Line], width: float) -> tuple[Line, ...]:
    """Order lines as they are read: a gutter that parts a whole block of prose makes two columns.

    Lines that cross the gutter (titles, full-width paragraphs) keep their place between blocks.
    """
    if not lines:
        return ()
    height = line_height([word for line in lines for word in line.words])
    gutter = _gutter(lines, width, height)
    if gutter is None:
        return tuple(lines)
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in lines:
        before = tuple(word for word in line.words if word.cx < gutter)
        after = tuple(word for word in line.words if word.cx >= gutter)
        if before and after and after[0].x0 - before[-1].x1 < height:
            ordered += [*left, *right, line]
            left, right = [], []
            continue
        if before:
            left.append(Line(before))
        if after:
            right.append(Line(after))
    return (*ordered, *left, *right)


def _gutter(lines: Sequence[Line], width: float, height: float) -> float | None:
    """x of a vertical white band in the middle third that at least eight two-sided lines respect."""
    best: tuple[int, float] | None = None
    step = max(height / 2, 1.0)
    x = width / 3
    while x < 2 * width / 3:
        two_sided = crossing = 0
        for line in lines:
            gap = _gap_at(line, x)
            two_sided += gap is not None and gap >= height
            crossing += gap is None and line.x0 < x < line.x1
        if two_sided >= 8 and crossing <= two_sided // 4 and (best is None or two_sided > best[0]):
            best = (two_sided, x)
        x += step
    return best[1] if best else None


def _gap_at(line: Line, x: float) -> float | None:
    """Width of the white space around `x` between two words of the line; None if there is none."""
    before = [word.x1 for word in line.words if word.x1 <= x]
    after = [word.x0 for word in line.words if word.x0 >= x]
    if not before or not after or len(before) + len(after) != len(line.words):
        return None
    return min(after) - max(before)
