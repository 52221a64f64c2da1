"""Columns of a table that has no heading, as next pages of one may: told by white bands and by what stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from registre.ocr.engine.words import Line, Sheet, Word, line_height, segments
from registre.ocr.index.columns import Column, Table, cells_of
from registre.ocr.index.fields import find_date, parse_date
from registre.ocr.index.meanings import Pile, is_number, meaning
from registre.ocr.index.vocabulary import FOOTER, LABELS, Field, plain

#: White space between two columns, in line heights; groups of a number stand nearer.
_BAND = 0.6
#: A table needs this many columns.
_FEWEST = 3


def guess_table(lines: Sequence[Line], sheet: Sheet) -> Table | None:
    """The table that starts at the first line with a number of its own; None where no column of numbers is found."""
    start = next((index for index, line in enumerate(lines) if _begins(line)), None)
    if start is None:
        return None
    body = tuple(lines[start:])
    printed = [line for line in body if not FOOTER.search(plain(line.text))]
    edges = _ruled(sheet, printed) or _bands(printed)
    if len(edges) + 1 < _FEWEST:
        return None
    piles = _piles(printed, [*edges, float("inf")])
    fields = _meanings(piles)
    if not {Field.NUMERO, Field.ENREGISTREMENT} & set(fields):
        return None
    columns = tuple(Column(name, pile.right) for name, pile in zip(fields, piles, strict=True))
    return Table(columns, "", tuple(lines[:start]), body, guessed=True)


def _begins(line: Line) -> bool:
    """Whether a number or a date stands alone between two gaps, on a line that is no header's."""
    folded = plain(line.text)
    if any(pattern.search(folded) for _, pattern in LABELS) and find_date(line.text) is None:
        return False
    parts = [part.text for part in segments(line, 0.8 * line_height(line.words))]
    dated = any(parse_date(part).text for part in parts)
    numbered = any(is_number(part) for part in parts)
    return len(parts) > 1 and numbered and (dated or len(parts) > 2 or is_number(parts[0]))


def _ruled(sheet: Sheet, body: Sequence[Line]) -> list[float]:
    """Vertical rules inside the table, if there are enough to be its columns."""
    left, right = min(line.x0 for line in body), max(line.x1 for line in body)
    inside = [x for x in sorted(sheet.verticals) if left < x < right]
    return inside if len(inside) + 1 >= _FEWEST else []


def _bands(body: Sequence[Line]) -> list[float]:
    """Right edges of the white bands that (nearly) all lines respect."""
    words = [word for line in body for word in line.words]
    height = line_height(words)
    left, right = min(word.x0 for word in words), max(word.x1 for word in words)
    step = height / 6
    counts = [0] * (int((right - left) / step) + 2)
    for word in words:
        for index in range(int((word.x0 - left) / step), int((word.x1 - left) / step) + 1):
            counts[index] += 1
    forgiven = len(body) // 25
    edges: list[float] = []
    run = 0
    for index, count in enumerate(counts):
        if count <= forgiven:
            run += 1
            continue
        if run * step >= _BAND * height and index > run:
            edges.append(left + (index - 0.3) * step)
        run = 0
    return edges


def _piles(body: Sequence[Line], rights: Sequence[float]) -> list[Pile]:
    # any distinct names do to sort the words by place
    marks = [Column(Field.REMARQUES, right, str(index)) for index, right in enumerate(rights)]
    piles: list[list[str]] = [[] for _ in rights]
    for line in body:
        for index, words in _by_place(line, marks).items():
            piles[index].append(" ".join(word.text for word in words))
    return [Pile(right, tuple(cells)) for right, cells in zip(rights, piles, strict=True)]


def _by_place(line: Line, columns: Sequence[Column]) -> dict[int, list[Word]]:
    found: dict[int, list[Word]] = {}
    for words in cells_of(line, columns).values():
        for word in words:
            index = next(index for index, column in enumerate(columns) if word.cx < column.right)
            found.setdefault(index, []).append(word)
    return found


def _meanings(piles: Sequence[Pile]) -> list[Field]:
    """What each column holds; of two columns of numbers, the fuller one has the row's own."""
    fields = [meaning(pile) for pile in piles]
    numbers = [index for index, name in enumerate(fields) if name is Field.NUMERO]
    if numbers:
        own = max(numbers, key=lambda index: (len(piles[index].cells), -index))
        for index in numbers:
            fields[index] = Field.NUMERO if index == own else Field.AVIS
    return fields
