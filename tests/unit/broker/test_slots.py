"""Who may claim next: earlier sources first, ageing, lending, and never more than there are slots."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.broker import timing
from registre.broker.slots import Slots

PROD, STAGING, DEV = 0, 1, 2


class Clock:
    """Time that passes when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _slots(total: int = 2, clock: Clock | None = None, **queues: frozenset[str] | None) -> tuple[Slots, Clock]:
    """Three connected sources and one queue `q`, open, of which each source may have something."""
    clock = clock or Clock()
    slots = Slots({"q": total}, clock)
    for name in ("prod", "staging", "dev"):
        slots.join(lambda: None, queues.get(name))
    slots.open("q")
    for rank in (PROD, STAGING, DEV):
        slots.away(rank, away=False)
        slots.poke(rank, "q")
    return slots, clock


def _claim(slots: Slots, rank: int, found: int = 99) -> int:
    """Ask and find so many messages at most; how many were taken."""
    granted, _ = slots.ask(rank)
    return sum(slots.settle(rank, {queue: min(room, found) for queue, room in granted.items()}).values())


def test_the_first_source_takes_all_slots_while_it_has_work() -> None:
    slots, _ = _slots()
    assert slots.ask(STAGING) == ({}, True)
    assert _claim(slots, PROD) == 2
    slots.free(PROD, "q")
    assert _claim(slots, STAGING) == 0
    assert _claim(slots, PROD) == 1


def test_the_next_source_takes_what_the_first_leaves() -> None:
    slots, _ = _slots()
    assert _claim(slots, PROD, found=1) == 1
    assert _claim(slots, DEV) == 0
    assert _claim(slots, STAGING, found=0) == 0
    assert _claim(slots, DEV) == 1


def test_what_is_asked_for_is_nobody_elses_until_the_answer() -> None:
    slots, _ = _slots()
    assert slots.ask(PROD) == ({"q": 2}, False)
    assert slots.ask(STAGING) == ({}, True)
    slots.settle(PROD, {"q": 0})
    assert slots.ask(STAGING) == ({"q": 2}, False)


def test_what_came_while_a_claim_found_nothing_is_asked_for_again() -> None:
    slots, _ = _slots()
    slots.ask(PROD)
    slots.poke(PROD, "q")
    slots.settle(PROD, {"q": 0})
    assert slots.ask(PROD) == ({"q": 2}, False)


def test_who_waited_long_gets_one_turn_and_the_line_begins_anew() -> None:
    slots, clock = _slots(1)
    served: list[int] = []
    for _ in range(200):
        clock.now += timing.AGE_S / 20
        for rank in (PROD, STAGING, DEV):
            if _claim(slots, rank):
                served.append(rank)
                slots.free(rank, "q")
                break
    counts = Counter(served)
    assert counts[PROD] > 150
    assert 8 <= counts[STAGING] <= 10
    assert 8 <= counts[DEV] <= 10


def test_idle_time_is_no_waiting_time() -> None:
    slots, clock = _slots(1)
    for rank in (PROD, STAGING, DEV):
        _claim(slots, rank, found=0)
    clock.now += 10 * timing.AGE_S
    slots.poke(PROD, "q")
    slots.poke(STAGING, "q")
    assert slots.ask(STAGING) == ({}, True)
    assert slots.ask(PROD) == ({"q": 1}, False)


def test_a_source_that_does_not_answer_lends_its_slots_and_takes_no_more_than_are_left() -> None:
    slots, clock = _slots()
    slots.ask(PROD)
    with slots.waiting(PROD):
        clock.now += timing.LEND_S / 2
        assert slots.ask(STAGING) == ({}, True)
        clock.now += timing.LEND_S
        assert _claim(slots, STAGING, found=1) == 1
    assert slots.settle(PROD, {"q": 2}) == {"q": 1}


def test_a_source_that_is_away_keeps_no_slot_and_has_its_place_again_when_it_is_back() -> None:
    slots, _ = _slots()
    slots.ask(PROD)
    slots.away(PROD, away=True)
    assert _claim(slots, STAGING) == 2
    slots.away(PROD, away=False)
    slots.free(STAGING, "q")
    assert slots.ask(STAGING) == ({}, True)
    assert slots.ask(PROD) == ({"q": 1}, False)


def test_a_source_claims_only_what_it_serves() -> None:
    slots, _ = _slots(staging=frozenset())
    assert slots.queues(STAGING) == []
    _claim(slots, PROD, found=0)
    assert slots.ask(STAGING) == ({}, False)
    assert slots.ask(DEV) == ({"q": 2}, False)


def test_nothing_is_claimed_of_a_queue_that_was_shut_not_even_by_a_claim_under_way() -> None:
    slots, _ = _slots()
    slots.ask(PROD)
    slots.shut("q")
    assert slots.settle(PROD, {"q": 2}) == {"q": 0}
    assert slots.ask(PROD) == ({}, False)
    slots.open("q")
    assert slots.ask(PROD) == ({"q": 2}, False)


@pytest.mark.parametrize("event", ["free", "settle", "away", "refused"])
def test_whoever_may_claim_now_is_woken(event: str) -> None:
    woken: list[int] = []
    slots = Slots({"q": 1})
    for rank in (PROD, STAGING):
        slots.join(lambda rank=rank: woken.append(rank), None)
    slots.open("q")
    for rank in (PROD, STAGING):
        slots.away(rank, away=False)
        slots.poke(rank, "q")
    slots.ask(PROD)
    woken.clear()
    match event:
        case "free":
            slots.settle(PROD, {"q": 1})
            woken.clear()
            slots.free(PROD, "q")
        case "settle":
            slots.settle(PROD, {"q": 0})
        case "away":
            slots.away(PROD, away=True)
        case _:
            slots.ask(STAGING)
            assert woken == [PROD]
            return
    assert woken == [STAGING]


@given(st.lists(st.tuples(st.sampled_from("acpfe"), st.integers(0, 2), st.integers(0, 4)), max_size=60))
def test_never_more_is_held_than_there_are_slots(moves: list[tuple[str, int, int]]) -> None:
    slots, clock = _slots(3)
    held: Counter[int] = Counter()
    asked: dict[int, dict[str, int]] = {}
    for move, rank, count in moves:
        match move:
            case "a" if rank not in asked:
                granted, _ = slots.ask(rank)
                if granted:
                    asked[rank] = granted
            case "c" if rank in asked:
                got = {queue: min(room, count) for queue, room in asked.pop(rank).items()}
                held[rank] += sum(slots.settle(rank, got).values())
            case "p":
                slots.poke(rank, "q")
            case "f" if held[rank]:
                held[rank] -= 1
                slots.free(rank, "q")
            case _:
                clock.now += count * timing.AGE_S / 3
        assert held.total() <= 3
