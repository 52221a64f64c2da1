"""What the forms filled in by hand share: a printed, ruled sheet, and cells written in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from registre.domain.reading import Inscription
from registre.sandbox.documents.index_page import MARGIN, Column, header_of, paginate, shown_lot
from registre.sandbox.documents.sheet import Sheet, wrap
from registre.sandbox.foncier.model import Fiche

FORM: Final = "Times-Roman"
FORM_BOLD: Final = "Times-Bold"
HAND: Final = "Times-Italic"
SIZE: Final = 11.5
_LEADING: Final = 14.0
_PAD: Final = 4.0
_TOP: Final = 118.0
_TITLE_HEIGHT: Final = 36.0
#: Under the table.
_FOOT: Final = 34.0

#: One run of text in a row: column, line below the row's top from 0, text.
Cell = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A printed form, and how a row is written in it."""

    width: float
    height: float
    title: str
    columns: tuple[Column, ...]
    #: title over the columns from one to another
    groups: tuple[tuple[str, int, int], ...]
    #: labels of circonscription, cadastre, lot and date of opening
    labels: tuple[str, str, str, str]
    page_of: str
    #: the row as the form has room for it
    written: Callable[[Inscription], Inscription]
    #: its cells, given the row above on the page
    cells: Callable[[Inscription, Inscription | None], list[Cell]]


def stack(form_columns: Sequence[Column], column: int, text: str, first: int = 0) -> list[Cell]:
    """Text wrapped into a column, from line `first` on."""
    lines = wrap(text, HAND, SIZE, form_columns[column].width - 2 * _PAD)
    return [(column, first + rank, line) for rank, line in enumerate(lines)]


def form_sheets(form: Form, fiche: Fiche, demande: str | None) -> list[Sheet]:
    """The pages of a fiche on that form."""
    rows = [form.written(row) for row in fiche.inscriptions]
    room = form.height - _FOOT - _TOP - _TITLE_HEIGHT
    # a row is as tall whatever stands above it: dittos are shorter than what they repeat
    pages = paginate(rows, lambda row: _height(form.cells(row, None)), lambda _: room)
    return [_sheet(form, fiche, page, number, len(pages), demande) for number, page in enumerate(pages, start=1)]


def _height(cells: Sequence[Cell]) -> float:
    return (1 + max(line for _, line, _ in cells)) * _LEADING + 2 * _PAD


def _sheet(
    form: Form, fiche: Fiche, rows: Sequence[Inscription], number: int, total: int, demande: str | None
) -> Sheet:
    sheet = Sheet(form.width, form.height)
    sheet.header = header_of(fiche) | {"page": str(number), "pages": str(total)}
    right = form.width - MARGIN
    sheet.text(form.width / 2, 40, form.title, FORM_BOLD, 17, anchor="centre")
    sheet.text(right, 36, form.page_of.format(number, total), FORM, 11, anchor="right")
    if demande:
        sheet.text(right, 50, f"Demande : {demande}", FORM, 11, anchor="right")
    third = (form.width - 2 * MARGIN) / 3
    place, cadastre, lot, opened = form.labels
    _field(sheet, MARGIN, 74, place, fiche.circonscription, third - 16)
    _field(sheet, MARGIN + third, 74, cadastre, fiche.cadastre, third * 1.3)
    _field(sheet, MARGIN + third * 2.4, 74, lot, shown_lot(fiche), third * 0.6)
    if number == 1:
        _field(sheet, MARGIN, 100, opened, fiche.date_etablissement, third)
        sheet.header["date_etablissement"] = fiche.date_etablissement
    y = _titles(form, sheet)
    above: Inscription | None = None
    for row in rows:
        y = _row(form, sheet, row, above, y)
        above = row
    _frame(form, sheet)
    return sheet


def _field(sheet: Sheet, x: float, y: float, label: str, value: str, width: float) -> None:
    sheet.text(x, y, f"{label} :", FORM, 11, after=" ")
    start = x + 8 + len(label) * 5.3
    sheet.rule(start, y + 3, x + width, y + 3, 0.4)
    sheet.text(start + 5, y, value, HAND, SIZE, written=True)


def _titles(form: Form, sheet: Sheet) -> float:
    grouped = {index for _, first, last in form.groups for index in range(first, last + 1)}
    for index, column in enumerate(form.columns):
        for title, first, end_index in form.groups:
            if index == first:
                end = form.columns[end_index]
                sheet.text((column.x + end.x + end.width) / 2, _TOP + 12, title, FORM_BOLD, 9.5, after=" ",
                           anchor="centre")  # fmt: skip
                sheet.rule(column.x, _TOP + 17, end.x + end.width, _TOP + 17, 0.4)
        middle = column.x + column.width / 2
        top = _TOP + (29 if index in grouped else 15 if len(column.title) > 1 else 22)
        for rank, line in enumerate(column.title):
            last = column is form.columns[-1] and rank + 1 == len(column.title)
            sheet.text(middle, top + rank * 11, line, FORM_BOLD, 9.5, after="\n" if last else " ", anchor="centre")
    return _TOP + _TITLE_HEIGHT


def _frame(form: Form, sheet: Sheet) -> None:
    bottom = form.height - _FOOT
    inner = {index for _, first, last in form.groups for index in range(first + 1, last + 1)}
    for index, column in enumerate(form.columns):
        sheet.rule(column.x, _TOP + (17 if index in inner else 0), column.x, bottom, 0.6)
        edge = column.x + column.width
        if index + 1 == len(form.columns) or form.columns[index + 1].x > edge:
            sheet.rule(edge, _TOP, edge, bottom, 0.6)
        for y in (_TOP, _TOP + _TITLE_HEIGHT, bottom):
            sheet.rule(column.x, y, edge, y, 0.8)


def _row(form: Form, sheet: Sheet, row: Inscription, above: Inscription | None, y: float) -> float:
    cells = [cell for cell in form.cells(row, above) if cell[2]]
    for rank, (index, line, text) in enumerate(cells):
        end = "\n" if rank == len(cells) - 1 else " "
        x = form.columns[index].x + _PAD
        sheet.text(x, y + _PAD + 9.5 + line * _LEADING, text, HAND, SIZE, after=end, written=True)
    sheet.rows.append(row)
    bottom = y + _height(form.cells(row, None))
    first, last = form.columns[0], form.columns[-1]
    sheet.rule(first.x, bottom, last.x + last.width, bottom, 0.3)
    return bottom
