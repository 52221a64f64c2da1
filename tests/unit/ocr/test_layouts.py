"""The five layouts an index comes in, in the wordings they print: each row whole, or what is missing doubted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sheets import HEIGHT, LEADING, sheet, words_at

from registre.domain.reading import Inscription, Partie, RowKind
from registre.ocr.engine.words import Sheet
from registre.ocr.index.page import read_index

LEDGER = (
    (30, "Noms des parties"),
    (260, "Nature"),
    (360, "Date"),
    (460, "Reg."),
    (500, "Vol."),
    (540, "No"),
    (620, "Radiation"),
    (720, "Remarques"),
)
ENGLISH = (
    (30, "Date of registration"),
    (150, "Number"),
    (210, "Grantor"),
    (390, "Grantee"),
    (560, "Nature of deed"),
    (700, "Remarks"),
    (850, "Discharges"),
)
RADIATION = ((30, "Numéro d'inscription"), (180, "Remarques"), (500, "Avis d'adresse"), (640, "Radiations"))


def test_a_ledger_with_dates_in_words_and_a_register():
    lines = [
        LEDGER,
        [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "7 février 1912"), (460, "B"), (500, "46"), (540, "55362")],
        [(30, "FALARDEAU, DENISE")],
        [(30, "BANQUE BORÉALE"), (260, "Hyp."), (360, "1er mai 1914"), (460, "B"), (500, "47"), (540, "57002"),
         (620, "T 68653"), (720, "69000 $")],
    ]  # fmt: skip

    one, two = read_index(sheet(lines)).rows

    assert (one.date, one.numero, one.nature) == ("1912-02-07", "55362", "Vente")
    assert [partie.nom for partie in one.parties] == ["VÉZINA, NOËL", "FALARDEAU, DENISE"]
    assert (two.date, two.numero, two.radiations, two.remarques) == ("1914-05-01", "57002", ("T 68653",), "69000 $")
    assert (one.uncertain, two.uncertain) == ((), ())


def test_an_english_double_page_puts_parties_on_their_side():
    lines = [
        [(290, "Names of parties")],
        ENGLISH,
        [(30, "12 May 1884"), (150, "26674"), (210, "LACHAPELLE, A."), (390, "MAILLOUX, E."), (560, "Deed of Sale")],
        [(390, "DUFRESNE, J.")],
        [(30, '"'), (150, "26675"), (210, "do"), (390, "BANQUE B."), (560, "Obligation"), (850, "P 28660")],
    ]

    one, two = read_index(sheet(lines)).rows

    assert (one.date, one.numero, one.nature) == ("1884-05-12", "26674", "Deed of Sale")
    assert one.parties == (
        Partie("LACHAPELLE, A.", "Grantor"), Partie("MAILLOUX, E.", "Grantee"), Partie("DUFRESNE, J.", "Grantee"),
    )  # fmt: skip
    assert (two.date, two.radiations) == ("1884-05-12", ("P 28660",))
    assert two.parties == (Partie("LACHAPELLE, A.", "Grantor"), Partie("BANQUE B.", "Grantee"))
    assert (one.uncertain, two.uncertain) == ((), ())


def test_sides_named_in_brackets_after_names_of_parties():
    heading = [(30, "Date"), (110, "Number"), (190, "Names of parties (Grantor)"), (400, "Names of parties (Grantee)"),
               (620, "Nature of the deed")]  # fmt: skip
    row = [(30, "1949-06-09"), (110, "188797"), (190, "GESTION PRÉE"), (400, "ISAR, IRÈNE"), (620, "Donation")]

    (read,) = read_index(sheet([heading, row])).rows

    assert read.parties == (Partie("GESTION PRÉE", "Grantor"), Partie("ISAR, IRÈNE", "Grantee"))


def test_a_radiation_report_has_rows_of_numbers_and_notes_between():
    lines = [
        RADIATION,
        None,
        [(30, "10 423 341"), (180, "Vente, 382 000,50 $")],
        None,
        None,
        [(30, "11 402 137"), (180, "Hypothèque, 75 000 $ avec intérêts à"), (500, "6 055 401"), (640, "T 20 108 347")],
        [(180, "12 % l'an"), (640, "P 15 000 001")],
        None,
        None,
        [(180, "Voir plan déposé aux archives")],
        None,
        None,
        [(30, "20 108 347"), (180, "Quittance")],
    ]

    sale, loan, note, end = read_index(sheet(lines)).rows

    assert (sale.numero, sale.remarques) == ("10423341", "Vente, 382 000,50 $")
    assert (loan.numero, loan.avis_adresse) == ("11402137", "6055401")
    assert loan.remarques == "Hypothèque, 75 000 $ avec intérêts à 12 % l'an"
    assert loan.radiations == ("T 20108347", "P 15000001")
    assert (note.kind, note.remarques) == (RowKind.NOTE, "Voir plan déposé aux archives")
    assert end.numero == "20108347"
    assert not any("numero" in row.uncertain for row in (sale, loan, end))


@pytest.mark.parametrize("title", ["Enregistrement (date, no)", "Enregistrement (date et no)"])
def test_date_over_number_under_one_title(title: str):
    lines = [
        [(30, "Parties"), (250, "Titre de l'acte"), (400, title), (580, "Remarques - Avis d'adresse"),
         (800, "Radiations")],
        [(30, "GAGNÉ, ZOÉ"), (250, "Vente"), (400, "1982-03-31"), (580, "Ptie")],
        [(400, "45-773"), (580, "Avis d'adresse 6608645")],
        [(30, "TREMBLAY, JEAN"), (250, "Bail"), (400, "1982-04-02")],
        [(400, "45-801")],
    ]  # fmt: skip

    one, two = read_index(sheet(lines)).rows

    assert (one.date, one.numero, two.date, two.numero) == ("1982-03-31", "45-773", "1982-04-02", "45-801")
    assert (one.remarques, one.avis_adresse) == ("Ptie", "6608645")
    assert "numero" not in (*one.uncertain, *two.uncertain)


def test_a_group_title_over_date_and_number_is_no_column():
    lines = [
        [(400, "Enregistrement")],
        [(30, "Noms des parties"), (250, "Titre de l'acte"), (400, "Date"), (480, "N°"), (560, "Radiations")],
        [(30, "GAGNÉ, ZOÉ"), (250, "Vente"), (400, "1982-03-31"), (480, "45773")],
    ]

    (row,) = read_index(sheet(lines)).rows

    assert (row.date, row.numero) == ("1982-03-31", "45773")


def test_headings_centred_over_text_that_is_not():
    """The text of each column starts at its left edge, left of its heading."""
    lines = [
        [(30, "Numéro d'inscription"), (320, "Remarques"), (590, "Avis d'adresse"), (740, "Radiations")],
        *([(30, f"4 01{n} 757"), (150, "Rang cédé"), (560, f"6 08{n} 853"), (690, f"T 4 03{n} 944")] for n in range(4)),
    ]

    rows = read_index(sheet(lines)).rows

    assert [row.numero for row in rows] == ["4010757", "4011757", "4012757", "4013757"]
    assert {row.remarques for row in rows} == {"Rang cédé"}
    assert rows[0].avis_adresse == "6080853"
    assert rows[0].radiations == ("T 4030944",)


@pytest.mark.parametrize(
    ("number", "notice"),
    [
        ("No. of deed", "Address"),
        ("Reg. No.", "Address"),
        ("Numéro", "No d'avis d'adresse"),
        ("No", "N° avis d'adresse"),
    ],
)
def test_titles_that_name_two_things_announce_one_column(number: str, notice: str):
    lines = [
        [(30, "Date"), (110, number), (230, "Nature"), (330, "Names of parties"), (560, notice), (730, "Radiations")],
        [(30, "1984-05-17"), (110, "334 567"), (230, "Vente"), (330, "GAGNÉ, ZOÉ"), (560, "6 012 345")],
        [(30, "1984-05-18"), (110, "334 601"), (230, "Bail"), (330, "GAGNÉ, ZOÉ"), (730, "T 334 999")],
    ]

    one, two = read_index(sheet(lines)).rows

    assert [(row.numero, row.nature) for row in (one, two)] == [("334567", "Vente"), ("334601", "Bail")]
    assert (one.avis_adresse, two.radiations) == ("6012345", ("T 334999",))
    assert "numero" not in (*one.uncertain, *two.uncertain)


def test_a_number_column_whose_heading_was_not_read():
    heading = [(30, "Date"), (230, "Nature"), (330, "Nom des parties"), (560, "Radiations")]
    lines = [
        heading,
        [(30, "1984-05-17"), (110, "334 567"), (230, "Vente"), (330, "GAGNÉ, ZOÉ")],
        [(30, "1984-05-18"), (110, "334 601"), (230, "Bail"), (330, "GAGNÉ, ZOÉ")],
    ]

    assert [row.numero for row in read_index(sheet(lines)).rows] == ["334567", "334601"]


def test_a_date_column_whose_heading_was_not_read():
    heading = [(110, "Grantor"), (290, "Grantee"), (470, "Nature of deed"), (620, "Number")]
    lines = [
        heading,
        [(30, "1949-06-09"), (110, "GESTION PRÉE"), (290, "ISAR, IRÈNE"), (470, "Lease"), (620, "188797")],
        [(30, "1949-07-17"), (110, "ZÉPHIRIN, A."), (290, "HALB, G."), (470, "Will"), (620, "189433")],
    ]

    rows = read_index(sheet(lines)).rows

    assert [row.date for row in rows] == ["1949-06-09", "1949-07-17"]
    assert rows[0].parties[0] == Partie("GESTION PRÉE", "Grantor")


def continued() -> list:
    """A page of a modern index whose heading stood on the page before."""
    return [
        [(30, "2004-05-17"), (110, "11 334 567"), (190, "Vente"), (330, "vendeur"), (410, "TREMBLAY, JEAN")],
        [(330, "acquéreur"), (410, "GAGNÉ, ZOÉ")],
        [(30, "2004-06-01"), (110, "11 335 001"), (190, "Hypothèque"), (330, "créancier"), (410, "CÔTÉ, LISE"),
         (640, "60 000 $"), (830, "6 012 345"), (910, "T 12 345 678")],
        [(30, "2004-06-08"), (640, "Voir plan déposé")],
        [(30, "2004-07-01"), (110, "11 336 100"), (190, "Quittance"), (330, "créancier"), (410, "ROY, ANNE"),
         (830, "6 012 999"), (910, "T 12 345 999")],
    ]  # fmt: skip


def test_a_page_without_heading_has_its_columns_told_by_what_stands_in_them():
    rows = read_index(sheet(continued())).rows

    assert [row.numero for row in rows] == ["11334567", "11335001", None, "11336100"]
    assert [row.date for row in rows] == ["2004-05-17", "2004-06-01", "2004-06-08", "2004-07-01"]
    assert rows[0].parties == (Partie("TREMBLAY, JEAN", "vendeur"), Partie("GAGNÉ, ZOÉ", "acquéreur"))
    assert (rows[1].nature, rows[1].avis_adresse, rows[1].radiations) == ("Hypothèque", "6012345", ("T 12345678",))
    assert rows[2].kind is RowKind.NOTE


def test_a_guessed_column_is_doubted_but_numbers_that_go_up_are_not():
    rows = read_index(sheet(continued())).rows
    turned = [continued()[4], *continued()[:4]]

    assert "numero" not in rows[0].uncertain
    assert {"nature", "parties", "remarques", "avis_adresse"} <= set(rows[0].uncertain)
    assert all("numero" in row.uncertain for row in read_index(sheet(turned)).rows if row.numero)


def ledger_page(confidence: float, **words: float) -> Sheet:
    """A ledger's row, read with that certainty on the whole, single words otherwise."""
    lines = [LEDGER, [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "1912-02-07"), (500, "46"), (540, "55362")]]
    page = sheet(lines, confidence=confidence)
    return replace(
        page, words=tuple(replace(word, confidence=words.get(word.text, word.confidence)) for word in page.words)
    )


