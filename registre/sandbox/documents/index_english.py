"""Index to immovables of the 19th century: an English double page kept by hand, grantors and grantees apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from registre.domain.reading import Inscription, Partie, RowKind
from registre.domain.text import digits
from registre.sandbox.documents.index_hand import Cell, Form, form_sheets, stack
from registre.sandbox.documents.index_page import MARGIN, Column
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.model import Fiche

#: Two letter pages side by side; the fold is left free.
_WIDTH: Final = 1224.0
_HEIGHT: Final = 792.0
_FOLD: Final = 24.0
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_NATURES: Final = {
    "Vente": "Deed of Sale", "Hypothèque": "Hypothec", "Obligation": "Obligation", "Privilège": "Privilege",
    "Quittance": "Discharge", "Mainlevée": "Release", "Radiation": "Cancellation", "Cession de rang": "Transfer",
    "Servitude": "Servitude", "Donation": "Donation", "Testament": "Will", "Bail": "Lease", "Jugement": "Judgment",
    "Règlement": "By-law", "Déclaration de transmission": "Transmission", "Avis cadastral": "Notice",
    "Déclaration de résidence familiale": "Declaration", "Procès-verbal de bornage": "Boundary survey",
}  # fmt: skip
_GRANTORS: Final = frozenset(
    {"vendeur", "donateur", "locateur", "cédant", "1re partie", "décédé", "déclarant", "requérant", "demandeur"}
)
_RELEASES: Final = frozenset({"Quittance", "Mainlevée", "Radiation"})
_GRANTOR, _GRANTEE = "Grantor", "Grantee"


def _columns() -> tuple[Column, ...]:
    spec = (
        (("DATE OF", "REGISTRATION"), 116), (("NO.",), 60), (("GRANTOR",), 204), (("GRANTEE",), 190), ((), _FOLD),
        (("NATURE OF DEED",), 140), (("REMARKS",), 300), (("DISCHARGES",), 130),
    )  # fmt: skip
    out: list[Column] = []
    x = MARGIN
    for title, width in spec:
        if title:
            out.append(Column(title, x, width))
        x += width
    return tuple(out)


_COLUMNS: Final = _columns()


def sheets(fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The double pages of a fiche."""
    return form_sheets(_FORM, fiche, demande)


def _written(row: Inscription) -> Inscription:
    """The row in English, each party on its side."""
    remarks = row.remarques
    if row.kind is RowKind.NOTE:
        return replace(row, remarques="See plan deposited")
    if remarks and "Réf.:" in remarks:
        remarks = f"Refers to {digits(remarks.partition('Réf.:')[2])}"
    elif remarks and "$" in remarks:
        remarks = f"$ {remarks[: remarks.index(',')].replace(' ', '')}"
    elif remarks:
        remarks = None
    sides = [Partie(partie.nom, _side(row.nature or "", partie.qualite or "")) for partie in row.parties]
    return replace(
        row,
        nature=_NATURES.get(row.nature or "", row.nature),
        parties=tuple(sorted(sides, key=lambda partie: partie.qualite != _GRANTOR)),
        remarques=remarks,
        avis_adresse=None,
    )


def _side(nature: str, role: str) -> str:
    gives = role == ("créancier" if nature in _RELEASES else "débiteur") or role in _GRANTORS
    return _GRANTOR if gives else _GRANTEE


def _cells(row: Inscription, above: Inscription | None) -> list[Cell]:
    again = above is not None and row.date is not None and row.date == above.date
    cells: list[Cell] = [(0, 0, '"' if again else _worded(row.date or "")), (1, 0, row.numero or "")]
    for column, side in ((2, _GRANTOR), (3, _GRANTEE)):
        line = 0
        for partie in row.parties:
            if partie.qualite == side:
                name = stack(_COLUMNS, column, partie.nom, line)
                cells += name
                line += len(name)
    cells += stack(_COLUMNS, 4, row.nature or "")
    cells += stack(_COLUMNS, 5, row.remarques or "")
    return [*cells, *((6, rank, radiation) for rank, radiation in enumerate(row.radiations))]


def _worded(iso: str) -> str:
    """`1884-05-12` → `12 May 1884`."""
    year, month, day = (int(part) for part in iso.split("-"))
    return f"{day} {_MONTHS[month - 1]} {year}"


_FORM: Final = Form(
    _WIDTH,
    _HEIGHT,
    "INDEX TO IMMOVABLES",
    _COLUMNS,
    (("NAMES OF PARTIES", 2, 3),),
    ("Registration division", "Cadastre", "Lot", "Date d'établissement"),
    "Page {} of {}",
    _written,
    _cells,
)
