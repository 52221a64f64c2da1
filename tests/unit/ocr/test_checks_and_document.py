"""What rows say about one another, and a document made of its pages."""

from __future__ import annotations

import pytest

from registre.domain.reading import Inscription, PageReading, PageState, Partie, RowKind
from registre.ocr.accord.checks import doubt_order
from registre.ocr.document import (
    SEARCHABLE_LIMIT,
    all_rows,
    check_rows,
    join_pages,
    number_seen,
    searchable,
)
from registre.ocr.index.lengths import doubt_lengths


def row(numero: str | None, date: str | None = None, **fields: object) -> Inscription:
    return Inscription(kind=RowKind.INSCRIPTION, date=date, numero=numero, **fields)  # type: ignore[arg-type]


def page(number: int, text: str = "", rows: tuple[Inscription, ...] = (), **fields: object) -> PageReading:
    return PageReading(number, PageState.READ, "text_layer", "1", text, rows, **fields)  # type: ignore[arg-type]


def test_a_date_that_goes_backwards_is_doubted_alone():
    dates = ("2000-05-01", "2001-01-01", "1991-02-01", "2001-03-01")

    rows = doubt_order([row(str(1001 + index), date) for index, date in enumerate(dates)])

    assert [r.uncertain for r in rows] == [(), (), ("date",), ()]
    assert rows[2].date == "1991-02-01"


def test_where_either_of_two_may_be_wrong_both_are_doubted():
    rows = doubt_order([row("1001", "2001-01-01"), row("1002", "1991-02-01"), row("1003", "2001-03-01")])

    assert [r.uncertain for r in rows] == [("date",), ("date",), ()]


def test_a_number_out_of_order_is_doubted_alone():
    rows = doubt_order([row("11425810"), row("17425811"), row("13075851"), row("14118695")])

    assert [r.uncertain for r in rows] == [(), ("numero",), (), ()]


def test_one_act_on_several_rows_is_in_order():
    rows = doubt_order([row("1001", "2001-01-01"), row("1001", "2001-01-01"), row("1002", "2001-01-01")])

    assert all(r.uncertain == () for r in rows)


def test_one_number_under_two_dates_is_doubted():
    rows = doubt_order([row("1001", "2001-01-01"), row("1001", "2001-02-01")])

    assert [r.uncertain for r in rows] == [("numero",), ("numero",)]


def test_order_is_judged_across_pages_and_doubts_already_there_stay():
    pages = (
        page(2, rows=(row("1003", "2001-03-01", uncertain=("date",)),)),
        page(1, rows=(row("1001", "2001-01-01"), row("9002", "2001-02-01"))),
        page(3, rows=(row("1004", "2001-04-01"),)),
    )

    checked = check_rows(pages)

    assert [p.number for p in checked] == [1, 2, 3]
    assert [r.uncertain for r in all_rows(checked)] == [(), ("numero",), ("date",), ()]


def test_a_radiation_must_lead_to_a_row_of_the_document():
    pages = (
        page(1, rows=(row("1001", radiations=("T 1003",)), row("1002", radiations=("T 1093",)))),
        page(2, rows=(row("1003"),)),
    )

    assert [r.uncertain for r in all_rows(check_rows(pages))] == [(), ("radiations",), ()]


BOTH = {"radiations": ("rapidocr", "gemini")}


def test_a_fiche_that_lists_no_cancelling_acts_says_nothing_against_two_readers():
    """Where most radiations are listed, one that is not is doubted; where most are not, only if one reader saw it."""
    bare = page(
        1,
        rows=(
            row("1001", radiations=("T 9001",), witnesses=BOTH),
            row("1002", radiations=("T 9002",), witnesses={"radiations": ("rapidocr",)}),
        ),
    )
    assert [r.uncertain for r in all_rows(check_rows((bare,)))] == [(), ("radiations",)]
    listed = page(
        1,
        rows=(
            row("1001", radiations=("T 1003",), witnesses=BOTH),
            row("1002", radiations=("T 1003", "T 9002"), witnesses=BOTH),
            row("1003"),
        ),
    )
    assert [r.uncertain for r in all_rows(check_rows((listed,)))] == [(), ("radiations",), ()]


