"""Finds the heading of an index's table: which words announce which column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registre.ocr.engine.words import Line, Word, group_lines, line_height, segments, split_at
from registre.ocr.index.vocabulary import ALONE, ANCHORS, Field, has_figures, is_heading, plain

#: A table needs this many different headings, so that a sentence is not one.
_FEWEST_COLUMNS = 3
_MOST_HEADING_LINES = 5
#: Words of one title stand no further apart than this, in line heights.
_ONE_TITLE = 1.2
#: A title among others has no more words than this on a line; a sentence has.
_MOST_WORDS = 5
#: Fewer letters than this are dirt, not a title.
_FEWEST_LETTERS = 3
_KEYS = frozenset({Field.NUMERO, Field.DATE, Field.ENREGISTREMENT})


@dataclass(slots=True)
class HeadingCell:
    """One column's title: the words that announce it, wherever they stand in the heading."""

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
class Heading:
    """A table's heading line or lines."""

    #: first and last of its lines
    first: int
    last: int
    cells: list[HeadingCell]
    text: str


def find_headings(lines: Sequence[Line]) -> list[Heading]:
    """Every heading of the page, top to bottom, its titles left to right."""
    found: list[Heading] = []
    index = 0
    while index < len(lines):
        last = index
        while last < len(lines) and last - index < _MOST_HEADING_LINES and _is_heading(lines[last]):
            last += 1
        if last > index:
            cells, others = _heading_cells(lines[index:last])
            fields = {cell.field for cell in cells}
            if len(fields) >= _FEWEST_COLUMNS and fields & _KEYS:
                text = " ".join(cell.text for cell in cells)
                found.append(Heading(index, last - 1, _settle(cells, others), text))
            index = last
        else:
            index += 1
    return found


def _is_heading(line: Line) -> bool:
    """Whether a line is made of headings, or of headings and of short titles that nobody knows."""
    if is_heading(line.text):
        return True
    if ":" in line.text or has_figures(line.text):
        return False
    parts = segments(line, 0.9 * line_height(line.words))
    known = [{field for word in part.words if (field := _announces(word))} for part in parts]
    fields = frozenset[Field]().union(*known)
    if any(len(part.words) > _MOST_WORDS for part in parts) or 2 * sum(map(bool, known)) < len(parts):
        return False
    return len(fields) >= _FEWEST_COLUMNS and len(parts) >= _FEWEST_COLUMNS and bool(fields & _KEYS)


def _heading_cells(lines: Sequence[Line]) -> tuple[list[HeadingCell], list[Word]]:
    """Group the heading's words under the columns they announce; and the words that announce none."""
    words = [part for line in lines for word in line.words for part in _unjoin(word)]
    height = line_height(words)
    cells: list[HeadingCell] = []
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
            cells.append(HeadingCell(field, [word]))
    strangers: list[Word] = []
    known = {cell.field for cell in cells}
    for word in others:
        alone = ALONE.get(plain(word.text))
        titled = alone in _KEYS and alone not in known and word.text[:1].isupper()
        owner = None if titled else _owner(word, cells, height)
        if owner:
            owner.words.append(word)
        else:
            strangers.append(word)
    cells += _titles_of_their_own(strangers, cells, height)
    return sorted(cells, key=lambda cell: cell.x0), others


def _titles_of_their_own(
    strangers: Sequence[Word], cells: Sequence[HeadingCell], height: float
) -> Iterator[HeadingCell]:
    """Titles made of words that stand apart from all known ones: each is over a column too."""
    groups: list[list[Word]] = []
    for word in strangers:
        near = next((g for g in groups if _near(HeadingCell(Field.AUTRE, g), word, _ONE_TITLE * height)), None)
        if near:
            near.append(word)
        else:
            groups.append([word])
    taken = {cell.field for cell in cells}
    for group in groups:
        text = re.sub(r"[^a-z ]", "", plain(" ".join(word.text for word in group))).strip()
        alone = ALONE.get(text)
        if alone is not None and alone not in taken:
            yield HeadingCell(alone, group)
        elif sum(map(str.isalpha, text)) >= _FEWEST_LETTERS:
            yield HeadingCell(Field.AUTRE, group)


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


def _near(cell: HeadingCell, word: Word | HeadingCell, reach: float) -> bool:
    return word.x0 - cell.x1 < reach and cell.x0 - word.x1 < reach


def _owner(word: Word, cells: Sequence[HeadingCell], height: float) -> HeadingCell | None:
    """The heading that a connecting word (`de`, `l'acte`) belongs to: above or below it, else just beside it."""
    overlapping = [(min(word.x1, cell.x1) - max(word.x0, cell.x0), cell) for cell in cells]
    overlap, over = max(overlapping, key=lambda pair: pair[0], default=(0.0, None))
    if over is not None and overlap > 0:
        return over
    beside = [
        (max(word.x0 - w.x1, w.x0 - word.x1), cell)
        for cell in cells
        for w in cell.words
        if abs(w.cy - word.cy) < height / 2
    ]
    gap, next_to = min(beside, key=lambda pair: pair[0], default=(0.0, None))
    return next_to if gap < _ONE_TITLE * height else None


