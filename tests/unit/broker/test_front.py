"""Where the next claim begins: behind the dead, and at the front often enough."""

from __future__ import annotations

from registre.broker import timing
from registre.broker.front import FRONT, Front

LAST = (0, 500)


def _after_a_full_claim(took: float = 0.001) -> Front:
    front = Front()
    front.claimed(front.begin(100.0), LAST, full=True, now=100.0, took=took)
    return front


def test_a_claim_begins_where_the_last_one_ended_until_the_front_is_due() -> None:
    front = _after_a_full_claim()
    assert front.begin(100.1) == LAST
    assert front.begin(100.0 + timing.FRONT_S) == FRONT


def test_what_may_stand_before_it_is_looked_for_at_once() -> None:
    front = _after_a_full_claim()
    front.stir()
    assert front.begin(100.1) == FRONT


def test_a_claim_that_finds_too_little_is_repeated_from_the_front() -> None:
    front = _after_a_full_claim()
    assert front.claimed(front.begin(100.1), (0, 501), full=False, now=100.1, took=0.001)
    assert front.begin(100.1) == FRONT
    assert not front.claimed(FRONT, None, full=False, now=100.2, took=0.001)


def test_walking_over_the_dead_takes_a_tenth_of_the_time_at_most() -> None:
    front = _after_a_full_claim(took=0.2)
    front.stir()
    assert front.begin(101.9) == LAST
    assert not front.claimed(LAST, None, full=False, now=101.9, took=0.001)
    front.stir()
    assert front.begin(102.0) == FRONT
