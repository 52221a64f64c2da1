"""What a queue in Postgres is asked about again and again: acknowledgement, fork, the caller's transaction, old
snapshots, plans."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import psycopg
import psycopg2
import pytest
from dramatiq.message import Message
from psycopg import ClientCursor

from registre.broker import JobBroker, Source, timing
from registre.broker.front import FRONT
from registre.broker.link import Link
from registre.db.queries import load
from tests.integration.broker.rigs import KINDS, Rig, connections, fill, states, take, wait_for

_SQL = load("broker")

Make = Callable[..., Rig]


def test_an_acknowledgement_does_not_wait_for_the_next_message(
    rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POLL_S", "UNHEARD_POLL_S", "BEAT_S"):
        monkeypatch.setattr(timing, name, 3600.0)
    fill(sql, "registre", [1])
    consumer = rigs("registre", {"work": 1}).consumer()
    consumer.ack(take(consumer))
    wait_for(lambda: states(sql) == {"done": 1})


def test_what_is_given_back_runs_elsewhere_at_once(
    rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POLL_S", "UNHEARD_POLL_S"):
        monkeypatch.setattr(timing, name, 3600.0)
    leaving, staying = rigs("registre", {"work": 1}), rigs("registre", {"work": 1})
    fill(sql, "registre", [1])
    consumer, other = leaving.consumer(), staying.consumer()
    message = take(consumer, 3) or take(other)
    if message.hub not in leaving.broker._hubs:
        consumer, other = other, consumer
    consumer.requeue([message])
    consumer.close()
    assert take(other).message_id == message.message_id


def test_what_was_claimed_by_a_statement_whose_answer_got_lost_comes_after_the_reconnect(
    rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only when the lease is over, and it does not count as a crash."""
    monkeypatch.setattr(timing, "LEASE_S", 3600.0)
    real, lost = Link.execute, []

    def execute(link: Link, statement: str, values: dict[str, object] | None = None) -> list[tuple[object, ...]]:
        rows = real(link, statement, values)
        if not lost and rows and _SQL["claim_messages"] in statement:
            lost.extend(rows)
            raise psycopg2.OperationalError("the answer got lost")
        return rows

    monkeypatch.setattr(Link, "execute", execute)
    fill(sql, "registre", [1, 2])
    consumer = rigs("registre", {"work": 2}).consumer()
    assert {take(consumer).args[0] for _ in range(2)} == {1, 2}
    assert len(lost) == 2
    assert sql.execute("SELECT max(crashes) FROM dramatiq.queue").fetchone() == (0,)


