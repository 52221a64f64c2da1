"""The split of OCR slots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.limits.pool import Split, split

ONE_EACH = Split(1, 1)


@pytest.mark.parametrize(
    ("slots", "waiting", "expected"),
    [
        (10, Split(80, 20), Split(8, 2)),
        (10, Split(20, 80), Split(2, 8)),
        (10, Split(0, 0), Split(5, 5)),
        (10, Split(100, 0), Split(9, 1)),
        (10, Split(0, 100), Split(1, 9)),
        (2, Split(100, 1), Split(1, 1)),
        (4, Split(50, 5), Split(3, 1)),
        (15, Split(50, 5), Split(14, 1)),
        (15, Split(25, 25), Split(8, 7)),
        (15, Split(80, 20), Split(12, 3)),
        (1, Split(5, 0), Split(1, 0)),
        (1, Split(0, 5), Split(0, 1)),
    ],
)
def test_slots_follow_what_waits(slots: int, waiting: Split, expected: Split) -> None:
    assert split(slots, waiting, ONE_EACH) == expected


def test_one_slot_alternates_where_both_kinds_wait() -> None:
    turns = [split(1, Split(90, 1), ONE_EACH, turn=turn) for turn in range(4)]
    assert turns == [Split(0, 1), Split(1, 0), Split(0, 1), Split(1, 0)]


@given(
    st.integers(0, 60),
    st.builds(Split, st.integers(0, 500), st.integers(0, 500)),
    st.builds(Split, st.integers(0, 5), st.integers(0, 5)),
    st.integers(0, 3),
)
def test_every_slot_is_given_out_and_minima_hold(slots: int, waiting: Split, minima: Split, turn: int) -> None:
    found = split(slots, waiting, minima, turn=turn)
    assert found.index + found.acte == slots
    assert min(found.index, found.acte) >= 0
    if slots >= minima.index + minima.acte:
        assert found.index >= minima.index
        assert found.acte >= minima.acte
        total, share = waiting.index + waiting.acte, slots * waiting.index
        if minima.index * total <= share <= (slots - minima.acte) * total:
            assert 2 * abs(found.index * total - share) <= total


@given(st.integers(2, 40), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_more_of_a_kind_never_gets_it_fewer_slots(slots: int, index: int, acte: int, more: int) -> None:
    before, after = split(slots, Split(index, acte), ONE_EACH), split(slots, Split(index + more, acte), ONE_EACH)
    if index + acte:
        assert after.index >= before.index
