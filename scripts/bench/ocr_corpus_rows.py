"""What the second corpus says: invented people, natures, numbers and remarks of index rows. Seeded."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from registre.domain.reading import Inscription, Partie, RowKind

_NOMS = (
    "ARPINELLE", "BEAUFRESNE", "CHAUVEROCHE", "DUMONTREL", "ESTRIVAL", "FARDOCHE", "GRANDPERRON", "HALBECQ",
    "ISARDIÈRE", "JOLIVERT", "KÉROUALD", "LACERISE-DUBREUIL", "MONTGRAIN", "NOIRVAUX", "O'TARDIVEL", "PÉPINIEUX",
    "QUINTREL", "ROCHEBLOND", "SAINT-OMBREUX", "THIVERNEL", "URSEAU", "VALCOURTIN", "WOLFENBERG", "ZÉPHIRIN",
)  # fmt: skip
_PRENOMS = (
    "ADÈLE", "BENOÎT", "CÉLINE", "DAVID", "ÉLISE", "FRANÇOIS", "GISÈLE", "HUBERT", "IRÈNE", "JEAN-MARC", "LOUISE",
    "MARIE-ANGE", "NOËL", "ODILE", "PAUL", "RENÉE", "SUZANNE", "THÉO", "VICTOR", "YVES",
)  # fmt: skip
_PLACES = ("VALMONTEL", "LA PRÉE", "SAINTE-OMBRE", "GRANDE-ANSE", "BOISFLEURI", "ROC-BLEU", "VIEUX-MOULINET")
_BANKS = ("CAISSE POPULAIRE DE {}", "BANQUE DU LITTORAL", "FIDUCIE {} INC.", "CAISSE D'ÉCONOMIE DE {}")
_BODIES = ("VILLE DE {}", "MUNICIPALITÉ DE {}", "COMMISSION SCOLAIRE DE {}", "HYDRO-QUÉBEC", "FABRIQUE DE {}")
_FIRMS = ("LES IMMEUBLES {} LTÉE", "9{:03d}-{:04d} QUÉBEC INC.", "CONSTRUCTIONS {} ET FILS ENR.", "GESTION {} INC.")

#: nature, kinds of its two sides (p person, b bank, u public body, f firm), their qualités
_ACTS = (
    ("Vente", "pp", ("Vendeur", "Acquéreur")),
    ("Vente", "fp", ("Vendeur", "Acquéreur")),
    ("Hypothèque", "bp", ("Créancier", "Débiteur")),
    ("Hypothèque immobilière", "bf", ("Créancier", "Débiteur")),
    ("Quittance", "bp", ("Créancier", "Débiteur")),
    ("Mainlevée", "bf", ("Créancier", "Débiteur")),
    ("Servitude", "pu", ("Cédant", "Cessionnaire")),
    ("Donation", "pp", ("Donateur", "Donataire")),
    ("Cession de rang", "bb", ("Cédant", "Cessionnaire")),
    ("Bail", "ff", ("Locateur", "Locataire")),
    ("Déclaration de transmission", "pp", ("Décédé", "Légataire")),
    ("Préavis d'exercice", "bp", ("Créancier", "Débiteur")),
    ("Déclaration de résidence familiale", "p", ("Déclarant",)),
    ("Testament", "pp", ("Décédé", "Légataire")),
    ("Jugement", "pu", ("Demandeur", "Défendeur")),
)
_OLD_ACTS = ("Vente", "Oblig.", "Quitt.", "Donation", "Hyp.", "Serv.", "Testament", "Cont. de mariage", "Rétrocession")
_DEEDS = ("Deed of Sale", "Mortgage", "Discharge", "Donation", "Lease", "Will", "Obligation", "Transfer", "Servitude")


@dataclass(frozen=True, slots=True)
class Habits:
    """How one document writes its rows."""

    #: digits of its first inscription number
    size: int
    since: date
    #: most parties a row
    parties: int
    dittos: float
    notes: float
    notices: bool
    english: bool = False
    old: bool = False
    #: numbers such as 123-456
    dashed: bool = False


def rows(dice: random.Random, count: int, habits: Habits) -> list[Inscription]:
    """Rows in the order of the registry: dates and numbers ascend, radiations name later rows or others' deposits."""
    when = habits.since
    number = dice.randrange(10 ** (habits.size - 1), 6 * 10 ** (habits.size - 1))
    made: list[Inscription] = []
    for _ in range(count):
        when += timedelta(days=dice.choice([0, 3, 20, 90, 400]) + dice.randrange(25))
        when = min(when, date(2025, 6, 30))
        number += dice.randrange(1, 9) * 10 ** max(habits.size - 4, 1) + dice.randrange(1, 90)
        if dice.random() < habits.notes:
            made.append(_note(dice, when))
        made.append(_inscription(dice, when, number, habits))
    made = made[:count]
    return [_radiated(dice, row, made[index + 1 :], habits) for index, row in enumerate(made)]


