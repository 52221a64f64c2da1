"""What an index's rows say about one another: order of dates and numbers, radiations that lead somewhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from registre.domain.reading import Inscription, RowKind
from registre.domain.text import digits


def doubt_order(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Mark dates that go backwards and numbers that break the ascending order; values stay as they are."""
    dates = [(index, row.date) for index, row in enumerate(rows) if row.date]
    late = _outside(dates)
    numbers = [
        (index, int(digits(row.numero))) for index, row in enumerate(rows) if row.numero and "-" not in row.numero
    ]
    # one act may fill several rows with its number: equal neighbours are in order
    stray = _outside(numbers)
    marked: list[Inscription] = []
    for index, row in enumerate(rows):
        marks = [*(["date"] if index in late else []), *(["numero"] if index in stray else [])]
        marked.append(_mark(row, marks))
    return _twins(marked)


def doubt_radiations(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Mark radiations whose number no row of the document carries. Only for the rows of all pages."""
    known = {digits(row.numero) for row in rows if row.numero}
    return tuple(
        _mark(row, ["radiations"]) if any(digits(radiation) not in known for radiation in row.radiations) else row
        for row in rows
    )


def _twins(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """One number under two dates: one of the two was misread."""
    dates: dict[str, set[str]] = {}
    for row in rows:
        if row.numero and row.date and row.kind is RowKind.INSCRIPTION:
            dates.setdefault(row.numero, set()).add(row.date)
    return tuple(_mark(row, ["numero"]) if row.numero and len(dates.get(row.numero, ())) > 1 else row for row in rows)


def _outside(items: Sequence[tuple[int, Any]]) -> set[int]:
    """Indexes left out of the longest run that never goes down."""
    tails: list[Any] = []
    ends: list[int] = []
    back: list[int] = []
    for position, (_, value) in enumerate(items):
        place = bisect_right(tails, value)
        back.append(ends[place - 1] if place else -1)
        if place == len(tails):
            tails.append(value)
            ends.append(position)
        else:
            tails[place] = value
            ends[place] = position
    kept: set[int] = set()
    position = ends[-1] if ends else -1
    while position >= 0:
        kept.add(position)
        position = back[position]
    return {index for position, (index, _) in enumerate(items) if position not in kept}


def _mark(row: Inscription, fields: Iterable[str]) -> Inscription:
    marks = set(fields) - set(row.uncertain)
    return replace(row, uncertain=tuple(sorted({*row.uncertain, *marks}))) if marks else row