@pytest.mark.parametrize(
    ("page", "doubted"),
    [
        (ledger_page(0.99), False),
        (ledger_page(0.99, **{"55362": 0.80}), True),
        (ledger_page(0.99, **{"55362": 0.90}), False),
        (ledger_page(0.93, **{"55362": 0.90}), True),
        (ledger_page(0.93, **{"55362": 0.98}), False),
        (ledger_page(0.85, **{"55362": 0.99}), True),
        (ledger_page(0.99, **{"VÉZINA,": 0.2, "NOËL": 0.2, "Vente": 0.2, "1912-02-07": 0.9}), True),
    ],
    ids=["sure", "digit", "digit_on_a_clear_page", "digit_on_a_worn_page", "sure_on_a_worn_page", "illegible", "row"],
)
def test_the_certainty_asked_of_a_digit_follows_the_page(page: Sheet, doubted: bool):
    (row,) = read_index(page).rows

    assert row.numero == "55362"
    assert ("numero" in row.uncertain) is doubted


def test_on_an_illegible_page_what_is_not_seen_is_doubted_too():
    (row,) = read_index(ledger_page(0.7)).rows

    assert row.radiations == ()
    assert {"date", "numero", "radiations"} <= set(row.uncertain)


def one_row(*extra: tuple[float, str], verticals: tuple[float, ...] = ()) -> Inscription:
    heading = [(30, "Date"), (110, "Numéro"), (190, "Nature de l'acte"), (330, "Nom des parties")]
    row = [(30, "2004-05-17"), (330, "GAGNÉ, ZOÉ"), *extra]
    return read_index(sheet([heading, row], verticals=verticals)).rows[0]