def _inscription(dice: random.Random, when: date, number: int, habits: Habits) -> Inscription:
    nature, sides, roles = dice.choice(_ACTS)
    if habits.old:
        nature = dice.choice(_DEEDS if habits.english else _OLD_ACTS)
    people = [Partie(name(dice, kind), role) for kind, role in zip(sides, roles, strict=True)]
    while len(people) < habits.parties and dice.random() < 0.3:
        place = dice.randrange(len(people))
        people.insert(place, Partie(name(dice, "p"), people[place].qualite))
    text = str(number)
    return Inscription(
        RowKind.INSCRIPTION,
        date=when.isoformat(),
        numero=f"{text[:-3]}-{text[-3:]}" if habits.dashed else text,
        nature=nature,
        parties=tuple(people[: habits.parties]),
        remarques=_remark(dice, number, habits),
        avis_adresse=str(dice.randrange(6_000_000, 7_000_000)) if habits.notices and dice.random() < 0.3 else None,
    )


def name(dice: random.Random, kind: str) -> str:
    """An invented person, bank, public body or firm."""
    place = dice.choice(_PLACES)
    match kind:
        case "b":
            return dice.choice(_BANKS).format(place)
        case "u":
            return dice.choice(_BODIES).format(place)
        case "f":
            form = dice.choice(_FIRMS)
            numbered = form.startswith("9")
            return form.format(dice.randrange(100, 999), dice.randrange(10_000)) if numbered else form.format(place)
        case _:
            return f"{dice.choice(_NOMS)}, {dice.choice(_PRENOMS)}"


def amount(dice: random.Random, *, english: bool = False) -> str:
    """An amount as printed."""
    cents = dice.choice([0, 0, 50, dice.randrange(100)])
    dollars = f"{dice.randrange(900, 900_000):,}"
    return f"${dollars}.{cents:02d}" if english else f"{dollars.replace(',', ' ')},{cents:02d} $"


def _remark(dice: random.Random, number: int, habits: Habits) -> str | None:
    other = f"{number - dice.randrange(1_000, 9_000):,}".replace(",", " ") if habits.size > 6 else str(number - 17)
    if habits.english:
        return dice.choice([None, None, amount(dice, english=True), "part of lot", f"see No. {other}", "with interest"])
    return dice.choice(
        [
            None,
            None,
            None,
            amount(dice),
            f"{amount(dice)} avec intérêts",
            "ptie",
            f"Porter: {other}",
            "comptant",
            "Rang cédé",
        ]
    )


def _note(dice: random.Random, when: date) -> Inscription:
    text = dice.choice(
        [
            f"CONCORDANCE: LOT {dice.randrange(10, 400)}-{dice.randrange(1, 90)} DU CADASTRE DE {dice.choice(_PLACES)}",
            f"RÉNOVÉ: VOIR LOT {dice.randrange(2, 6)} {dice.randrange(100, 999)} {dice.randrange(100, 999)}",
            f"Plan déposé, voir le lot {dice.randrange(10, 400)}",
            "Subdivision du lot originaire",
        ]
    )
    return Inscription(RowKind.NOTE, date=dice.choice([None, when.isoformat()]), remarques=text)


def _radiated(dice: random.Random, row: Inscription, later: Sequence[Inscription], habits: Habits) -> Inscription:
    if row.kind is RowKind.NOTE or dice.random() < 0.65:
        return row
    numbers = [other.numero for other in later if other.numero and "-" not in other.numero]
    count = dice.choice([1, 1, 1, 2])
    found: list[str] = []
    for _ in range(count):
        text = (
            dice.choice(numbers)
            if numbers and dice.random() < 0.6
            else str(dice.randrange(10 ** (habits.size - 1), 10**habits.size))
        )
        found.append(f"{dice.choice('TTTP')} {text}")
    return replace(row, radiations=tuple(dict.fromkeys(found)))
