"""Lays an index of the third corpus out: every habit of a form is a field of `Form`."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from ocr_corpus_paint import Drawing, Stamp, text_width, wrapped

from registre.domain.reading import Inscription, RowKind
from registre.sandbox.documents import PageTruth

WHENS = ("iso", "slash", "day first", "worded", "short words", "iso slash", "dotted")
NUMBERS = ("plain", "grouped", "grouped", "sign", "comma", "dotted")
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
_ENGLISH = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WEIGHTS = {
    "date": 1.1, "numero": 1.15, "nature": 1.5, "qualite": 1.1, "parties": 2.5, "grantor": 2.0, "grantee": 2.0,
    "remarques": 1.7, "avis_adresse": 1.0, "radiations": 1.3,
}  # fmt: skip
_MARGIN = 34.0
_PLACES = ("Boisfleuri", "Grande-Anse", "Valmontel", "Roc-Bleu", "Saint-Aurèle")
_CADASTRES = ("Paroisse de Sainte-Ombre", "Canton de Halbecq", "Village de La Prée", "Cadastre du Québec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one document looks."""

    kind: str
    width: float
    height: float
    font: str
    form_font: str
    size: float
    #: what each column holds, and its heading
    columns: tuple[tuple[str, str], ...]
    #: none, heading, rows, columns, grid, box (frame alone), dotted or dashed columns
    rules: str
    when: str
    number: str
    spaced: bool
    english: bool
    ditto: str
    #: of headings
    align: str
    numbers_right: bool
    #: cells stand in the middle of their row's height
    middle: bool
    #: white under each row, in heights of the type
    airy: float
    #: a grey heading; every other row grey
    shade: bool
    zebra: bool
    #: notes cross the whole table
    wide_notes: bool
    #: numbers need two lines
    narrow_number: bool
    repeat: bool
    stamp: bool
    lots: int
    #: the header on one line
    inline_header: bool


def lay_out(
    dice: random.Random, form: Form, made: Sequence[Inscription]
) -> tuple[list[Drawing], tuple[PageTruth, ...]]:
    """Pages and their truth."""
    header = _header(dice, form)
    edges = _edges(dice, form)
    pages: list[Drawing] = []
    contents: list[tuple[list[Inscription], dict[str, str]]] = []
    left = list(made)
    while left:
        page = Drawing(form.width, form.height)
        full = not pages or form.repeat
        y = _head(page, form, header if full else header[-1:])
        shown = {key: data for key, _, _, data in (header if full else header[-1:])}
        top = y
        if full:
            y = _headings(page, form, edges, y)
        taken: list[Inscription] = []
        while left:
            cells = _cells(form, left[0], edges, first=not taken)
            deep = max(max(map(len, cells), default=1), 1) * form.size * 1.22 + form.size * form.airy
            if y + deep > form.height - _MARGIN and taken:
                break
            if form.zebra and len(taken) % 2:
                page.shades.append((edges[0], y - 1, edges[-1], y + deep - 1, 228))
            y = _row(page, form, edges, cells, y, deep)
            taken.append(replace(left.pop(0), witnesses={}))
        _rules(page, form, edges, top, y)
        if form.stamp:
            page.stamps.append(Stamp(dice.uniform(0.3, 0.8) * form.width, dice.uniform(0.4, 0.85) * y, dice.random()))
        pages.append(page)
        contents.append((taken, shown))
    for number, page in enumerate(pages, start=1):
        foot = f"Page {number} {'of' if form.english else 'de'} {len(pages)}"
        page.text(form.width - 100, form.height - 14, foot, form.form_font, 8)
    return pages, tuple(PageTruth("", tuple(taken), shown) for taken, shown in contents)


def _edges(dice: random.Random, form: Form) -> list[float]:
    """Column edges; a column is at least as wide as its widest short value."""
    weights = [_WEIGHTS[name] * dice.uniform(0.85, 1.3) for name, _ in form.columns]
    total, room = sum(weights), form.width - 2 * _MARGIN
    wide = [weight / total * room for weight in weights]
    for index, (name, _) in enumerate(form.columns):
        need = {"date": _printed_date(form, "1987-09-22"), "numero": _number(form, "28888888"),
                "radiations": "T 28 888 888", "avis_adresse": "6 888 888"}.get(name, "")  # fmt: skip
        if name == "numero" and form.narrow_number and form.number == "grouped":
            need = "28 888"
        least = text_width(need, form.font, form.size) + 9
        wide[index] = least if name == "numero" and form.narrow_number else max(wide[index], least)
    flexible = [i for i, (name, _) in enumerate(form.columns) if name in {"parties", "grantor", "grantee", "remarques",
                                                                          "nature", "qualite"}]  # fmt: skip
    over = sum(wide) - room
    given = sum(wide[i] for i in flexible)
    for i in flexible:
        wide[i] -= over * wide[i] / given
    edges = [_MARGIN]
    for value in wide:
        edges.append(edges[-1] + value)
    return edges


