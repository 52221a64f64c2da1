"""From a row, and the rows around it, to the set of clues that the rules speak about. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from registre.domain.reading import Inscription, Partie
from registre.domain.text import digits, fold
from registre.ocr.correction.lexicon import lexicon
from registre.ocr.index.fields import NUMBER_DIGITS

#: Dollars, cents left out.
_AMOUNT: Final = re.compile(r"(\d[\d \u00a0]*\d)(?:,\d\d)? ?\$")
#: Dollars from which an amount is a company's rather than a household's.
_LARGE: Final = 1_000_000
#: `NOM, PRÉNOM`; organisations print without a comma.
_PERSON: Final = re.compile(r"^[^,\d]+, [^,\d]+$")
#: Years in which the power network was built over private land.
_NETWORK_ERA: Final = range(1945, 1986)
#: Days around a deposit of plan in which rows belong to the renovation.
_RENOVATION: Final = 90
_CORPORATION: Final = re.compile(r"\b(inc|ltee|ltd|limitee|enr|senc|s e n c|compagnie|societe)\b")


class History:
    """A document's rows, and what each lets be said of each other."""

    def __init__(self, rows: Sequence[Inscription]) -> None:
        self.rows = rows
        self._family = [lexicon().nature(row.nature) for row in rows]
        self._creditors = [_creditors(row) for row in rows]
        self._number = [digits(row.numero or "") for row in rows]
        self._strikes = [{digits(item) for item in row.radiations} for row in rows]
        self._date = [_date(row.date) for row in rows]
        self._plans = [day for day, family in zip(self._date, self._family, strict=True) if family == "dépôt de plan"]

    def clues(self, index: int) -> frozenset[str]:
        """All that can be said of row `index`."""
        return frozenset((*_own(self.rows[index]), *self._linked(index), *self._earlier(index), *self._near(index)))

    def _linked(self, index: int) -> Iterator[str]:
        """Rows that this one strikes out, and rows that it struck out as their radiation says."""
        for place, family in enumerate(self._family):
            if place == index:
                continue
            shared = bool(self._creditors[index] & self._creditors[place])
            if self._number[place] and self._number[place] in self._strikes[index]:
                yield f"radiates:{family}"
                if shared:
                    yield "radiates:same_bank"
            if self._number[index] and self._number[index] in self._strikes[place]:
                yield "radiated_by_me:any"
                yield f"linked:{family}"
                if shared:
                    yield "linked:same_creditor"

    def _earlier(self, index: int) -> Iterator[str]:
        for place in range(index):
            yield f"earlier:{self._family[place]}"
            if self._family[place] == "hypothèque" and self._creditors[index] & self._creditors[place]:
                yield "earlier:same_creditor"

    def _near(self, index: int) -> Iterator[str]:
        day = self._date[index]
        plans = self._plans if self._family[index] != "dépôt de plan" else []
        if day and any(plan and abs((day - plan).days) <= _RENOVATION for plan in plans):
            yield "near_date:dépôt de plan"


def _own(row: Inscription) -> Iterator[str]:
    yield from _nature(row)
    yield from _parties(row)
    yield from _words(row)
    yield from _roles(row)
    if len(digits(row.numero or "")) in NUMBER_DIGITS and "numero" not in row.uncertain:
        yield "number"
    if row.date and int(row.date[:4]) in _NETWORK_ERA:
        yield "date:network_era"
    if not row.radiations:
        yield "radiation:none"
    if re.search(r"\bref\b", fold(row.raw)):
        yield "radiation:ref"


def _nature(row: Inscription) -> Iterator[str]:
    family = lexicon().nature(row.nature)
    if family is not None:
        yield f"nature:{family}"
    if family is None or "nature" in row.uncertain:
        yield "nature:unsure"


def _parties(row: Inscription) -> Iterator[str]:
    people = sum(_is_person(partie) for partie in row.parties)
    known = {found[0].id for partie in row.parties if (found := lexicon().named(partie.nom)) is not None}
    for partie in row.parties:
        yield from _party(partie)
    if people:
        yield "person"
    if row.parties and people == len(row.parties):
        yield "persons:only"
    if len(known) == 1:
        yield "institutions:one"
    if row.parties and "parties" not in row.uncertain:
        yield "parties:clear"


def _party(partie: Partie) -> Iterator[str]:
    known = lexicon().named(partie.nom)
    if known is not None:
        entity, by_alias = known
        yield f"party:{entity.id}"
        yield f"kind:{entity.kind}"
        if by_alias:
            yield f"alias:{entity.id}"
    elif (near := lexicon().nearly(partie.nom)) is not None:
        yield f"near:{near.id}"
    if _CORPORATION.search(fold(partie.nom)):
        yield "corporation"


def _is_person(partie: Partie) -> bool:
    known = lexicon().named(partie.nom) or lexicon().nearly(partie.nom)
    return known is None and _PERSON.match(partie.nom) is not None


def _words(row: Inscription) -> Iterator[str]:
    folded = f" {fold(' '.join(filter(None, (row.remarques, *(p.nom for p in row.parties)))))} "
    for group, words in lexicon().words.items():
        if any(f" {word} " in folded for word in words):
            yield f"words:{group}"
    amounts = [int(digits(found)) for found in _AMOUNT.findall(row.remarques or "")]
    if amounts:
        yield "amount"
        if max(amounts) >= _LARGE:
            yield "amount:large"


def _roles(row: Inscription) -> Iterator[str]:
    roles = {fold(partie.qualite or ""): lexicon().named(partie.nom) for partie in row.parties if partie.qualite}
    for role in roles:
        yield f"role:{role}"
    if "creancier" in roles and "debiteur" in roles:
        yield "roles:credit"
    if "vendeur" in roles and roles.keys() & {"acquereur", "acheteur"}:
        yield "roles:sale"
    ceded = roles.get("cessionnaire")
    if "cedant" in roles and ceded is not None and ceded[0].kind == "utility":
        yield "roles:ceded_to_utility"


def _creditors(row: Inscription) -> frozenset[str]:
    known = [lexicon().named(partie.nom) for partie in row.parties]
    return frozenset(found[0].id for found in known if found is not None and found[0].kind in {"bank", "investor"})


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
