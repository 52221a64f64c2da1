"""Finds an index's table on a page: its heading line, the columns it announces, and each word's column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from registre.ocr.vocabulary import ANCHORS, Field, is_heading, plain
from registre.ocr.words import Line, Word, group_lines, line_height, split_at

#: A table needs this many different headings, so that a sentence is not one.
_FEWEST_COLUMNS = 3
_MOST_HEADING_LINES = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column, up to its right boundary."""

    field: Field
    #: infinite for the last one
    right: float


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and the lines below it, down to the next heading or the page's end."""

    columns: tuple[Column, ...]
    #: the headings, column after column
    heading: str
    #: lines of the page before this table's heading and after the table before it
    before: tuple[Line, ...]
    body: tuple[Line, ...]

    def has(self, field: Field) -> bool:
        """Whether the heading announces that column."""
        return any(column.field is field for column in self.columns)

    def column(self, field: Field) -> Column | None:
        """The column of that field, if there is one."""
        return next((column for column in self.columns if column.field is field), None)


@dataclass(slots=True)
class _Cell:
    field: Field
    words: list[Word]

    @property
    def x0(self) -> float:
        return min(word.x0 for word in self.words)

    @property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @property
    def cx(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def text(self) -> str:
        return " ".join(line.text for line in group_lines(self.words))


@dataclass(frozen=True, slots=True)
class _Heading:
    #: first and last of its lines
    first: int
    last: int
    cells: list[_Cell]
    text: str


def find_tables(lines: Sequence[Line], verticals: Sequence[float]) -> tuple[Table, ...]:
    """Every table of the page, in order; none where no heading line is recognised."""
    headings = _headings(lines)
    tables: list[Table] = []
    start = 0
    for index, heading in enumerate(headings):
        end = headings[index + 1].first if index + 1 < len(headings) else len(lines)
        body = tuple(lines[heading.last + 1 : end])
        columns = _columns(heading.cells, body, verticals)
        tables.append(Table(columns, heading.text, tuple(lines[start : heading.first]), body))
        start = end
    return tuple(tables)


def cells_of(line: Line, columns: Sequence[Column]) -> dict[Field, tuple[Word, ...]]:
    """The line's words by column; a word that two columns share is cut where it was joined."""
    cells: dict[Field, list[Word]] = {}
    for word in line.words:
        for part in _cut(word, columns):
            cells.setdefault(_column_at(part, columns), []).append(part)
    return {field: tuple(words) for field, words in cells.items()}


def _column_at(word: Word, columns: Sequence[Column]) -> Field:
    for column in columns:
        if word.cx < column.right:
            return column.field
    return columns[-1].field


def _cut(word: Word, columns: Sequence[Column]) -> list[Word]:
    """Split at each boundary that runs well inside the word and parts digits from letters there."""
    slack = 0.6 * word.height
    parts = [word]
    for column in columns[:-1]:
        last = parts[-1]
        if last.x0 + slack < column.right < last.x1 - slack:
            halves = split_at(last, column.right)
            if halves and halves[0].text[-1].isdigit() != halves[1].text[0].isdigit():
                parts[-1:] = halves
    return parts


def _headings(lines: Sequence[Line]) -> list[_Heading]:
    found: list[_Heading] = []
    index = 0
    while index < len(lines):
        last = index
        while last < len(lines) and last - index < _MOST_HEADING_LINES and is_heading(lines[last].text):
            last += 1
        if last > index:
            cells, others = _heading_cells(lines[index:last])
            fields = {cell.field for cell in cells}
            if len(fields) >= _FEWEST_COLUMNS and fields & {Field.NUMERO, Field.DATE, Field.ENREGISTREMENT}:
                text = " ".join(cell.text for cell in cells)
                found.append(_Heading(index, last - 1, _settle(cells, others), text))
            index = last
        else:
            index += 1
    return found


def _heading_cells(lines: Sequence[Line]) -> tuple[list[_Cell], list[Word]]:
    """Group the heading's words under the columns they announce; and the words that announce none."""
    words = [part for line in lines for word in line.words for part in _unjoin(word)]
    height = line_height(words)
    cells: list[_Cell] = []
    others: list[Word] = []
    for word in words:
        field = _announces(word)
        if field is None:
            others.append(word)
            continue
        twin = next((c for c in cells if c.field is field and _near(c, word, 3 * height)), None)
        if twin:
            twin.words.append(word)
        else:
            cells.append(_Cell(field, [word]))
    for word in others:
        owner = _owner(word, cells, height)
        if owner:
            owner.words.append(word)
    return sorted(cells, key=lambda cell: cell.x0), others


def _unjoin(word: Word) -> list[Word]:
    """`présentationNuméro` was two headings: cut where the second begins."""
    text = plain(word.text)
    starts = sorted(
        {match.start() for _, pattern in ANCHORS for match in re.finditer(pattern.pattern.replace(r"\b", ""), text)
         if len(match.group()) >= 4}
    )  # fmt: skip
    parts: list[Word] = []
    rest = word
    consumed = 0
    for start in starts:
        if start - consumed < 4 or not word.text[start].isupper():
            continue
        halves = split_at(rest, rest.x0 + rest.width * (start - consumed) / len(rest.text))
        if halves and len(halves[0].text) == start - consumed:
            parts.append(halves[0])
            rest = halves[1]
            consumed = start
    return [*parts, rest]


def _announces(word: Word) -> Field | None:
    text = plain(word.text)
    return next((field for field, pattern in ANCHORS if pattern.search(text)), None)


def _near(cell: _Cell, word: Word, reach: float) -> bool:
    return word.x0 - cell.x1 < reach and cell.x0 - word.x1 < reach


def _owner(word: Word, cells: Sequence[_Cell], height: float) -> _Cell | None:
    """The heading that a connecting word (`de`, `l'acte`) belongs to: above or below it, else just left of it."""
    overlapping = [(min(word.x1, cell.x1) - max(word.x0, cell.x0), cell) for cell in cells]
    overlap, over = max(overlapping, key=lambda pair: pair[0], default=(0.0, None))
    if over is not None and overlap > 0:
        return over
    left = [cell for cell in cells if any(abs(w.cy - word.cy) < height / 2 and w.x1 <= word.x0 for w in cell.words)]
    return max(left, key=lambda cell: cell.x1, default=None) or over


def _settle(cells: list[_Cell], others: Sequence[Word]) -> list[_Cell]:
    """Resolve headings that stand over or inside one another."""
    fields = {cell.field for cell in cells}
    settled: list[_Cell] = []
    for cell in cells:
        if cell.field is Field.ENREGISTREMENT and fields & {Field.DATE, Field.NUMERO}:
            continue  # a group title over « date » and « n° »
        if cell.field is Field.AVIS and any(_one_heading(other, cell, others) for other in settled):
            continue
        settled.append(cell)
    return settled


def _one_heading(other: _Cell, avis: _Cell, words: Sequence[Word]) -> bool:
    """Whether « avis d'adresse » continues « remarques (et) »: stacked under it, or joined by a conjunction."""
    if other.field is not Field.REMARQUES:
        return False
    overlap = min(other.x1, avis.x1) - max(other.x0, avis.x0)
    if overlap > 0.3 * min(other.x1 - other.x0, avis.x1 - avis.x0):
        return True
    return any(plain(w.text) in {"et", "and", "/", "&"} and other.x0 <= w.cx <= avis.x1 for w in words)


def _columns(cells: Sequence[_Cell], body: Sequence[Line], verticals: Sequence[float]) -> tuple[Column, ...]:
    words = [word for line in body for word in line.words]
    bounds = [_boundary(a, b, words, verticals) for a, b in pairwise(cells)]
    return tuple(Column(cell.field, right) for cell, right in zip(cells, [*bounds, float("inf")], strict=True))


def _boundary(a: _Cell, b: _Cell, words: Sequence[Word], verticals: Sequence[float]) -> float:
    """x between two columns: a ruled line, else the emptiest band of the text below, as far right as it goes."""
    low, high = a.cx, b.cx
    ruled = [x for x in verticals if low < x < high]
    if ruled:
        return min(ruled, key=lambda x: abs(x - b.x0))
    steps = 200
    width = (high - low) / steps
    if width <= 0:
        return (a.x1 + b.x0) / 2
    counts = [0] * steps
    for word in words:
        first, last = int((word.x0 - low) / width), int((word.x1 - low) / width)
        for index in range(max(first, 0), min(last, steps - 1) + 1):
            counts[index] += 1
    start, end = _emptiest(counts)
    left, right = low + start * width, low + (end + 1) * width
    return min(right, b.x0) if left < b.x0 <= right else (left + 3 * right) / 4


def _emptiest(counts: Sequence[int]) -> tuple[int, int]:
    """Longest run of positions crossed by the fewest words; a stray word or two is forgiven for a wider band."""
    best = (0, 0)
    floor = min(counts)
    start = None
    for index, count in enumerate([*counts, floor + 1]):
        if count <= floor and start is None:
            start = index
        elif count > floor and start is not None:
            if index - start > best[1] - best[0]:
                best = (start, index - 1)
            start = None
    return best
