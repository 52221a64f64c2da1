"""Stock dramatiq-pg and ours behind one face, worked by hand in this process: each fault of the one is shown beside the
other. Chance is taken out of the stock consumer: its dice (1 in 300 a second) never fall well."""

from __future__ import annotations

import time
from collections.abc import Callable

import dramatiq
import psycopg
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.message import Message
from dramatiq_pg import PostgresBroker

from registre.broker import JobBroker, Source

KINDS = ("stock", "registre")


class Rig:
    """One worker process's broker. Use `make(kind)` of the fixture `rigs`; it closes what it made."""

    def __init__(self, kind: str, url: str, slots: dict[str, int], *, results: bool = False) -> None:
        self.kind = kind
        self.stock = kind == "stock"
        self.slots = slots
        self.broker: Broker = (
            PostgresBroker(url=url, results=results, middleware=[])
            if self.stock
            else JobBroker([Source("test", url)], slots=slots, results=results)
        )
        self._consumers: list[Consumer] = []

    def actor(self, name: str, *, queue: str = "work", priority: int = 0) -> dramatiq.Actor:
        return dramatiq.actor(lambda: None, actor_name=name, queue_name=queue, priority=priority, broker=self.broker)

    def send(self, name: str = "x", *, queue: str = "work", delay_ms: int | None = None) -> Message:
        return self.broker.enqueue(Message(queue, "note", (name,), {}, {}), delay=delay_ms)

    def consumer(self, queue: str = "work") -> Consumer:
        """A consumer that has begun to listen."""
        made = self.broker.consume(queue, prefetch=self.slots.get(queue, 1), timeout=1000 if self.stock else 100)
        self._consumers.append(made)
        return made

    def close(self) -> None:
        """As a process that ends. Safe to repeat."""
        while self._consumers:
            self._consumers.pop().close()
        if not self.stock:
            self.broker.close()
        elif not self.broker.pool.closed:
            self.broker.pool.closeall()


def take(consumer: Consumer, seconds: float = 10.0) -> MessageProxy | None:
    """The next message; None when there is none for that long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        message = next(consumer)
        if message is not None:
            return message
    return None


def take_all(consumer: Consumer, seconds: float = 1.2, *, ack: bool = True) -> list[MessageProxy]:
    """Messages until there is none for that long."""
    taken: list[MessageProxy] = []
    while (message := take(consumer, seconds)) is not None:
        taken.append(message)
        if ack:
            consumer.ack(message)
    return taken


def fill(sql: psycopg.Connection, kind: str, ages: list[int], queue: str = "work") -> None:
    """One message for each age, named by it, inserted in this order in one transaction, each announced as that kind
    of broker does."""
    with sql.transaction():
        for age in ages:
            text = insert(sql, age, queue)
            sql.execute("SELECT pg_notify(%s, %s)", [f"dramatiq.{queue}.enqueue", text if kind == "stock" else ""])


def insert(sql: psycopg.Connection, age: int, queue: str = "work") -> str:
    """One message, not announced; answers its text."""
    [text] = sql.execute(
        "INSERT INTO dramatiq.queue (queue_name, message_id, state, message) "
        "SELECT %(queue)s, id, 'queued', jsonb_build_object('queue_name', %(queue)s::text, 'actor_name', 'note', "
        "  'args', jsonb_build_array(%(age)s::int), 'kwargs', '{}'::jsonb, 'options', '{}'::jsonb, 'message_id', id, "
        "  'message_timestamp', %(age)s::int) FROM gen_random_uuid() AS id RETURNING message::text",
        {"queue": queue, "age": age},
    ).fetchone()
    return text


def wait_for(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Until it holds; fails when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "never happened"
        time.sleep(0.02)


def cut(sql: psycopg.Connection) -> None:
    """End every connection of every broker to this database."""
    sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name IN ('registre-broker', 'dramatiq-pg') AND datname = current_database()"
    )


def advisory_locks(sql: psycopg.Connection) -> int:
    return sql.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()[0]


def connections(sql: psycopg.Connection) -> int:
    return sql.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name IN ('registre-broker', 'dramatiq-pg') AND datname = current_database()"
    ).fetchone()[0]


def states(sql: psycopg.Connection) -> dict[str, int]:
    return dict(sql.execute("SELECT state::text, count(*) FROM dramatiq.queue GROUP BY state").fetchall())
