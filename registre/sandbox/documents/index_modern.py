"""Index des immeubles as the registry's computer prints it: a ruled table of eight columns."""

from __future__ import annotations

import random
from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.documents.index_page import (
    HEIGHT,
    MARGIN,
    WIDTH,
    columns,
    header_of,
    new_sheet,
    paginate,
    shown_lot,
)
from registre.sandbox.documents.sheet import Sheet, wrap
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Fiche

_FONT: Final = "Helvetica"
_BOLD: Final = "Helvetica-Bold"
_SIZE: Final = 8.5
_LEADING: Final = 10.5
_PAD: Final = 4.0
#: Where the table starts on the first page, and on the others.
_TOPS: Final = (168.0, 78.0)
_TITLE_HEIGHT: Final = 26.0
_BOTTOM: Final = HEIGHT - 40.0

_COLUMNS: Final = columns(
    (
        ("Date de|présentation", 64),
        ("Numéro|d'inscription", 74),
        ("Nature de l'acte", 118),
        ("Qualité", 72),
        ("Nom des parties", 238),
        ("Remarques", 206),
        ("Avis d'adresse", 70),
        ("Radiations", 106),
    )
)

#: One run of text in a row: column, line below the row's top from 0, text.
_Cell = tuple[int, int, str]


def sheets(fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The pages of a modern fiche."""
    pages = paginate(fiche.inscriptions, _row_height, _room)
    return [_sheet(fiche, rows, number, len(pages), demande) for number, rows in enumerate(pages, start=1)]


def _top(number: int) -> float:
    return _TOPS[0] if number == 1 else _TOPS[1]


def _room(index: int) -> float:
    return _BOTTOM - _top(index + 1) - _TITLE_HEIGHT


def _sheet(fiche: Fiche, rows: list[Inscription], number: int, total: int, demande: str | None) -> Sheet:
    sheet = new_sheet()
    sheet.header = header_of(fiche)
    sheet.header |= {"page": str(number), "pages": str(total)}
    sheet.text(MARGIN, 34, "Registre foncier du Québec", _BOLD, 9)
    sheet.text(WIDTH / 2, 38, "Index des immeubles", _BOLD, 15, anchor="centre")
    sheet.text(WIDTH - MARGIN, 34, f"Page {number} de {total}", _FONT, 9, anchor="right")
    if demande:
        sheet.text(WIDTH - MARGIN, 46, f"Demande : {demande}", _FONT, 9, anchor="right")
    if number == 1:
        _full_header(sheet, fiche)
    else:
        named = f"{fiche.circonscription} - {fiche.cadastre}"
        if fiche.designation_secondaire:
            named += f" - {fiche.designation_secondaire}"
        sheet.text(MARGIN, 64, f"{named} - Lot : {shown_lot(fiche)}", _BOLD, 9)
    y = _titles(sheet, _top(number))
    for row in rows:
        y = _row(sheet, row, y)
    if not rows:
        sheet.text(MARGIN + _PAD, y + 16, "Aucune inscription à l'index des immeubles pour ce lot.", _FONT, 9)
    for column in _COLUMNS:
        sheet.rule(column.x, _top(number), column.x, y)
    sheet.rule(WIDTH - MARGIN, _top(number), WIDTH - MARGIN, y)
    if number == total:
        sheet.text(MARGIN, min(y + 32, HEIGHT - 20), f"Fin de l'index, {_count(fiche)}.", _FONT, 8)
    return sheet


def _count(fiche: Fiche) -> str:
    return f"{len(fiche.inscriptions)} ligne{'s' if len(fiche.inscriptions) > 1 else ''}"


def _full_header(sheet: Sheet, fiche: Fiche) -> None:
    pick = random.Random(f"a jour {fiche.circonscription}/{fiche.lot}")
    droits = f"2026-03-{pick.randint(2, 6):02d} {pick.randint(8, 15):02d}:{pick.randint(0, 59):02d}"
    radiations = f"2026-02-{pick.randint(16, 27):02d} {pick.randint(8, 15):02d}:{pick.randint(0, 59):02d}"
    left = [
        ("Circonscription foncière :", fiche.circonscription),
        ("Cadastre :", fiche.cadastre),
        ("Désignation secondaire :", fiche.designation_secondaire or ""),
        ("Lot :", shown_lot(fiche) + ("" if fiche.actif else "  (inactif)")),
    ]
    right = [
        ("Date d'établissement :", fiche.date_etablissement),
        ("Concordance :", fiche.concordance or ""),
        ("Droits à jour au :", droits),
        ("Radiations à jour au :", radiations),
    ]
    sheet.box(MARGIN, 56, WIDTH - 2 * MARGIN, 100, line=0.8)
    for block, x, indent in ((left, MARGIN + 8, 128), (right, 520.0, 108)):
        y = 74.0
        for label, value in block:
            sheet.text(x, y, label, _BOLD, 9.5, after=" " if value else "\n")
            lines = wrap(value, _FONT, 9.5, WIDTH - MARGIN - 520 - indent - 8)
            for rank, line in enumerate(lines):
                sheet.text(x + indent, y + rank * 11, line, _FONT, 9.5, after="\n" if line is lines[-1] else " ")
            y += max(22, len(lines) * 11 + 6)
    sheet.header |= {
        "date_etablissement": fiche.date_etablissement,
        "droits_a_jour": droits,
        "radiations_a_jour": radiations,
    }
    if fiche.concordance:
        sheet.header["concordance"] = fiche.concordance


def _titles(sheet: Sheet, y: float) -> float:
    sheet.box(MARGIN, y, WIDTH - 2 * MARGIN, _TITLE_HEIGHT, line=0.8, fill=0.88)
    for column in _COLUMNS:
        for rank, line in enumerate(column.title):
            end = "\n" if column is _COLUMNS[-1] else " "
            sheet.text(column.x + _PAD, y + 11 + rank * 10, line, _BOLD, 8.5, after=end)
    return y + _TITLE_HEIGHT


def _cells(row: Inscription) -> list[_Cell]:
    cells: list[_Cell] = [(0, 0, row.date or ""), (1, 0, grouped(row.numero or ""))]
    cells += _stack(2, row.nature or "")
    line = 0
    for partie in row.parties:
        cells.append((3, line, partie.qualite or ""))
        name = _stack(4, partie.nom, line)
        cells += name
        line += len(name)
    cells += _stack(5, row.remarques or "")
    cells.append((6, 0, grouped(row.avis_adresse or "")))
    for rank, radiation in enumerate(row.radiations):
        kind, number = radiation.split(" ")
        cells.append((7, rank, f"{kind} {grouped(number)}"))
    return [cell for cell in cells if cell[2]]


def _stack(column: int, text: str, first: int = 0) -> list[_Cell]:
    lines = wrap(text, _FONT, _SIZE, _COLUMNS[column].width - 2 * _PAD)
    return [(column, first + rank, line) for rank, line in enumerate(lines)]


def _row_height(row: Inscription) -> float:
    return (1 + max(line for _, line, _ in _cells(row))) * _LEADING + 2 * _PAD


def _row(sheet: Sheet, row: Inscription, y: float) -> float:
    cells = _cells(row)
    for rank, (column, line, text) in enumerate(cells):
        end = "\n" if rank == len(cells) - 1 else " "
        sheet.text(_COLUMNS[column].x + _PAD, y + _PAD + 7.5 + line * _LEADING, text, _FONT, _SIZE, after=end)
    sheet.rows.append(row)
    bottom = y + _row_height(row)
    sheet.rule(MARGIN, bottom, WIDTH - MARGIN, bottom)
    return bottom