def _header(dice: random.Random, form: Form) -> list[tuple[str, str, str, str]]:
    """Key, label, value as printed, value as data; the lot last."""
    modern = form.kind in {"modern", "radiation"}
    base = dice.randrange(1_000_000, 6_500_000)
    lots = [f"{base + step:,}".replace(",", " ") for step in range(form.lots)]
    if not modern:
        lots = [dice.choice([f"{dice.randrange(2, 900)}", f"{dice.randrange(2, 900)}-{dice.randrange(2, 90)}",
                             f"{dice.randrange(2, 90)}{dice.choice('ABC')}"])]  # fmt: skip
    many = len(lots) > 1
    label = dice.choice(["Lots", "Numéros de lots", "Lot(s)"] if many else ["Lot", "Numéro de lot", "Lot n°", "Lot no"])
    if form.english:
        label = "Lots" if many else dice.choice(["Lot", "Lot No.", "Lot number"])
    printed = ", ".join(lots)
    division = "Registration division" if form.english else dice.choice(
        ["Circonscription foncière", "Division d'enregistrement", "Circ. foncière", "Bureau de la publicité des droits"]
    )  # fmt: skip
    place, cadastre = dice.choice(_PLACES), dice.choice(_CADASTRES)
    return [
        ("circonscription", division, place, place),
        ("cadastre", "Cadastre", cadastre, cadastre),
        ("lot", label, printed, ", ".join(lot.replace(" ", "") for lot in lots)),
    ]


def _head(page: Drawing, form: Form, header: Sequence[tuple[str, str, str, str]]) -> float:
    title = "INDEX OF IMMOVABLES" if form.english else "INDEX DES IMMEUBLES"
    page.text(_MARGIN, 32, title, form.form_font, 14)
    y = 52.0
    size = max(form.size, 9)
    x = _MARGIN
    for _, label, value, _ in header:
        page.text(x, y, f"{label} : ", form.form_font, 9)
        at = x + text_width(f"{label} :  ", form.form_font, 9)
        page.text(at, y, value, form.font, size)
        if form.inline_header:
            x = at + text_width(value, form.font, size) + 30
        else:
            y += 14
    return y + (22 if form.inline_header else 10)


def _headings(page: Drawing, form: Form, edges: Sequence[float], y: float) -> float:
    size = min(8.0, form.size + 0.5)
    deep = 1
    for index, (_, heading) in enumerate(form.columns):
        room = edges[index + 1] - edges[index]
        lines = wrapped(heading, form.form_font, size, room - 4)
        deep = max(deep, len(lines))
        for rank, line in enumerate(lines):
            shift = (room - text_width(line, form.form_font, size)) / 2 if form.align == "centre" else 3
            page.text(edges[index] + shift, y + size * (1 + 1.2 * rank), line, form.form_font, size)
    bottom = y + deep * size * 1.2 + 4
    if form.shade:
        page.shades.append((edges[0], y - 3, edges[-1], bottom, 215))
    if form.rules != "none":
        page.lines += [(edges[0], line, edges[-1], line) for line in (y - 3, bottom)]
    return bottom + 3


def _cells(form: Form, row: Inscription, edges: Sequence[float], *, first: bool) -> list[list[str]]:
    if row.kind is RowKind.NOTE:
        words = row.remarques or ""
        if form.wide_notes:
            return [[words] if index == 0 else [] for index in range(len(form.columns))]
        wide = max(range(len(form.columns)), key=lambda index: edges[index + 1] - edges[index])
        return [_wrap(form, words, edges, i) if i == wide else [] for i in range(len(form.columns))]
    return [
        [form.ditto] if name in row.witnesses and not first else _values(form, row, name, edges, index)
        for index, (name, _) in enumerate(form.columns)
    ]