def test_figures_of_the_next_column_too_near_to_a_number_are_doubted():
    assert "numero" not in one_row((110, "334 567"), (190, "Vente")).uncertain
    near = one_row((95, "11"), (111, "334 567"), (190, "Vente"), verticals=(108.0,))
    lost = one_row((95, "11"), (109, "334 567"), (190, "Vente"))
    assert (near.numero, "numero" in near.uncertain) == ("334567", False)
    assert "numero" in lost.uncertain


def test_figures_of_two_columns_read_as_one_are_doubted():
    """`46` of the volume and `55362`: no letter shows where to part them."""
    words = [
        *sheet([LEDGER]).words,
        *words_at(20 + LEADING, [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "1912-02-07")]),
    ]
    words += words_at(20 + LEADING, [(515, "4655362")])

    (row,) = read_index(Sheet(tuple(words), 1008, 612, verticals=(455.0, 495.0, 533.0))).rows

    assert "numero" in row.uncertain


def test_a_missing_date_is_doubted_where_the_table_has_dates():
    heading = [(30, "Date"), (110, "Numéro"), (190, "Nature de l'acte"), (330, "Nom des parties")]
    lines = [heading, [(110, "11 334 567"), (190, "Vente"), (330, "GAGNÉ, ZOÉ")]]

    assert read_index(sheet(lines)).rows[0].uncertain == ("date",)


