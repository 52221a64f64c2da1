"""A process told to stop: what can be finished is finished, the rest goes to others, nothing is taken any more."""

from __future__ import annotations

import signal

from tests.acceptance.conftest import wait_until


def test_a_purchase_under_way_is_finished_within_the_grace_period_and_nothing_new_begun(house):
    house.open_site()
    house.add_accounts()
    house.start("browser", REGISTRE_BROWSER_SLOTS="1", REGISTRE_GRACE_SECONDS="60")
    house.tell_site("options", delivery="delay", delivery_delay_s=5)
    bought = house.order("acte", "15411750", "Montréal", acte="Radiation")
    wait_until(lambda: len(house.ledger()) == 1, "the purchase", house.folder / "browser.log")
    waiting = house.order("acte", "16403429", "Montréal", acte="Radiation")

    process = house.processes["browser"]
    process.send_signal(signal.SIGINT)
    process.wait(90)

    assert process.returncode == 0
    job = house.job(bought)
    assert (job["stage"], job["state"], job["attempts"]) == ("store", "queued", 0)
    assert (house.job(waiting)["state"], house.job(waiting)["fence"]) == ("queued", 0)
    assert house.one("SELECT state FROM registre.charge") == {"state": "paid"}
    assert house.all("SELECT id FROM worker_accounts WHERE lease_worker IS NOT NULL") == []


def test_beyond_the_grace_period_a_purchase_is_handed_back_and_not_bought_again(house):
    house.open_site()
    house.add_accounts()
    house.start("clock", "browser", REGISTRE_GRACE_SECONDS="1")
    house.tell_site("options", delivery="delay", delivery_delay_s=60)
    order = house.order("acte", "15411750", "Montréal", acte="Radiation")
    wait_until(lambda: len(house.ledger()) == 1, "the purchase", house.folder / "browser.log")

    process = house.processes["browser"]
    house.kill("browser", signal.SIGTERM)
    job = house.job(order)
    assert process.returncode == 0
    assert (job["state"], job["error_code"], job["attempts"]) == ("waiting", "released", 0)

    house.tell_site("options", delivery="attachment")
    house.all("UPDATE registre.charge SET intent_at = intent_at - interval '5 minutes' RETURNING id")
    house.start("browser", "ocr")
    assert house.wait_for(order, "done", "failed", "refused")["state"] == "done"
    assert len(house.ledger()) == 1