def test_a_ditto_on_a_new_page_is_resolved_from_the_page_before_and_doubted():
    pages = (
        page(1, rows=(row("1001", nature="Vente", parties=(Partie("GAGNÉ, ZOÉ"),)),)),
        page(2, rows=(row("1002", nature='"', parties=(Partie("do"),)),)),
    )

    resolved = all_rows(check_rows(pages))[1]

    assert (resolved.nature, resolved.parties) == ("Vente", (Partie("GAGNÉ, ZOÉ"),))
    assert resolved.uncertain == ("nature", "parties")


def test_a_date_ditto_on_a_new_page_is_the_last_date_of_the_page_before_and_doubted():
    pages = (
        page(1, rows=(row("1001", "1934-05-12"), Inscription(RowKind.NOTE, "1934-06-01", remarques="Voir plan"))),
        page(2, rows=(row("1002", uncertain=("date",), raw='" 1002'), row("1003", uncertain=("date",), raw="x 1003"))),
    )

    first, second = all_rows(check_rows(pages))[2:]

    assert (first.date, "date" in first.uncertain) == ("1934-06-01", True)
    assert second.date is None


def test_a_ditto_on_one_side_repeats_that_side():
    above = (Partie("ROY, ANNE", "Grantor"), Partie("CÔTÉ, LISE", "Grantor"), Partie("GAGNÉ, ZOÉ", "Grantee"))
    pages = (
        page(1, rows=(row("1001", parties=above),)),
        page(2, rows=(row("1002", parties=(Partie("HÉBERT, NOËL", "Grantor"), Partie("do", "Grantee"))),)),
    )

    assert all_rows(check_rows(pages))[1].parties[1] == Partie("GAGNÉ, ZOÉ", "Grantee")


@pytest.mark.parametrize(
    ("numbers", "doubted"),
    [
        # the first lost its leading digit, which order cannot tell
        (("1334567", "11335001", "11336100", "11337200"), ("1334567",)),
        (("45-580", "45-901", "46-12", "46-333"), ("46-12",)),
        (("9999", "99998", "100001", "100002"), ("9999", "99998")),
        (("99998", "99999", "100001", "100002"), ()),
        # too few to know what is usual
        (("1334567", "11335001"), ()),
    ],
)
def test_a_number_that_alone_has_its_length_is_doubted(numbers: tuple[str, ...], doubted: tuple[str, ...]):
    rows = doubt_lengths([row(numero) for numero in numbers])

    assert tuple(r.numero for r in rows if "numero" in r.uncertain) == doubted


def test_pages_are_joined_under_their_markers_in_order():
    blank = PageReading(2, PageState.BLANK, "rapidocr", "1")

    assert join_pages((page(3, "trois"), blank, page(1, "un"))) == (
        "--- Page 1 ---\nun\n\n--- Page 2 ---\n\n--- Page 3 ---\ntrois"
    )


def test_the_search_form_has_numbers_both_ways_and_folded_names():
    form = f" {searchable('Voir 4 123 456 et 153853', (row('29123456', parties=(Partie('CÔTÉ-LAFRANCE, ZOÉ'),)),))} "

    for words in ("29123456", "29 123 456", "4123456", "4 123 456", "153853", "153 853", "cote lafrance zoe"):
        assert f" {words} " in form


def test_an_enormous_text_is_bounded_and_keeps_rows_first():
    text = " ".join(f"mot{number}" for number in range(200_000))

    form = searchable(text, (row("29123456"),))

    assert len(form) <= SEARCHABLE_LIMIT
    assert "29123456" in form


@pytest.mark.parametrize(
    ("number", "text", "seen"),
    [
        ("2784195", "Lot : 2 784 195 (inactif)", True),
        ("2784195", "lot 2784195.", True),
        ("2784195", "lot 12 784 195", False),
        ("2784195", "lot 2 784 1956", False),
        ("399-184", "le lot 399 - 184", True),
        ("399-184", "le lot 1399-184", False),
        ("399", "le lot 399-184", False),
        ("10A-77", "LOT 10a-77", True),
        ("25616321", "publié sous le numéro 25 616 321", True),
        ("25616321", "publié sous le numéro 25 616\n321", True),
        ("", "rien", False),
    ],
)
def test_a_number_is_seen_however_it_is_printed(number: str, text: str, seen: bool):
    assert number_seen(number, (page(1, text),)) is seen


def test_a_number_is_seen_in_header_and_rows_too():
    assert number_seen("2784195", (page(1, header={"lot": "2784195"}),))
    assert number_seen("25616321", (page(1, rows=(row("25616321"),)),))