@pytest.mark.parametrize("mark", ["lidem", "ll", "11"])
def test_a_ditto_misread_is_one_and_doubted(mark: str):
    lines = [
        LEDGER,
        [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "1912-02-07"), (540, "55362")],
        [(30, mark), (260, mark), (360, mark), (540, "55363")],
    ]

    two = read_index(sheet(lines)).rows[1]

    assert (two.date, two.nature, two.parties) == ("1912-02-07", "Vente", (Partie("VÉZINA, NOËL"),))
    assert {"date", "nature", "parties"} <= set(two.uncertain)


def test_a_ditto_passes_over_a_note():
    lines = [
        LEDGER,
        [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "1912-02-07"), (540, "55362")],
        [(30, "Voir plan déposé"), (360, "1912-03-01")],
        [(30, "do"), (260, "do"), (360, "do"), (540, "55363")],
    ]

    one, note, two = read_index(sheet(lines)).rows

    assert note.kind is RowKind.NOTE
    assert (two.nature, two.parties, two.date) == (one.nature, one.parties, "1912-03-01")


def test_a_note_among_the_names_is_a_row_of_its_own():
    lines = [
        LEDGER,
        [(30, "VÉZINA, NOËL"), (260, "Vente"), (360, "1912-02-07"), (540, "55362")],
        [(30, "RÉNOVÉ: VOIR LOT 4 335 826")],
        [(30, "ROY, ANNE"), (260, "Vente"), (360, "1912-02-09"), (540, "55372")],
    ]

    rows = read_index(sheet(lines)).rows

    assert [row.kind for row in rows] == [RowKind.INSCRIPTION, RowKind.NOTE, RowKind.INSCRIPTION]
    assert rows[0].parties == (Partie("VÉZINA, NOËL"),)