def test_a_bell_that_is_about_to_ring_does_not_end_the_thread(
    rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr("registre.broker.hub.os.kill", lambda *arguments: killed.append(arguments))
    rig = rigs("registre", {"work": 2})
    consumer = rig.consumer()
    for number in range(3):
        hub = rig.broker._hubs[0]
        wait_for(lambda hub=hub: hub.looked_at and not hub._rung)
        hub._rung = True  # said, and the byte not yet sent
        fill(sql, "registre", [number])
        consumer.ack(take(consumer))
    assert killed == []


def test_a_forked_child_uses_connections_of_its_own(database_url: str, rigs: Make, sql: psycopg.Connection) -> None:
    rig = rigs("registre", {"work": 1})
    rig.send("parent")
    fork = os.fork()
    if fork == 0:
        try:
            rig.send("child")
        finally:
            os._exit(0)
    assert os.waitpid(fork, 0)[1] == 0
    rig.send("parent again")
    names = {row[0] for row in sql.execute("SELECT message -> 'args' ->> 0 FROM dramatiq.queue").fetchall()}
    assert names == {"parent", "child", "parent again"}
    wait_for(lambda: connections(sql) == 1)


def test_a_message_lives_and_dies_with_the_transaction_that_wrote_it(rigs: Make, sql: psycopg.Connection) -> None:
    consumer = rigs("registre", {"fetch": 1}).consumer("fetch")
    with sql.transaction(force_rollback=True):
        sql.execute("SELECT registre.enqueue('fetch', gen_random_uuid())")
    with sql.transaction():
        [kept] = sql.execute("SELECT registre.enqueue('fetch', gen_random_uuid())").fetchone()
        assert next(consumer) is None
    assert take(consumer).message_id == str(kept)
    assert states(sql) == {"consumed": 1}


def test_nothing_is_opened_before_a_message_is_sent_or_consumed(database_url: str, sql: psycopg.Connection) -> None:
    broker = JobBroker([Source("test", database_url)], slots={"work": 1})
    broker.declare_queue("work")
    assert connections(sql) == 0
    broker.close()


def test_claims_beside_an_old_snapshot_do_not_walk_over_the_dead(
    database_url: str, rigs: Make, sql: psycopg.Connection
) -> None:
    with psycopg.connect(database_url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM dramatiq.queue")
        fill(sql, "registre", list(range(600)))
        consumer = rigs("registre", {"work": 8}).consumer()
        for _ in range(590):
            consumer.ack(take(consumer))
        last = take(consumer).args[0]
        consumer.close()
        walked = {start: _pages(database_url, start) for start in (FRONT, (0, last))}
        old.rollback()
    assert walked[FRONT] > 3 * walked[0, last]


def _pages(url: str, start: tuple[int, int]) -> int:
    """Pages that a claim from there reads to find its messages."""
    values = {"claim": 1, "queues": ["work"], "rooms": [1], "priorities": [start[0]], "etas": [start[1]]}
    with psycopg.connect(url, autocommit=True, cursor_factory=ClientCursor) as connection:
        plan = connection.execute("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + _SQL["claim_messages"], values).fetchall()
    text = "\n".join(row[0] for row in plan)
    assert "Index Scan using queue_ready" in text
    return int(re.search(r"queue_ready.*?shared hit=(\d+)", text, re.DOTALL)[1])


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("claim_messages", "queue_ready"),
        ("ack_messages", "queue_pkey"),
        ("beat_messages", "queue_pkey"),
        ("reap_messages", "queue_held"),
        ("release_claims", "queue_held"),
        ("promote_due", "queue_due"),
        ("purge_ended", "queue_ended"),
    ],
)
def test_each_statement_reads_by_its_own_index_over_a_long_history(
    database_url: str, sql: psycopg.Connection, query: str, index: str
) -> None:
    sql.execute(
        "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) SELECT gen_random_uuid(), 'work', "
        "'done', jsonb_build_object('message_timestamp', n) FROM generate_series(1, 5000) n"
    )
    fill(sql, "registre", list(range(50)))
    sql.execute("ANALYZE dramatiq.queue")
    values = {
        "claim": 1,
        "queues": ["work.DQ" if query == "promote_due" else "work"],
        "rooms": [8],
        "priorities": [FRONT[0]],
        "etas": [FRONT[1]],
        "ids": [str(row[0]) for row in sql.execute("SELECT message_id FROM dramatiq.queue LIMIT 3").fetchall()],
        "claims": [1, 1, 1],
        "states": ["done"] * 3,
        "lease": 10,
        "max_crashes": 5,
        "keep": 86_400,
        "batch": 10,
    }
    with psycopg.connect(database_url, autocommit=True, cursor_factory=ClientCursor) as connection:
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN (COSTS OFF) " + _SQL[query], values).fetchall())
    assert f"using {index}" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("delay_ms", [None, 90_000])
def test_a_message_sent_from_python_is_the_row_that_the_stock_broker_writes(
    rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, delay_ms: int | None
) -> None:
    columns = "queue_name, state::text, message - 'message_id', result, result_ttl, claim, crashes"
    monkeypatch.setattr("registre.broker.job_broker.current_millis", lambda: 1_000)
    monkeypatch.setattr("dramatiq_pg.broker.current_millis", lambda: 1_000)
    rows = []
    for kind in KINDS:
        broker = rigs(kind, {}).broker
        message = Message("work", "note", ("é", 1), {"a": None}, {"b": [1]}, message_timestamp=5)
        sent = broker.enqueue(message, delay=delay_ms)
        query = f"SELECT {columns} FROM dramatiq.queue WHERE message_id = %s"
        rows.append(sql.execute(query, [sent.message_id]).fetchone())
    assert rows[0] == rows[1]
    assert rows[0][0] == ("work.DQ" if delay_ms else "work")
