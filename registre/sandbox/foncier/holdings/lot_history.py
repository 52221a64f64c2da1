"""Writes a lot's history: sales, hypothecs and their radiations, in order, with believable numbers. Seeded."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from registre.domain.reading import Inscription, Partie, RowKind
from registre.sandbox.foncier.holdings import names


@dataclass(frozen=True, slots=True)
class Era:
    """The years a layout covers, and what its pages print."""

    first: date
    last: date
    #: old forms have no column for qualité; the English ones tell grantors from grantees
    prints_qualite: bool
    #: avis d'adresse came with the printed forms
    has_avis: bool = True


MODERN: Final = Era(date(2002, 3, 4), date(2025, 9, 26), prints_qualite=True)
OLD: Final = Era(date(1962, 2, 5), date(1998, 11, 27), prints_qualite=False)
LEDGER: Final = Era(date(1911, 4, 3), date(1953, 10, 30), prints_qualite=False, has_avis=False)
ENGLISH: Final = Era(date(1871, 5, 1), date(1909, 9, 30), prints_qualite=True, has_avis=False)

#: Province-wide numbering since 2001: 8 digits, so that 25 616 321 falls in 2021.
_MODERN_BASE: Final = 10_000_000
_MODERN_PER_DAY: Final = 2_225
_OLD_EPOCH: Final = date(1955, 1, 1)
#: Before it each bureau counted for itself, and slowly.
_EARLY_EPOCH: Final = date(1850, 1, 1)


class NumberBook:
    """Hands out numéros d'inscription: rising with the date, each once (old ones once per circonscription)."""

    def __init__(self, reserved: frozenset[int]) -> None:
        self._modern = set(reserved)
        self._old: dict[str, set[int]] = {}
        self._avis = 6_012_345

    def take(self, circonscription: str, when: date, above: int, pick: random.Random) -> int:
        """A free number for that day, larger than `above`."""
        if when >= MODERN.first:
            start = _MODERN_BASE + (when - MODERN.first).days * _MODERN_PER_DAY + pick.randrange(_MODERN_PER_DAY)
            return _claim(self._modern, max(start, above + 1))
        if when < _OLD_EPOCH:
            start = 10_000 + (when - _EARLY_EPOCH).days * 2 + pick.randrange(2)
            return _claim(self._old.setdefault(circonscription, set()), max(start, above + 1))
        base, per_day = (1_204_000, 240) if circonscription == "Montréal" else _old_pace(circonscription)
        start = base + (when - _OLD_EPOCH).days * per_day + pick.randrange(per_day)
        return _claim(self._old.setdefault(circonscription, set()), max(start, above + 1))

    def take_avis(self, pick: random.Random) -> str:
        """A free seven-digit number of an avis d'adresse."""
        self._avis += pick.randint(11, 397)
        return str(self._avis)


def _old_pace(circonscription: str) -> tuple[int, int]:
    pick = random.Random(f"pace {circonscription}")
    return pick.randint(21_000, 74_000), pick.randint(3, 22)


def _claim(taken: set[int], number: int) -> int:
    while number in taken:
        number += 1
    taken.add(number)
    return number


def amount(pick: random.Random, low: int, high: int) -> str:
    """`75 000,00 $`; now and then with cents."""
    cents = pick.choice(("00", "00", "00", "50", f"{pick.randint(1, 99):02d}"))
    return f"{grouped(str(pick.randrange(low, high, 500)))},{cents} $"


def grouped(number: str) -> str:
    """`29123456` → `29 123 456`, as modern pages print it; anything but digits is left alone."""
    return f"{int(number):,}".replace(",", " ") if number.isdigit() else number


