"""Index aux immeubles of the first half of the 20th century: a ruled ledger kept by hand, with dittos."""

from __future__ import annotations

from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.documents.index_hand import Cell, Form, form_sheets, stack
from registre.sandbox.documents.index_page import HEIGHT, WIDTH, columns
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.model import Fiche

_MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_COLUMNS: Final = columns(
    (
        ("NOMS DES PARTIES", 262),
        ("NATURE DE L'ACTE", 132),
        ("Date", 110),
        ("Reg.", 34),
        ("Vol.", 34),
        ("No", 66),
        ("RADIATION", 92),
        ("REMARQUES", 218),
    )
)


def sheets(fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The pages of a ledger."""
    return form_sheets(_FORM, fiche, demande)


def _cells(row: Inscription, above: Inscription | None) -> list[Cell]:
    cells: list[Cell] = []
    for partie in row.parties:
        cells += stack(_COLUMNS, 0, partie.nom, len(cells))
    same_nature = above is not None and row.nature is not None and row.nature == above.nature
    same_day = above is not None and row.date == above.date
    cells += stack(_COLUMNS, 1, "do" if same_nature else row.nature or "")
    cells.append((2, 0, "do" if same_day else _worded(row.date or "")))
    if row.numero:
        number = int(row.numero)
        cells += [(3, 0, "B"), (4, 0, str(number // 1200)), (5, 0, row.numero)]
    cells += [(6, rank, radiation) for rank, radiation in enumerate(row.radiations)]
    return [*cells, *stack(_COLUMNS, 7, row.remarques or "")]


def _worded(iso: str) -> str:
    """`1934-05-12` → `12 mai 1934`."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{'1er' if day == 1 else day} {_MONTHS[month - 1]} {year}"


def _written(row: Inscription) -> Inscription:
    return row


_FORM: Final = Form(
    WIDTH,
    HEIGHT,
    "INDEX AUX IMMEUBLES",
    _COLUMNS,
    (("ENREGISTREMENT", 2, 5),),
    ("Division d'enregistrement", "Cadastre", "Lot", "Date d'établissement"),
    "Page {} de {}",
    _written,
    _cells,
)
