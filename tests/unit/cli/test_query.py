"""From typed words to a search query, and the passage shown."""

from __future__ import annotations

import pytest

from registre.cli.query import join_groups, parse_query, snippet


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Hypothèque TREMBLAY", "hypotheque tremblay"),
        ('"Banque du Nord" -quittance', '"banque du nord" -quittance'),
        ("399-184", '"399 184"'),
        ("vente OU don", "vente or don"),
        ("or", '"or"'),
        ("l'hypothèque", '"l hypotheque"'),
        ("« » ; --", ""),
    ],
)
def test_words_are_folded_and_operators_kept(given, words):
    assert parse_query(given).words == words


def test_a_number_in_groups_is_also_searched_whole():
    query = parse_query("lot 2 784 195")

    assert query.words == "lot 2 784 195"
    assert query.also == "lot 2784195"
    assert "2784195" in query.numbers


@pytest.mark.parametrize(
    ("text", "joined"), [("2 784 195", "2784195"), ("12 3", "12 3"), ("rue 10 2784", "rue 10 2784")]
)
def test_only_groups_of_three_are_joined(text, joined):
    assert join_groups(text) == joined


@pytest.mark.parametrize("given", ['"mot exact"', "mot -autre"])
def test_who_asks_exactly_gets_no_guess(given):
    assert parse_query(given).beginnings == ""


def test_a_passage_marks_words_whatever_their_accents_and_numbers_however_grouped():
    text = f"{'avant ' * 60}l'Hypothèque  numéro 24 561 832 au profit de{' après' * 60}"

    passage = snippet(text, ["hypothequ", "24561832"], "hypotheque 24561832")

    assert [passage.text[start:end] for start, end in passage.marks] == ["l'Hypothèque", "24 561 832"]
    assert passage.text.startswith("… ")
    assert passage.text.endswith(" …")
    assert len(passage.text) < 260


def test_a_number_inside_a_longer_one_is_not_marked():
    assert snippet("lot 12 784 195 000", ["784195"], "784195").marks == ()


def test_a_page_without_the_words_shows_its_beginning():
    assert snippet("Index des immeubles", ["zzz"], "zzz").text == "Index des immeubles"
