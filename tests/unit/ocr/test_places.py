"""Every row and cell can be shown where it stands on the page."""

from __future__ import annotations

import pytest
from sheets import HEIGHT, LEADING, MODERN, OLD, PITCH, modern, sheet

from registre.domain.reading import Inscription, PageReading, PageState, RowKind
from registre.ocr.accord.witness import agree_rows
from registre.ocr.document import all_rows, check_rows
from registre.ocr.index.page import read_index

LINES = (
    modern("2004-06-01", "11 335 001", "Hypothèque", "créancier", "BANQUE BORÉALE", "60 000 $", "6 012 345",
           "T 12 345 678"),
    modern(None, None, None, "débiteur", "GAGNÉ, ZOÉ"),
)  # fmt: skip


def shares(x0: float, y0: float, x1: float, y1: float) -> tuple[float, ...]:
    return pytest.approx((x0 / 1008, y0 / 612, x1 / 1008, y1 / 612), abs=1e-3)  # type: ignore[return-value]


def test_each_field_and_the_row_have_their_box():
    (row,) = read_index(sheet([MODERN, *LINES])).rows
    top = 20 + LEADING

    assert row.places["numero"] == shares(110, top, 110 + 10 * PITCH, top + HEIGHT)
    assert row.places["parties"] == shares(330, top, 410 + 14 * PITCH, top + LEADING + HEIGHT)
    assert row.places["row"] == shares(30, top, 910 + 12 * PITCH, top + LEADING + HEIGHT)
    assert set(row.places) == {"row", "date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations"}


def test_an_empty_cell_has_no_box():
    (row,) = read_index(sheet([MODERN, modern("2004-06-01", "11 335 001", "Bail", None, "X, Y")])).rows

    assert set(row.places) == {"row", "date", "numero", "nature", "parties"}


def test_a_notice_among_the_remarks_is_shown_there():
    cells = [(30, "A"), (300, "Vente"), (450, "74-07-09"), (520, "153853"), (600, "Avis d'adr. 6016063")]

    (row,) = read_index(sheet([OLD, cells])).rows

    assert row.places["avis_adresse"] == row.places["remarques"]


def test_a_note_and_a_row_without_headings_have_their_line():
    note = read_index(sheet([MODERN, *LINES, modern("2005-01-10", None, None, None, None, "Voir plan")])).rows[1]
    bare = read_index(sheet(LINES)).rows[0]

    assert set(note.places) == {"row", "date"}
    assert bare.places["row"] == shares(30, 20, 910 + 12 * PITCH, 20 + LEADING + HEIGHT)


def test_checks_and_a_second_reader_keep_the_places():
    rows = read_index(sheet([MODERN, *LINES])).rows
    bare = (Inscription(RowKind.INSCRIPTION, date="2004-06-01", numero="11335001", nature="Hypothèque"),)
    pages = (PageReading(1, PageState.READ, "rapidocr", "1", rows=rows),)

    assert all_rows(check_rows(pages))[0].places == rows[0].places
    assert agree_rows(bare, rows, ("gemini", "rapidocr"))[0].places == rows[0].places