def _values(form: Form, row: Inscription, name: str, edges: Sequence[float], index: int) -> list[str]:
    match name:
        case "date":
            return _wrap(form, _printed_date(form, row.date), edges, index) if row.date else []
        case "numero":
            return _wrap(form, _number(form, row.numero or ""), edges, index)
        case "avis_adresse":
            return [_number(replace(form, number="grouped"), row.avis_adresse)] if row.avis_adresse else []
        case "radiations":
            return [_radiation(form, item) for item in row.radiations]
        case "parties" | "qualite" | "grantor" | "grantee":
            return _people(form, row, name, edges)
        case _:
            return _wrap(form, (row.nature if name == "nature" else row.remarques) or "", edges, index)


def _people(form: Form, row: Inscription, name: str, edges: Sequence[float]) -> list[str]:
    sides = {"grantor": row.parties[:1], "grantee": row.parties[1:]}
    held = [holds for holds, _ in form.columns]
    place = held.index(name if name in sides else "parties")
    lines: list[str] = []
    for partie in sides.get(name, row.parties):
        names = _wrap(form, partie.nom, edges, place)
        lines += [partie.qualite or "", *[""] * (len(names) - 1)] if name == "qualite" else names
    return lines


def _wrap(form: Form, text: str, edges: Sequence[float], index: int) -> list[str]:
    return wrapped(text, form.font, form.size, edges[index + 1] - edges[index] - 7) if text else []


def _printed_date(form: Form, value: str | None) -> str:
    when = date.fromisoformat(value or "1900-01-01")
    match form.when:
        case "slash":
            return f"{when:%d/%m/%Y}"
        case "iso slash":
            return f"{when:%Y/%m/%d}"
        case "day first":
            return f"{when:%d-%m-%Y}"
        case "dotted":
            return f"{when:%Y.%m.%d}"
        case "worded":
            day = "1er" if when.day == 1 and not form.english else str(when.day)
            return f"{day} {(_ENGLISH if form.english else _MONTHS)[when.month - 1]} {when.year}"
        case "short words":
            return f"{when.day} {_ENGLISH[when.month - 1][:3] if form.english else _SHORT[when.month - 1]} {when.year}"
        case _:
            return when.isoformat()


def _number(form: Form, value: str) -> str:
    if not value.isdigit():
        return value
    match form.number:
        case "grouped":
            return f"{int(value):,}".replace(",", " ")
        case "comma":
            return f"{int(value):,}"
        case "dotted":
            return f"{int(value):,}".replace(",", ".")
        case "sign":
            return f"No {value}"
        case _:
            return value


def _radiation(form: Form, value: str) -> str:
    letter, _, number = value.partition(" ")
    printed = _number(replace(form, number="plain" if form.number in {"plain", "sign"} else "grouped"), number)
    return f"{letter}{' ' if form.spaced else ''}{printed}"


def _row(
    page: Drawing, form: Form, edges: Sequence[float], cells: Sequence[Sequence[str]], y: float, deep: float
) -> float:
    most = max(map(len, cells), default=1)
    for index, lines in enumerate(cells):
        down = (most - len(lines)) / 2 if form.middle else 0.0
        right = form.numbers_right and form.columns[index][0] == "numero"
        for rank, line in enumerate(lines):
            x = edges[index + 1] - 4 - text_width(line, form.font, form.size) if right else edges[index] + 3
            page.text(x, y + form.size * (1 + 1.22 * (rank + down)), line, form.font, form.size)
    bottom = y + deep
    if form.rules in {"rows", "grid"}:
        page.lines.append((edges[0], bottom - 2, edges[-1], bottom - 2))
    return bottom


def _rules(page: Drawing, form: Form, edges: Sequence[float], top: float, bottom: float) -> None:
    if form.rules in {"columns", "grid"}:
        page.lines += [(x, top - 3, x, bottom) for x in edges]
    if form.rules == "box":
        page.lines += [(x, top - 3, x, bottom) for x in (edges[0], edges[-1])]
        page.lines += [(edges[0], y, edges[-1], y) for y in (top - 3, bottom)]
    step = {"dotted": 3.0, "dashed": 8.0}.get(form.rules)
    if step:
        y = top - 3
        while y < bottom:
            page.lines += [(x, y, x, y + step * 0.4) for x in edges]
            y += step