def test_a_rule_that_was_not_seen_does_not_hide_a_row():
    lines = [
        LEDGER,
        *([(30, "ROY, A."), (260, "Vente"), (360, f"1912-02-{n}"), (540, f"553{n}")] for n in range(10, 32)),
    ]
    tops = [20 + LEADING * n - 1 for n in range(1, len(lines))]
    # one rule of 22 is missing
    page = sheet(lines, horizontals=tuple(y for index, y in enumerate(tops) if index != 5))

    rows = read_index(page).rows

    assert [row.numero for row in rows] == [f"553{n}" for n in range(10, 32)]


def test_a_number_that_wraps_in_its_ruled_cell_is_one():
    heading = [(30, "Numéro"), (80, "Date"), (160, "Nature de l'acte")]
    lines = [heading, [(30, "29 123"), (80, "2004-05-17"), (160, "Vente")], [(30, "456")],
             [(30, "29 124"), (80, "2004-05-18"), (160, "Vente")], [(30, "789")]]  # fmt: skip
    top = 20 + LEADING
    page = sheet(lines, horizontals=(top - 1, top + 2 * LEADING - 1, top + 4 * LEADING - 1))

    rows = read_index(page).rows

    assert [(row.numero, "numero" in row.uncertain) for row in rows] == [("29123456", False), ("29124789", False)]


def test_figures_that_make_no_number_are_an_inscription_in_doubt():
    heading = [(30, "Date"), (110, "Numéro"), (190, "Nature de l'acte"), (330, "Nom des parties")]
    (row,) = read_index(sheet([heading, [(30, "2004-05-17"), (110, "1e3xr4kq5w")]])).rows

    assert (row.kind, row.numero) == (RowKind.INSCRIPTION, None)
    assert "numero" in row.uncertain


def test_lines_apart_by_less_than_rows_belong_to_the_row_above():
    """Rows 22 apart, lines of a row 12: a party below its number's line stays in its row."""
    words = list(sheet([LEDGER]).words)
    for n in range(4):
        y = 50 + n * 34.0
        words += words_at(y, [(30, "ROY, ANNE"), (260, "Vente"), (360, f"1912-02-1{n}"), (540, f"5531{n}")])
        words += words_at(y + LEADING, [(30, "CÔTÉ, LISE")])
    words += words_at(50 + 4 * 34.0, [(720, "Ptie du lot")])

    rows = read_index(Sheet(tuple(words), 1008, 612)).rows

    assert [len(row.parties) for row in rows] == [2, 2, 2, 2, 0]
    assert rows[-1].kind is RowKind.NOTE
    assert HEIGHT < LEADING


def test_a_rule_read_as_a_bracket_is_no_part_of_a_cell():
    lines = [LEDGER, [(30, "ROY, ANNE|"), (260, "[Vente"), (360, "1912-02-07"), (540, "[55362"), (720, "[sic] ptie")]]

    (row,) = read_index(sheet(lines)).rows

    assert (row.nature, row.parties, row.remarques) == ("Vente", (Partie("ROY, ANNE"),), "[sic] ptie")
    # it may have been a 1
    assert (row.numero, row.uncertain) == ("55362", ("numero",))
