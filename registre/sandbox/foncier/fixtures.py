"""The lots, actes and plans tests and demos name, then generated ones to fill the registry."""

from __future__ import annotations

from collections.abc import Sequence

from registre.sandbox.foncier.model import Acte, Fiche, Plan, PlanVersion
from registre.sandbox.foncier.places import CADASTRE_DU_QUEBEC


def all_fiches() -> tuple[Fiche, ...]:
    """Every fiche."""
    return (Fiche("Montréal", CADASTRE_DU_QUEBEC, None, "2784195", True, (), None, "2004-05-17", "modern", None),)


def all_actes(fiches: Sequence[Fiche]) -> tuple[Acte, ...]:
    """Every acte."""
    del fiches
    return (Acte("Montréal", "Acte", "25616321", "2020-08-14", False, False, "Vente", (), ("2784195",), None, 2, None),)


def all_plans() -> tuple[Plan, ...]:
    """Every plan."""
    versions = (PlanVersion("Plan du lot", "2001-04-02"),)
    return (Plan("Montréal", CADASTRE_DU_QUEBEC, None, "2784195", versions, True, False, None),)


def similar_numbers(circonscription: str, type_acte: str, numero: str) -> tuple[str, ...]:
    """Numbers the site proposes for this search, in its order."""
    del circonscription, type_acte, numero
    return ()
