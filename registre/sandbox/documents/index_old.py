"""Index aux immeubles of the 1980s-90s: a printed form, filled in with a typewriter."""

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
from registre.sandbox.foncier.model import Fiche

_FORM: Final = "Times-Roman"
_FORM_BOLD: Final = "Times-Bold"
_TYPED: Final = "Courier"
_SIZE: Final = 9.0
_LEADING: Final = 11.5
_PAD: Final = 4.0
_TOPS: Final = (146.0, 96.0)
_TITLE_HEIGHT: Final = 34.0
_BOTTOM: Final = HEIGHT - 34.0

_COLUMNS: Final = columns(
    (
        ("NOMS DES PARTIES", 292),
        ("TITRE DE L'ACTE", 162),
        ("Date", 66),
        ("Numéro", 76),
        ("REMARQUES ET AVIS D'ADRESSE", 242),
        ("RADIATIONS", 110),
    )
)
_DATE, _NUMERO = 2, 3

_Cell = tuple[int, int, str]


def sheets(fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The pages of an old fiche."""
    pages = paginate(fiche.inscriptions, _row_height, _room)
    return [_sheet(fiche, rows, number, len(pages), demande) for number, rows in enumerate(pages, start=1)]


def _top(number: int) -> float:
    return _TOPS[0] if number == 1 else _TOPS[1]


def _room(index: int) -> float:
    return _BOTTOM - _top(index + 1) - _TITLE_HEIGHT


def _sheet(fiche: Fiche, rows: list[Inscription], number: int, total: int, demande: str | None) -> Sheet:
    sheet = new_sheet()
    #: the typewriter's carriage sits a little differently on each page
    jitter = random.Random(f"typed {fiche.circonscription}/{fiche.cadastre}/{fiche.lot}/{number}")
    sheet.header = header_of(fiche)
    sheet.header |= {"page": str(number), "pages": str(total)}
    sheet.text(WIDTH / 2, 38, "INDEX DES IMMEUBLES", _FORM_BOLD, 16, anchor="centre")
    sheet.text(WIDTH - MARGIN, 34, f"Page {number} de {total}", _FORM, 10, anchor="right")
    if demande:
        sheet.text(WIDTH - MARGIN, 48, f"Demande : {demande}", _FORM, 10, anchor="right")
    _field(sheet, MARGIN, 74, "Circonscription foncière", fiche.circonscription, 300)
    _field(sheet, 350, 74, "Cadastre", fiche.cadastre, 370)
    _field(sheet, 740, 74, "Lot", shown_lot(fiche), WIDTH - MARGIN - 740)
    if number == 1:
        _field(sheet, MARGIN, 100, "Désignation secondaire", fiche.designation_secondaire or "", 440)
        _field(sheet, 490, 100, "Date d'établissement", fiche.date_etablissement, WIDTH - MARGIN - 490)
        _field(sheet, MARGIN, 126, "Concordance", fiche.concordance or "", WIDTH - 2 * MARGIN)
        sheet.header["date_etablissement"] = fiche.date_etablissement
        if fiche.concordance:
            sheet.header["concordance"] = fiche.concordance
    y = _titles(sheet, _top(number))
    for row in rows:
        y = _row(sheet, row, y, jitter)
    _frame(sheet, _top(number))
    return sheet


def _field(sheet: Sheet, x: float, y: float, label: str, value: str, width: float) -> None:
    sheet.text(x, y, f"{label} :", _FORM, 10, after=" " if value else "\n")
    start = x + 6 + len(label) * 4.9
    sheet.rule(start, y + 3, x + width, y + 3, 0.4)
    sheet.text(start + 4, y, value, _TYPED, 10)


def _titles(sheet: Sheet, y: float) -> float:
    for rank, column in enumerate(_COLUMNS):
        middle = column.x + column.width / 2
        if rank == _DATE:
            both = column.x + (column.width + _COLUMNS[_NUMERO].width) / 2
            sheet.text(both, y + 12, "ENREGISTREMENT", _FORM_BOLD, 9, after=" ", anchor="centre")
            sheet.rule(column.x, y + 17, _COLUMNS[_NUMERO].x + _COLUMNS[_NUMERO].width, y + 17, 0.4)
        low = y + (28 if rank in {_DATE, _NUMERO} else 21)
        end = "\n" if column is _COLUMNS[-1] else " "
        sheet.text(middle, low, column.title[0], _FORM_BOLD, 9, after=end, anchor="centre")
    return y + _TITLE_HEIGHT


def _frame(sheet: Sheet, y: float) -> None:
    sheet.box(MARGIN, y, WIDTH - 2 * MARGIN, _BOTTOM - y, line=1.2)
    sheet.rule(MARGIN, y + _TITLE_HEIGHT, WIDTH - MARGIN, y + _TITLE_HEIGHT, 1.0)
    for rank, column in enumerate(_COLUMNS[1:], start=1):
        sheet.rule(column.x, y + (17 if rank == _NUMERO else 0), column.x, _BOTTOM, 0.6)


def _cells(row: Inscription) -> list[_Cell]:
    cells: list[_Cell] = []
    for partie in row.parties:
        line = len(cells)
        cells += _stack(0, partie.nom, line)
    cells += _stack(1, row.nature or "")
    cells += [(_DATE, 0, (row.date or "")[2:]), (_NUMERO, 0, row.numero or "")]
    remarks = _stack(4, row.remarques or "")
    cells += remarks
    if row.avis_adresse:
        cells.append((4, len(remarks), f"Avis d'adr. {row.avis_adresse}"))
    cells += [(5, rank, radiation) for rank, radiation in enumerate(row.radiations)]
    return [cell for cell in cells if cell[2]]


def _stack(column: int, text: str, first: int = 0) -> list[_Cell]:
    lines = wrap(text, _TYPED, _SIZE, _COLUMNS[column].width - 2 * _PAD)
    return [(column, first + rank, line) for rank, line in enumerate(lines)]


def _row_height(row: Inscription) -> float:
    return (1 + max(line for _, line, _ in _cells(row))) * _LEADING + 2 * _PAD


def _row(sheet: Sheet, row: Inscription, y: float, jitter: random.Random) -> float:
    cells = _cells(row)
    for rank, (column, line, text) in enumerate(cells):
        end = "\n" if rank == len(cells) - 1 else " "
        x = _COLUMNS[column].x + _PAD + jitter.uniform(-0.6, 1.6)
        baseline = y + _PAD + 8 + line * _LEADING + jitter.uniform(-0.5, 0.5)
        sheet.text(x, baseline, text, _TYPED, _SIZE, after=end)
    sheet.rows.append(row)
    bottom = y + _row_height(row)
    sheet.rule(MARGIN, bottom, WIDTH - MARGIN, bottom, 0.3)
    return bottom