def _settle(cells: list[HeadingCell], others: Sequence[Word]) -> list[HeadingCell]:
    """Resolve headings that stand over or inside one another."""
    cells = _date_and_number(_whole_titles(cells, others))
    fields = {cell.field for cell in cells}
    settled: list[HeadingCell] = []
    for cell in cells:
        if cell.field is Field.ENREGISTREMENT and fields & {Field.DATE, Field.NUMERO}:
            continue  # a group title over « date » and « n° »
        if cell.field is Field.PARTIES and fields & {Field.GRANTOR, Field.GRANTEE}:
            _give_to_sides(cell, [side for side in cells if side.field in {Field.GRANTOR, Field.GRANTEE}])
            continue
        if cell.field is Field.AVIS and any(_one_heading(other, cell, others) for other in settled):
            continue
        settled.append(cell)
    return settled


def _whole_titles(cells: list[HeadingCell], others: Sequence[Word]) -> list[HeadingCell]:
    """Titles that name two columns' subjects are one: « no. of deed », « no d'avis d'adresse », « reg. no. »."""
    numbers = sum(cell.field is Field.NUMERO for cell in cells)
    kept: list[HeadingCell] = []
    for cell in cells:
        before = kept[-1] if kept else None
        if before is not None and _level(before, cell):
            both = {before.field, cell.field}
            gap = (cell.x0 - before.x1) / line_height(cell.words)
            linked = any(before.x1 <= w.cx <= cell.x0 and abs(w.cy - cell.words[0].cy) < w.height / 2 for w in others)
            of_deed = cell.field is Field.NATURE and not re.search(r"nature|titre|genre", plain(cell.text))
            title: Field | None = None
            if before.field in {Field.NUMERO, Field.DATE} and of_deed and linked and gap < 4:
                title = before.field
            elif before.field is cell.field and (gap < 0.8 or (linked and gap < 5)):
                title = cell.field
            elif gap < 0.6 and _is_number_of(before, cell):
                title = Field.NUMERO
            elif gap < 0.7 and both == {Field.NUMERO, Field.AVIS} and plain(cell.text).startswith("d'"):
                title = Field.AVIS
                numbers -= 1
            elif numbers > 1 and gap < 0.7 and Field.NUMERO in both and both & {Field.AVIS, Field.RADIATIONS}:
                title = next(iter(both - {Field.NUMERO}))
                numbers -= 1
            if title is not None:
                kept[-1] = HeadingCell(title, [*before.words, *cell.words])
                continue
        kept.append(cell)
    return kept


def _is_number_of(before: HeadingCell, cell: HeadingCell) -> bool:
    """« Reg. no », « Instrument No. »: the number that the row is registered under."""
    both = {before.field, cell.field}
    return both == {Field.REGISTRE, Field.NUMERO} or (
        both == {Field.NATURE, Field.NUMERO} and "instrument" in plain(before.text)
    )


def _level(a: HeadingCell, b: HeadingCell) -> bool:
    return any(abs(one.cy - other.cy) < one.height / 2 for one in a.words for other in b.words)


def _give_to_sides(parties: HeadingCell, sides: Sequence[HeadingCell]) -> None:
    """« Names of parties (grantor) » is the side's title; the same over both sides is nobody's."""
    for side in sides:
        for word in sorted(parties.words, key=lambda word: -word.x0):
            first = min(side.words, key=lambda other: other.x0)
            if abs(word.cy - first.cy) < word.height / 2 and -word.height < first.x0 - word.x1 < 0.8 * word.height:
                side.words.append(word)


def _date_and_number(cells: list[HeadingCell]) -> list[HeadingCell]:
    """« Enregistrement (date, no) » announces one column, not three."""
    dates = [cell for cell in cells if cell.field is Field.DATE]
    numbers = [cell for cell in cells if cell.field is Field.NUMERO]
    if len(dates) != 1 or len(numbers) != 1:
        return cells
    when, number = dates[0], numbers[0]
    height = line_height(when.words)
    stacked = min(when.x1, number.x1) - max(when.x0, number.x0) > 0.5 * min(when.x1 - when.x0, number.x1 - number.x0)
    level = any(abs(a.cy - b.cy) < height / 2 for a in when.words for b in number.words)
    # `(aaaa-mm-jj)` tells how dates are written
    named = re.sub(r"\([ajmdy/. -]+\)?", "", plain(when.text))
    beside = level and -height < number.x0 - when.x1 < 0.7 * height and re.search(r"[,/&(]|\b(?:et|and)\b", named)
    if not (beside or (stacked and not level)):
        return cells
    titles = [cell for cell in cells if cell.field is Field.ENREGISTREMENT and _near(cell, when, height)]
    one = HeadingCell(Field.ENREGISTREMENT, [word for cell in (*titles, when, number) for word in cell.words])
    return sorted([*(cell for cell in cells if cell not in (*titles, when, number)), one], key=lambda cell: cell.x0)


def _one_heading(other: HeadingCell, avis: HeadingCell, words: Sequence[Word]) -> bool:
    """Whether « avis d'adresse » continues « remarques (et) »: stacked under it, or joined by a conjunction."""
    if other.field is not Field.REMARQUES:
        return False
    overlap = min(other.x1, avis.x1) - max(other.x0, avis.x0)
    if overlap > 0.3 * min(other.x1 - other.x0, avis.x1 - avis.x0):
        return True
    return any(plain(w.text) in {"et", "and", "/", "&", "-", "–", "ou", "or"} and other.x0 <= w.cx <= avis.x1
               for w in words)  # fmt: skip
