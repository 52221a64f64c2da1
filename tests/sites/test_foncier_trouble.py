"""What can go wrong between entry and viewer, and what each failure says of the money."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from registre.browser.once import is_sealed
from registre.browser.session import Session
from registre.domain.errors import (
    AccountBenched,
    Challenge,
    DocumentLate,
    LoginFailed,
    PageTimeout,
    RegistreError,
    SessionLost,
    SiteError,
    SiteUnavailable,
    SiteUnreachable,
    UnexpectedMessage,
)
from registre.sandbox.foncier.options import SPECIAL_ACCOUNTS
from registre.sites.base import charged_by
from registre.sites.foncier.adapter import FoncierAdapter
from registre.sites.foncier.classify import Screen
from registre.sites.foncier.pages import login
from registre.sites.foncier.pages import order as order_page
from registre.sites.foncier.pages.order import Order
from tests.sites.conftest import account, acte, index, plan

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAN = plan("2", "Deux-Montagnes", "Mirabel")


async def test_a_wrong_password_is_tried_once(replica, page):
    wrong = replace(account(), password="pas-le-bon")

    with pytest.raises(LoginFailed, match="invalide"):
        await replica.adapter.sign_in(page, wrong)

    assert (await replica.logins(wrong.username))["attempts"] == 1


@pytest.mark.parametrize("flag", ["locked", "expired", "no_card", "question"])
async def test_an_account_that_needs_a_person_is_benched_with_the_sites_words(replica, page, flag):
    special = next(entry for entry in SPECIAL_ACCOUNTS if flag in entry.flags)

    with pytest.raises(AccountBenched) as caught:
        await replica.adapter.sign_in(page, replace(account(), username=special.code, password=special.password))

    assert special.password not in caught.value.text


async def test_a_session_open_elsewhere_is_no_failure_of_the_password(replica, browser, desk):
    await replica.options(concurrent="refuse_new")
    context = await browser.new_context()

    with pytest.raises(SiteError, match="déjà ouverte"):
        await replica.adapter.sign_in(await context.new_page(), account())
    await context.close()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"maintenance": "200"}, SiteUnavailable),
        ({"maintenance": "503"}, SiteUnavailable),
        ({"entry": "maintenance"}, SiteUnavailable),
        ({"closed": True}, SiteUnavailable),
        ({"challenge": True}, Challenge),
    ],
    ids=["maintenance 200", "maintenance 503", "entry replaced", "closed hours", "challenge"],
)
async def test_a_site_that_lets_nobody_in_is_named_and_no_password_is_sent(replica, page, change, error):
    await replica.options(**change)

    with pytest.raises(error):
        await replica.adapter.sign_in(page, account())

    assert (await replica.logins(account().username))["attempts"] == 0


async def test_a_site_that_is_not_there_is_unreachable(page):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(SiteUnreachable):
        await FoncierAdapter(f"http://127.0.0.1:{port}").sign_in(page, account())


@pytest.mark.parametrize("variant", ["A", "B", "C"])
async def test_an_expired_session_is_seen_before_the_form(replica, desk, variant):
    await replica.options(expired=variant)
    await replica.tell("expire")

    with pytest.raises(SessionLost):
        await replica.adapter.locate(desk, index())


@pytest.mark.parametrize("variant", ["A", "B", "C"])
async def test_a_session_that_expires_before_the_submit_costs_nothing(replica, desk, variant):
    await replica.options(expired=variant)
    (target,) = (await replica.adapter.locate(desk, index())).targets
    await replica.tell("expire")

    with pytest.raises(SessionLost) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False
    assert await replica.ledger() == []


@pytest.mark.parametrize(
    ("screen", "charged"),
    [("selection", False), ("confirmation", False), ("processing", None), ("viewer", None), ("menu", True)],
)
@pytest.mark.parametrize("variant", ["A", "C"])
async def test_a_session_that_expires_on_the_way_says_only_what_is_proven(replica, desk, screen, charged, variant):
    await replica.options(expired=variant)
    (target,) = (await replica.adapter.locate(desk, PLAN)).targets
    await replica.fault("expire", screen)

    with pytest.raises(SessionLost) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is charged
    assert len(await replica.ledger()) == (1 if charged else 0)


@pytest.mark.parametrize("step", [Screen.SELECTION, Screen.CONFIRMATION])
async def test_an_answer_turned_away_at_the_door_costs_nothing(replica, desk, step, monkeypatch):
    (target,) = (await replica.adapter.locate(desk, PLAN)).targets
    original = Order._next

    async def expire_behind_the_page(self, form, view, screen):
        answer = await original(self, form, view, screen)
        if screen is step:
            await replica.tell("expire")
        return answer

    monkeypatch.setattr(Order, "_next", expire_behind_the_page)
    with pytest.raises(SessionLost) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False
    assert await replica.ledger() == []


@pytest.mark.parametrize("kind", ["http500", "reset"])
@pytest.mark.parametrize("screen", ["index", "processing", "viewer"])
async def test_a_failure_after_the_submit_leaves_the_money_unknown_and_is_sent_once(replica, desk, kind, screen):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    posts, hits = await replica.hits("index", "POST"), await replica.hits(screen)
    await replica.fault(kind, screen)

    with pytest.raises(SiteError) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is None
    assert await replica.hits("index", "POST") == posts + 1
    assert await replica.hits(screen) == hits + 1


async def test_a_submit_that_is_never_answered_is_late_and_unknown(replica, desk, impatient):
    (target,) = (await impatient.locate(desk, index())).targets
    await replica.fault("hang", "index", seconds=20)

    with pytest.raises((DocumentLate, SiteError)) as caught:
        await impatient.buy(desk, target)

    assert charged_by(caught.value) is None


@pytest.mark.parametrize("screen", ["index", "processing", "viewer"])
async def test_a_purchase_given_up_while_it_is_out_is_sent_once_and_its_money_unknown(replica, desk, screen):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    posts, hits = await replica.hits("index", "POST"), await replica.hits(screen)
    await replica.fault("slow", screen, seconds=2)
    buying = asyncio.create_task(replica.adapter.buy(desk, target))
    await replica.struck()

    buying.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await buying
    await asyncio.sleep(2.5)

    assert charged_by(caught.value) is None
    assert is_sealed(desk)
    assert await replica.hits("index", "POST") == posts + 1
    assert await replica.hits(screen) == hits + 1


async def test_a_purchase_whose_holder_lost_the_job_sends_nothing_and_costs_nothing(replica, desk):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    posts = await replica.hits("index", "POST")

    with pytest.raises(SiteError, match="retenu") as caught:
        await replica.adapter.buy(desk, target, may_send=lambda: False)

    assert charged_by(caught.value) is False
    assert await replica.hits("index", "POST") == posts


async def test_a_click_that_takes_too_long_is_only_free_when_nothing_left(replica, desk, monkeypatch):
    (target,) = (await replica.adapter.locate(desk, index())).targets

    async def tired(page, control, *, what, timeout_s):
        # the click reaches the page; its request is on the way when patience ends
        await control.click(no_wait_after=True)
        raise PageTimeout

    monkeypatch.setattr(order_page, "click", tired)
    with pytest.raises((PageTimeout, DocumentLate)) as caught:
        await replica.adapter.buy(desk, target)
    await asyncio.sleep(1)

    free = charged_by(caught.value) is False
    assert await replica.hits("index", "POST") - 2 == (0 if free else 1)
    assert is_sealed(desk)


async def test_after_a_refusal_in_a_dialog_the_session_goes_on_with_a_new_page(replica, browser):
    await replica.options(alert_on_error=True)
    context = await browser.new_context()
    session = Session(account(), context, await context.new_page())
    await replica.adapter.sign_in(session.page, account())
    target = (await replica.adapter.locate(session.page, acte("12345678"))).targets[0]
    with pytest.raises(RegistreError, match="inexistant") as caught:
        await replica.adapter.buy(session.page, target)
    assert charged_by(caught.value) is False

    if is_sealed(session.page):
        await session.renew()
    located = await replica.adapter.locate(session.page, index())
    await replica.adapter.buy(session.page, located.targets[0])

    assert (len(await replica.ledger()), session.broken) == (1, False)
    assert (await replica.logins(account().username))["attempts"] == 1
    await session.close()


@pytest.mark.parametrize("words", ["locked", "expired"])
async def test_an_accounts_notice_is_not_lost_when_its_proof_does_not_come(replica, page, words, monkeypatch):
    special = next(entry for entry in SPECIAL_ACCOUNTS if words in entry.flags)

    async def no_answer(*_args):
        raise PageTimeout

    monkeypatch.setattr(login, "_opens_form", no_answer)
    with pytest.raises(AccountBenched):
        await replica.adapter.sign_in(page, replace(account(), username=special.code, password=special.password))


async def test_maintenance_that_answers_the_submit_costs_nothing(replica, desk):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    await replica.fault("maintenance", "index")

    with pytest.raises(SiteUnavailable) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False


async def test_a_sentence_nobody_knows_is_carried_to_the_job(replica, desk):
    await replica.options(not_found={"acte": "Le greffe a déménagé."})
    target = (await replica.adapter.locate(desk, acte("12345678"))).targets[0]

    with pytest.raises(UnexpectedMessage, match="Le greffe a déménagé") as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False


async def test_a_refusal_shouted_in_a_dialog_is_the_same_refusal(replica, desk):
    await replica.options(alert_on_error=True)
    target = (await replica.adapter.locate(desk, acte("12345678"))).targets[0]

    with pytest.raises(RegistreError, match="inexistant"):
        await replica.adapter.buy(desk, target)


async def test_a_charge_at_the_confirmation_is_made_once(replica, desk):
    await replica.options(charge_at="confirmer", confirm="all")
    (target,) = (await replica.adapter.locate(desk, index())).targets

    await replica.adapter.buy(desk, target)

    assert len(await replica.ledger()) == 1
    assert await replica.hits("confirmation", "POST") == 1
