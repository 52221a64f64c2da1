"""A line read twice: which reading holds, and what stays certain; and slips that no text means."""

from __future__ import annotations

import pytest

from registre.ocr.engine.networks import Reading, settled
from registre.ocr.engine.signs import western


def reading(text: str, certainty: float, digits: float | None = None) -> Reading:
    certainties = tuple(digits if digits is not None and sign.isdecimal() else certainty for sign in text)
    return Reading(text, tuple(index / len(text) for index in range(len(text))), certainties)


def test_the_surer_of_two_that_agree_in_their_digits_holds():
    held = settled(reading("2 211 111 .", 0.7, 0.7), reading("2211111 ,", 0.95, 0.97))

    assert held.text == "2211111 ,"
    assert held.digit_certainty == pytest.approx(0.97)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_digit_that_one_reading_lost_is_kept_and_none_is_certain(order: tuple[int, int]):
    both = reading("211 111 $", 0.99), reading("2 211 111 $", 0.95)

    held = settled(both[order[0]], both[order[1]])

    assert held.text == "2 211 111 $"
    assert held.digit_certainty <= 0.5
    assert held.certainties[-1] == pytest.approx(0.95)


def test_digits_that_differ_are_never_certain():
    assert settled(reading("T 12 313 448", 0.85), reading("T 12 818 448", 0.99)).digit_certainty <= 0.5


def test_a_line_without_digits_has_no_doubt_about_them():
    assert reading("Vente", 0.4).digit_certainty == 1


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("à 11 % 1'an", "à 11 % l'an"),
        ("WHITTAKER，BENOîT", "WHITTAKER,BENOÎT"),
        ("LEsQUELS", "LESQUELS"),
        ("McDONALD, R. DesROCHERS", "McDONALD, R. DesROCHERS"),
        ("3 500 m de ROUTE", "3 500 m de ROUTE"),
    ],
)
def test_slips_between_signs_are_undone_and_nothing_else(read: str, meant: str):
    assert western(read) == meant
    assert len(western(read)) == len(read)
