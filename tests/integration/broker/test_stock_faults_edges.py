"""Every measured fault of stock dramatiq-pg around its consumer, shown there and absent here: connections, wake-ups,
results, purge, packaging."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import psycopg
import psycopg2
import pytest
from dramatiq.message import Message
from dramatiq.results.errors import ResultFailure
from dramatiq_pg import broker as stock_broker
from dramatiq_pg import utils as stock_utils
from psycopg2.pool import PoolError

from registre.broker import timing
from tests.integration.broker.rigs import KINDS, Rig, connections, fill, states, take, wait_for

pytestmark = pytest.mark.parametrize("kind", KINDS)

Make = Callable[..., Rig]


def test_i_four_queues_use_up_the_connections_that_acknowledgements_need(
    kind: str, rigs: Make, sql: psycopg.Connection
) -> None:
    names = [f"q{number}" for number in range(4 if kind == "stock" else 13)]
    for name in names:
        fill(sql, kind, [1], name)
    rig = rigs(kind, dict.fromkeys(names, 1))
    consumers = [rig.consumer(name) for name in names]
    if rig.stock:
        for name in names:
            next(rig.consumer(f"{name}.DQ"))
    taken = [(consumer, take(consumer)) for consumer in consumers]
    if rig.stock:
        with pytest.raises(PoolError):
            consumers[0].ack(taken[0][1])
        assert connections(sql) == 16
    else:
        for consumer, message in taken:
            consumer.ack(message)
        wait_for(lambda: states(sql) == {"done": 13})
        assert connections(sql) == 1


def test_j_many_threads_cannot_send(kind: str, rigs: Make, sql: psycopg.Connection) -> None:
    rig = rigs(kind, {})
    together = threading.Barrier(40)

    def send(_number: int) -> int:
        together.wait()
        failed = 0
        for _ in range(5):
            try:
                rig.send()
            except PoolError:
                failed += 1
        return failed

    with ThreadPoolExecutor(40) as pool:
        failures = sum(pool.map(send, range(40)))
    assert (failures > 0) == rig.stock
    assert states(sql) == {"queued": 200 - failures}


def test_k_a_wake_up_is_buffered_and_then_slept_over(
    kind: str, rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = rigs(kind, {"work": 3})
    if rig.stock:
        slept_over: list[int] = []
        real = stock_utils.select.select

        def select(readers: list[psycopg2.extensions.connection], *rest: object) -> object:
            slept_over.append(len(readers[0].notifies))
            return real(readers, *rest)

        consumer = rig.consumer()
        assert next(consumer) is None
        monkeypatch.setattr(stock_utils.select, "select", select)
        fill(sql, kind, [1])
        # The bell has arrived: what is heard before the sleep is not left to the network.
        assert real([consumer._listen_conn], [], [], 30)[0]
        assert take(consumer) is not None
        assert slept_over[0] == 1
        return
    monkeypatch.setattr(timing, "POLL_S", 3600.0)
    monkeypatch.setattr(timing, "UNHEARD_POLL_S", 3600.0)
    consumer = rig.consumer()
    for burst in range(20):
        fill(sql, kind, [burst] * 5)
        for _ in range(5):
            consumer.ack(take(consumer, 30))


def test_l_a_large_result_is_lost(kind: str, rigs: Make) -> None:
    rig = rigs(kind, {}, results=True)
    message, backend = rig.send(), rig.broker.backend
    if rig.stock:
        once = type(backend)._store.__wrapped__  # without its ten repetitions of a minute and more
        with pytest.raises(psycopg2.Error, match="payload string too long"):
            once(backend, message.message_id, "x" * 9000, 60_000)
    else:
        backend.store_result(message, "x" * 9000, 60_000)
        assert backend.get_result(message) == "x" * 9000


def test_m_waiting_threads_share_connections_that_they_have_given_back(kind: str, rigs: Make) -> None:
    rig = rigs(kind, {}, results=True)
    messages: list[Message] = [rig.send() for _ in range(4)]
    backend = rig.broker.backend
    if rig.stock:
        waiting = threading.Event()
        free: list[int] = []
        real = stock_utils.select.select

        def select(*arguments: object) -> object:
            free.append(len(rig.broker.pool._used))
            waiting.set()
            return real(*arguments)

        with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
            patch.setattr(stock_utils.select, "select", select)
            outcome = pool.submit(backend.get_result, messages[0], block=True, timeout=1000)
            assert waiting.wait(20)
            assert free == [0]
            assert outcome.exception(20) is not None
        return
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(lambda message: backend.get_result(message, block=True, timeout=20_000), messages)
        for number, message in enumerate(messages):
            backend.store_result(message, number, 60_000)
        assert list(results) == [0, 1, 2, 3]


def test_n_a_failure_is_answered_as_if_it_were_a_result(kind: str, rigs: Make) -> None:
    rig = rigs(kind, {}, results=True)
    message, backend = rig.send(), rig.broker.backend
    backend.store_exception(message, ValueError("broken"), 60_000)
    if rig.stock:
        assert backend.get_result(message)["exn"]["type"] == "ValueError"
    else:
        with pytest.raises(ResultFailure, match="broken"):
            backend.get_result(message)


def test_o_ended_messages_are_purged_by_chance_only(
    kind: str, rigs: Make, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours goes by the clock, in batches; a result stays until its own time is up."""
    monkeypatch.setattr(timing, "PURGE_BATCH", 10)
    monkeypatch.setattr(timing, "BEAT_S", 0.05)
    fill(sql, kind, list(range(45)))
    sql.execute("UPDATE dramatiq.queue SET state = 'done', mtime = now() - interval '40 days'")
    sql.execute("UPDATE dramatiq.queue SET mtime = now() WHERE message ->> 'message_timestamp' = '1'")
    sql.execute(
        "UPDATE dramatiq.queue SET result = '1', result_ttl = now() + interval '1 hour' "
        "WHERE message ->> 'message_timestamp' = '2'"
    )
    rig = rigs(kind, {"work": 1})
    consumer = rig.consumer()
    if rig.stock:
        assert [next(consumer) for _ in range(2)] == [None, None]
        assert states(sql) == {"done": 45}
    else:
        wait_for(lambda: states(sql) == {"done": 2})


def test_p_the_command_line_needs_packages_that_are_gone(kind: str) -> None:
    """Ours is not needed: `registre diagnose` and `registre requeue` count and recover."""
    needed = {"distutils", "pkg_resources"}
    if kind == "stock":
        cli = Path(stock_broker.__file__).with_name("cli.py").read_text()
        assert {name for name in needed if f"from {name}" in cli} == needed
    else:
        assert find_spec("registre.broker")
        program = f"import sys, registre.broker; sys.exit(len({needed!r} & sys.modules.keys()))"
        assert subprocess.run([sys.executable, "-W", "error", "-c", program]).returncode == 0


def test_the_announcement_carries_the_whole_message_to_every_process(
    kind: str, rigs: Make, sql: psycopg.Connection
) -> None:
    sql.execute('LISTEN "dramatiq.work.enqueue"')
    message = rigs(kind, {}).send()
    [heard] = list(sql.notifies(timeout=10, stop_after=1))
    assert (message.message_id in heard.payload) == (kind == "stock")
    assert bool(heard.payload) == (kind == "stock")
    sql.execute("UNLISTEN *")
