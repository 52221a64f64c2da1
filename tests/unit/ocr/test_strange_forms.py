"""Forms that no layout of ours has: other headings, rules read as signs, rows centred on their height, several lots."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sheets import HEIGHT, LEADING, Cells, sheet, words_at

from registre.domain.reading import PageReading, PageState, Partie, RowKind
from registre.ocr.accord.checks import doubt_lot
from registre.ocr.engine.words import Line, Sheet, Word, group_lines
from registre.ocr.index.columns import find_tables
from registre.ocr.index.page import read_index
from registre.ocr.index.vocabulary import Field

XS = (30, 130, 230, 420, 600, 760, 880)
ROW = (
    "2011-03-14",
    "18 123 456",
    "CAISSE POPULAIRE DE VALMONTEL",
    "Hypothèque",
    "comptant",
    "6 012 345",
    "T 18 200 111",
)


def at(*texts: str | None) -> Cells:
    return [(x, text) for x, text in zip(XS, texts, strict=False) if text]


def fields(*headings: str) -> list[Field]:
    page = sheet([at(*headings), at(*ROW), at(*ROW), at(*ROW)])
    return [column.field for column in find_tables(_lines(page), ())[0].columns]


def _lines(page: Sheet) -> tuple[Line, ...]:
    return group_lines(page.words)


@pytest.mark.parametrize(
    "headings",
    [
        ("Présentation", "Inscription", "Titulaires", "Type d'acte", "Notes", "Avis adr.", "Radié par"),
        ("Date (aaaa-mm-jj)", "No inscr.", "Comparants", "Acte", "Rem.", "N° d'avis d'adresse", "Rad."),
        ("Date registered", "Instrument No.", "Names of parties", "Nature of the deed", "Remarks", "Notice of address",
         "Cancellations"),
    ],
)  # fmt: skip
def test_other_words_announce_the_same_columns(headings: tuple[str, ...]):
    assert fields(*headings) == [
        Field.DATE, Field.NUMERO, Field.PARTIES, Field.NATURE, Field.REMARQUES, Field.AVIS, Field.RADIATIONS
    ]  # fmt: skip


def test_pieces_of_rules_between_headings_do_not_hide_them():
    headings = [(30, "Numéro"), (100, "1"), (130, "Date"), (260, "I"), (300, "Nom des parties"), (520, "Nature")]

    assert [column.field for column in find_tables(_lines(sheet([headings])), ())[0].columns] == [
        Field.NUMERO, Field.DATE, Field.PARTIES, Field.NATURE
    ]  # fmt: skip


def test_a_number_before_a_date_whose_form_is_told_is_a_column_of_its_own():
    page = sheet([[(30, "Numéro"), (130, "Date (aaaa-mm-jj)"), (300, "Nom des parties"), (520, "Nature")]])

    assert [column.field for column in find_tables(_lines(page), ())[0].columns][:2] == [Field.NUMERO, Field.DATE]


def test_what_stands_under_an_unknown_heading_is_told_by_its_cells_and_the_parties_are_doubted():
    headings = ("Date", "Numéro", "Ayants cause", "Nature", "Remarques", "Avis d'adresse", "Radiations")
    rows = [at(*ROW[:2], f"DUFRESNE-{letter}, NOËL", *ROW[3:]) for letter in "ABC"]

    found = read_index(sheet([at(*headings), *rows])).rows

    assert found[0].parties == (Partie("DUFRESNE-A, NOËL"),)
    assert all("parties" in row.uncertain for row in found)
    assert [row.nature for row in found] == ["Hypothèque"] * 3


def modern(*rows: Cells) -> Sheet:
    headings = ("Date", "Numéro", "Nom des parties", "Nature", "Remarques", "Avis d'adresse", "Radiations")
    return sheet([at(*headings), *rows])


def test_a_note_across_the_columns_is_one_row_and_no_number():
    found = read_index(modern(at(*ROW), [(30, "RÉNOVÉ: VOIR LOT 2 538 545 DU CADASTRE DU QUÉBEC")], at(*ROW))).rows

    assert [row.kind for row in found] == [RowKind.INSCRIPTION, RowKind.NOTE, RowKind.INSCRIPTION]
    assert found[1].remarques == "RÉNOVÉ: VOIR LOT 2 538 545 DU CADASTRE DU QUÉBEC"


@pytest.mark.parametrize("printed", ["18,123,456", "18.123.456", "No 18123456"])
def test_numbers_with_marks_between_their_groups_are_sure(printed: str):
    row = read_index(modern(at("2011-03-14", printed, *ROW[2:]))).rows[0]

    assert (row.numero, "numero" in row.uncertain) == ("18123456", False)


def test_rows_whose_number_stands_in_the_middle_of_their_height_are_whole():
    words = list(modern().words)
    y = 20 + 2 * LEADING
    for index in range(4):
        first, second = f"DUFRESNE-{index}, NOËL", f"VÉZINA-{index}, ANNE"
        words += words_at(y, [(230, first)])
        words += words_at(y + LEADING / 2, [(30, "2011-03-14"), (130, f"18 123 45{index}"), (420, "Vente")])
        words += words_at(y + LEADING, [(230, second)])
        y += 2 * LEADING + 8

    found = read_index(replace(modern(), words=tuple(words))).rows

    assert [len(row.parties) for row in found] == [2, 2, 2, 2]
    assert [row.numero for row in found] == ["18123450", "18123451", "18123452", "18123453"]


@pytest.mark.parametrize(
    ("dates", "first", "doubted"),
    [
        (("03-05-2011", "14-06-2011", "25-07-2011"), "2011-05-03", False),
        (("03-05-2011", "06-14-2011", "07-25-2011"), "2011-03-05", False),
        (("03-05-2011", "14-06-2011", "07-08-2011"), "2011-05-03", True),
        (("03-05-2011", "14-06-2011", "07-25-2011"), "2011-05-03", True),
    ],
)
def test_dates_of_a_column_say_together_what_they_begin_with(dates: tuple[str, ...], first: str, doubted: bool):
    row = read_index(modern(*[at(date, *ROW[1:]) for date in dates])).rows[0]

    assert (row.date, "date" in row.uncertain) == (first, doubted)


def _ruled(mark: str, x: float, lines: int) -> list[Word]:
    return [Word(mark, x, y, x + 2, y + HEIGHT, 0.9) for y in (20 + LEADING * rank for rank in range(1, lines + 1))]


def test_pieces_of_a_dotted_rule_are_no_part_of_names():
    page = modern(*[at(*ROW) for _ in range(4)])

    found = read_index(replace(page, words=(*page.words, *_ruled(":", 225, 4)))).rows

    assert {row.parties[0].nom for row in found} == {"CAISSE POPULAIRE DE VALMONTEL"}


def test_a_figure_that_may_be_a_rule_makes_its_number_doubtful():
    page = modern(*[at(*ROW) for _ in range(3)], at("2011-03-14", "118 123 456", *ROW[2:]))

    found = read_index(replace(page, words=(*page.words, *_ruled(":", 126, 3)))).rows

    assert ["numero" in row.uncertain for row in found] == [False, False, False, True]


@pytest.mark.parametrize(
    ("name", "confidence", "doubted"),
    [
        ("CAISSE POPULAIRE DE VALMONTEL", 0.99, False),
        ("CAISSE POPULAIRE DE VALMONTEL", 0.70, True),
        ("DUFRESNE, NOËL", 0.99, False),
        ("DUFRESNE NOËL", 0.99, True),
        ("DUFRESNE, NOËL Donation", 0.99, True),
        ("DUFRESNE, NOËL 23 559 297", 0.99, True),
        ("9824-6449 QUÉBEC INC.", 0.99, False),
        ("GESTION LA PRÉE INC. DUFRESNE, NOËL", 0.99, True),
        ("CAISSE BORÉALE GESTION DU LAC", 0.99, True),
        ("SOCIÉTÉ DE GESTION BORÉALE", 0.99, False),
        ("GESTIONBORÉALE INC.", 0.99, True),
        ("BANQU E BORÉALE DU CANADA", 0.99, True),
        ("HÉBERT, F RANÇOISE", 0.99, True),
        ("HÉBERT, J. F. RENÉ", 0.99, False),
        ("0'TARDIVEL, NOËL", 0.99, True),
        ("VÉZINA, FRANCOIS", 0.99, True),
        ("VEZINA, FRANCOIS", 0.99, False),
    ],
)
def test_names_unsure_or_of_two_cells_are_doubted(name: str, confidence: float, doubted: bool):
    page = modern(at(*ROW[:2], None, *ROW[3:]))
    words = words_at(20 + LEADING, [(230, name)], confidence)

    row = read_index(replace(page, words=(*page.words, *words))).rows[0]

    assert row.parties == (Partie(name),)
    assert ("parties" in row.uncertain) is doubted


def test_figures_among_the_names_may_be_a_radiation():
    row = read_index(modern(at(*ROW[:2], "VÉZINA, NOËL T28 218", *ROW[3:6]))).rows[0]

    assert {"parties", "radiations"} <= set(row.uncertain)


def test_a_name_that_another_row_has_with_another_accent_is_doubted():
    names = ("VÉZINA, NOËL", "VÉZINA, NOEL", "VÉZINA, NOËL")

    found = read_index(modern(*[at(*ROW[:2], name, *ROW[3:]) for name in names])).rows

    assert ["parties" in row.uncertain for row in found] == [False, True, False]


def test_a_row_without_names_where_others_have_them_is_doubted():
    found = read_index(modern(at(*ROW), at(*ROW[:2], None, *ROW[3:]))).rows

    assert ["parties" in row.uncertain for row in found] == [False, True]


@pytest.mark.parametrize(("avis", "doubted"), [("6 012 345", False), ("012 345", True), ("16012345", True)])
def test_an_address_notice_has_seven_figures(avis: str, doubted: bool):
    row = read_index(modern(at(*ROW[:5], avis, ROW[6]))).rows[0]

    assert ("avis_adresse" in row.uncertain) is doubted


def header(text: str, confidence: float = 0.99):
    page = modern(at(*ROW))
    words = words_at(5, [(30, text)], confidence)
    return read_index(replace(page, words=(*words, *page.words)))


@pytest.mark.parametrize(
    ("printed", "lot"),
    [
        ("Lots : 2 659 073, 2 659 074 et 2 659 075", "2659073, 2659074, 2659075"),
        ("Lot(s) : 12-3", "12-3"),
        ("Lot number : 58B", "58B"),
        ("Lot No : 34–25", "34-25"),
    ],
)
def test_every_lot_of_the_header_is_kept(printed: str, lot: str):
    page = header(printed)

    assert page.header["lot"] == lot
    assert page.doubts == ()


@pytest.mark.parametrize(
    ("printed", "confidence"), [("Lot : 399-184", 0.6), ("Lot : 7ss", 0.99), ("Lot : 399 -x184", 0.99)]
)
def test_a_lot_unsure_or_cut_short_is_doubted(printed: str, confidence: float):
    assert [doubt.field for doubt in header(printed, confidence).doubts] == ["lot"]


@pytest.mark.parametrize(("ordered", "doubted"), [("2659074", False), ("2659079", True)])
def test_the_lot_ordered_is_one_of_several(ordered: str, doubted: bool):
    header = {"lot": "2659073, 2659074"}
    page = PageReading(1, PageState.READ, "rapidocr", "1", header=header)

    assert bool(doubt_lot(page, ordered).doubts) is doubted
