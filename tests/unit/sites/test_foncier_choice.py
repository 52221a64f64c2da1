"""Which line of a list is bought, and what an exception says of the money."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from registre.domain.errors import PaperOnly, SimilarOnly, SiteError
from registre.domain.request import DocumentKind, Target, TypeActe
from registre.sites.base import Purchase, Till, charged_by
from registre.sites.foncier.classify import Screen
from registre.sites.foncier.pages.history import free_link
from registre.sites.foncier.pages.order import Order, exact_row, preferred_plan
from registre.sites.foncier.parse import HistoryRow, PlanRow, SimilarRow

ACTE = Target(DocumentKind.ACTE, "25616400", "Montréal", type_acte=TypeActe.ACTE)


def row(position: int, number: str, *, paper: bool = False, kind: TypeActe | None = TypeActe.ACTE) -> SimilarRow:
    return SimilarRow(position, number, frozenset({number}), kind, None, paper)


def test_only_the_exact_number_is_taken():
    rows = [row(0, "25616399"), row(1, "25616400"), row(2, "25616401")]

    assert exact_row(rows, ACTE).position == 1


def test_neighbours_are_never_bought_and_are_named():
    with pytest.raises(SimilarOnly, match="25616399"):
        exact_row([row(0, "25616399"), row(1, "25616401", paper=True)], ACTE)


def test_the_exact_number_on_paper_is_paper_only():
    with pytest.raises(PaperOnly):
        exact_row([row(0, "25616399"), row(1, "25616400", paper=True)], ACTE)


def test_the_same_number_of_another_type_is_another_document():
    with pytest.raises(SimilarOnly):
        exact_row([row(0, "25616400", kind=TypeActe.RADIATION)], ACTE)


def test_two_lines_of_the_exact_number_are_not_guessed_between():
    with pytest.raises(SimilarOnly):
        exact_row([row(0, "25616400"), row(1, "25616400")], ACTE)


@pytest.mark.parametrize(
    ("dates", "position", "rule"),
    [
        (["1998-07-14"], 0, "seul"),
        (["1998-07-14", "2017-05-30", "2004-11-02"], 1, "date la plus récente"),
        (["2017-05-30", "1998-07-14"], 0, "date la plus récente"),
        (["2017-05-30", ""], 1, "dernier de la liste"),
        (["2017-05-30", "2017-05-30"], 1, "date la plus récente"),
    ],
)
def test_the_plan_taken_is_the_most_recent_else_the_last(dates, position, rule):
    rows = [PlanRow(n, f"Plan {n}", date.fromisoformat(day) if day else None) for n, day in enumerate(dates)]

    chosen, why = preferred_plan(rows)

    assert (chosen.position, why) == (position, rule)


@pytest.mark.parametrize("charged", [False, True, None])
def test_whatever_leaves_a_purchase_says_what_is_known_of_the_money(charged):
    till = Till()
    till.charged = charged

    with pytest.raises(SiteError) as caught, till:
        raise SiteError

    assert charged_by(caught.value) is charged


def test_a_cancelled_purchase_says_it_too():
    with pytest.raises(KeyboardInterrupt) as caught, Till():
        raise KeyboardInterrupt

    assert charged_by(caught.value) is False


async def test_a_time_limit_around_a_purchase_keeps_what_is_known():
    async def buy():
        with Till():
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await buy()

    assert charged_by(caught.value) is False


def test_an_exception_from_elsewhere_says_nothing():
    assert charged_by(ValueError()) is None


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Consulter de nouveau", True),
        ("Revoir", True),
        ("Commander", False),
        ("Consulter", False),
        ("Revoir (1,50 $)", False),
    ],
)
def test_only_a_link_that_says_again_is_a_free_one(text, offered):
    purchase = Purchase("2784195", "2026-05-01 10:00", 150, "77")
    rows = [HistoryRow(purchase, None, text, "x.asp")]

    assert (free_link(rows, purchase) is not None) is offered


def test_another_demand_of_the_same_number_is_not_the_one():
    asked = Purchase("2784195", "2026-05-01 10:00", 150, "77")
    rows = [HistoryRow(Purchase("2784195", "2026-04-01 10:00", 150, "12"), None, "Revoir", "x.asp")]

    assert free_link(rows, asked) is None


@pytest.mark.parametrize(
    ("screen", "before", "after"),
    [
        (Screen.REFUSAL, False, None),
        (Screen.SELECTION, False, None),
        (Screen.CONFIRMATION, False, None),
        (Screen.FORM, None, None),
        (Screen.LOGIN, False, False),
        (Screen.ERROR, None, None),
    ],
)
def test_once_the_price_was_accepted_only_the_sites_own_door_proves_that_nothing_was_billed(screen, before, after):
    order = Order(None, ACTE, Till())
    assert order._proof(screen, [], "http://x/Sirf/a.asp") is before
    order._confirmed = True
    assert order._proof(screen, [], "http://x/Sirf/a.asp") is after
