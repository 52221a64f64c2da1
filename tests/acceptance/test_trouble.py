"""What goes wrong ends in a clear state, with nothing lost and nothing bought twice."""

from __future__ import annotations

import asyncio
import signal

from registre.embedded import services as embedded
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, SPECIAL_ACCOUNTS

CADASTRE = "Cadastre du Québec"


def test_a_worker_killed_after_the_purchase_does_not_buy_again(house):
    house.open_site()
    house.add_accounts()
    house.start("clock", "ocr", "browser")
    house.tell_site("options", delivery="delay", delivery_delay_s=30)
    order = house.order("acte", "25616321", "Montréal", acte="Acte")
    _until_charged(house)

    house.kill("browser")
    house.tell_site("options", delivery="attachment")
    # Young intents wait until the site's history can be trusted; the test does not.
    house.all("UPDATE registre.charge SET intent_at = intent_at - interval '5 minutes' RETURNING id")
    house.start("browser")
    job = house.wait_for(order, "done", "failed", "refused")

    assert job["state"] == "done"
    assert len(house.ledger()) == 1
    assert house.one("SELECT state, note ->> 'found' AS found FROM registre.charge") == {
        "state": "have",
        "found": "history",
    }


def test_without_a_history_page_an_interrupted_purchase_waits_for_a_person(house):
    house.open_site()
    house.add_accounts()
    house.start("clock", "browser")
    house.tell_site("options", delivery="delay", delivery_delay_s=30, history=False)
    order = house.order("acte", "25616321", "Montréal", acte="Acte")
    _until_charged(house)

    house.kill("browser")
    house.tell_site("options", delivery="attachment")
    house.all("UPDATE registre.charge SET intent_at = intent_at - interval '5 minutes' RETURNING id")
    house.start("browser")
    job = house.wait_for(order, "failed", "done", "refused")

    assert job["error_code"] in {"charge_unproven", "document_timeout"}
    # Not even a person's « status 1 » buys again; only an explicit decision does.
    house.all("UPDATE extraction_queue SET status_id = 1 WHERE id = %s RETURNING id", order)
    assert house.job(order)["state"] == "failed"
    assert house.job(order)["status_id"] == 4
    assert len(house.ledger()) == 1


def test_a_wrong_password_is_tried_twice_at_most_and_the_account_benched(house):
    wrong = SPECIAL_ACCOUNTS[0].code
    house.open_site()
    house.add_accounts((wrong, "pas-le-bon"))
    house.start("browser")
    order = house.order("acte", "25616321", "Montréal", acte="Acte")
    house.wait_for(order, "waiting")
    _until(lambda: house.one("SELECT is_active FROM worker_accounts")["is_active"] is False)

    account = house.one("SELECT failure_count, benched_code FROM worker_accounts")
    assert account == {"failure_count": 2, "benched_code": "auth_failed"}
    # Another account comes; the order goes on by itself and the bad password is left alone.
    house.add_accounts((NORMAL_ACCOUNTS[0].code, NORMAL_ACCOUNTS[0].password))
    house.start("ocr", "clock")
    assert house.wait_for(order, "done", "failed", "refused")["state"] == "done"
    logins = {entry["code"]: entry for entry in _logins(house)}
    assert logins[wrong]["attempts"] == 2


def test_without_an_account_the_order_waits_and_says_so(house):
    house.open_site()
    house.start("browser")
    order = house.order("acte", "25616321", "Montréal", acte="Acte")

    job = house.wait_for(order, "waiting")

    assert (job["error_code"], job["attempts"], job["status_id"]) == ("no_account", 0, 1)
    assert "compte" in job["error_message"]


def test_a_site_that_is_away_costs_three_tries_and_nothing_else(house):
    house.open_site()
    house.add_accounts()
    house.kill("site")
    house.start("browser", "clock")
    order = house.order("acte", "25616321", "Montréal", acte="Acte")

    job = house.wait_for(order, "failed")

    assert (job["error_code"], job["attempts"]) == ("site_unreachable", 3)
    assert house.all("SELECT id FROM registre.charge") == []
    assert house.one("SELECT max(failure_count) AS n FROM worker_accounts")["n"] == 0


def test_a_store_that_refuses_the_bytes_is_retried_without_buying_again(house):
    house.open_site()
    house.add_accounts()
    objects = house.folder / "state" / "objects"
    objects.mkdir()
    (objects / "objects").write_text("a file where the folder should be")
    house.start("browser", "ocr", "clock")
    order = house.order("acte", "15411750", "Montréal", acte="Radiation")
    job = house.wait_for(order, "failed")
    assert (job["stage"], job["error_code"]) == ("store", "storage_failed")

    (objects / "objects").unlink()
    house.all("UPDATE extraction_queue SET status_id = 1 WHERE id = %s RETURNING id", order)

    assert house.wait_for(order, "done")["state"] == "done"
    assert len(house.ledger()) == 1


def test_postgres_restarted_in_the_middle_loses_nothing(house, tmp_path):
    state = tmp_path / "own"
    own = asyncio.run(embedded.start(state, database_url=None, redis_url="redis://127.0.0.1:1"))
    try:
        house.url = own.database_url
        house.environment["DATABASE_URL"] = own.database_url
        _migrate(house.url)
        house.open_site()
        house.add_accounts()
        house.start("clock", "ocr", "browser")
        house.tell_site("options", delivery="delay", delivery_delay_s=4)
        orders = [house.order("acte", number, "Montréal", acte="Acte") for number in ("25616321", "25616399")]
        _until_charged(house)

        asyncio.run(embedded.stop(state))
        asyncio.run(embedded.start(state, database_url=None, redis_url="redis://127.0.0.1:1"))

        for order in orders:
            assert house.wait_for(order, "done", "failed", "refused", seconds=110)["state"] == "done"
        assert len(house.ledger()) == 2
    finally:
        house.close()
        asyncio.run(embedded.stop(state))
        house.url = ""


def test_a_killed_reader_process_costs_one_try_of_one_page(house):
    house.open_site()
    house.add_accounts()
    house.start("browser", "clock", "ocr")
    order = house.order("index", "1425100", "Montréal", cadastre=CADASTRE)
    _until(lambda: house.job(order)["stage"] == "ocr" and house.job(order)["state"] == "running")

    house.kill("ocr", signal.SIGKILL)
    house.start("ocr")

    assert house.wait_for(order, "done")["state"] == "done"
    assert house.history(order) in ([1, 2, 3, 6, 3, 6, 5], [1, 2, 3, 6, 5])
    assert len(house.ledger()) == 1


def _until_charged(house) -> None:
    _until(lambda: len(house.ledger()) > 0)


def _until(condition) -> None:
    from tests.acceptance.conftest import wait_until

    wait_until(condition, "the moment")


def _logins(house) -> list[dict]:
    logins = house.tell_site("logins")
    return [{"code": code, **entry} for code, entry in logins.items()] if isinstance(logins, dict) else logins


def _migrate(url: str) -> None:
    from registre.db.migrate import migrate

    asyncio.run(migrate(url))
