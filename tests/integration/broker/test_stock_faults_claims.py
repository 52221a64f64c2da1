"""Every measured fault of stock dramatiq-pg's consumer, shown there and absent here: locks, herd, order, the dead,
lost connections, delays, poolers, back-off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from registre.broker import timing
from tests.integration.broker.rigs import (
    KINDS,
    Rig,
    advisory_locks,
    cut,
    fill,
    insert,
    states,
    take,
    take_all,
    wait_for,
)
from tests.integration.broker.wire import Pooler

pytestmark = pytest.mark.parametrize("kind", KINDS)

Make = Callable[..., Rig]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of three seconds."""
    for name, value in {"LEASE_S": 3.0, "BEAT_S": 0.3, "POLL_S": 0.2, "RECONNECT_S": 0.1, "SELF_TEST_S": 0.5}.items():
        monkeypatch.setattr(timing, name, value)


def test_a_locks_pile_up_with_every_message_of_a_backlog(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    fill(sql, kind, list(range(200)))
    rig = rigs(kind, {"work": 8})
    consumer = rig.consumer()
    for _ in range(200):
        consumer.ack(take(consumer))
    assert advisory_locks(sql) == (200 if rig.stock else 0)


def test_b_every_process_runs_a_statement_for_every_message(
    kind: str, rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle process of ours looks once when something is announced; in a backlog a statement claims many."""
    for name in ("POLL_S", "UNHEARD_POLL_S", "BEAT_S"):
        monkeypatch.setattr(timing, name, 60.0)
    consumers = [rigs(kind, {"work": 40}).consumer() for _ in range(3)]
    for consumer in consumers:
        assert next(consumer) is None
    sql.execute(
        "CREATE SEQUENCE public.claims; CREATE FUNCTION public.count_claim() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM nextval('public.claims'); RETURN NULL; END $$; "
        "CREATE TRIGGER count_claim AFTER UPDATE ON dramatiq.queue EXECUTE FUNCTION public.count_claim()"
    )
    try:
        fill(sql, kind, list(range(40)))
        taken = sum(len(take_all(consumer, ack=False)) for consumer in consumers)
        [claims] = sql.execute("SELECT nextval('public.claims') - 1").fetchone()
    finally:
        sql.execute("DROP FUNCTION public.count_claim() CASCADE; DROP SEQUENCE public.claims")
    assert taken == 40
    if kind == "stock":
        assert claims == 3 * 40
    else:
        assert claims <= 10


def test_c_a_backlog_is_taken_in_no_order(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    ages = [(7 * number) % 40 for number in range(40)]
    fill(sql, kind, ages)
    rig = rigs(kind, {"work": 4})
    taken = [message.args[0] for message in take_all(rig.consumer())]
    assert sorted(taken) == sorted(ages)
    assert (taken == sorted(ages)) == (not rig.stock)  # stock's is the table's order, mostly that of arrival


def test_c_an_actors_priority_counts_only_for_what_is_already_taken(kind: str, rigs: Make) -> None:
    rig = rigs(kind, {"work": 2})
    slow, urgent = rig.actor("slow", priority=10), rig.actor("urgent", priority=-10)
    for _ in range(20):
        slow.send()
    for _ in range(3):
        urgent.send()
    names = [message.actor_name for message in take_all(rig.consumer())]
    assert len(names) == 23
    assert [place for place, name in enumerate(names) if name == "urgent"] == ([20, 21, 22] if rig.stock else [0, 1, 2])


def test_c_the_whole_backlog_is_read_into_every_process(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    fill(sql, kind, list(range(300)))
    rig = rigs(kind, {"work": 4})
    consumer = rig.consumer()
    assert take(consumer) is not None
    in_memory = 1 + (len(consumer.notifies) if rig.stock else consumer.ready.qsize())
    assert in_memory == (300 if rig.stock else 4)


@pytest.mark.usefixtures("quick")
def test_d_a_dead_workers_messages_are_found_by_chance_only(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    rig = rigs(kind, {"work": 2})
    consumer = rig.consumer()
    assert next(consumer) is None
    insert(sql, 1)
    sql.execute("UPDATE dramatiq.queue SET state = 'consumed', claim = 1, mtime = now() - interval '1 hour'")
    assert (take(consumer, 3 if rig.stock else 20) is None) == rig.stock


@pytest.mark.usefixtures("quick")
def test_e_a_cut_connection_gives_running_messages_to_the_next_process(
    kind: str, rigs: Make, sql: psycopg.Connection
) -> None:
    fill(sql, kind, [1, 2, 3])
    first = rigs(kind, {"work": 3})
    running = [take(one) for one in [first.consumer()] * 3]
    cut(sql)
    second = rigs(kind, {"work": 3}).consumer()
    again = take_all(second, 1.2 if first.stock else timing.LEASE_S + 2, ack=False)
    assert len(again) == (len(running) if first.stock else 0)


@pytest.mark.usefixtures("quick")
def test_e_delayed_messages_are_lost_with_the_connection_that_listens(
    kind: str, rigs: Make, sql: psycopg.Connection
) -> None:
    rig = rigs(kind, {"work": 5, "work.DQ": 5})
    consumer = rig.consumer("work.DQ" if rig.stock else "work")
    assert next(consumer) is None
    for _ in range(5):
        rig.send(delay_ms=1000)
    if not rig.stock:
        cut(sql)
        assert len([take(consumer) for _ in range(5)]) == 5
        return
    assert len(take_all(consumer, ack=False)) == 5
    consumer.close()  # as dramatiq's thread does at every lost connection, before it begins a new one
    assert take_all(rig.consumer("work.DQ")) == []
    assert states(sql) == {"consumed": 5}
    assert advisory_locks(sql) == 5


@pytest.mark.usefixtures("quick")
def test_f_a_delayed_message_waits_in_one_processs_memory(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    rig = rigs(kind, {"work": 2, "work.DQ": 2000})
    consumer = rig.consumer("work.DQ" if rig.stock else "work")
    rig.send("tomorrow", delay_ms=86_400_000)
    if rig.stock:
        assert take(consumer).args == ("tomorrow",)
        assert states(sql) == {"consumed": 1}
        assert advisory_locks(sql) == 1
    else:
        rig.send("soon", delay_ms=300)
        assert take(consumer).args == ("soon",)
        assert states(sql) == {"consumed": 1, "queued": 1}


@pytest.mark.usefixtures("quick")
def test_g_behind_a_transaction_pooler_nothing_is_heard_and_locks_are_left(
    kind: str, rigs: Make, sql: psycopg.Connection, database_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    pooler = Pooler(database_url)
    rig = rigs(kind, {"work": 4}, pooler.url)
    consumer = rig.consumer()
    assert next(consumer) is None
    wait_for(lambda: rig.stock or "broker.notify_unheard" in capfd.readouterr().out)
    fill(sql, kind, [1, 2])
    heard = take_all(consumer, 3)
    assert len(heard) == (0 if rig.stock else 2)
    if rig.stock:
        consumer.close()
        assert len(take_all(rig.consumer())) == 2
    rig.close()
    assert (advisory_locks(sql) > 0) == rig.stock
    pooler.close()


def test_h_a_consumer_once_full_stays_slow(kind: str, rigs: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = rigs(kind, {"work": 1})
    for _ in range(2):
        rig.send()
    consumer = rig.consumer()
    if rig.stock:
        slept: list[float] = []
        monkeypatch.setattr("dramatiq_pg.broker.time.sleep", slept.append)
        first = take(consumer)
        for _ in range(10):
            next(consumer)
        consumer.ack(first)
        assert take(consumer) is not None
        next(consumer)
        assert slept[-1] >= 0.5
        return
    first = take(consumer)
    assert [next(consumer) for _ in range(10)] == [None] * 10
    consumer.timeout_s = 60.0
    threading.Timer(0.1, consumer.ack, [first]).start()
    begun = time.monotonic()
    assert next(consumer) is not None
    assert time.monotonic() - begun < 30
