"""A second corpus for the readers, written from the description of the registry's documents alone: nothing of it comes
from the sandbox. Five layouts of the index and actes, other fonts, headings and orders of columns, worn pages; seeded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ocr_corpus_acte import acte_pages
from ocr_corpus_paint import WEARS, Drawing, Wear, as_pdf, as_scan, jittered
from ocr_corpus_rows import Habits, rows
from ocr_corpus_table import Column, Style, lay_out
from ocr_fonts import PRINTED, TYPED, WRITTEN
from ocr_samples import Sample

from registre.domain.reading import Inscription, Partie, RowKind
from registre.domain.request import DocumentKind

LAYOUTS = ("modern-inscription", "modern-radiation", "old-1", "old-2", "old-3")
_DIGITAL = "born digital"


@dataclass(frozen=True, slots=True)
class Invented:
    """What one sample is made from; cheap to pass to another process."""

    layout: str
    #: None: born digital
    wear: Wear | None
    seed: int
    rank: int = 0

    @property
    def group(self) -> str:
        """Layout and degradation."""
        return f"{self.layout}, {self.wear.name if self.wear else _DIGITAL}"

    def make(self) -> Sample:
        """The document; the same recipe gives the same bytes."""
        return _make(self)


def invented(seed: int, limit: int, kind: str | None) -> Iterator[Invented]:
    """`limit` documents of every layout and degradation; pages written by hand or typed are never born digital."""
    for layout in (*LAYOUTS, "acte"):
        if kind and (layout == "acte") is not (kind == "acte"):
            continue
        wears = WEARS if layout.startswith("old") else (None, *WEARS)
        for wear in wears:
            for rank in range(limit):
                yield Invented(layout, wear, seed, rank)


def _make(recipe: Invented) -> Sample:
    identity = f"{recipe.group}/{recipe.seed}/{recipe.rank}"
    dice = random.Random(identity)
    if recipe.layout == "acte":
        drawings, truths = acte_pages(dice)
        kind = DocumentKind.ACTE
    else:
        style = _style(dice, recipe.layout)
        said = _rows(dice, recipe.layout)
        # two digits tell a year where all are of one century
        short = style.short_dates and all(row.date is None or row.date[:2] == "19" for row in said)
        drawings, truths = lay_out(dice, replace(style, short_dates=short), said)
        kind = DocumentKind.INDEX
        if style.font in WRITTEN:
            drawings = [jittered(page, dice) for page in drawings]
    return Sample(recipe.group, identity, kind, _pdf(drawings, recipe.wear, identity), truths)


def _pdf(drawings: Sequence[Drawing], wear: Wear | None, identity: str) -> bytes:
    return as_pdf(drawings) if wear is None else as_scan(drawings, wear, identity)


def _rows(dice: random.Random, layout: str) -> list[Inscription]:
    dense = layout.startswith("modern") and dice.random() < 0.3
    count = dice.randrange(40, 55) if dense else dice.randrange(1, 26)
    parties = 1 if dense else dice.choice([2, 3, 4])
    match layout:
        case "modern-inscription" | "modern-radiation":
            habits = Habits(dice.choice([7, 8, 8]), date(dice.randrange(1994, 2004), 3, 1), parties, 0.0, 0.06, True)
        case "old-1":
            habits = Habits(
                dice.choice([5, 6, 7]),
                date(dice.randrange(1978, 1990), 2, 1),
                parties,
                0.1,
                0.1,
                True,
                dashed=dice.random() < 0.2,
            )
        case _:
            habits = Habits(
                dice.choice([5, 6]), date(dice.randrange(1890, 1960), 5, 1), 2, 0.25, 0.1, False,
                english=layout == "old-3", old=True, dashed=dice.random() < 0.2,
            )  # fmt: skip
    made = rows(dice, count, habits)
    if layout == "modern-radiation":
        # this report prints neither dates, natures nor parties
        return [replace(row, date=None, nature=None, parties=()) for row in made if row.kind is RowKind.INSCRIPTION]
    if layout.startswith("old"):
        # no column of qualités; in old-3 the column of names tells the side
        made = [replace(row, parties=tuple(Partie(p.nom) for p in row.parties)) for row in made]
    return _with_dittos(dice, made, habits.dittos)


def _with_dittos(dice: random.Random, made: Sequence[Inscription], share: float) -> list[Inscription]:
    """Give rows what stands above them; `witnesses` names the fields printed as ditto marks, for the layout."""
    found: list[Inscription] = []
    for row in made:
        above = found[-1] if found else None
        if above is not None and above.kind is row.kind is RowKind.INSCRIPTION and dice.random() < share:
            name = dice.choice(["nature", "parties", "date"])
            row = replace(row, **{name: getattr(above, name)}, witnesses={name: ("ditto",)})
        found.append(row)
    return found


def _style(dice: random.Random, layout: str) -> Style:
    columns = _columns(dice, layout)
    if layout.startswith("modern"):
        font, size, rules = (
            dice.choice(PRINTED),
            dice.choice([7.0, 7.5, 8.0]),
            dice.choice(["none", "grid", "rows", "heading", "columns"]),
        )
        width, height = (
            dice.choice([(792.0, 612.0), (1008.0, 612.0)]) if layout == "modern-inscription" else (612.0, 792.0)
        )
    elif layout == "old-1":
        font, size, rules = dice.choice(TYPED), 8.5, dice.choice(["grid", "columns", "heading"])
        width, height = 1008.0, 612.0
    else:
        font, size, rules = dice.choice(WRITTEN), 12.0, dice.choice(["grid", "columns", "rows"])
        width, height = (1224.0, 792.0) if layout == "old-3" else (1008.0, 792.0)
    return Style(
        layout, width, height, font, dice.choice(PRINTED), size, rules, columns,
        grouped=dice.random() < 0.6 and layout.startswith("modern"),
        spaced=dice.random() < 0.6,
        short_dates=layout in {"old-1", "old-2"} and dice.random() < 0.5,
        repeat_heading=dice.random() < 0.7,
        centred=dice.random() < 0.4,
        english=layout == "old-3",
        ditto=dice.choice(['"', "do", "idem"]),
    )  # fmt: skip


def _columns(dice: random.Random, layout: str) -> list[Column]:
    pick = dice.choice
    when = Column(
        "date",
        pick(["Date de présentation", "Date de présentation d'inscription", "Date de présentation d'inscription"]),
        1.1,
    )
    number = Column("numero", pick(["Numéro", "N°", "Numéro d'inscription", "N° d'inscription"]), 1.1)
    nature = Column("nature", pick(["Nature de l'acte", "Nature"]), 1.6)
    role = Column("qualite", "Qualité", 1.1)
    names = Column("parties", pick(["Nom des parties", "Noms des parties"]), 2.6)
    remarks = Column("remarques", "Remarques", 1.7)
    notice = Column("avis_adresse", pick(["Avis d'adresse", "Avis d'adresse"]), 1.0)
    ends = Column("radiations", pick(["Radiations", "Radiation(s)", "Radiation"]), 1.3)
    registered = [
        Column("date", "Date", 0.9, group="Enregistrement"),
        Column("numero", pick(["N°", "No"]), 0.9, group="Enregistrement"),
    ]
    match layout:
        case "modern-inscription":
            first = [when, number] if dice.random() < 0.7 else [number, when]
            who = [role, names] if dice.random() < 0.7 else [names, role]
            last = [notice, ends] if dice.random() < 0.8 else [ends, notice]
            return [*first, nature, *who, remarks, *last]
        case "modern-radiation":
            number = replace(number, heading=pick(["Numéro d'inscription", "N° d'inscription"]))
            return [number, replace(remarks, weight=3), notice, ends]
        case "old-1":
            stacked = [Column("enregistrement", "Enregistrement (date, no)", 1.1)]
            where = stacked if dice.random() < 0.4 else registered
            both = replace(
                remarks, heading=pick(["Remarques et avis d'adresse", "Remarques - Avis d'adresse"]), weight=2.2
            )
            return [
                names,
                replace(nature, heading="Titre de l'acte", weight=1.3),
                *where,
                replace(both, shares_notice=True),
                ends,
            ]
        case "old-2":
            book = [
                Column("registre", "Reg.", 0.5, group="Enregistrement"),
                Column("volume", "Vol.", 0.5, group="Enregistrement"),
            ]
            where = [registered[0], *book, registered[1]] if dice.random() < 0.6 else registered
            tail = [ends, remarks] if dice.random() < 0.8 else [remarks, ends]
            return [names, replace(nature, heading="Nature", weight=1.2), *where, *tail]
        case _:
            return [
                Column("date", "Date of the registration", 1.0),
                Column("grantor", "Names of parties (Grantor)", 2.2),
                Column("grantee", "Names of parties (Grantee)", 2.2),
                Column("nature", "Nature of the deed", 1.3),
                Column("numero", "Number", 0.9),
                Column("remarques", "Remarks", 1.5),
                Column("radiations", "Radiation", 1.2),
            ]
