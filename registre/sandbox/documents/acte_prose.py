"""The words of an acte: notarial French put together from its data, as long as asked. Seeded, nothing of it is real."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from registre.domain.reading import Partie
from registre.sandbox.documents.acte_clauses import CLAUSES, OBJECT_OTHERWISE, OBJECTS
from registre.sandbox.foncier.holdings import names
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.foncier.model import Acte

_MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph. Styles: `title` centred capitals, `para`, `indent`, `sign` a signature line."""

    style: str
    text: str


_FEET: Final = ("nord-est", "sud-est", "sud-ouest", "nord-ouest")


class Prose:
    """An acte's text in three parts: `opening()` and `closing()` are always there, `clauses()` never runs out."""

    def __init__(self, acte: Acte) -> None:
        self._acte = acte
        self._pick = random.Random(f"prose {acte.circonscription}/{acte.type_acte}/{acte.numero}")
        self._notary = names.notary(self._pick)
        self._town = acte.circonscription.rstrip(" 12")
        self._minute = self._pick.randint(1_200, 18_900)

    def opening(self) -> list[Block]:
        """Title, notary, parties, object, immovable, sum."""
        acte = self._acte
        blocks = [Block("title", acte.nature.upper()), Block("para", self._appearance())]
        blocks.append(Block("para", "COMPARAISSENT :"))
        for qualite, group in groupby(acte.parties, key=lambda partie: partie.qualite):
            blocks += [Block("indent", self._partie(partie)) for partie in group]
            if qualite:
                blocks.append(Block("para", f"ci-après « {qualite} »;"))
        blocks.append(Block("para", "LESQUELS, pour en venir aux présentes, conviennent et déclarent ce qui suit :"))
        blocks.append(Block("heading", "OBJET"))
        blocks.append(Block("para", OBJECTS.get(acte.nature, OBJECT_OTHERWISE)))
        blocks.append(Block("heading", "DÉSIGNATION"))
        blocks += [Block("indent", self._lot(lot)) for lot in acte.lots]
        blocks.append(Block("para", f"Avec les bâtisses y érigées, sises au {names.address(self._pick)}."))
        if acte.montant:
            blocks.append(Block("heading", "PRIX" if acte.nature == "Vente" else "SOMME"))
            blocks.append(Block("para", self._sum(acte.montant)))
        return blocks

    def clauses(self) -> Iterator[list[Block]]:
        """Clauses in groups that belong together: the stock of them once, then an annex of lots without end."""
        stock = list(CLAUSES)
        self._pick.shuffle(stock)
        for title, text in stock:
            yield [Block("heading", title), Block("para", text)]
        yield [Block("heading", "ANNEXE - LISTE DES PARCELLES"), Block("para", "Font aussi l'objet des présentes :")]
        number = self._pick.randint(4_100_000, 4_900_000)
        rank = 0
        while True:
            rank += 1
            number += self._pick.randint(1, 9)
            side = self._pick.choice(_FEET)
            area = f"{grouped(str(self._pick.randint(310, 2890)))},{self._pick.randint(0, 9)} m²"
            front = f"{self._pick.randint(12, 44)},{self._pick.randint(0, 99):02d} m"
            text = f"{rank}. Le lot {grouped(str(number))}, d'une superficie de {area}, mesurant {front} au {side};"
            yield [Block("indent", text)]

    def closing(self) -> list[Block]:
        """Where, when, and who signs."""
        acte = self._acte
        when = date.fromisoformat(acte.date)
        day = "1er" if when.day == 1 else str(when.day)
        text = (
            f"DONT ACTE à {self._town}, le {day} {_MONTHS[when.month - 1]} {when.year}, sous le numéro "
            f"{grouped(str(self._minute))} des minutes du notaire soussigné. Lecture faite, les parties signent avec "
            "lui."
        )
        signatories = [signatory(partie.nom) for partie in acte.parties if "," in partie.nom][:3]
        return [Block("para", text), *(Block("sign", name) for name in (*signatories, f"{self._notary}, notaire"))]

    def _appearance(self) -> str:
        return (
            f"DEVANT {self._notary}, notaire à {self._town}, province de Québec (minute {grouped(str(self._minute))}),"
        )

    def _partie(self, partie: Partie) -> str:
        where = names.address(self._pick)
        if "," in partie.nom:
            return f"{signatory(partie.nom)}, résidant au {where}, {self._town};"
        agent = signatory(names.person(self._pick))
        return (
            f"{partie.nom}, personne morale ayant un établissement au {where}, {self._town}, agissant et représentée "
            f"par {agent}, dûment autorisé par résolution;"
        )

    def _lot(self, lot: str) -> str:
        if lot.isdigit() and len(lot) >= 7:
            known = f"le lot numéro {grouped(lot)} du cadastre du Québec"
        else:
            known = f"le lot numéro {lot} du cadastre officiel"
        where = f"circonscription foncière de {self._acte.circonscription}"
        return f"Un immeuble connu et désigné comme étant {known}, {where}."

    def _sum(self, montant: str) -> str:
        if self._acte.nature == "Vente":
            return (
                f"Cette vente est faite pour le prix de {montant}, payé comptant par l'acquéreur au vendeur, qui le "
                "reconnaît et lui en donne quittance générale et finale."
            )
        rate = f"{self._pick.randint(3, 12)},{self._pick.choice(('00', '25', '50', '75'))} %"
        return (
            f"La somme en capital est de {montant}, portant intérêt au taux de {rate} l'an, calculé semestriellement "
            "et non à l'avance, remboursable par versements mensuels égaux et consécutifs."
        )


def signatory(nom: str) -> str:
    """`PRÉFONTAINE, COLETTE` → `Colette PRÉFONTAINE`, as deeds write it; organisations unchanged."""
    surname, _, first = nom.partition(", ")
    return f"{names.titled(first)} {surname}" if first else nom
