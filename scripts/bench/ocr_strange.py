"""A third corpus: indexes as a stranger would draw them. What the second fixes (order, words and width of columns,
rules, shapes of dates and numbers, where notes stand) is thrown anew for every document; seeded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ocr_corpus_paint import as_pdf, jittered
from ocr_corpus_rows import Habits, rows
from ocr_fonts import OFFICE, PENNED, TYPEWRITER
from ocr_samples import Sample
from ocr_strange_table import NUMBERS, WHENS, Form, lay_out
from ocr_strange_wear import WEARS, Wear, as_scan

from registre.domain.reading import Inscription, Partie, RowKind
from registre.domain.request import DocumentKind

_EMBEDDED = tuple(font for font in OFFICE if font.endswith(".ttf"))
KINDS = ("modern", "radiation", "typed", "written", "ledger")

_FRENCH = {
    "date": ("Date de présentation", "Date de publication", "Date", "Date d'inscription", "Date d'enregistrement",
             "Date prés.", "Date (aaaa-mm-jj)", "Présentation", "DATE DE PRÉSENTATION"),
    "numero": ("Numéro", "N°", "No", "Numéro d'inscription", "No d'inscription", "No inscr.", "N° de publication",
               "No. d'enregistrement", "Numéro de publication", "NUMÉRO", "Inscription"),
    "nature": ("Nature de l'acte", "Nature", "Nature de l'inscription", "Titre de l'acte", "Type d'acte", "Acte",
               "Nature du droit", "NATURE DE L'ACTE"),
    "qualite": ("Qualité", "Qualités", "Qualité des parties", "Rôle", "Qual.", "QUALITÉ"),
    "parties": ("Nom des parties", "Noms des parties", "Parties", "Nom", "Titulaires", "Comparants",
                "Parties à l'acte", "Nom et prénom", "PARTIES"),
    "grantor": ("Cédant", "Vendeur", "De"),
    "grantee": ("Cessionnaire", "Acquéreur", "À"),
    "remarques": ("Remarques", "Rem.", "Observations", "Notes", "Mentions", "REMARQUES"),
    "avis_adresse": ("Avis d'adresse", "Avis adr.", "Avis d'adr.", "N° d'avis d'adresse", "AVIS D'ADRESSE"),
    "radiations": ("Radiations", "Radiation", "Rad.", "Radiation(s)", "Radié par", "RADIATIONS"),
}  # fmt: skip
_ENGLISH = {
    "date": ("Date of registration", "Registration date", "Date", "Date registered", "Registered"),
    "numero": ("Number", "No.", "Registration No.", "Reg. No.", "Registration number", "Instrument No."),
    "nature": ("Nature of deed", "Nature of the deed", "Instrument", "Kind of deed", "Deed", "Nature"),
    "qualite": ("Capacity", "Role", "Quality"),
    "parties": ("Names of parties", "Parties", "Name of parties", "Names"),
    "grantor": ("Grantor", "Vendor", "From", "Names of grantors"),
    "grantee": ("Grantee", "Purchaser", "To", "Names of grantees"),
    "remarques": ("Remarks", "Observations", "Notes"),
    "avis_adresse": ("Address notice", "Notice of address"),
    "radiations": ("Radiation", "Cancellations", "Discharges", "Radiations"),
}


@dataclass(frozen=True, slots=True)
class Strange:
    """What one sample is made from; cheap to pass to another process."""

    kind: str
    #: None: born digital
    wear: Wear | None
    seed: int
    rank: int

    @property
    def group(self) -> str:
        """Kind of form and wear."""
        return f"{self.kind}, {self.wear.name if self.wear else 'born digital'}"

    def make(self) -> Sample:
        """The document; the same recipe gives the same bytes."""
        identity = f"{self.group}/{self.seed}/{self.rank}"
        dice = random.Random(identity)
        form = _form(dice, self.kind)
        if self.wear is None:
            # a PDF of ours embeds no others
            form = replace(form, font=dice.choice(_EMBEDDED), form_font=dice.choice(_EMBEDDED))
        drawings, truths = lay_out(dice, form, _rows(dice, self.kind, form))
        if form.font in PENNED:
            drawings = [jittered(page, dice) for page in drawings]
        data = as_pdf(drawings) if self.wear is None else as_scan(drawings, self.wear, identity)
        return Sample(self.group, identity, DocumentKind.INDEX, data, truths)


def strange(seed: int, limit: int) -> Iterator[Strange]:
    """`limit` documents of every kind of form and wear; what is typed or written is never born digital."""
    for kind in KINDS:
        digital = kind in {"modern", "radiation"}
        for wear in (None, *WEARS) if digital else WEARS:
            for rank in range(limit):
                yield Strange(kind, wear, seed, rank)


def _form(dice: random.Random, kind: str) -> Form:
    english = dice.random() < {"ledger": 0.6, "written": 0.3}.get(kind, 0.12)
    font = dice.choice({"typed": TYPEWRITER, "written": PENNED, "ledger": PENNED}.get(kind, OFFICE))
    pen = font in PENNED
    held = _held(dice, kind)
    words = _ENGLISH if english else _FRENCH
    portrait = kind == "radiation" or (len(held) < 6 and dice.random() < 0.5)
    width, height = dice.choice([(612.0, 792.0), (595.0, 842.0)] if portrait else [(792.0, 612.0), (1008.0, 612.0),
                                                                                 (842.0, 595.0)])  # fmt: skip
    if kind in {"ledger", "written"}:
        width, height = dice.choice([(1224.0, 792.0), (1190.0, 842.0)])
    size = 12.0 if pen else dice.choice([7.0, 7.5, 8.0, 9.0] if width > 800 or len(held) < 6 else [6.5, 7.0])
    modern = kind in {"modern", "radiation"}
    return Form(
        kind=kind, width=width, height=height, font=font, form_font=dice.choice(OFFICE), size=size,
        columns=tuple((name, dice.choice(words[name])) for name in held),
        rules=dice.choice(["none", "heading", "rows", "columns", "grid", "box", "dotted", "dashed"]),
        when=dice.choice(WHENS) if dice.random() < 0.5 else "iso",
        number=dice.choice(NUMBERS if modern else ("plain", "grouped", "sign")),
        spaced=dice.random() < 0.6, english=english, ditto=dice.choice(['"', "do", "idem", "''"]),
        align=dice.choice(["left", "left", "centre"]), numbers_right=dice.random() < 0.15,
        middle=dice.random() < 0.2, airy=dice.choice([0.35, 0.6, 1.0, 1.6]), shade=dice.random() < 0.25,
        zebra=dice.random() < 0.12, wide_notes=dice.random() < 0.4, narrow_number=dice.random() < 0.12,
        repeat=dice.random() < 0.7, stamp=dice.random() < 0.2, lots=dice.choice([1, 1, 1, 2, 3]),
        inline_header=dice.random() < 0.3,
    )  # fmt: skip


def _held(dice: random.Random, kind: str) -> list[str]:
    """What the columns hold, left to right."""
    first = dice.choice([["date", "numero"], ["numero", "date"]])
    match kind:
        case "radiation":
            held = dice.choice([["numero"], first])
            return [*held, "remarques", *dice.choice([["avis_adresse"], []]), "radiations"]
        case "modern":
            who = dice.choice([["qualite", "parties"], ["parties", "qualite"], ["parties"]])
            middle = dice.choice([["nature", *who], [*who, "nature"]])
            last = ["remarques", "avis_adresse", "radiations"]
            if dice.random() < 0.4:
                dice.shuffle(last)
            held = [*first, *middle, *last]
            return held if dice.random() < 0.8 else [name for name in held if name != "avis_adresse"]
        case _:
            sides = ["grantor", "grantee"] if dice.random() < (0.7 if kind == "ledger" else 0.2) else ["parties"]
            held = dice.choice([[*sides, "nature", *first], [*first, *sides, "nature"], [*first, "nature", *sides]])
            last = ["radiations", "remarques"]
            dice.shuffle(last)
            return [*held, *last]


def _rows(dice: random.Random, kind: str, form: Form) -> list[Inscription]:
    modern = kind in {"modern", "radiation"}
    held = {name for name, _ in form.columns}
    count = dice.randrange(25, 50) if dice.random() < 0.25 else dice.randrange(2, 20)
    since = date(dice.randrange(1994, 2012) if modern else dice.randrange(1890, 1985), 3, 1)
    habits = Habits(
        dice.choice([7, 8, 8]) if modern else dice.choice([5, 6, 6]), since, dice.choice([1, 2, 3]),
        0.0 if modern else 0.12, dice.choice([0.0, 0.08, 0.15]), "avis_adresse" in held,
        english=form.english, old=kind in {"written", "ledger"}, dashed=not modern and dice.random() < 0.1,
    )  # fmt: skip
    made = rows(dice, count, habits)
    found: list[Inscription] = []
    for row in made:
        if row.kind is RowKind.NOTE:
            found.append(replace(row, date=None))
            continue
        roles = "qualite" in held
        people = row.parties[:2] if "grantor" in held else row.parties
        found.append(
            replace(
                row,
                date=row.date if "date" in held else None,
                nature=row.nature if "nature" in held else None,
                parties=tuple(p if roles else Partie(p.nom) for p in people) if held & {"parties", "grantor"} else (),
            )
        )
    return _dittoed(dice, found, habits.dittos)


def _dittoed(dice: random.Random, made: Sequence[Inscription], share: float) -> list[Inscription]:
    """Natures repeated by a mark; `witnesses` names the field for the layout."""
    found: list[Inscription] = []
    for row in made:
        above = found[-1] if found else None
        both = above is not None and above.kind is row.kind is RowKind.INSCRIPTION
        if both and above is not None and dice.random() < share:
            row = replace(row, nature=above.nature, witnesses={"nature": ("ditto",)})
        found.append(row)
    return found
