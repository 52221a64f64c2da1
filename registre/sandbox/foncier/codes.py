"""Values behind the labels of the dropdowns. Only NULL, 000000, 000001 and A are known; the rest is invented."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registre.domain.request import TypeActe
from registre.sandbox.foncier.catalogue import Catalogue
from registre.sandbox.foncier.options import Options

NO_CIRCONSCRIPTION: Final = "NULL"
NO_CADASTRE: Final = "000000"
NO_DESIGNATION: Final = "A"
CADASTRE_DU_QUEBEC: Final = "Cadastre du Québec"
CADASTRE_DU_QUEBEC_CODE: Final = "000001"


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a dropdown."""

    value: str
    label: str
    #: the registry's own name, whatever the label says; None where nothing is chosen
    name: str | None


def circonscriptions(holdings: Catalogue, options: Options) -> list[Choice]:
    """The blank one, then all."""
    names = [(f"{rank:03d}", name) for rank, name in enumerate(holdings.circonscriptions, start=1)]
    return [Choice(NO_CIRCONSCRIPTION, options.blank_label, None), *_choices(names, options)]


def cadastres(holdings: Catalogue, options: Options, circonscription: str | None) -> list[Choice]:
    """The blank one, Cadastre du Québec, then the circonscription's own."""
    names = [(CADASTRE_DU_QUEBEC_CODE, CADASTRE_DU_QUEBEC)]
    if circonscription:
        first = 1000 * (1 + holdings.circonscriptions.index(circonscription))
        own = [name for name in holdings.cadastres(circonscription) if name != CADASTRE_DU_QUEBEC]
        names += [(f"{first + 10 * rank:06d}", name) for rank, name in enumerate(own, start=1)]
    return [Choice(NO_CADASTRE, options.blank_label, None), *_choices(names, options)]


def designations(
    holdings: Catalogue, options: Options, circonscription: str | None, cadastre: str | None
) -> list[Choice]:
    """Empty where the cadastre has none, else the choice that stands for none comes first."""
    if not circonscription or not cadastre:
        return []
    names = [(f"{rank:04d}", name) for rank, name in enumerate(holdings.designations(circonscription, cadastre), 1)]
    return [Choice(NO_DESIGNATION, "Sans désignation secondaire", None), *_choices(names, options)] if names else []


def types_acte(options: Options) -> list[Choice]:
    """The blank one, then the four kinds of published document, 1 to 4."""
    names = [(str(rank), kind.value) for rank, kind in enumerate(TypeActe, start=1)]
    return [Choice(NO_CIRCONSCRIPTION, options.blank_label, None), *_choices(names, options)]


def chosen(choices: Sequence[Choice], value: str | None) -> Choice | None:
    """The choice of this value; None for one the list does not offer."""
    return next((choice for choice in choices if choice.value == value), None)


def spaced(number: str) -> str:
    """Digits in groups of three, as the site writes them; anything else unchanged."""
    return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", " ", number) if number.isdigit() else number


def _choices(names: Sequence[tuple[str, str]], options: Options) -> list[Choice]:
    choices = [Choice(value, options.renamed_options.get(name, name), name) for value, name in names]
    return choices[::-1] if options.reversed_options else choices
