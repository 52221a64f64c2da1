"""Several environments served by one process set: order, fairness, and one of them in trouble."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.broker.conftest import Bench
from tests.integration.broker.wire import Wire

QUICK = {"ANSWER_S": 1.0, "CONNECT_S": 1.0, "LEND_S": 0.3, "POLL_S": 0.3, "RECONNECT_S": 0.2}


@pytest.fixture
def wire(three: Bench) -> Iterator[Wire]:
    """What stands between the workers and prod."""
    made = Wire(three.urls["prod"])
    yield made
    made.close()


def test_prod_goes_before_staging_before_dev_through_one_slot(three: Bench) -> None:
    three.start({"work": 1}, LEND_S=60)
    three.send("work.hold", "first", to="prod")
    three.wait(lambda: three.runs("start").total() == 1)
    for environment in ("dev", "staging", "prod"):
        three.fill("work.note", 4, to=environment)
    # The order is promised among what is known: each environment's bell takes a moment, longer on a loaded machine.
    time.sleep(3)
    three.let_go()
    three.wait(three.drained)
    assert three.served() == ["prod"] * 4 + ["staging"] * 4 + ["dev"] * 4


def test_each_environment_gets_a_turn_while_prod_never_ends(three: Bench) -> None:
    three.fill("work.nap", 60, 0.05, to="prod")
    three.fill("work.nap", 2, 0.05, to="staging")
    three.fill("work.nap", 2, 0.05, to="dev")
    three.start({"work": 1}, AGE_S=0.5, LEND_S=60)
    three.wait(three.drained)
    served = three.served("start")
    last_of_prod = len(served) - served[::-1].index("prod")
    assert {"staging", "dev"} <= set(served[: last_of_prod - 1])
    assert served[: last_of_prod - 1].count("prod") > 40


def test_an_actor_is_told_its_environment_even_when_two_have_the_same_message(three: Bench) -> None:
    """As after prod was copied to staging, messages and all."""
    message_id = three.send("work.note", "same", to="prod")
    columns = "message_id, queue_name, state, message"
    row = three.sqls["prod"].execute(f"SELECT {columns}::text FROM dramatiq.queue").fetchone()
    three.sqls["staging"].execute(f"INSERT INTO dramatiq.queue ({columns}) VALUES (%s, %s, %s, %s)", row)
    assert str(row[0]) == message_id
    three.start()
    three.wait(three.drained)
    assert sorted(three.served()) == ["prod", "staging"]
    assert (three.states("prod"), three.states("staging")) == ({"done": 1}, {"done": 1})


def test_an_environment_is_served_only_in_the_queues_it_names(three: Bench) -> None:
    three.start({"fetch": 1, "ocr": 1}, only={"dev": ["fetch"]})
    for environment in ("prod", "dev"):
        three.fill("fetch.note", 2, to=environment)
        three.fill("ocr.note", 2, to=environment)
    three.wait(lambda: three.states("prod") == {"done": 4} and three.states("dev") == {"done": 2, "queued": 2})
    assert "ocr:1" not in {line.name for line in three.lines() if line.environment == "dev"}


def test_one_that_refuses_connections_disturbs_none_and_is_served_once_it_is_there(three: Bench) -> None:
    wire = Wire(three.urls["prod"], refusing=True)
    for environment in three.urls:
        three.fill("work.note", 10, to=environment)
    three.start({"work": 1}, through={"prod": wire.url}, **QUICK)
    three.wait(lambda: three.states("staging") == three.states("dev") == {"done": 10})
    assert three.states("prod") == {"queued": 10}
    wire.open()
    three.wait(three.drained)
    assert three.runs() == {f"work:{n}": 3 for n in range(1, 11)}
    wire.close()


def test_one_that_freezes_while_it_is_asked_lends_its_slots_and_loses_nothing(three: Bench, wire: Wire) -> None:
    three.start({"work": 2}, through={"prod": wire.url}, LEASE_S=3.0, BEAT_S=0.5, **QUICK)
    three.fill("work.nap", 30, 0.05, to="prod")
    three.wait(lambda: three.runs("end").total() >= 4)
    wire.freeze()
    three.fill("work.note", 20, to="staging")
    three.fill("work.note", 20, to="dev")
    three.wait(lambda: three.states("staging") == three.states("dev") == {"done": 20})
    assert three.states("prod").keys() & {"queued", "consumed"}
    wire.thaw()
    three.wait(three.drained)
    assert {line.name for line in three.lines() if line.environment == "prod"} == {f"work:{n}" for n in range(1, 31)}


def test_one_that_is_frozen_from_the_start_keeps_nobody_waiting(three: Bench, wire: Wire) -> None:
    wire.freeze()
    three.start({"work": 1}, through={"prod": wire.url}, **QUICK)
    three.send("work.note", "x", to="dev")
    three.wait(lambda: three.states("dev") == {"done": 1})
    wire.thaw()
    three.send("work.note", "y", to="prod")
    three.wait(lambda: three.states("prod") == {"done": 1})


def test_a_process_stops_though_a_server_is_frozen(three: Bench, wire: Wire) -> None:
    process = three.start({"work": 2}, through={"prod": wire.url}, **QUICK)
    three.fill("work.nap", 2, 0.5, to="prod")
    three.wait(lambda: three.runs("start").total() == 2)
    wire.freeze()
    process.terminate()
    assert process.wait(30) == 0
    assert three.runs("end").total() == 2
