"""Lays an index of the second corpus out: header, column headings, rows, pages; with the truth of each page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ocr_corpus_paint import Drawing, text_width, wrapped

from registre.domain.reading import Inscription, RowKind
from registre.sandbox.documents import PageTruth

_MARGIN = 36.0
_CIRCONSCRIPTIONS = ("Boisfleuri", "Grande-Anse", "Valmontel", "Roc-Bleu")
_CADASTRES = ("Paroisse de Sainte-Ombre", "Canton de Halbecq", "Village de La Prée", "Cadastre du Québec")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it holds, its heading, its share of the width."""

    holds: str
    heading: str
    weight: float
    #: a heading over several columns
    group: str = ""
    #: the address notice stands among the remarks
    shares_notice: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How one document looks."""

    layout: str
    width: float
    height: float
    font: str
    #: of headings and labels, printed on the form
    form_font: str
    size: float
    #: none, heading, rows, columns or grid
    rules: str
    columns: Sequence[Column]
    #: numbers in groups of three
    grouped: bool
    #: `T 123` rather than `T123`
    spaced: bool
    #: two digits for the year
    short_dates: bool
    #: column headings on every page
    repeat_heading: bool
    centred: bool
    english: bool
    ditto: str


def lay_out(
    dice: random.Random, style: Style, made: Sequence[Inscription]
) -> tuple[list[Drawing], tuple[PageTruth, ...]]:
    """Pages and their truth."""
    header = _header(dice, style)
    pages: list[Drawing] = []
    contents: list[tuple[list[Inscription], list[str], dict[str, str]]] = []
    left = list(made)
    edges = _edges(style)
    while left:
        page = Drawing(style.width, style.height)
        y, said, shown = _head(page, style, header, len(pages) + 1)
        if not pages or style.repeat_heading:
            y, heading = _headings(page, style, edges, y)
            said.append(heading)
        top = y
        taken: list[Inscription] = []
        while left:
            cells = _cells(style, left[0], edges, dice, first=not taken)
            deep = max(map(len, cells)) * style.size * 1.22 + style.size * 0.5
            if y + deep > style.height - _MARGIN and taken:
                break
            y = _row(page, style, edges, cells, y, deep)
            row = left.pop(0)
            undated = row.kind is RowKind.NOTE and not any(column.holds == "date" for column in style.columns)
            taken.append(replace(row, witnesses={}, date=None if undated else row.date))
            said.append(_raw(style, cells))
        _rule_columns(page, style, edges, top, y)
        pages.append(page)
        contents.append((taken, said, shown))
    return pages, _numbered(pages, contents, style)


def _numbered(
    pages: Sequence[Drawing], contents: Sequence[tuple[list[Inscription], list[str], dict[str, str]]], style: Style
) -> tuple[PageTruth, ...]:
    truths: list[PageTruth] = []
    for number, (page, (taken, said, shown)) in enumerate(zip(pages, contents, strict=True), start=1):
        foot = f"Page {number} {'of' if style.english else 'de'} {len(pages)}"
        page.text(style.width - 110, style.height - 16, foot, style.form_font, 8)
        truths.append(PageTruth("\n".join([*said, foot]), tuple(taken), shown))
    return tuple(truths)


def _edges(style: Style) -> list[float]:
    total = sum(column.weight for column in style.columns)
    edges = [_MARGIN]
    for column in style.columns:
        edges.append(edges[-1] + column.weight / total * (style.width - 2 * _MARGIN))
    return edges


def _header(dice: random.Random, style: Style) -> list[tuple[str, str, str, str]]:
    """Key, label, value as printed, value as data."""
    modern = style.layout.startswith("modern")
    digits = f"{dice.randrange(1, 7)} {dice.randrange(100, 999)} {dice.randrange(100, 999)}"
    lot = (
        digits
        if modern
        else dice.choice([str(dice.randrange(2, 900)), f"{dice.randrange(2, 90)}-{dice.randrange(2, 90)}"])
    )
    circonscription, cadastre = dice.choice(_CIRCONSCRIPTIONS), dice.choice(_CADASTRES)
    if style.english:
        return [
            ("circonscription", "Registration Division", circonscription, circonscription),
            ("cadastre", "Cadastre", cadastre, cadastre),
            ("lot", "Lot No", lot, lot),
        ]
    label = "Circonscription foncière" if modern or dice.random() < 0.5 else "Division d'enregistrement"
    found = [
        ("circonscription", label, circonscription, circonscription),
        ("cadastre", "Cadastre", cadastre, cadastre),
        ("lot", dice.choice(["Lot", "Numéro de lot", "Lot n°"]) if modern else "Lot", lot, lot.replace(" ", "")),
    ]
    if modern:
        day = f"{dice.randrange(1994, 2004)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        found.append(("date_etablissement", "Date d'établissement", day, day))
        stamp = (
            f"2024-0{dice.randrange(1, 10)}-1{dice.randrange(10)} {dice.randrange(8, 18):02d}:{dice.randrange(60):02d}"
        )
        found += [
            ("droits_a_jour", "Droits", stamp, stamp),
            ("radiations_a_jour", "Radiations", stamp, stamp),
        ]
    return found


def _head(
    page: Drawing, style: Style, header: Sequence[tuple[str, str, str, str]], number: int
) -> tuple[float, list[str], dict[str, str]]:
    title = "INDEX OF IMMOVABLES" if style.english else "INDEX DES IMMEUBLES"
    page.text(style.width / 2 - text_width(title, style.form_font, 13) / 2, 34, title, style.form_font, 13)
    said, shown = [title], dict[str, str]()
    y = 54.0
    fields = header if number == 1 or style.repeat_heading else header[2:3]
    for rank, (key, label, value, data) in enumerate(fields):
        x = _MARGIN + (rank % 2) * style.width / 2.2
        page.text(x, y, f"{label} :", style.form_font, 9)
        page.text(x + text_width(f"{label} :  ", style.form_font, 9), y, value, style.font, max(style.size, 9))
        said.append(f"{label} : {value}")
        shown[key] = data
        y += 15 if rank % 2 else 0
    return y + (15 if len(fields) % 2 else 0) + 8, said, shown


def _headings(page: Drawing, style: Style, edges: Sequence[float], y: float) -> tuple[float, str]:
    size = 8.0
    top = y
    if any(column.group for column in style.columns):
        for group, inside in groupby(range(len(style.columns)), key=lambda index: style.columns[index].group):
            places = list(inside)
            if group:
                middle = (edges[places[0]] + edges[places[-1] + 1]) / 2
                page.text(middle - text_width(group, style.form_font, size) / 2, y + size, group, style.form_font, size)
        y += size * 1.4
    deep = 1
    for index, column in enumerate(style.columns):
        lines = wrapped(column.heading, style.form_font, size, edges[index + 1] - edges[index] - 4)
        deep = max(deep, len(lines))
        for rank, line in enumerate(lines):
            room = edges[index + 1] - edges[index] - text_width(line, style.form_font, size)
            x = edges[index] + (room / 2 if style.centred else 2)
            page.text(x, y + size * (1 + 1.2 * rank), line, style.form_font, size)
    bottom = y + deep * size * 1.2 + 5
    if style.rules != "none":
        page.lines += [(edges[0], line, edges[-1], line) for line in (top - 2, bottom)]
    if style.rules in {"grid", "columns"}:
        page.lines += [(x, top - 2, x, bottom) for x in edges]
    groups = dict.fromkeys(column.group for column in style.columns if column.group)
    return bottom + 2, " ".join([*groups, *(column.heading for column in style.columns)])


def _cells(
    style: Style, row: Inscription, edges: Sequence[float], dice: random.Random, *, first: bool
) -> list[list[str]]:
    """Lines of each cell; a note stands in the widest column."""
    if row.kind is RowKind.NOTE:
        wide = max(range(len(style.columns)), key=lambda index: style.columns[index].weight)
        return [
            _printed_date(style, row.date) if column.holds == "date" and row.date
            else wrapped(row.remarques or "", style.font, style.size, _room(edges, index)) if index == wide else []
            for index, column in enumerate(style.columns)
        ]  # fmt: skip
    dittoed = "" if first else next(iter(row.witnesses), "")
    found: list[list[str]] = []
    for index, column in enumerate(style.columns):
        lines = _people(style, row, edges, index)
        if lines is None:
            lines = _values(style, row, column, dice, _room(edges, index))
        if column.holds == dittoed or (column.holds == "grantor" and dittoed == "parties"):
            lines = [style.ditto]
        elif column.holds == "grantee" and dittoed == "parties":
            lines = [style.ditto] if lines else []
        found.append(lines)
    return found


def _people(style: Style, row: Inscription, edges: Sequence[float], index: int) -> list[str] | None:
    """Lines of a cell of names or qualités; None for another cell."""
    holds = style.columns[index].holds
    sides = {"parties": row.parties, "qualite": row.parties, "grantor": row.parties[:1], "grantee": row.parties[1:]}
    if holds not in sides:
        return None
    lines: list[str] = []
    for partie in sides[holds]:
        name = wrapped(partie.nom, style.font, style.size, _name_room(style, edges))
        lines += [partie.qualite or "", *[""] * (len(name) - 1)] if holds == "qualite" else name
    return lines


def _values(style: Style, row: Inscription, column: Column, dice: random.Random, room: float) -> list[str]:
    number = _number(style, row.numero or "")
    when = _printed_date(style, row.date)
    short = {
        "date": when,
        "numero": [number],
        "enregistrement": [*when, number],
        "radiations": [_radiation(style, item) for item in row.radiations],
        "avis_adresse": [_number(style, row.avis_adresse)] if row.avis_adresse else [],
        "registre": ["B"],
        "volume": [str(dice.randrange(3, 90))] if column.holds == "volume" else [],
    }
    if column.holds in short:
        return short[column.holds]
    text = row.nature if column.holds == "nature" else row.remarques
    lines = wrapped(text, style.font, style.size, room) if text else []
    if column.shares_notice and row.avis_adresse:
        lines.append(f"Avis d'adresse {row.avis_adresse}")
    return lines


def _room(edges: Sequence[float], index: int) -> float:
    return edges[index + 1] - edges[index] - 7


def _name_room(style: Style, edges: Sequence[float]) -> float:
    places = [index for index, column in enumerate(style.columns) if column.holds in {"parties", "grantor"}]
    return _room(edges, places[0]) if places else 200.0


def _printed_date(style: Style, value: str | None) -> list[str]:
    return [value[2:] if style.short_dates else value] if value else []


def _number(style: Style, value: str) -> str:
    return f"{int(value):,}".replace(",", " ") if style.grouped and value.isdigit() else value


def _radiation(style: Style, value: str) -> str:
    letter, _, number = value.partition(" ")
    return f"{letter}{' ' if style.spaced else ''}{_number(style, number)}"


def _row(
    page: Drawing, style: Style, edges: Sequence[float], cells: Sequence[Sequence[str]], y: float, deep: float
) -> float:
    for index, lines in enumerate(cells):
        for rank, line in enumerate(lines):
            page.text(edges[index] + 3, y + style.size * (1 + 1.22 * rank), line, style.font, style.size)
    bottom = y + deep
    if style.rules in {"rows", "grid"}:
        page.lines.append((edges[0], bottom - style.size * 0.1, edges[-1], bottom - style.size * 0.1))
    return bottom


def _rule_columns(page: Drawing, style: Style, edges: Sequence[float], top: float, bottom: float) -> None:
    if style.rules in {"columns", "grid"}:
        page.lines += [(x, top - 2, x, bottom) for x in edges]


def _raw(style: Style, cells: Sequence[Sequence[str]]) -> str:
    """The row as one line, cell after cell; a qualité goes before its name."""
    held = [column.holds for column in style.columns]
    parts: list[str] = []
    for name, lines in zip(held, cells, strict=True):
        if name == "parties" and "qualite" in held and lines:
            roles = cells[held.index("qualite")]
            roles = [*roles, *[""] * (len(lines) - len(roles))]
            parts += [text for role, line in zip(roles, lines, strict=False) for text in (role, line)]
        elif name != "qualite":
            parts += lines
    return " ".join(part for part in parts if part)
