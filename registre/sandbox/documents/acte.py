"""An acte on legal paper: heading, notarial prose, signatures; exactly as many pages as the catalogue says."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

from registre.sandbox.documents.acte_prose import Block, Prose
from registre.sandbox.documents.sheet import Sheet, Stroke, text_width, wrap
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Acte

_WIDTH: Final = 612.0
_HEIGHT: Final = 1008.0
_LEFT: Final = 76.0
_RIGHT: Final = _WIDTH - 68.0
_LEADING: Final = 15.0
#: Baseline of the first line of prose on the first page, below the registry's heading, and on the others.
_TOPS: Final = (196.0, 86.0)
_BOTTOM: Final = _HEIGHT - 68.0


@dataclass(frozen=True, slots=True)
class _Face:
    """The letters an era's notaries typed with."""

    plain: str
    bold: str
    size: float


_COMPUTER: Final = _Face("Times-Roman", "Times-Bold", 11.5)
_TYPEWRITER: Final = _Face("Courier", "Courier-Bold", 10.0)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the flow; empty text is a blank line."""

    text: str = ""
    style: str = "para"
    indent: float = 0.0
    #: last line of its paragraph: not justified
    last: bool = True


def sheets(acte: Acte, demande: str | None) -> list[Sheet]:
    """The acte's pages."""
    face = _TYPEWRITER if acte.date < "1992" else _COMPUTER
    pages = _paginate(_flow(acte, face))
    return [_sheet(acte, face, lines, number, len(pages), demande) for number, lines in enumerate(pages, start=1)]


def _capacity(number: int) -> int:
    top = _TOPS[0] if number == 1 else _TOPS[1]
    return int((_BOTTOM - top) / _LEADING) + 1


def _flow(acte: Acte, face: _Face) -> list[_Line]:
    """Lines of the whole acte: clauses are added until its last page is filled to a believable height."""
    prose = Prose(acte)
    lines = [line for block in prose.opening() for line in _lines(block, face)]
    closing = [line for block in prose.closing() for line in _lines(block, face)]
    fill = random.Random(f"fill {acte.circonscription}/{acte.numero}").uniform(0.45, 0.9)
    before_last = sum(_capacity(number) for number in range(1, acte.pages))
    goal = before_last + int(_capacity(acte.pages) * fill)
    for clause in prose.clauses():
        more = [line for block in clause for line in _lines(block, face)]
        if len(lines) + len(more) + len(closing) > goal:
            break
        lines += more
    return lines + closing


def _lines(block: Block, face: _Face) -> list[_Line]:
    if block.style == "sign":
        return [_Line(), _Line(), _Line(block.text, "sign")]
    indent = 28.0 if block.style == "indent" else 0.0
    font = face.bold if block.style in {"title", "heading"} else face.plain
    broken = wrap(block.text, font, face.size, _RIGHT - _LEFT - indent)
    lines = [_Line(text, block.style, indent, last=rank == len(broken) - 1) for rank, text in enumerate(broken)]
    return lines if block.style == "heading" else [*lines, _Line()]


def _paginate(lines: list[_Line]) -> list[list[_Line]]:
    pages: list[list[_Line]] = []
    while lines:
        capacity = _capacity(len(pages) + 1)
        pages.append(lines[:capacity])
        lines = lines[capacity:]
    return pages


def _sheet(acte: Acte, face: _Face, lines: list[_Line], number: int, total: int, demande: str | None) -> Sheet:
    sheet = Sheet(_WIDTH, _HEIGHT)
    sheet.header = {
        "circonscription": acte.circonscription,
        "type_acte": acte.type_acte,
        "numero": acte.numero,
        "page": str(number),
        "pages": str(total),
    }
    if number == 1:
        _heading(sheet, acte, demande)
        sheet.header["date"] = acte.date
    else:
        sheet.text(_LEFT, 48, f"Inscription {grouped(acte.numero)}", "Helvetica", 8)
    signatures = random.Random(f"signatures {acte.circonscription}/{acte.numero}/{number}")
    y = _TOPS[0] if number == 1 else _TOPS[1]
    for line in lines:
        _print(sheet, line, face, y, signatures)
        y += _LEADING
    sheet.text(_WIDTH / 2, _HEIGHT - 36, f"Page {number} de {total}", "Helvetica", 8, anchor="centre")
    return sheet


def _heading(sheet: Sheet, acte: Acte, demande: str | None) -> None:
    sheet.box(_LEFT, 40, _RIGHT - _LEFT, 112, line=0.9)
    sheet.text(_LEFT + 10, 58, "Registre foncier du Québec", "Helvetica-Bold", 11)
    sheet.text(_LEFT + 10, 75, f"Document publié : {acte.type_acte}", "Helvetica", 10)
    sheet.text(_LEFT + 10, 90, f"Circonscription foncière : {acte.circonscription}", "Helvetica", 10)
    sheet.text(_LEFT + 10, 105, f"Numéro d'inscription : {grouped(acte.numero)}", "Helvetica-Bold", 10)
    sheet.text(_LEFT + 10, 120, f"Date de présentation : {acte.date}", "Helvetica", 10)
    lots = ", ".join(grouped(lot) if len(lot) >= 7 else lot for lot in acte.lots)
    sheet.text(_LEFT + 10, 135, f"Lot : {lots}", "Helvetica", 10)
    if demande:
        sheet.text(_RIGHT - 10, 58, f"Demande : {demande}", "Helvetica", 9, anchor="right")


def _print(sheet: Sheet, line: _Line, face: _Face, y: float, signatures: random.Random) -> None:
    if line.style == "title":
        sheet.text(_WIDTH / 2, y, line.text, face.bold, face.size + 1, anchor="centre")
    elif line.style == "heading":
        sheet.text(_LEFT, y, line.text, face.bold, face.size)
    elif line.style == "sign":
        sheet.rule(_LEFT + 210, y - 12, _RIGHT, y - 12, 0.6)
        sheet.text(_LEFT + 214, y, line.text, face.plain, face.size - 1)
        _scribble(sheet, _LEFT + 230, y - 18, signatures)
    else:
        _justified(sheet, line, face, y)


def _justified(sheet: Sheet, line: _Line, face: _Face, y: float) -> None:
    spaces = line.text.count(" ")
    slack = _RIGHT - _LEFT - line.indent - text_width(line.text, face.plain, face.size)
    stretch = slack / spaces if spaces and not line.last and face is _COMPUTER else 0.0
    end = "\n" if line.last else " "
    sheet.text(_LEFT + line.indent, y, line.text, face.plain, face.size, after=end, word_space=stretch)


def _scribble(sheet: Sheet, x: float, y: float, pick: random.Random) -> None:
    """A signature: loops whose height and pace wander."""
    points: list[tuple[float, float]] = []
    height, pace = pick.uniform(5, 10), pick.uniform(0.5, 1.1)
    for step in range(90):
        height = max(1.5, min(12.0, height + pick.uniform(-1.2, 1.1)))
        points.append((x + step * 1.1 + 3 * math.cos(step * pace), y + height * math.sin(step * pace)))
    sheet.strokes.append(Stroke(tuple(points), 0.9))
