"""Who gets into the replica: wrong passwords, locks, special accounts, one account's several sessions."""

from __future__ import annotations

import pytest
from site_client import Customer, customer, replica

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, SPECIAL_ACCOUNTS


async def test_a_login_posted_without_its_page_is_refused_and_not_counted():
    app = replica()
    code, password = NORMAL_ACCOUNTS[0].code, NORMAL_ACCOUNTS[0].password

    visitor = await Customer(app).post(paths.LOGIN, {"txtVaCodeUtils": code, "txtMotPasse": password})

    assert visitor.out_of_order
    assert app.site.accounts.counts[code].attempts == 0


async def test_wrong_passwords_are_counted_and_the_third_locks_the_account():
    app = replica()
    target = SPECIAL_ACCOUNTS[0]
    visitor = Customer(app, target)

    for _ in range(2):
        await visitor.login("faux")
        assert visitor.error == "Le code d'utilisateur ou le mot de passe est invalide."
    await visitor.login("faux")
    assert "verrouillé" in visitor.text
    await visitor.login()
    assert "verrouillé" in visitor.text

    count = app.site.accounts.counts[target.code]
    assert (count.attempts, count.failures) == (4, 4)


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (SPECIAL_ACCOUNTS[1], "verrouillé"),
        (SPECIAL_ACCOUNTS[2], "Votre mot de passe est expiré"),
        (SPECIAL_ACCOUNTS[3], "Aucune carte de crédit"),
        (SPECIAL_ACCOUNTS[4], "Question d'identification personnelle"),
    ],
    ids=["locked", "expired", "no_card", "question"],
)
async def test_special_accounts_do_not_get_in(account, said):
    visitor = await customer(replica(), account)

    assert said in visitor.text
    assert not visitor.site.sessions.live()


async def test_the_personal_question_lets_in_whoever_answers_it():
    visitor = await customer(replica(), SPECIAL_ACCOUNTS[4])

    await visitor.post(paths.LOGIN, {"txtReponQuest": "Ailleurs", "txtInAfichQuestIdentPersn": "O"})
    assert "invalide" in (visitor.error or "")
    await visitor.post(paths.LOGIN, {"txtReponQuest": "Pointe-au-Pic", "txtInAfichQuestIdentPersn": "O"})

    assert "Bienvenue" in visitor.text


async def test_a_single_session_account_is_refused_a_second_session():
    app = replica()
    await customer(app, SPECIAL_ACCOUNTS[6])

    second = await customer(app, SPECIAL_ACCOUNTS[6])

    assert "Une session est déjà ouverte" in second.text


async def test_signing_in_elsewhere_may_end_the_older_session():
    app = replica(concurrent="kill_old")
    older, newer = await customer(app), await customer(app)

    assert "Identification du client" in (await older.get(paths.INDEX)).text
    assert "Consulter un index" in (await newer.get(paths.INDEX)).text


async def test_terminer_la_session_ends_it():
    visitor = await customer(replica())

    await visitor.get(paths.LOGOUT)

    assert "Votre session est terminée" in visitor.text
    assert not visitor.site.sessions.live()
