"""The plans cadastraux: those tests name, and one for a few of the registry's lots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from registre.sandbox.foncier.model import Plan, PlanVersion, Scan
from registre.sandbox.foncier.places import CADASTRE_DU_QUEBEC

_CLEAN: Final = Scan(rotation=-0.2, noise=4.0, jpeg_quality=80)

_ASCENDING: Final = (
    PlanVersion("Plan de lotissement", "1998-07-14"),
    PlanVersion("Plan de rénovation cadastrale", "2004-11-02"),
    PlanVersion("Plan de remplacement", "2017-05-30"),
)


def all_plans() -> tuple[Plan, ...]:
    """Every plan, the named ones first."""
    return (*_named(), *_others())


def _named() -> Iterator[Plan]:
    # keys R, Q and P of the original's examples
    yield _plan("Montréal", "2784195", "2001-04-02")
    yield _plan("Montréal", "1234567", "2003-09-18")
    mirabel = (PlanVersion("Plan d'expropriation", "1969-03-27"), PlanVersion("Plan de rétrocession", "1985-12-05"))
    yield Plan("Deux-Montagnes", "Mirabel", None, "2", mirabel, actif=True, confirmation=True, scan=None)
    # several plans, oldest first and newest first
    yield Plan("Montréal", CADASTRE_DU_QUEBEC, None, "2626043", _ASCENDING, actif=True, confirmation=False, scan=None)
    yield Plan(
        "Terrebonne", CADASTRE_DU_QUEBEC, None, "2345678", _ASCENDING[::-1], actif=True, confirmation=False, scan=_CLEAN
    )
    # inactive lots still have their plan
    yield _plan("Terrebonne", "1987654", "1999-02-11", actif=False)
    inactive = (PlanVersion("Plan du lot", "1997-06-19"), PlanVersion("Plan de remplacement", "2011-08-24"))
    yield Plan("Laval", CADASTRE_DU_QUEBEC, None, "1100200", inactive, actif=False, confirmation=False, scan=None)
    # one plan, and a confirmation all the same
    yield _plan("Québec", "2880077", "2006-01-31", confirmation=True)
    yield _plan(
        "Terrebonne", "24A", "1978-10-12", "Paroisse de Saint-Hippolyte", "Rang 5 Canton Abercrombie", scan=_CLEAN
    )


def _others() -> Iterator[Plan]:
    yield _plan("Montréal", "1425100", "2000-08-22")
    yield _plan("Montréal", "1180333", "1998-03-03", scan=_CLEAN)
    yield _plan("Montréal", "1358-176", "1931-05-16", "Cité de Montréal (quartier Sainte-Marie)", scan=_CLEAN)
    yield _plan("Chambly", "399-184", "1964-09-01", "Paroisse de Saint-Bruno")
    yield _plan("Shefford", "856", "1959-11-20", "Canton d'Ely")
    yield _plan("Shefford", "856", "1962-02-14", "Canton de Roxton")
    yield _plan("Portneuf", "227", "1971-07-07", "Paroisse de Sainte-Jeanne-de-Neuville", scan=_CLEAN)
    yield _plan("Montcalm", "10A-77", "1976-04-28", "Canton de Kilkenny")
    yield _plan("Montcalm", "12", "1968-12-09", "Canton de Rawdon", "Rang 11")
    yield _plan("Laval", "4567890", "2010-10-15")
    yield _plan("Sherbrooke", "3210987", "2005-05-05")
    yield _plan("Saint-Jean", "3090415", "2007-03-23")
    yield _plan("Gaspé", "5432077", "2013-09-10", scan=_CLEAN)
    yield _plan("Sainte-Anne-des-Monts", "4276118", "2009-06-26")
    yield _plan("Bonaventure 1", "45", "1957-08-13", "Canton de Maria")
    yield _plan("Bonaventure 2", "45", "1958-01-30", "Canton de Maria")


def _plan(
    circonscription: str,
    lot: str,
    date: str,
    cadastre: str = CADASTRE_DU_QUEBEC,
    designation_secondaire: str | None = None,
    *,
    actif: bool = True,
    confirmation: bool = False,
    scan: Scan | None = None,
) -> Plan:
    versions = (PlanVersion("Plan du lot", date),)
    return Plan(circonscription, cadastre, designation_secondaire, lot, versions, actif, confirmation, scan)
