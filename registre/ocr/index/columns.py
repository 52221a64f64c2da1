"""Finds an index's tables on a page: where each column under a heading ends, and each word's column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from registre.ocr.engine.words import Line, Word, line_height, segments, split_at
from registre.ocr.index.fields import find_date, find_number, parse_date
from registre.ocr.index.headings import HeadingCell, find_headings
from registre.ocr.index.meanings import Pile, meaning
from registre.ocr.index.vocabulary import FOOTER, NOTE, Field, plain

#: Words of one cell stand no further apart than this, in line heights.
_SPACE = 0.45
#: A boundary nearer to a word than this, in line heights, may stand between two words of one cell.
_NEAR = 0.3
#: How many line heights beside its place a boundary may stand rather than cross all lines.
_CROSSED = 30.0
#: This many lines starting one under another are a column's text.
_FEWEST_ALIGNED = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column, up to its right boundary."""

    field: Field
    #: infinite for the last one
    right: float
    #: as printed; empty where the page has none
    title: str = ""
    #: its heading is unknown, its cells tell what it holds
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and the lines below it, down to the next heading or the page's end."""

    columns: tuple[Column, ...]
    #: the headings, column after column
    heading: str
    #: lines of the page before this table's heading and after the table before it
    before: tuple[Line, ...]
    body: tuple[Line, ...]
    #: the columns are told by what stands in them, for want of a heading
    guessed: bool = False
    #: what its dates begin with, as `date_order` tells
    dates: str = ""

    def has(self, field: Field) -> bool:
        """Whether the heading announces that column."""
        return any(column.field is field for column in self.columns)

    def column(self, field: Field) -> Column | None:
        """The column of that field, if there is one."""
        return next((column for column in self.columns if column.field is field), None)


def find_tables(lines: Sequence[Line], verticals: Sequence[float]) -> tuple[Table, ...]:
    """Every table of the page, in order; none where no heading line is recognised."""
    headings = find_headings(lines)
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
    return {field: tuple(_without_rules(words)) for field, words in cells.items()}


def _without_rules(words: Sequence[Word]) -> list[Word]:
    """A cell's words without the marks that readers make of the rules beside it: `[Vente`, `Vente|`."""
    cleaned = list(words)
    first, last = cleaned[0].text, cleaned[-1].text
    if len(first) > 1 and first[0] in "[|" and not any("]" in word.text for word in words):
        # before a figure it may be a 1
        sure = 0.0 if first[1].isdigit() else cleaned[0].confidence
        cleaned[0] = replace(cleaned[0], text=first[1:], confidence=sure)
    if len(cleaned[-1].text) > 1 and last[-1] in "]|" and not any("[" in word.text for word in words):
        sure = 0.0 if last[-2].isdigit() else cleaned[-1].confidence
        cleaned[-1] = replace(cleaned[-1], text=cleaned[-1].text[:-1], confidence=sure)
    return cleaned


def _column_at(word: Word, columns: Sequence[Column]) -> Field:
    for column in columns:
        if word.cx < column.right:
            return column.field
    return columns[-1].field


def _cut(word: Word, columns: Sequence[Column]) -> list[Word]:
    """Split at each boundary that runs well inside the word and parts digits from letters there.

    What cannot be parted keeps no certainty: two figures may have run together.
    """
    slack = 0.6 * word.height
    parts = [word]
    for column in columns[:-1]:
        last = parts[-1]
        if last.x0 + slack < column.right < last.x1 - slack:
            halves = split_at(last, column.right)
            if halves and halves[0].text[-1].isdigit() != halves[1].text[0].isdigit():
                parts[-1:] = halves
            elif sum(char.isdigit() for char in last.text) > 1:
                parts[-1] = replace(last, confidence=0.0)
    return parts


def _columns(cells: Sequence[HeadingCell], body: Sequence[Line], verticals: Sequence[float]) -> tuple[Column, ...]:
    # a sentence that runs across the columns says nothing of where they end
    kept = [line for line in body if not NOTE.match(plain(line.text)) and not FOOTER.search(plain(line.text))] or body
    words = [word for line in kept for word in line.words]
    centred = _centred(cells, kept)
    rights = [min((word.x0 for word in words), default=0.0)]
    for a, b in pairwise(cells):
        rights.append(_boundary(a, b, words, verticals, start=rights[-1], centred=centred))
    rights = [*rights[1:], float("inf")]
    found = tuple(Column(cell.field, right, cell.text) for cell, right in zip(cells, rights, strict=True))
    return _with_unannounced_date(_with_unannounced_number(_told_by_content(found, body), body), body)


def _told_by_content(columns: tuple[Column, ...], body: Sequence[Line]) -> tuple[Column, ...]:
    """The columns, those under a heading that nobody knows named by what stands in them, where nothing else is so."""
    held = {column.field for column in columns}
    told: list[Column] = []
    for index, column in enumerate(columns):
        if column.field is Field.AUTRE:
            left = columns[index - 1].right if index else float("-inf")
            cells = (" ".join(word.text for word in line.words if left < word.cx < column.right) for line in body)
            seen = meaning(Pile(column.right, tuple(filter(None, cells))))
            if seen not in held:
                held.add(seen)
                column = replace(column, field=seen, guessed=True)
        told.append(column)
    return tuple(told)


