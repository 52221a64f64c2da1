"""The matcher of names to the options a dropdown offers: it refuses rather than picks a neighbour."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registre.domain.errors import OptionAmbiguous, OptionNotFound
from registre.domain.option import Option, match_option
from registre.domain.text import fold

PLACES = (
    "Montréal",
    "Sainte-Anne-des-Monts",
    "Saint-Hyacinthe",
    "La Prairie",
    "Saint-Jean",
    "Lac-Saint-Jean-Est",
    "Lac-Saint-Jean-Ouest",
    "Bonaventure 1",
    "Bonaventure 2",
    "Longueuil",
    "Rouyn-Noranda",
    "Paroisse de Saint-Bruno",
    "Québec",
    "Shefford",
)
BLANKS = (Option("", ""), Option("000000", "Sélectionnez"), Option("null", "Aucune"), Option("7", " - "))
OFFERED = (*BLANKS, *(Option(f"{number:02}", label) for number, label in enumerate(PLACES, 10)))


@pytest.mark.parametrize(
    ("wanted", "label"),
    [
        ("Montréal", "Montréal"),
        ("montreal", "Montréal"),
        ("  MONTRÉAL ", "Montréal"),
        ("Saint-Anne-des-Monts", "Sainte-Anne-des-Monts"),
        ("St-Hyacinthe", "Saint-Hyacinthe"),
        ("ST HYACINTHE", "Saint-Hyacinthe"),
        ("Laprairie", "La Prairie"),
        ("Rouyn", "Rouyn-Noranda"),
        ("St-Bruno", "Paroisse de Saint-Bruno"),
        ("Bonaventure 1", "Bonaventure 1"),
        ("Quebec", "Québec"),
        ("Sheford", "Shefford"),
    ],
)
def test_a_name_written_as_people_write_it_finds_its_option(wanted: str, label: str) -> None:
    assert match_option(wanted, OFFERED, what="Circonscription").label == label


@pytest.mark.parametrize(
    "wanted", ["Saint-Jérôme", "Mirabel", "WRONG_CADASTRE", "avis", "Mont", "", "---", "Bonaventure 3"]
)
def test_a_name_the_site_does_not_offer_is_refused_with_the_closest_ones(wanted: str) -> None:
    with pytest.raises(OptionNotFound) as caught:
        match_option(wanted, OFFERED, what="Circonscription")
    assert type(caught.value) is OptionNotFound
    assert set(caught.value.candidates) <= set(PLACES)
    assert 1 <= len(caught.value.candidates) <= 5
    assert all(candidate in caught.value.text for candidate in caught.value.candidates)


@pytest.mark.parametrize("wanted", ["Bonaventure", "Lac-Saint-Jean", "Saint"])
def test_a_name_that_fits_several_options_is_refused_with_all_of_them(wanted: str) -> None:
    with pytest.raises(OptionAmbiguous) as caught:
        match_option(wanted, OFFERED, what="Circonscription")
    assert len(caught.value.candidates) >= 2


def test_two_options_of_the_same_folded_name_are_ambiguous_even_for_an_exact_spelling() -> None:
    with pytest.raises(OptionAmbiguous):
        match_option("Saint-Jean", [Option("1", "Saint-Jean"), Option("2", "St-Jean")], what="Circonscription")


def test_an_empty_dropdown_offers_nothing() -> None:
    with pytest.raises(OptionNotFound, match="aucun"):
        match_option("Montréal", BLANKS, what="Circonscription")


def test_part_of_a_word_is_no_containment() -> None:
    with pytest.raises(OptionNotFound):
        match_option("Mont", [Option("1", "Montréal"), Option("2", "Montmagny")], what="Circonscription")


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=20))
def test_a_blank_option_is_never_chosen(wanted: str) -> None:
    try:
        chosen = match_option(wanted, OFFERED, what="Circonscription")
    except OptionNotFound:
        return
    assert chosen.label in PLACES


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PLACES), st.randoms(use_true_random=False))
def test_every_option_is_found_by_its_own_name_in_any_case_and_order(label: str, random) -> None:
    offered = list(OFFERED)
    random.shuffle(offered)
    assert match_option(label.swapcase(), offered, what="Circonscription").label == label
    assert fold(match_option(fold(label), offered, what="Circonscription").label) == fold(label)
