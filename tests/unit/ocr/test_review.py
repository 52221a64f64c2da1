"""A person's word on a field: laid, found again after a new reading, taken back; and never on the wrong row."""

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
from registre.ocr.accord.checks import doubt_lot
from registre.ocr.accord.review import lay, readings_of, take_back
from registre.ocr.accord.why import why, why_text
from registre.ocr.document import check_rows
from registre.shapes import to_json

_AT = datetime(2026, 11, 22, tzinfo=UTC)


def row(numero: str | None, date: str | None = "2001-05-04", **fields: Any) -> Inscription:
    given = {"nature": "Vente", "parties": (Partie("GERVAIS, ZOÉ", "acquéreur"),), **fields}
    return Inscription(RowKind.INSCRIPTION, date, numero, **given)


DISPUTED = row(
    "10222888",
    uncertain=("numero",),
    witnesses={"numero": ("rapidocr",), "date": ("rapidocr", "gemini")},
    others={"numero": {"gemini": "10222883"}},
)
ROWS = (row("10111777", "1999-01-02"), DISPUTED, row("10333999", "2002-02-03", nature="Hypothèque"))


#: Where it stands on the paper, whatever is read there.
BOX = {"row": (0.1, 0.30, 0.9, 0.32)}


def page(*rows: Inscription, **fields: Any) -> PageReading:
    return PageReading(1, PageState.READ, "rapidocr+gemini", "1", rows=rows, **fields)


def said(value: Any, *, field: str = "numero", place: int | None = 1, before: Any = DISPUTED, id: int = 1) -> Review:
    readings = {"rapidocr": "10222888", "gemini": "10222883"} if field == "numero" else {}
    return Review(id, UUID(int=1), 1, place, field, readings, value, "A. Roy", _AT, to_json(before), True)


def test_a_third_value_has_the_person_as_its_only_witness_and_keeps_both_readings():
    (laid,) = lay([page(*ROWS)], [said("10222838")]).pages
    told = laid.rows[1]
    assert (told.numero, told.uncertain) == ("10222838", ())
    assert told.witnesses["numero"] == ("person:A. Roy",)
    assert told.others["numero"] == {"rapidocr": "10222888", "gemini": "10222883"}
    assert laid.rows[0] == ROWS[0]
    assert told.is_settled("numero")
    assert not told.is_settled("date")


def test_the_reader_who_was_right_is_a_witness_beside_the_person():
    (laid,) = lay([page(*ROWS)], [said("10222883")]).pages
    assert laid.rows[1].witnesses["numero"] == ("person:A. Roy", "gemini")
    assert laid.rows[1].others["numero"] == {"rapidocr": "10222888"}


def test_no_check_doubts_what_a_person_settled():
    """Far out of order, and said to be so."""
    (laid,) = check_rows(lay([page(*ROWS)], [said("99999999")]).pages)
    assert laid.rows[1].uncertain == ()
    assert (
        "numero"
        in check_rows([page(*(replace(r, numero="99999999") if r is DISPUTED else r for r in ROWS))])[0]
        .rows[1]
        .uncertain
    )


def test_what_nobody_can_read_stays_doubted_and_says_who_looked():
    (laid,) = lay([page(*ROWS)], [said(ILLEGIBLE)]).pages
    told = laid.rows[1]
    assert (told.numero, told.uncertain) == ("10222888", ("numero",))
    assert told.others["numero"]["person:A. Roy"] == ILLEGIBLE


@pytest.mark.parametrize(
    "fresh",
    [
        DISPUTED,
        replace(DISPUTED, numero="10222838", uncertain=(), others={}),
        replace(DISPUTED, numero="10222898", others={}, places=BOX),
        replace(DISPUTED, numero=None, nature=None, places=BOX),
        replace(DISPUTED, date="2001-05-09", numero="10222883"),
        replace(DISPUTED, parties=(Partie("GERVAIS, ZOE"),), numero="10222883"),
    ],
    ids=["same", "now right", "otherwise wrong", "hardly read", "date otherwise", "name otherwise"],
)
def test_the_word_survives_a_new_reading_of_its_row(fresh):
    """Whatever the new reading makes of the row, and wherever it now stands on the page."""
    note = Inscription(RowKind.NOTE, raw="Concordance")
    before = replace(DISPUTED, places=BOX) if fresh.places else DISPUTED
    laid = lay([page(note, ROWS[0], fresh, ROWS[2])], [said("10222838", before=before)])
    assert laid.found == {1}
    assert laid.pages[0].rows[2].numero == "10222838"
    assert laid.pages[0].rows[2].uncertain == ()


def test_a_word_whose_row_is_gone_is_lost_and_laid_on_no_other():
    laid = lay([page(ROWS[0], ROWS[2])], [said("10222838")])
    assert (laid.lost, laid.found) == ({1}, frozenset())
    assert laid.pages == (page(ROWS[0], ROWS[2]),)
    assert lay([], [said("10222838")]).lost == {1}


def test_rows_that_cannot_be_told_apart_get_no_word_unless_their_place_tells():
    twins = (DISPUTED, replace(DISPUTED, raw="b"))
    assert lay([page(*ROWS[:1], *twins)], [said("10222838")]).pages[0].rows[1].numero == "10222838"
    moved = lay([page(*ROWS[:1], ROWS[2], *twins)], [said("10222838")])
    assert moved.lost == {1}
    here = replace(DISPUTED, places=BOX)
    below = replace(DISPUTED, places={"row": (0.1, 0.5, 0.9, 0.52)})
    placed = lay([page(below, ROWS[0], here)], [said("10222838", before=here)])
    assert placed.pages[0].rows[2].numero == "10222838"


