"""Choosing options, and words written in the wrong field."""

from __future__ import annotations

import pytest

from registre.domain.errors import OptionAmbiguous, OptionNotFound
from registre.domain.option import Option, match_option
from registre.sites.foncier import fallback


def options(*labels: str) -> list[Option]:
    return [Option(f"{rank:06d}", label) for rank, label in enumerate(labels, start=1)]


CADASTRES = options(
    "Cadastre du Québec", "Canton d'Abercrombie", "Paroisse de Saint-Hippolyte", "Paroisse de Saint-Jérôme"
)


@pytest.mark.parametrize("name", ["Cadastre du Quebec", "québec"])
def test_cadastre_du_quebec_is_its_value_whatever_its_label(name):
    renamed = [Option("000001", "Cadastre rénové"), *CADASTRES[1:]]

    assert fallback.choose_cadastre(name, renamed).value == "000001"


def test_a_name_that_only_contains_quebec_is_not_the_cadastre_du_quebec():
    offered = [*CADASTRES, Option("009000", "Cité de Québec (quartier Saint-Roch)")]

    assert fallback.choose_cadastre("Cité de Québec (quartier Saint-Roch)", offered).value == "009000"


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("Rang 15 Canton Abercrombie", "Rang 5 Canton Abercrombie"),
        ("Rang 5 Est Canton Abercrombie", "Rang 5 Ouest Canton Abercrombie"),
        ("Rang V Canton Abercrombie", "Rang IV Canton Abercrombie"),
        ("Bonaventure 3", "Bonaventure 1"),
    ],
)
def test_a_number_or_a_compass_word_is_never_a_typing_error(wanted, label):
    with pytest.raises(OptionNotFound):
        match_option(wanted, options(label), what="Désignation secondaire")


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("Saint-Anne-des-Monts", "Sainte-Anne-des-Monts"),
        ("rang 5 canton abercrombie", "Rang 5 Canton Abercrombie"),
        ("Rang 5", "Rang 5 Canton Abercrombie"),
        ("St-Bruno", "Paroisse de Saint-Bruno"),
    ],
)
def test_typing_errors_and_shortened_names_are_understood(wanted, label):
    offered = [*options(label), Option("9", "Terrebonne")]

    assert match_option(wanted, offered, what="Nom").label == label


def test_half_a_name_is_ambiguous_not_the_first_one():
    with pytest.raises(OptionAmbiguous):
        match_option("Lac-Saint-Jean", options("Lac-Saint-Jean-Est", "Lac-Saint-Jean-Ouest"), what="Nom")


def test_a_cadastre_written_in_the_designation_is_found_with_what_is_left():
    found = fallback.candidates(
        "Cadastre du Québec", "Rang 5 Canton Abercrombie Paroisse de Saint-Hippolyte", CADASTRES
    )

    by_name = {candidate.cadastre.label: candidate.designations for candidate in found}
    assert "rang 5 canton abercrombie" in by_name["Paroisse de Saint-Hippolyte"]
    assert "Paroisse de Saint-Jérôme" not in by_name


def test_a_designation_written_in_the_cadastre_is_found():
    (found,) = fallback.candidates("Paroisse de Saint-Hippolyte, rang 5", "", CADASTRES)

    assert found.cadastre.label == "Paroisse de Saint-Hippolyte"
    assert fallback.match_designation(found.designations, options("Rang 4", "Rang 5")) == Option("000002", "Rang 5")


def test_words_that_name_no_cadastre_give_none():
    assert fallback.candidates("WRONG_CADASTRE", "", CADASTRES) == []


def test_a_name_inside_a_longer_one_is_not_a_second_candidate():
    offered = options("Paroisse de Saint-Jean", "Paroisse de Saint-Jean-Baptiste")

    found = fallback.candidates("", "Paroisse de Saint-Jean-Baptiste", offered)

    assert [candidate.cadastre.label for candidate in found] == ["Paroisse de Saint-Jean-Baptiste"]


def test_a_designation_that_names_several_is_ambiguous():
    with pytest.raises(OptionAmbiguous):
        fallback.match_designation(["Rang 5"], options("Rang 5 Canton A", "Rang 5 Canton B"))


def test_a_designation_nobody_offers_is_none():
    assert fallback.match_designation(["Rang 9"], options("Rang 5 Canton A")) is None
