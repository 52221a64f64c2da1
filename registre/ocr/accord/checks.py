"""What an index's rows say about one another: order of dates and numbers, radiations that lead somewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from registre.domain.reading import Doubt, Inscription, PageReading, RowKind
from registre.domain.request import is_lot, normalize_number
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
        marked.append(row.doubted(*marks))
    return _twins(marked)


def doubt_radiations(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Mark radiations whose number no row of the document carries. Only for the rows of all pages.

    Some fiches list the acts that cancel, others only cite them: where most are not listed, one that is not says
    nothing against two readers who read it alike.
    """
    known = {digits(row.numero) for row in rows if row.numero}
    cited = [digits(radiation) in known for row in rows for radiation in row.radiations]
    listed = 2 * sum(cited) > len(cited)
    return tuple(
        row.doubted("radiations")
        if any(digits(radiation) not in known for radiation in row.radiations)
        and (listed or len(row.witnesses.get("radiations", ())) < 2)
        else row
        for row in rows
    )


def doubt_lot(page: PageReading, ordered: str) -> PageReading:
    """Doubt the lot that the header prints where it is not one, or not the one that was ordered."""
    printed = page.header.get("lot")
    if not printed or _is_lot(printed, page.header.get("subdivision"), normalize_number(ordered)):
        return page
    doubt = Doubt(printed, ordered, "lot de l'en-tête", field="lot")
    return page if doubt in page.doubts else replace(page, doubts=(*page.doubts, doubt))


def _is_lot(printed: str, subdivision: str | None, ordered: str) -> bool:
    """A header may print several lots, or the lot of origin and its subdivision apart: `1358` and `176`."""
    shown = [normalize_number(lot) for lot in printed.split(", ")]
    part = normalize_number(subdivision or "")
    return all(map(is_lot, shown)) and ordered in {*shown, f"{shown[0]}-{part}"}


def _twins(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """One number under two dates: one of the two was misread."""
    dates: dict[str, set[str]] = {}
    for row in rows:
        if row.numero and row.date and row.kind is RowKind.INSCRIPTION:
            dates.setdefault(row.numero, set()).add(row.date)
    return tuple(row.doubted("numero") if row.numero and len(dates.get(row.numero, ())) > 1 else row for row in rows)


def _outside(items: Sequence[tuple[int, Any]]) -> set[int]:
    """Indexes that some longest run that never goes down leaves out: where two readings are possible, both."""
    values = [value for _, value in items]
    upto = _run_lengths(values, lambda earlier, later: earlier <= later)
    onward = _run_lengths(values[::-1], lambda later, earlier: earlier <= later)[::-1]
    longest = max(upto, default=0)
    on_a_run = [a + b - 1 == longest for a, b in zip(upto, onward, strict=True)]
    rivals = Counter(length for length, on in zip(upto, on_a_run, strict=True) if on)
    return {index for (index, _), length, on in zip(items, upto, on_a_run, strict=True) if not on or rivals[length] > 1}


def _run_lengths(values: Sequence[Any], in_order: Callable[[Any, Any], bool]) -> list[int]:
    """Length of the longest ordered run that ends at each value."""
    lengths: list[int] = []
    for index, value in enumerate(values):
        before = (lengths[earlier] for earlier in range(index) if in_order(values[earlier], value))
        lengths.append(1 + max(before, default=0))
    return lengths
