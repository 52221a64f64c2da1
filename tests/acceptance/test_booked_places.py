"""Real processes on one machine: their bookings read as operators know them, and the killed leave room for the next."""

from __future__ import annotations

import json

import pytest
import redis

from tests.acceptance.conftest import wait_until


@pytest.fixture
def machine(house, servers):
    """The house's processes count on a Redis of this machine's name."""
    house.environment |= {"REDIS_URL": servers.redis_url, "REGISTRE_HOST": house.folder.name}
    house.open_site()
    with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
        yield lambda name: client.get(f"{house.folder.name}:{name}")


def test_places_are_booked_waited_for_and_free_again_after_a_kill(house, machine):
    house.start("browser", REGISTRE_BROWSER_SLOTS="1")
    house.start("ocr", OCR_WORKER_POOL_SIZE="2")
    wait_until(lambda: machine("server:cpu:allocated") == "5.5", "one of each", house.folder / "ocr.log")
    assert machine("server:ram:allocated") == "2.25"
    assert json.loads(machine("worker_pool:allocation")) == {"indexWorkers": 1, "acteWorkers": 1, "totalWorkers": 2}
    assert '"event": "pool.ready"' in (house.folder / "ocr.log").read_text()

    house._spawn("second", "-m", "actors", "browser", REGISTRE_BROWSER_SLOTS="1")
    second = house.folder / "second.log"
    wait_until(lambda: "capacity.waits" in second.read_text(), "the second to wait", second)
    order = house.order("acte", "15411750", "Montréal", acte="Radiation")
    assert machine("server:cpu:allocated") == "5.5"
    assert house.processes["second"].poll() is None

    house.kill("ocr")
    house.kill("browser")
    wait_until(lambda: "capacity.entered" in second.read_text(), "the second to take its place", second, 60)
    wait_until(lambda: machine("server:cpu:allocated") == "3", "the killed to expire", second, 60)
    assert machine("server:ram:allocated") == "1"
    # there is no account: a place alone buys nothing; "running" is an attempt that died with its process
    assert house.job(order)["state"] in {"queued", "waiting", "running"}
    assert house.ledger() == []