class LotHistory:
    """One lot's rows. A row that is later struck carries the radiation; the striking row cites it in its remarks."""

    def __init__(self, key: str, circonscription: str, era: Era, book: NumberBook) -> None:
        self._pick = random.Random(f"history {key}")
        self._circonscription = circonscription
        self._era = era
        self._book = book
        self._rows: list[Inscription] = []
        self._owners = names.owners(self._pick)
        self._last_number = 0
        self._today = era.first
        #: rows a later act may strike
        self._open: list[int] = []

    def write(self, count: int) -> tuple[Inscription, ...]:
        """Fill `count` rows, spread over the era, chronological."""
        mean_gap = (self._era.last - self._era.first).days / (count + 2)
        while len(self._rows) < count:
            self._advance(mean_gap)
            self._event()()
        return tuple(self._rows[:count])

    def _advance(self, mean_gap: float) -> None:
        self._today += timedelta(days=1 + int(self._pick.uniform(0.3, 1.5) * mean_gap))
        # Saturdays and Sundays the bureau is closed; forward, so that dates never go back
        while self._today.weekday() >= 5:
            self._today += timedelta(days=1)
        self._today = min(self._today, self._era.last)

    def _event(self) -> Callable[[], None]:
        if not self._rows:
            return self._vente
        if len(self._open) >= 3:
            return self._radiation
        choices: list[tuple[Callable[[], None], int]] = [
            (self._vente, 20),
            (self._hypotheque, 16),
            (self._servitude, 9),
            (self._transmission, 7),
            (self._donation, 4),
            (self._avis, 7),
            (self._construction, 5),
            (self._bail, 4),
            (self._note, 6),
        ]
        if self._open:
            choices += [(self._radiation, 18), (self._partial, 4), (self._cession, 5)]
        return self._pick.choices([event for event, _ in choices], [weight for _, weight in choices])[0]

    def _add(
        self, nature: str, parties: list[tuple[str, str]], remarques: str | None = None, *, avis: bool = False
    ) -> str:
        number = self._book.take(self._circonscription, self._today, self._last_number, self._pick)
        self._last_number = number
        printed = self._era.prints_qualite
        self._rows.append(
            Inscription(
                kind=RowKind.INSCRIPTION,
                date=self._today.isoformat(),
                numero=str(number),
                nature=nature,
                parties=tuple(Partie(nom, role if printed else None) for nom, role in parties),
                remarques=remarques,
                avis_adresse=self._book.take_avis(self._pick) if avis and self._era.has_avis else None,
            )
        )
        return str(number)

    def _ours(self, role: str) -> list[tuple[str, str]]:
        return [(nom, role) for nom in self._owners]

    def _citation(self, row: int) -> str:
        number = self._rows[row].numero or ""
        return f"Réf.: {grouped(number) if self._era.prints_qualite else number}"

    def _strike(self, row: int, radiation: str) -> None:
        struck = self._rows[row]
        self._rows[row] = replace(struck, radiations=(*struck.radiations, radiation))

    def _vente(self) -> None:
        buyers = names.owners(self._pick)
        price = amount(self._pick, 9_000, 95_000) if self._era is not MODERN else amount(self._pick, 98_000, 840_000)
        extra = self._pick.choice(("", "", " avec garantie légale", " et autres considérations", ", ptie"))
        parties = [*self._ours("vendeur"), *((nom, "acquéreur") for nom in buyers)]
        self._add("Vente", parties, price + extra)
        self._owners = buyers
        if self._pick.random() < 0.65:
            self._hypotheque()

    def _hypotheque(self) -> None:
        lender = self._pick.choice(names.LENDERS)
        lent = amount(self._pick, 8_000, 90_000) if self._era is not MODERN else amount(self._pick, 75_000, 690_000)
        nature = self._pick.choice(("Hypothèque", "Obligation")) if self._era is not MODERN else "Hypothèque"
        rate = self._pick.choice(("", " avec intérêts", f" avec intérêts à {self._pick.randint(5, 19)} % l'an"))
        self._add(nature, [(lender, "créancier"), *self._ours("débiteur")], lent + rate, avis=self._pick.random() < 0.7)
        self._open.append(len(self._rows) - 1)

    def _construction(self) -> None:
        nature = "Privilège" if self._era is not MODERN else "Hypothèque légale de la construction"
        parties = [(names.builder(self._pick), "créancier"), *self._ours("débiteur")]
        self._add(nature, parties, amount(self._pick, 2_000, 60_000), avis=self._pick.random() < 0.4)
        self._open.append(len(self._rows) - 1)

    def _radiation(self) -> None:
        row = self._open.pop(0)
        creditor, *debtors = (partie.nom for partie in self._rows[row].parties)
        nature = self._pick.choice(("Quittance", "Quittance", "Mainlevée", "Radiation"))
        parties = [(creditor, "créancier"), *((nom, "débiteur") for nom in debtors)]
        self._strike(row, f"T {self._add(nature, parties, self._citation(row))}")

    def _partial(self) -> None:
        row = self._open[0]
        parties = [(self._rows[row].parties[0].nom, "créancier")]
        self._strike(row, f"P {self._add('Mainlevée', parties, f'Partielle. {self._citation(row)}')}")

    def _cession(self) -> None:
        row = self._open[-1]
        creditor = self._rows[row].parties[0].nom
        other = self._pick.choice([lender for lender in names.LENDERS if lender != creditor])
        self._add("Cession de rang", [(creditor, "cédant"), (other, "cessionnaire")], self._citation(row))

    def _servitude(self) -> None:
        utilities = (*names.PUBLIC_BODIES[:2], names.ville(self._circonscription), names.person(self._pick))
        purposes = (
            "Passage",
            "Non-construction",
            "Lignes de transport d'énergie électrique",
            "Aqueduc et égout",
            "Vue",
            "Puisage",
        )
        where = self._pick.choice(("", ", ptie", f", lisière de {self._pick.randint(2, 9)} m de largeur"))
        parties = [*self._ours("1re partie"), (self._pick.choice(utilities), "2e partie")]
        self._add("Servitude", parties, self._pick.choice(purposes) + where)

    def _transmission(self) -> None:
        dead = self._owners[0]
        if "," not in dead:
            self._bail()
            return
        heir = _kin(dead, self._pick)
        nature = self._pick.choice(("Déclaration de transmission", "Déclaration de transmission", "Testament"))
        remark = self._pick.choice((None, "Ptie indivise", "Succession"))
        self._add(nature, [(dead, "décédé"), (heir, "légataire")], remark)
        self._owners = (heir,)

    def _donation(self) -> None:
        giver = self._owners[0]
        receiver = _kin(giver, self._pick) if "," in giver else names.person(self._pick)
        self._add("Donation", [*self._ours("donateur"), (receiver, "donataire")], "Avec charges")
        self._owners = (receiver,)

    def _bail(self) -> None:
        parties = [*self._ours("locateur"), (names.company(self._pick), "locataire")]
        self._add("Bail", parties, f"Durée: {self._pick.randint(2, 25)} ans")

    def _avis(self) -> None:
        nature, role = self._pick.choice(
            (
                ("Déclaration de résidence familiale", "déclarant"),
                ("Avis cadastral", "requérant"),
                ("Procès-verbal de bornage", "requérant"),
                ("Jugement", "demandeur"),
                ("Règlement", "requérant"),
            )
        )
        who = names.ville(self._circonscription) if nature == "Règlement" else self._owners[0]
        remark = self._pick.choice((None, "Et autres immeubles", f"Dossier {self._pick.randint(100, 999)}-05"))
        self._add(nature, [(who, role)], remark)

    def _note(self) -> None:
        text = self._pick.choice(
            (
                "Voir plan déposé aux archives",
                f"Ptie expropriée, voir lot {self._pick.randint(100, 999)}-{self._pick.randint(1, 40)}",
                "Correction apportée à la désignation",
                "Numérotation des lots rénovée",
            )
        )
        self._rows.append(Inscription(kind=RowKind.NOTE, date=self._today.isoformat(), remarques=text))


def _kin(person: str, pick: random.Random) -> str:
    """Someone else of the same family."""
    return f"{person.split(',', maxsplit=1)[0]}, {names.person(pick).split(', ')[1]}"