def _with_unannounced_number(columns: tuple[Column, ...], body: Sequence[Line]) -> tuple[Column, ...]:
    """The columns, the one of dates also of numbers if its lines hold both: a heading was not read."""
    if any(column.field in {Field.NUMERO, Field.ENREGISTREMENT} for column in columns):
        return columns
    for index, column in enumerate(columns):
        if column.field is Field.DATE:
            left = columns[index - 1].right if index else float("-inf")
            texts = [" ".join(word.text for word in line.words if left < word.cx < column.right) for line in body]
            dated = [(text, found[1]) for text in texts if (found := find_date(text))]
            if dated and sum(find_number(text.replace(date, " ")) is not None for text, date in dated) > len(dated) / 2:
                return (*columns[:index], replace(column, field=Field.ENREGISTREMENT), *columns[index + 1 :])
    return columns


def _with_unannounced_date(columns: tuple[Column, ...], body: Sequence[Line]) -> tuple[Column, ...]:
    """The columns, parted before the text of a column whose lines begin with dates: its own heading was not read."""
    if any(column.field in {Field.DATE, Field.ENREGISTREMENT} for column in columns):
        return columns
    for index, column in enumerate(columns):
        left = columns[index - 1].right if index else float("-inf")
        cells = [[word for word in line.words if left < word.cx < column.right] for line in body]
        dates = [words[0] for words in cells if words and parse_date(words[0].text).text]
        if len(dates) > 1 and len(dates) >= 0.4 * sum(map(bool, cells)):
            right = max(word.x1 for word in dates) + 0.2 * line_height(dates)
            return (*columns[:index], Column(Field.DATE, right), *columns[index:])
    return columns


def _centred(cells: Sequence[HeadingCell], body: Sequence[Line]) -> bool:
    """Whether headings stand in the middle of their columns: few of them have text starting right below them."""
    height = line_height([word for line in body for word in line.words])
    starts = [part.x0 for line in body for part in segments(line, _SPACE * height)]
    below = 0
    for index, cell in enumerate(cells):
        end = cells[index + 1].x0 if index + 1 < len(cells) else float("inf")
        own = [x for x in starts if cell.x0 - 0.5 * height < x < end - 0.5 * height]
        below += bool(own) and sum(x < cell.x0 + 0.5 * height for x in own) >= 0.25 * len(own)
    return below < 0.6 * len(cells)


def _boundary(
    a: HeadingCell, b: HeadingCell, words: Sequence[Word], verticals: Sequence[float], *, start: float, centred: bool
) -> float:
    """x between two columns: a ruled line, else a white band that the text below leaves.

    `start` is where `a` begins; `centred` says that headings stand in the middle of their columns.
    """
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
    runs = [(low + first * width, low + (last + 1) * width) for first, last in _empty_runs(counts)]
    height = line_height(words)
    if not centred:
        led = [run for run in runs if abs(run[1] - b.x0) < 0.5 * height]
        if led:
            left, right = max(led, key=lambda run: run[1] - run[0])
            return right - min(0.2 * height, (right - left) / 2)
        if not any(_leads(right, words, high, height) for _, right in runs if a.x1 < right < b.x0):
            left, right = max(runs, key=lambda run: run[1] - run[0])
            return min(right, b.x0) if left < b.x0 <= right else (left + 3 * right) / 4
    # where `a` must end for its heading to stand in its middle, or as near as the text leaves room
    wanted = 2 * a.cx - start
    if not a.x1 - height < wanted < b.x0 + height:
        # the column before was misjudged, or a heading is missing
        wanted = (a.x1 + b.x0) / 2
    low, high = min(a.x1, b.x0), max(a.x1, b.x0)
    lines = max(len({round(word.cy / height) for word in words}), 1)
    return min(
        (low + (high - low) * index / steps for index in range(steps + 1)),
        key=lambda x: _CROSSED * _crossing(x, words, height) / lines + abs(x - wanted) / height,
    )


def _crossing(x: float, words: Sequence[Word], height: float) -> int:
    """How many words stand over that x, or so near that they might."""
    return sum(word.x0 - _NEAR * height < x < word.x1 + _NEAR * height for word in words)


def _leads(edge: float, words: Sequence[Word], high: float, height: float) -> bool:
    """Whether most of the text between a white band and `high` starts at that band's right edge, line under line."""
    first: dict[int, float] = {}
    for word in words:
        if edge - 0.5 * height < word.x0 < high:
            line = round(word.cy / height)
            first[line] = min(first.get(line, word.x0), word.x0)
    aligned = sum(x - edge < 0.7 * height for x in first.values())
    return aligned >= max(_FEWEST_ALIGNED, 0.6 * len(first))


def _empty_runs(counts: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of positions crossed by the fewest words; a stray word or two is forgiven."""
    found: list[tuple[int, int]] = []
    floor = min(counts)
    start = None
    for index, count in enumerate([*counts, floor + 1]):
        if count <= floor and start is None:
            start = index
        elif count > floor and start is not None:
            found.append((start, index - 1))
            start = None
    return found
