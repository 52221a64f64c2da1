"""What the layouts of an index share: the columns, and rows broken over pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Fiche

#: Legal paper on its side.
WIDTH: Final = 1008.0
HEIGHT: Final = 612.0
MARGIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its title in lines, its left edge and width."""

    title: tuple[str, ...]
    x: float
    width: float


def columns(spec: Sequence[tuple[str, float]]) -> tuple[Column, ...]:
    """Lay titles (lines separated by `|`) and widths side by side from the left margin."""
    out: list[Column] = []
    x = MARGIN
    for title, width in spec:
        out.append(Column(tuple(title.split("|")), x, width))
        x += width
    return tuple(out)


def paginate(
    rows: Sequence[Inscription], height_of: Callable[[Inscription], float], room: Callable[[int], float]
) -> list[list[Inscription]]:
    """Whole rows to pages; `room(i)` is the height free for rows on page i, from 0. At least one page."""
    pages: list[list[Inscription]] = [[]]
    used = 0.0
    for row in rows:
        height = height_of(row)
        if used + height > room(len(pages) - 1) and pages[-1]:
            pages.append([])
            used = 0.0
        pages[-1].append(row)
        used += height
    return pages


def header_of(fiche: Fiche) -> dict[str, str]:
    """The header fields every page repeats."""
    header = {"circonscription": fiche.circonscription, "cadastre": fiche.cadastre, "lot": fiche.lot}
    if fiche.designation_secondaire:
        header["designation_secondaire"] = fiche.designation_secondaire
    return header


def shown_lot(fiche: Fiche) -> str:
    """Seven-digit lots print in groups, old ones as they are."""
    return grouped(fiche.lot) if len(fiche.lot) >= 7 else fiche.lot


def new_sheet() -> Sheet:
    """An empty page of an index."""
    return Sheet(WIDTH, HEIGHT)
