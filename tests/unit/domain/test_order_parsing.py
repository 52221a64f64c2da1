"""Orders as they come in: every misuse is refused in one sentence, every well-formed one keeps its meaning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registre.domain.errors import InvalidRequest
from registre.domain.request import DocumentKind, Request, TypeActe, normalize_number, number_in, parse_request

INDEX = {
    "document_source": "index",
    "document_number": "2 784 195",
    "circonscription_fonciere": "Montréal",
    "cadastre": "Cadastre du Québec",
}
ACTE = {
    "document_source": "acte",
    "document_number": "25616321",
    "circonscription_fonciere": "Montréal",
    "acte_type": "Acte",
}


def test_an_index_order_is_taken_as_written_but_for_the_spaces_of_its_number() -> None:
    assert parse_request(INDEX) == Request(DocumentKind.INDEX, "2784195", "Montréal", "Cadastre du Québec")


def test_a_plan_order_is_an_index_order_of_another_kind() -> None:
    assert parse_request({**INDEX, "document_source": "plan_cadastraux"}).kind is DocumentKind.PLAN


@pytest.mark.parametrize("number", ["2784195", "399-184", "10a-77", "PC-12345", "399–184", "12\u00a0345", "1"])
def test_a_lot_number_may_have_the_forms_people_type(number: str) -> None:
    assert parse_request({**INDEX, "document_number": number}).number == normalize_number(number)


def test_the_normalised_number_of_the_row_wins_over_the_typed_one() -> None:
    row = {**INDEX, "document_number": "lot deux", "document_number_normalized": "399-184"}
    assert parse_request(row).number == "399-184"


def test_an_empty_secondary_designation_is_none() -> None:
    assert parse_request({**INDEX, "designation_secondaire": "  "}).designation_secondaire is None
    assert parse_request({**INDEX, "designation_secondaire": "Rang 4"}).designation_secondaire == "Rang 4"


@pytest.mark.parametrize(
    ("given_type", "type_acte"),
    [
        ("Acte", TypeActe.ACTE),
        ("acte", TypeActe.ACTE),
        ("ACTE DIVERS", TypeActe.ACTE_DIVERS),
        ("Avis d’adresse", TypeActe.AVIS_ADRESSE),
        ("avis", TypeActe.AVIS_ADRESSE),
        ("radiation", TypeActe.RADIATION),
        ("Radiations", TypeActe.RADIATION),
    ],
)
def test_the_type_of_an_acte_is_understood_as_people_write_it(given_type: str, type_acte: TypeActe) -> None:
    assert parse_request({**ACTE, "acte_type": given_type}).type_acte is type_acte


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({}, "document_source"),
        ({**INDEX, "document_source": None}, "document_source"),
        ({**INDEX, "document_source": "Index"}, "document_source"),
        ({**INDEX, "document_source": "plan"}, "document_source"),
        ({**INDEX, "circonscription_fonciere": None}, "circonscription"),
        ({**INDEX, "circonscription_fonciere": "   "}, "circonscription"),
        ({**INDEX, "document_number": ""}, "numéro"),
        ({**INDEX, "document_number": None}, "numéro"),
        ({**INDEX, "document_number": " \t\u00a0"}, "numéro"),
        ({**INDEX, "document_number": "ABC"}, "ABC"),
        ({**INDEX, "document_number": "2784195; DROP TABLE"}, "lot"),
        ({**INDEX, "document_number": "-399"}, "lot"),
        ({**INDEX, "document_number": "399--184"}, "lot"),
        ({**INDEX, "document_number": "399/184"}, "lot"),
        ({**INDEX, "document_number": "2784195\x00"}, "lot"),
        ({**INDEX, "document_number": "٢٧٨٤"}, "lot"),
        ({**INDEX, "cadastre": None}, "cadastre"),
        ({**INDEX, "document_source": "plan_cadastraux", "cadastre": ""}, "cadastre"),
        ({**ACTE, "acte_type": None}, "type d'acte"),
        ({**ACTE, "acte_type": "Hypothèque"}, "Hypothèque"),
        ({**ACTE, "acte_type": "0"}, "Type d'acte"),
        ({**ACTE, "document_number": "ABC123"}, "inscription"),
        ({**ACTE, "document_number": "123"}, "inscription"),
        ({**ACTE, "document_number": "12345678901234"}, "inscription"),
        ({**ACTE, "document_number": "٢٧٨٤١٩٥"}, "inscription"),
        ({**ACTE, "document_number": "25616321-"}, "inscription"),
    ],
)
def test_a_misused_order_is_refused_and_the_sentence_names_the_fault(row: dict, word: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_request(row)
    assert word.lower() in caught.value.text.lower()


@given(
    st.dictionaries(
        st.sampled_from([*INDEX, "acte_type", "designation_secondaire", "document_number_normalized"]),
        st.one_of(
            st.none(), st.text(max_size=20), st.integers(), st.sampled_from(["index", "acte", "Acte", "Montréal"])
        ),
    )
)
def test_whatever_a_row_holds_the_answer_is_a_request_or_a_refusal(row: dict) -> None:
    try:
        request = parse_request(row)
    except InvalidRequest:
        return
    assert any(character.isdigit() for character in request.number)
    assert request.circonscription.strip()


@given(st.sampled_from(["montréal", "Montreal", " MONTRÉAL", "Montréal "]), st.sampled_from(["2784195", "2 784 195"]))
def test_the_same_wish_in_other_spelling_has_the_same_key(place: str, number: str) -> None:
    row = {**INDEX, "circonscription_fonciere": place, "document_number": number}
    assert parse_request(row).key == parse_request(INDEX).key


@pytest.mark.parametrize(
    "change",
    [
        {"document_number": "2784196"},
        {"circonscription_fonciere": "Québec"},
        {"cadastre": "Paroisse de Saint-Bruno"},
        {"designation_secondaire": "Rang 4"},
        {"document_source": "plan_cadastraux"},
    ],
)
def test_another_wish_has_another_key(change: dict) -> None:
    assert parse_request({**INDEX, **change}).key != parse_request(INDEX).key


@pytest.mark.parametrize(
    ("number", "text", "found"),
    [
        ("2784195", "Index du lot 2784195", True),
        ("2784195", "Index du lot 2 784 195 du cadastre", True),
        ("2784195", "lot 2\u00a0784\u00a0195.", True),
        ("2 784 195", "lot 2784195", True),
        ("2784195", "lot 12784195", False),
        ("2784195", "lot 27841950", False),
        ("2784195", "lot 2784195A", False),
        ("2784195", "", False),
        ("10A-77", "le lot 10a-77", True),
        ("399-184", "lot 399-1845", False),
        ("399-184", "lot 399 184", False),
        ("1", "page 21", False),
        ("1.1", "1x1", False),
    ],
)
def test_a_number_counts_as_seen_only_when_it_stands_alone(number: str, text: str, found: bool) -> None:
    assert number_in(number, text) is found


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"[0-9A-Z]{1,4}(-[0-9]{1,4})?", fullmatch=True), st.sampled_from([" ", ",", "(", "\n"]))
def test_a_number_is_seen_in_its_own_grouped_spelling(number: str, edge: str) -> None:
    assert number_in(number, f"avant{edge}{' '.join(number)}{edge}après")
