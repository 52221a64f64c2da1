"""Signing in, lost sessions, closed hours and history at the second land registry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from registre.domain.errors import AccountBenched, LayoutChanged, LoginFailed, SessionLost, SiteUnavailable
from registre.sites.base import charged_by
from tests.sites.conftest import index
from tests.sites.other_replica import ACCOUNT
from tests.sites.other_replica_pages import Quirks

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOT, PLACE = "3456789", "Montréal"


async def test_a_login_button_that_sends_nothing_is_not_held_against_the_account(visit):
    there = await visit(Quirks(dead_login=True), signed=False)

    with pytest.raises(LayoutChanged):
        await there.sign_in()


@pytest.mark.parametrize("where", ["cell", "plain"])
async def test_a_refused_password_is_tried_once_and_explained_in_the_registrys_words(visit, where):
    there = await visit(Quirks(refusal=where), signed=False)

    with pytest.raises(LoginFailed) as caught:
        await there.sign_in("Pin-1")

    assert caught.value.text == Quirks.refused
    assert sum("POST" in line for line in there.site.log) == 1


@pytest.mark.parametrize(
    "words",
    [
        "Votre accès est suspendu à la suite de trop nombreuses tentatives.",
        "Votre mot de passe est échu. Vous devez le modifier.",
    ],
)
@pytest.mark.parametrize("way", ["cell", "plain", "own page"])
async def test_an_account_that_needs_a_person_is_benched(visit, words, way):
    there = await visit(signed=False)
    if way == "own page":
        there.site.blocked[ACCOUNT[0]] = words
    else:
        there.site.quirks = Quirks(refused=words, refusal=way)

    with pytest.raises(AccountBenched) as caught:
        await there.sign_in(None if way == "own page" else "Pin-1")

    assert words in caught.value.text


@pytest.mark.parametrize("expiry", ["A", "B", "C"])
async def test_a_session_that_ended_is_noticed_and_opened_again(visit, expiry):
    there = await visit(Quirks(expiry=expiry))
    there.site.sessions.clear()

    with pytest.raises(SessionLost):
        await there.adapter.locate(there.page, index(LOT, PLACE))
    await there.sign_in()

    there.once("index", "Lot : 3 456 789", await there.buy(index(LOT, PLACE)))


@pytest.mark.parametrize("expiry", ["A", "B", "C"])
async def test_a_session_that_ends_before_the_order_is_sent_costs_nothing(visit, expiry):
    there = await visit(Quirks(expiry=expiry))
    located = await there.adapter.locate(there.page, index(LOT, PLACE))
    there.site.sessions.clear()

    with pytest.raises(SessionLost) as caught:
        await there.adapter.buy(there.page, located.targets[0])

    assert charged_by(caught.value) is False


CLOSED = [
    (200, "Le Registre foncier du Québec en ligne est temporairement hors service."),
    (200, "Le Registre foncier est fermé. Le service reprend lundi à 8 h."),
    (200, "Nos services en ligne ne sont pas accessibles en ce moment."),
    (200, "Le site fait présentement l'objet de travaux d'entretien."),
    (503, "Revenez plus tard."),
]


@pytest.mark.parametrize("closed", CLOSED)
async def test_a_closed_registry_is_named_at_the_door_and_at_the_form(visit, closed):
    there = await visit()
    there.site.closed = closed

    with pytest.raises(SiteUnavailable) as at_form:
        await there.adapter.locate(there.page, index(LOT, PLACE))
    with pytest.raises(SiteUnavailable) as at_door:
        await there.sign_in()

    assert closed[1] in at_form.value.text
    assert closed[1] in at_door.value.text


async def test_a_registry_without_history_says_so(visit):
    there = await visit()

    assert await there.adapter.purchases(there.page, datetime.now(UTC)) is None


@pytest.mark.parametrize("words", ["Relevé des transactions", "Factures"])
async def test_a_history_behind_the_welcome_page_is_read(visit, words):
    there = await visit(Quirks(history=words))
    begun = datetime.now(UTC)
    await there.buy(index(LOT, PLACE))

    (purchase,) = await there.adapter.purchases(there.page, begun) or ()

    assert (purchase.target_number, purchase.amount_cents) == (LOT, 150)
    assert await there.adapter.recover(there.page, purchase) is None
    assert there.site.hits == 1
