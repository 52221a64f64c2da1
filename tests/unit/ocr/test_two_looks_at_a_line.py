"""A line read twice: what of it, which reading holds, and what stays certain; and slips that no text means."""

from __future__ import annotations

import numpy as np
import pytest

from registre.ocr.engine.image import Gray
from registre.ocr.engine.looks import Reading, doubtful, put_in, settled
from registre.ocr.engine.signs import western


def reading(text: str, certainty: float, digits: float | None = None) -> Reading:
    certainties = tuple(digits if digits is not None and sign.isdecimal() else certainty for sign in text)
    return Reading(text, tuple((index + 0.5) / len(text) for index in range(len(text))), certainties)


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


def drawn(text: str, pitch: int = 10, height: int = 20) -> Gray:
    """A line in which every character but the blanks is a black block."""
    line = np.full((height, pitch * len(text)), 255, np.uint8)
    for rank, sign in enumerate(text):
        if not sign.isspace():
            line[4:16, rank * pitch + 1 : (rank + 1) * pitch - 1] = 0
    return line


def half_seen(text: str, doubted: str) -> Reading:
    """Sure of all but one word, each character seen at its middle."""
    start = text.index(doubted)
    unsure = range(start, start + len(doubted))
    return Reading(
        text,
        tuple((rank + 0.5) / len(text) for rank in range(len(text))),
        tuple(0.6 if rank in unsure else 0.99 for rank in range(len(text))),
    )


PROSE = "26. Le lot 4 174 243, d'une superficie de 2 103,1 m2, mesurant trente mètres au nord-est"


def test_of_a_long_line_the_number_in_doubt_is_looked_at_again_with_a_word_on_either_side():
    parts = doubtful(drawn(PROSE), half_seen(PROSE, "103,1"))

    assert [PROSE[part.start : part.end] for part in parts] == ["de 2 103,1 m2, mesurant"]
    assert [(part.left, part.right) for part in parts] == [
        (pytest.approx((parts[0].start - 0.5) * 10, abs=3), pytest.approx((parts[0].end + 0.5) * 10, abs=3))
    ]


def test_numbers_in_doubt_that_stand_side_by_side_are_one_part_and_others_are_not():
    text = "le lot 12 ou 13 du rang quatre, au nord, avec toutes les bâtisses dessus construites, et 99 arpents"
    seen = half_seen(text, "12 ou 13")
    seen = Reading(
        text, seen.places, tuple(0.5 if sign == "9" else c for sign, c in zip(text, seen.certainties, strict=True))
    )

    assert [text[part.start : part.end] for part in doubtful(drawn(text), seen)] == [
        "le lot 12 ou 13 du rang quatre,",
        "construites, et 99 arpents",
    ]


def test_a_number_in_doubt_is_not_looked_at_without_its_surroundings():
    text = "à la somme de cinquante mille dollars, avec des intérêts à dix % 1'an payables"
    (part,) = doubtful(drawn(text), half_seen(text, "1'"))

    assert text[part.start : part.end] == "dix % 1'an payables"


@pytest.mark.parametrize(("text", "doubted"), [("T 12 345 678", "345"), ("12 345 " * 9, "12")])
def test_a_cell_and_a_line_all_of_numbers_are_looked_at_again_whole(text: str, doubted: str):
    (part,) = doubtful(drawn(text), half_seen(text, doubted))

    assert (part.start, part.end, part.left, part.right) == (0, len(text), 0, 10 * len(text))


@pytest.mark.parametrize("text", ["T 12 345 678", "1988-12-02", "75 000,00 $ avec intérêts", "Vente", "2103 556", ""])
def test_a_line_that_is_certain_and_even_is_looked_at_once(text: str):
    assert doubtful(drawn(text or " "), half_seen(text, text[:0])) == ()


@pytest.mark.parametrize("text", ["63 66 609", "38 888 80", "11 00704"])
def test_a_certain_number_whose_groups_are_not_of_three_is_looked_at_again(text: str):
    assert len(doubtful(drawn(text), half_seen(text, ""))) == 1


@pytest.mark.parametrize("swallowed", range(1, 7))
def test_a_certain_number_with_room_for_a_digit_more_is_looked_at_again(swallowed: int):
    whole = half_seen("22211182", "")
    seen = Reading(
        whole.text[:swallowed] + whole.text[swallowed + 1 :],
        whole.places[:swallowed] + whole.places[swallowed + 1 :],
        whole.certainties[1:],
    )

    assert not whole.doubted
    assert len(doubtful(drawn(whole.text), seen)) == 1


def test_what_was_seen_again_stands_where_it_was():
    first = half_seen(PROSE, "103,1")
    (part,) = doubtful(drawn(PROSE), first)
    again = reading("de 2 1003,1 m2, mesurant", 0.97)

    held = put_in(first, part, again, 10 * len(PROSE))

    assert held.text == PROSE.replace("103,1", "1003,1")
    assert len(held.places) == len(held.certainties) == len(held.text)
    assert list(held.places) == sorted(held.places)
    # read in two ways: nothing in it is certain, and what stands elsewhere is not touched
    assert max(c for sign, c in zip(held.text[38:], held.certainties[38:], strict=True) if sign.isdecimal()) <= 0.5
    assert min(held.certainties[:38]) == pytest.approx(0.99)


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