@pytest.mark.parametrize("value", ["10222838", "10222888", None, ILLEGIBLE])
def test_laying_twice_is_laying_once(value):
    once = lay([page(*ROWS)], [said(value)]).pages
    assert lay(once, [said(value)]).pages == once


@pytest.mark.parametrize("value", ["10222838", "10222888", None, ILLEGIBLE])
def test_taking_back_restores_value_witnesses_and_doubt(value):
    (laid,) = lay([page(*ROWS)], [said(value)]).pages
    assert take_back(laid, said(value)) == page(*ROWS)


def test_a_row_that_is_not_there_goes_and_comes_back():
    invented = row("77777777", uncertain=("row",))
    before = page(*ROWS, invented)
    word = said(False, field="row", place=3, before=invented)
    (laid,) = lay([before], [word]).pages
    assert laid.rows == ROWS
    assert lay([laid], [word]).found == {1}
    assert take_back(laid, word) == before
    (kept,) = lay([before], [replace(word, value=True)]).pages
    assert (kept.rows[3].uncertain, kept.rows[3].is_settled("row")) == ((), True)


def test_parties_and_radiations_come_back_as_the_domain_has_them():
    word = said([{"nom": "O'BRIEN, NOËL", "qualite": None}], field="parties")
    other = said(["T 10333999"], field="radiations", id=2)
    (laid,) = lay([page(*ROWS)], [word, other]).pages
    assert laid.rows[1].parties == (Partie("O'BRIEN, NOËL"),)
    assert laid.rows[1].radiations == ("T 10333999",)


def test_a_figure_of_the_text_is_settled_and_comes_back():
    doubt = Doubt("250 000,00", "260 000,00", "Le prix de 250 000,00 $ payé le 12 mars")
    text = "Le prix de 250 000,00 $ payé le 12 mars 2004"
    before = page(text=text, doubts=(doubt,))
    word = said("260 000,00", field="texte", place=None, before=doubt)
    (laid,) = lay([before], [word]).pages
    assert (laid.doubts, laid.text) == ((), text)
    assert take_back(laid, word) == before
    # read anew, the readers agree on the wrong figure: the word still has its place
    assert lay([page(text=text)], [word]).found == {1}
    assert lay([page(text="Une autre page, sans aucun prix")], [word]).lost == {1}
    assert lay([before], [replace(word, value=ILLEGIBLE)]).pages == (before,)


def test_readings_name_every_reader_but_no_person():
    assert readings_of(page(*ROWS), 1, "numero") == {"rapidocr": "10222888", "gemini": "10222883"}
    assert readings_of(page(*ROWS), 1, "nature") == {"rapidocr": "Vente"}
    (laid,) = lay([page(*ROWS)], [said("10222838")]).pages
    assert readings_of(laid, 1, "numero") == {"rapidocr": "10222888", "gemini": "10222883"}


def test_reasons_are_told():
    rows = (row("1001", "2001-01-01"), row("9002", "2001-02-01", radiations=("T 5",)), row("1003", "2001-03-01"))
    assert "ordre croissant" in why(rows, 1, "numero")
    assert "aucune ligne" in why(rows, 1, "radiations")
    assert why(rows, 1, "nature") == "lu sans certitude"
    assert "ne s'accordent pas" in why(ROWS, 1, "numero")
    assert "un seul lecteur" in why(rows, 1, "row")
    assert "deux dates" in why((row("1001", "2001-01-01"), row("1001", "2001-02-01")), 0, "numero")
    assert "manque" in why_text(Doubt(None, None, "12 lignes comptées"))


@pytest.mark.parametrize(
    ("header", "ordered", "doubted"),
    [
        ({"lot": "2784195"}, "2784195", False),
        ({"lot": "1358", "subdivision": "176"}, "1358-176", False),
        ({}, "2784195", False),
        ({"lot": "2784196"}, "2784195", True),
        ({"lot": "LOT INCONNU ?"}, "2784195", True),
    ],
)
def test_the_lot_of_a_header_is_one_and_the_one_ordered(header, ordered, doubted):
    checked = doubt_lot(page(header=header), ordered)
    assert [doubt.field for doubt in checked.doubts] == (["lot"] if doubted else [])
    assert doubt_lot(checked, ordered) == checked


@given(
    st.lists(st.integers(4_000_000, 4_000_999), min_size=1, max_size=12, unique=True),
    st.booleans(),
    st.data(),
)
def test_a_word_is_never_laid_on_another_row(numbers, placed, data):
    """Rows alike in all but their number, one of them dropped by the new reading."""
    boxes = [{"row": (0.1, 0.02 * line, 0.9, 0.02 * line + 0.015)} if placed else {} for line in range(len(numbers))]
    rows = [row(str(number), places=box) for number, box in zip(sorted(numbers), boxes, strict=True)]
    place = data.draw(st.integers(0, len(rows) - 1))
    word = said("4999111", place=place, before=rows[place])
    fresh = [*rows[:place], *rows[place + 1 :]] if data.draw(st.booleans()) else rows
    (laid,) = lay([page(*fresh)], [word]).pages
    changed = [old for old, new in zip(fresh, laid.rows, strict=True) if old != new]
    assert changed in ([], [rows[place]])
