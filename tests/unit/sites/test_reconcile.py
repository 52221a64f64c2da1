"""Two ledgers of one account side by side: what agrees, what does not, and what of it is proven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from registre.db.charge import Booked
from registre.domain.job import ChargeState, State
from registre.domain.request import DocumentKind, Target
from registre.sites.base import Purchase
from registre.stages.reconcile import Kind, compare

NOON = datetime(2026, 5, 4, 16, 0, tzinfo=UTC)
SINCE = NOON - timedelta(days=1)


def ours(number="2784195", state="have", demande=None, *, minutes=0, cents=150, age=60, job=State.FAILED):
    return Booked(
        id=uuid4(),
        job_id=uuid4(),
        order_id=None,
        target=Target(DocumentKind.INDEX, number, "Montréal", "Cadastre du Québec"),
        state=ChargeState(state),
        amount_cents=cents,
        demande=demande,
        intent_at=NOON + timedelta(minutes=minutes),
        job_state=job,
        age=timedelta(minutes=age),
    )


def theirs(number="2784195", demande=None, *, minutes=1, cents=150, kind=DocumentKind.INDEX, place="Montréal"):
    at = NOON + timedelta(minutes=minutes)
    return Purchase(number, f"{at}", cents, demande, {"circonscription": place}, kind, at)


def told(booked, lines):
    return [(found.kind, found.settles) for found in compare(booked, lines, since=SINCE)]


def test_what_both_have_agrees_by_number_of_demande_or_by_document_and_time():
    booked = [ours(demande="100001"), ours("399-184")]
    assert told(booked, [theirs("399-184"), theirs(demande="100001")]) == [(Kind.MATCHED, None)] * 2


def test_another_price_is_a_difference_and_an_unreadable_one_is_not():
    assert told([ours(demande="1")], [theirs(demande="1", cents=175)]) == [(Kind.AMOUNT, None)]
    assert told([ours(demande="1")], [theirs(demande="1", cents=None)]) == [(Kind.MATCHED, None)]


@pytest.mark.parametrize("state", ["intent", "unproven"])
def test_a_doubt_that_the_history_shows_is_proven_paid(state):
    assert told([ours(state=state)], [theirs(demande="7")]) == [(Kind.FOUND, ChargeState.PAID)]


def test_an_old_intent_of_an_ended_order_is_void_only_if_the_history_is_whole_and_shows_nothing_like_it():
    intent, paid = ours(state="intent"), ours("399-184", demande="1", minutes=-60)
    line = theirs("399-184", demande="1", minutes=-59)
    assert told([paid, intent], [line]) == [(Kind.MATCHED, None), (Kind.OURS_ONLY, ChargeState.VOID)]
    # what we know to be paid is missing too: the history does not go back so far, or lags
    assert told([paid, intent], []) == [(Kind.OURS_ONLY, None), (Kind.OURS_ONLY, None)]
    # the same number under another place or product may be this very purchase
    for strange in (theirs(place="Québec"), theirs(kind=DocumentKind.PLAN)):
        assert (Kind.OURS_ONLY, ChargeState.VOID) not in told([intent], [strange])


@pytest.mark.parametrize(("age", "job"), [(0, State.FAILED), (60, State.WAITING), (60, State.RUNNING)])
def test_what_is_young_or_still_moves_is_left_alone(age, job):
    assert told([ours(state="intent", age=age, job=job)], []) == [(Kind.PENDING, None)]


def test_a_paid_or_unproven_purchase_the_site_does_not_know_is_never_settled():
    assert told([ours(state="paid", demande="9")], []) == [(Kind.OURS_ONLY, None)]
    assert told([ours(state="unproven")], []) == [(Kind.OURS_ONLY, None)]


def test_a_line_nobody_ordered_is_told_unless_it_is_older_than_what_was_asked():
    assert told([], [theirs(), theirs(minutes=-60 * 48)]) == [(Kind.THEIRS_ONLY, None)]


def test_a_purchase_we_held_for_unpaid_and_the_site_billed_is_shown_with_our_charge():
    [found] = compare([ours(state="void")], [theirs(demande="5")], since=SINCE)
    assert (found.kind, found.ours.state, found.theirs.demande) == (Kind.THEIRS_ONLY, ChargeState.VOID, "5")
    assert told([ours(state="void")], []) == []


def test_two_purchases_of_one_number_are_not_told_apart_by_guessing():
    assert told([ours(state="intent")], [theirs(), theirs(minutes=2)]) == [(Kind.AMBIGUOUS, None)]
    two = [ours(state="intent"), ours(state="intent", minutes=5)]
    assert told(two, [theirs(minutes=6)]) == [(Kind.AMBIGUOUS, None)] * 2
    # the site's own numbers leave no doubt
    known = [ours(demande="1"), ours(state="intent", minutes=5)]
    assert told(known, [theirs(demande="1"), theirs(demande="2", minutes=6)]) == [
        (Kind.MATCHED, None),
        (Kind.FOUND, ChargeState.PAID),
    ]


def test_a_history_that_shows_days_only_still_matches():
    line = theirs(demande="3", minutes=11 * 60)
    assert told([ours()], [line]) == [(Kind.MATCHED, None)]
