"""Words of an index page become rows; nothing is dropped and nothing invented."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sheets import HEIGHT, LEADING, MODERN, OLD, modern, sheet, words_at

from registre.domain.reading import Partie, RowKind
from registre.ocr.engine.words import Sheet
from registre.ocr.index.page import read_index

SALE = (
    modern("2004-05-17", "11 334 567", "Vente", "vendeur", "TREMBLAY, JEAN", "75 000,00 $"),
    modern(None, None, None, "acquéreur", "GAGNÉ, ZOÉ"),
)
LOAN = (
    modern("2004-06-01", "11 335 001", "Hypothèque", "créancier", "BANQUE BORÉALE", "60 000 $", "6 012 345",
           "T 12 345 678"),
    modern(None, None, None, "débiteur", "GAGNÉ, ZOÉ", None, None, "P 12 999 001"),
)  # fmt: skip


def test_a_modern_row_keeps_every_field():
    (row,) = read_index(sheet([MODERN, None, *LOAN])).rows

    assert (row.kind, row.date, row.numero, row.nature) == (
        RowKind.INSCRIPTION, "2004-06-01", "11335001", "Hypothèque",
    )  # fmt: skip
    assert row.parties == (Partie("BANQUE BORÉALE", "créancier"), Partie("GAGNÉ, ZOÉ", "débiteur"))
    assert (row.remarques, row.avis_adresse) == ("60 000 $", "6012345")
    assert row.radiations == ("T 12345678", "P 12999001")
    assert row.uncertain == ()


def test_every_word_of_the_table_is_in_some_raw_text():
    page = sheet([MODERN, *SALE, *LOAN, modern("Voir plan déposé aux archives")])

    rows = read_index(page).rows

    raw = " ".join(row.raw for row in rows).split()
    below = [word.text for word in page.words if word.y0 > 20 + LEADING - 1]
    assert sorted(raw) == sorted(below)


def test_headings_over_several_lines_are_one_heading():
    lines = [
        [(30, "Date de"), (110, "Numéro"), (190, "Nature de l'acte"), (330, "Qualité"), (410, "Nom des parties")],
        [(30, "présentation"), (110, "d'inscription")],
        modern("2004-05-17", "11 334 567", "Vente", "vendeur", "TREMBLAY, JEAN"),
    ]

    (row,) = read_index(sheet(lines)).rows

    assert (row.date, row.numero, row.nature) == ("2004-05-17", "11334567", "Vente")


def test_headings_joined_by_the_reader_still_part_the_columns():
    joined = [(30, "Date de présentationNuméro"), *MODERN[2:]]

    (row,) = read_index(sheet([joined, SALE[0]])).rows

    assert (row.date, row.numero) == ("2004-05-17", "11334567")


def test_a_name_wrapped_over_two_lines_stays_one_party():
    lines = [
        MODERN,
        modern("2004-05-17", "11 334 567", "Quittance", "créancier", "COMPAGNIE HYPOTHÉCAIRE DU VIEUX-MOULIN DE"),
        modern(None, None, None, None, "SAINT-HILAIRE"),
        modern(None, None, None, "débiteur", "GAGNÉ, ZOÉ"),
    ]

    (row,) = read_index(sheet(lines)).rows

    assert row.parties == (
        Partie("COMPAGNIE HYPOTHÉCAIRE DU VIEUX-MOULIN DE SAINT-HILAIRE", "créancier"),
        Partie("GAGNÉ, ZOÉ", "débiteur"),
    )


def test_a_name_too_long_for_its_column_went_on_below():
    wide = "SOCIÉTÉ DE GESTION IMMOBILIÈRE NORDEVAL TRUST"
    lines = [MODERN, modern("2004-05-17", "11 334 567", "Vente", "vendeur", wide, "Ptie"),
             modern(None, None, None, None, "INTERNATIONAL")]  # fmt: skip

    (row,) = read_index(sheet(lines)).rows

    assert row.parties == (Partie(f"{wide} INTERNATIONAL", "vendeur"),)


def test_without_a_qualite_column_each_person_is_a_party():
    lines = [
        OLD,
        [(30, "PLACEMENTS NORDEVAL INC."), (300, "Vente"), (450, "74-07-09"), (520, "153853"), (600, "Ptie")],
        [(30, "TREMBLAY, JEAN"), (600, "Avis d'adr. 6016063")],
        [(30, "GAGNÉ, ZOÉ")],
    ]

    (row,) = read_index(sheet(lines)).rows

    assert [partie.nom for partie in row.parties] == ["PLACEMENTS NORDEVAL INC.", "TREMBLAY, JEAN", "GAGNÉ, ZOÉ"]
    assert (row.date, row.numero, row.remarques, row.avis_adresse) == ("1974-07-09", "153853", "Ptie", "6016063")


def test_two_digit_years_run_into_the_next_century():
    lines = [
        OLD,
        [(30, "A"), (300, "Vente"), (450, "99-11-30"), (520, "153853")],
        [(30, "B"), (300, "Vente"), (450, "01-02-14"), (520, "153999")],
    ]

    assert [row.date for row in read_index(sheet(lines)).rows] == ["1999-11-30", "2001-02-14"]


def test_the_fiches_own_date_tells_the_century():
    lines = [
        [(30, "Date d'établissement : 1998-04-20")],
        None,
        OLD,
        [(30, "A"), (300, "Vente"), (450, "03-02-14"), (520, "153999")],
    ]

    assert [row.date for row in read_index(sheet(lines)).rows] == ["2003-02-14"]


def test_a_year_of_either_century_is_doubted():
    lines = [OLD, [(30, "A"), (300, "Vente"), (450, "03-02-14"), (520, "153999")]]

    (row,) = read_index(sheet(lines)).rows

    assert (row.date, row.uncertain) == ("1903-02-14", ("date",))


@pytest.mark.parametrize("mark", ['"', "''", "do", "Idem", "〃"])
def test_a_ditto_takes_the_value_above(mark: str):
    lines = [
        OLD,
        [(30, "TREMBLAY, JEAN"), (300, "Vente"), (450, "74-07-09"), (520, "153853")],
        [(30, mark), (300, mark), (450, mark), (520, "153854")],
    ]

    rows = read_index(sheet(lines)).rows

    assert (rows[1].date, rows[1].nature, rows[1].parties) == ("1974-07-09", "Vente", (Partie("TREMBLAY, JEAN"),))
    assert rows[1].raw.split() == [mark, mark, mark, "153854"]


def test_a_row_without_number_is_a_note_with_its_words_as_remark():
    lines = [MODERN, *SALE, modern("2005-01-10", None, None, None, None, "Voir plan déposé aux archives"), *LOAN]

    rows = read_index(sheet(lines)).rows

    assert [row.kind for row in rows] == [RowKind.INSCRIPTION, RowKind.NOTE, RowKind.INSCRIPTION]
    assert (rows[1].date, rows[1].remarques) == ("2005-01-10", "Voir plan déposé aux archives")


def test_prose_across_the_columns_does_not_join_the_row_above():
    lines = [MODERN, *SALE, [(30, "Numérotation des lots rénovée, voir lot 12-4")], *LOAN]

    rows = read_index(sheet(lines)).rows

    assert [row.kind for row in rows] == [RowKind.INSCRIPTION, RowKind.NOTE, RowKind.INSCRIPTION]
    assert rows[1].remarques == "Numérotation des lots rénovée, voir lot 12-4"


def test_cells_centred_on_their_row_belong_to_it_when_rows_are_ruled():
    y = 20 + LEADING
    lines = [
        MODERN,
        modern(None, None, None, "vendeur", "TREMBLAY, JEAN"),
        modern("2004-05-17", "11 334 567", "Vente"),
        modern(None, None, None, "acquéreur", "GAGNÉ, ZOÉ"),
        modern(None, None, None, "créancier", "BANQUE BORÉALE"),
        modern("2004-06-01", "11 335 001", "Hypothèque"),
        modern(None, None, None, "débiteur", "GAGNÉ, ZOÉ"),
    ]
    page = sheet(lines, horizontals=(y - 1, y + 3 * LEADING - 1, y + 6 * LEADING - 1))

    rows = read_index(page).rows

    assert [[partie.nom for partie in row.parties] for row in rows] == [
        ["TREMBLAY, JEAN", "GAGNÉ, ZOÉ"], ["BANQUE BORÉALE", "GAGNÉ, ZOÉ"],
    ]  # fmt: skip


def test_number_and_nature_read_as_one_word_are_parted_at_the_column():
    words = [*sheet([MODERN]).words, *words_at(44, modern("2004-05-17"))]
    words += words_at(44, [(110, "4 123")])
    words += words_at(44, [(171, "456Vente")])
    words += words_at(60, modern("2004-06-01", "11 335 001", "Hypothèque", "créancier", "BANQUE BORÉALE"))

    rows = read_index(Sheet(tuple(words), 1008, 612, verticals=(187.0,))).rows

    assert (rows[0].numero, rows[0].nature) == ("4123456", "Vente")


def test_page_furniture_is_not_a_row():
    lines = [MODERN, *SALE, None, None, [(30, "Fin de l'index, 1 ligne.")], [(450, "Page 1 de 2")]]

    page = read_index(sheet(lines))

    assert len(page.rows) == 1
    assert page.text.endswith("Page 1 de 2")


def test_a_second_heading_opens_a_second_table():
    lines = [MODERN, *SALE, None, MODERN, *LOAN]

    assert [row.numero for row in read_index(sheet(lines)).rows] == ["11334567", "11335001"]


def test_without_a_heading_rows_are_kept_and_doubted():
    rows = read_index(sheet(SALE + LOAN)).rows

    assert [row.numero for row in rows] == ["11334567", "11335001"]
    assert all("numero" in row.uncertain for row in rows)
    assert "GAGNÉ, ZOÉ" in rows[0].raw


def test_a_letter_read_for_a_digit_is_repaired_and_doubted():
    (row,) = read_index(
        sheet([MODERN, modern("2O04-05-17", "11 33A 567".replace("A", "l"), "Vente", "vendeur", "X")])
    ).rows

    assert (row.date, row.numero) == ("2004-05-17", "11331567")
    assert row.uncertain == ("date", "numero")


def test_a_digit_read_without_certainty_is_doubted():
    page = sheet([MODERN, *SALE])
    words = tuple(replace(word, confidence=0.6) if word.text == "334" else word for word in page.words)

    (row,) = read_index(replace(page, words=words)).rows

    assert row.uncertain == ("numero",)


def test_a_group_that_lost_a_digit_is_doubted():
    (row,) = read_index(sheet([MODERN, modern("2004-05-17", "11 34 567", "Vente", "vendeur", "X, Y")])).rows

    assert (row.numero, row.uncertain) == ("1134567", ("numero",))


def test_an_unreadable_date_is_none_and_doubted():
    (row,) = read_index(sheet([MODERN, modern("2004-13-45", "11 334 567", "Vente", "vendeur", "X, Y")])).rows

    assert (row.date, row.uncertain) == (None, ("date",))


def test_a_radiation_that_is_no_number_is_doubted_and_stays_in_raw():
    (row,) = read_index(
        sheet([MODERN, modern("2004-05-17", "11 334 567", "Vente", "vendeur", "X, Y", "-", None, "T 12 E45 678")])
    ).rows

    assert "radiations" in row.uncertain
    assert "E45" in row.raw


def test_a_blank_sheet_has_no_rows():
    assert read_index(sheet([])).rows == ()


def test_headings_alone_have_no_rows():
    assert read_index(sheet([MODERN])).rows == ()


def test_lines_are_told_apart_by_less_than_their_height():
    lines = words_at(10, [(0, "haut")]) + words_at(10 + HEIGHT * 0.9, [(0, "bas")])

    assert read_index(Sheet(tuple(lines), 100, 100)).text == "haut\nbas"
