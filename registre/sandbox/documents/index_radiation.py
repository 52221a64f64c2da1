"""The simpler computer report: inscriptions in force and their radiations, on upright letter paper, without rules."""

from __future__ import annotations

from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.documents.index_page import MARGIN, columns, header_of, paginate, shown_lot
from registre.sandbox.documents.sheet import Sheet, wrap
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Fiche

_WIDTH: Final = 612.0
_HEIGHT: Final = 792.0
_FONT: Final = "Helvetica"
_BOLD: Final = "Helvetica-Bold"
_SIZE: Final = 9.0
_LEADING: Final = 11.0
_PAD: Final = 4.0
_TOP: Final = 150.0
_TITLE_HEIGHT: Final = 30.0
_BOTTOM: Final = _HEIGHT - 40.0
_COLUMNS: Final = columns(
    (("Numéro|d'inscription", 96), ("Remarques", 262), ("Avis|d'adresse", 84), ("Radiations", 110))
)

_Cell = tuple[int, int, str]


def sheets(fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The pages of a report."""
    rows = [_printed(row) for row in fiche.inscriptions]
    pages = paginate(rows, _row_height, lambda _: _BOTTOM - _TOP - _TITLE_HEIGHT)
    return [_sheet(fiche, page, number, len(pages), demande) for number, page in enumerate(pages, start=1)]


def _printed(row: Inscription) -> Inscription:
    """The row as this report has it: the act is mentioned among the remarks, dates and parties are not printed."""
    said = ", ".join(part for part in (row.nature, row.remarques) if part)
    return Inscription(row.kind, None, row.numero, None, (), said, row.avis_adresse, row.radiations)


def _sheet(fiche: Fiche, rows: list[Inscription], number: int, total: int, demande: str | None) -> Sheet:
    sheet = Sheet(_WIDTH, _HEIGHT)
    sheet.header = header_of(fiche) | {"page": str(number), "pages": str(total)}
    sheet.text(_WIDTH / 2, 40, "Index des immeubles - Radiations", _BOLD, 13, anchor="centre")
    sheet.text(_WIDTH - MARGIN, 56, f"Page {number} de {total}", _FONT, 9, anchor="right")
    if demande:
        sheet.text(_WIDTH - MARGIN, 68, f"Demande : {demande}", _FONT, 9, anchor="right")
    fields = [("Circonscription foncière :", fiche.circonscription), ("Cadastre :", fiche.cadastre)]
    fields.append(("Lot :", shown_lot(fiche)))
    if number == 1:
        fields.append(("Date d'établissement :", fiche.date_etablissement))
        sheet.header["date_etablissement"] = fiche.date_etablissement
    for rank, (label, value) in enumerate(fields):
        sheet.text(MARGIN, 84 + rank * 14, label, _BOLD, 9.5, after=" ")
        sheet.text(MARGIN + 130, 84 + rank * 14, value, _FONT, 9.5)
    y = _TOP
    for column in _COLUMNS:
        for rank, line in enumerate(column.title):
            last = column is _COLUMNS[-1] and rank + 1 == len(column.title)
            sheet.text(column.x + _PAD, y + 11 + rank * 10, line, _BOLD, 9, after="\n" if last else " ")
    y += _TITLE_HEIGHT
    sheet.rule(MARGIN, y - 4, _WIDTH - MARGIN, y - 4, 0.6)
    for row in rows:
        y = _row(sheet, row, y)
    return sheet


def _cells(row: Inscription) -> list[_Cell]:
    cells: list[_Cell] = [(0, 0, grouped(row.numero or ""))]
    lines = wrap(row.remarques or "", _FONT, _SIZE, _COLUMNS[1].width - 2 * _PAD)
    cells += [(1, rank, line) for rank, line in enumerate(lines)]
    cells.append((2, 0, grouped(row.avis_adresse or "")))
    for rank, radiation in enumerate(row.radiations):
        kind, number = radiation.split(" ")
        cells.append((3, rank, f"{kind} {grouped(number)}"))
    return [cell for cell in cells if cell[2]]


def _row_height(row: Inscription) -> float:
    return (1 + max(line for _, line, _ in _cells(row))) * _LEADING + 2 * _PAD


def _row(sheet: Sheet, row: Inscription, y: float) -> float:
    cells = _cells(row)
    for rank, (column, line, text) in enumerate(cells):
        end = "\n" if rank == len(cells) - 1 else " "
        sheet.text(_COLUMNS[column].x + _PAD, y + _PAD + 8 + line * _LEADING, text, _FONT, _SIZE, after=end)
    sheet.rows.append(row)
    return y + _row_height(row)
