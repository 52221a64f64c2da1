"""One cell's text into one value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.ocr.index.fields import (
    Value,
    is_ditto,
    is_short_date,
    may_be_ditto,
    parse_avis,
    parse_date,
    parse_number,
    parse_radiations,
    split_notice,
)


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2004-05-17", "2004-05-17"),
        ("2004/05/17", "2004-05-17"),
        ("74-07-09", "1974-07-09"),
        ("74/7/9", "1974-07-09"),
        ("9 juillet 1974", "1974-07-09"),
        ("1er août 1974", "1974-08-01"),
        ("7mai 1914", "1914-05-07"),
        ("le 24 déc. 1931", "1931-12-24"),
        ("12 May 1934", "1934-05-12"),
        ("12th May 1884", "1884-05-12"),
        ("May 12, 1934", "1934-05-12"),
        ("3 Sept 1901", "1901-09-03"),
        ("25/05/1934", "1934-05-25"),
    ],
)
def test_dates_as_printed(text: str, iso: str):
    assert parse_date(text) == Value(iso)


@pytest.mark.parametrize("text", ["2004-02-30", "531202", "2004-13-01", "1204-05-17", "Vente", "", "12"])
def test_no_date_is_invented(text: str):
    assert parse_date(text).text is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2OO4-O5-l7", "2004-05-17"),
        ("2004-0517", "2004-05-17"),
        ("194C-C8-20", "1940-08-20"),
        ("20 févricr 1920", "1920-02-20"),
        ("ler août 1974", "1974-08-01"),
        # either could be the month
        ("05-12-1934", "1934-12-05"),
    ],
)
def test_a_repaired_date_is_doubtful(text: str, iso: str):
    assert parse_date(text) == Value(iso, doubtful=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("29 123 456", Value("29123456")),
        ("4 123 456", Value("4123456")),
        ("153853", Value("153853")),
        ("123-456", Value("123-456")),
        ("153853.", Value("153853")),
        ("N° 45-773", Value("45-773")),
        ("No 153853", Value("153853")),
        ("45 - 773", Value("45-773")),
        ("29 123 4S6", Value("29123456", doubtful=True)),
        ("29.123.456", Value("29123456")),
        ("29 12 456", Value("2912456", doubtful=True)),
        ("291 23 456", Value("29123456", doubtful=True)),
        ("123", Value("123", doubtful=True)),
        ("129123456", Value("129123456", doubtful=True)),
        ("Vente", Value(None, doubtful=True)),
        ("", Value(None)),
    ],
)
def test_numbers_and_their_shape(text: str, value: Value):
    assert parse_number(text) == value


@given(st.integers(1_000, 99_999_999))
def test_a_number_printed_in_groups_or_whole_reads_the_same(number: int):
    assert parse_number(f"{number:,}".replace(",", " ")) == parse_number(str(number)) == Value(str(number))


@given(st.text(max_size=40))
def test_any_text_gives_a_value_or_none(text: str):
    number, when = parse_number(text).text, parse_date(text).text

    assert number is None or set(number) <= set("0123456789-") or not number.isascii()
    assert when is None or len(when) == 10


@pytest.mark.parametrize(
    ("text", "found", "left_over"),
    [
        ("T 12 345 678", ("T 12345678",), False),
        ("T12345678", ("T 12345678",), False),
        ("P 12 345 678 T 13 000 001", ("P 12345678", "T 13000001"), False),
        ("T99999", ("T 99999",), False),
        ("12 345 678", ("12345678",), True),
        ("T 12 345 678 Réf.", ("T 12345678",), True),
        ("", (), False),
    ],
)
def test_radiations(text: str, found: tuple[str, ...], left_over: bool):
    assert parse_radiations(text) == (found, left_over)


def test_several_address_notices_are_joined_by_commas():
    assert parse_avis("6 012 345 6 012 999").text == "6012345, 6012999"


@pytest.mark.parametrize(
    ("text", "ditto"), [('"', True), ("do.", True), ("idem", True), ("Dorion", False), ("11", False)]
)
def test_dittos(text: str, ditto: bool):
    assert is_ditto(text) is ditto


@pytest.mark.parametrize(
    ("text", "may_be"), [("lidem", True), ("11", True), ("d0", True), ("Don", False), ("Dubé", False)]
)
def test_what_readers_make_of_dittos(text: str, may_be: bool):
    assert may_be_ditto(text) is may_be


@pytest.mark.parametrize(("text", "short"), [("74-07-09", True), ("12 mai 34", True), ("12 mai 1934", False)])
def test_years_of_two_digits(text: str, short: bool):
    assert is_short_date(text) is short


def test_a_notice_is_taken_out_of_its_remark():
    assert split_notice("75 000 $ Avis d'adr. 6 012 345, ptie") == ("75 000 $ , ptie", ["6012345"])
    assert split_notice("Ptie") == ("Ptie", [])
