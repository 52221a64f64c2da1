"""The replica land registry's holdings and the exact look-ups its forms make."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from registre.sandbox.foncier import places
from registre.sandbox.foncier.holdings.actes import all_actes, similar_numbers
from registre.sandbox.foncier.holdings.fiches import all_fiches
from registre.sandbox.foncier.holdings.plans import all_plans
from registre.sandbox.foncier.model import Acte, Document, Fiche, Plan, PlanVersion, Scan

__all__ = ["Acte", "Catalogue", "Document", "Fiche", "Plan", "PlanVersion", "Scan", "catalogue"]

_LotKey = tuple[str, str, str | None, str]


class Catalogue:
    """Everything the replica can deliver. Names are compared exactly, lots and numbers without spaces."""

    def __init__(self, fiches: Sequence[Fiche], actes: Sequence[Acte], plans: Sequence[Plan]) -> None:
        self.circonscriptions: tuple[str, ...] = places.CIRCONSCRIPTIONS
        self.fiches: tuple[Fiche, ...] = tuple(fiches)
        self.actes: tuple[Acte, ...] = tuple(actes)
        self.plans: tuple[Plan, ...] = tuple(plans)
        self._fiche_by_key = {
            _lot_key(f.circonscription, f.cadastre, f.designation_secondaire, f.lot): f for f in fiches
        }
        self._plan_by_key = {_lot_key(p.circonscription, p.cadastre, p.designation_secondaire, p.lot): p for p in plans}
        self._acte_by_key = {(a.circonscription, a.type_acte, a.numero): a for a in actes}

    def cadastres(self, circonscription: str) -> tuple[str, ...]:
        """Cadastres offered, Cadastre du Québec first; empty for an unknown circonscription."""
        return places.cadastres(circonscription)

    def designations(self, circonscription: str, cadastre: str) -> tuple[str, ...]:
        """Désignations secondaires offered; usually none."""
        return places.designations(circonscription, cadastre)

    def find_fiche(
        self, circonscription: str, cadastre: str, designation_secondaire: str | None, lot: str
    ) -> Fiche | None:
        """The lot's index; None unless every name is exact and the désignation is given where the lot needs one."""
        return self._fiche_by_key.get(_lot_key(circonscription, cadastre, designation_secondaire, lot))

    def find_plan(
        self, circonscription: str, cadastre: str, designation_secondaire: str | None, lot: str
    ) -> Plan | None:
        """The lot's plans, same rules as `find_fiche`."""
        return self._plan_by_key.get(_lot_key(circonscription, cadastre, designation_secondaire, lot))

    def find_acte(self, circonscription: str, type_acte: str, numero: str) -> Acte | None:
        """The acte of exactly this type and number, paper-only ones included."""
        return self._acte_by_key.get((circonscription, type_acte, _squeeze(numero)))

    def similar_actes(self, circonscription: str, type_acte: str, numero: str) -> tuple[Acte, ...]:
        """What the site proposes instead of a direct answer; may hold the exact number. Empty: it proposes nothing."""
        numbers = similar_numbers(circonscription, type_acte, _squeeze(numero))
        return tuple(self._acte_by_key[(circonscription, type_acte, number)] for number in numbers)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The one catalogue; the same in every process."""
    fiches = all_fiches()
    return Catalogue(fiches, all_actes(fiches), all_plans())


def _lot_key(circonscription: str, cadastre: str, designation_secondaire: str | None, lot: str) -> _LotKey:
    return circonscription, cadastre, designation_secondaire or None, _squeeze(lot)


def _squeeze(text: str) -> str:
    return "".join(text.split())
