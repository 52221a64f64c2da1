"""What a person may type for a field, and the corrected copy that their words make."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.domain.reading import ILLEGIBLE, Doubt, Inscription, PageReading, PageState, Partie, RowKind
from registre.domain.review import Review
from registre.ocr.accord.answers import InvalidAnswer, parse_answer, shown
from registre.ocr.correction.spoken import spoken
from registre.ocr.correction.wording import corrected
from registre.ocr.document import join_pages
from registre.shapes import to_json


@pytest.mark.parametrize(
    ("field", "typed", "value"),
    [
        ("numero", " 4 123 456 ", "4123456"),
        ("numero", "123-456", "123-456"),
        ("numero", "-", None),
        ("date", "2004-05-17", "2004-05-17"),
        ("date", "17 mai 2004", "2004-05-17"),
        ("date", "Illisible", ILLEGIBLE),
        ("radiations", "t 12 345 678, P 9999", ["T 12345678", "P 9999"]),
        ("radiations", "aucune", []),
        ("avis_adresse", "6 012 417", "6012417"),
        ("nature", "Vente à réméré", "Vente à réméré"),
        ("nature", "-", None),
        ("parties", "O'BRIEN, NOËL (vendeur); Immeubles Clairvent inc.",
         [{"nom": "O'BRIEN, NOËL", "qualite": "vendeur"}, {"nom": "Immeubles Clairvent inc.", "qualite": None}]),
        ("row", "non", False),
        ("kind", "note", "note"),
        ("lot", "10a - 77", "10A-77"),
        ("texte", "260 000,00", "260 000,00"),
        ("texte", "-", ""),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_the_fields_value(field, typed, value):
    assert parse_answer(field, typed) == value


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("numero", "41x3456", "numéro d'inscription"),
        ("numero", "123", "numéro d'inscription"),
        ("numero", "12345678901234", "numéro d'inscription"),
        ("date", "2004-02-30", "pas une date"),
        ("date", "04-05-17", "année entière"),
        ("date", "1729-01-01", "pas une date"),
        ("radiations", "12 345 678", "radiations"),
        ("radiations", "T 12 345 678 et quoi", "radiations"),
        ("avis_adresse", "rue des Pinsons", "avis d'adresse"),
        ("parties", "(vendeur)", "pas un nom"),
        ("row", "peut-être", "oui ou non"),
        ("kind", "illisible", "inscription ou note"),
        ("lot", "lot ?", "forme d'un lot"),
        ("lot", "-", "forme d'un lot"),
        ("nature", "  ", "Rien"),
        ("nature", "x" * 2001, "plus long"),
    ],
)
def test_what_cannot_stand_there_is_refused_in_words(field, typed, told):
    with pytest.raises(InvalidAnswer, match=told):
        parse_answer(field, typed)


@given(st.sampled_from(["numero", "date", "radiations", "avis_adresse", "parties", "lot", "nature"]), st.text())
def test_whatever_is_accepted_can_be_shown_and_typed_again(field, typed):
    try:
        value = parse_answer(field, typed)
    except InvalidAnswer:
        return
    again = shown(field, value)
    assert parse_answer(field, "-" if again == "(rien)" else again) == value


AT = datetime(2026, 11, 22, tzinfo=UTC)
ROW = Inscription(
    RowKind.INSCRIPTION, "2001-05-04", "10222888", "Vente", (Partie("GERVAIS, ZOE"),), "ptie", None, ("T 15411750",),
    "2001-05-04 10 222 888 Vente GERVAIS, ZOE ptie T 15 411 750",
)  # fmt: skip
NEXT = replace(ROW, numero="10333999", raw="2002-01-01 10 333 999 Vente")


def said(field: str, value: Any, before: Any = ROW, place: int | None = 0) -> Review:
    return Review(1, UUID(int=1), 2, place, field, {}, value, "A. Roy", AT, to_json(before), True)


def copy(*reviews: Review, row: Inscription = ROW) -> str:
    first = PageReading(1, PageState.READ, "rapidocr", "1", "Index des immeubles 10 222 888")
    page = PageReading(2, PageState.READ, "rapidocr", "1", f"Date Numéro\n{row.raw}\n{NEXT.raw}", (row, NEXT))
    pages = (first, page)
    text = join_pages(pages)
    mended, corrections = corrected(text, spoken(text, pages, reviews))
    for correction in corrections:
        assert text[correction.at :].startswith(correction.before)
    assert join_pages(pages) == text
    return mended.split("--- Page 2 ---\n")[1].split("\n")[1]


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("numero", "10222838", "2001-05-04 10 222 838 Vente GERVAIS, ZOE ptie T 15 411 750"),
        ("date", "2001-05-09", "2001-05-09 10 222 888 Vente GERVAIS, ZOE ptie T 15 411 750"),
        ("radiations", ["P 15411750"], "2001-05-04 10 222 888 Vente GERVAIS, ZOE ptie P 15 411 750"),
        ("radiations", [], "2001-05-04 10 222 888 Vente GERVAIS, ZOE ptie "),
        ("avis_adresse", "6012417", "2001-05-04 10 222 888 Vente GERVAIS, ZOE ptie T 15 411 750 6 012 417"),
        ("parties", [{"nom": "GERVAIS, ZOÉ", "qualite": None}],
         "2001-05-04 10 222 888 Vente GERVAIS, ZOÉ ptie T 15 411 750"),
        ("nature", "Cession", "2001-05-04 10 222 888 Cession GERVAIS, ZOE ptie T 15 411 750"),
        ("nature", ILLEGIBLE, ROW.raw),
        ("numero", "10222888", ROW.raw),
    ],
)  # fmt: skip
def test_the_corrected_copy_says_what_the_person_said(field, value, line):
    assert copy(said(field, value)) == line


def test_a_row_that_stands_otherwise_in_the_text_gets_the_value_behind_it():
    row = replace(ROW, raw="2001-05-04 1O 222 888 Vente")
    assert copy(said("numero", "10222838", row), row=row) == "2001-05-04 1O 222 888 Vente 10 222 838"


def test_a_figure_of_running_text_is_corrected_where_its_surroundings_are():
    text = "Le prix est de 250 000,00 $ payé comptant. La somme de 250 000,00 $ portera intérêt au taux convenu."
    doubt = Doubt("250 000,00", "260 000,00", "mptant. La somme de 250 000,00 $ portera intérêt au t")
    page = PageReading(2, PageState.READ, "rapidocr", "1", text)
    joined = join_pages([page])
    mended, corrections = corrected(joined, spoken(joined, [page], [said("texte", "260 000,00", doubt, None)]))
    assert "Le prix est de 250 000,00 $" in mended
    assert "La somme de 260 000,00 $" in mended
    assert [item.kind for item in corrections] == ["personne"]
