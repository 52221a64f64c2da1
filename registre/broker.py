# pyright: basic
# dramatiq, dramatiq-pg and psycopg2 ship no types; this file is their only user.
"""The message broker: dramatiq-pg's table, message format and enqueue, with a consumer of our own.

Why not the stock consumer: it takes an advisory lock a message (12.8k of them end the server), runs jobs twice when a
connection drops, finds a dead host's messages by a dice roll, and knows no order. Here instead: batch claims with
`FOR UPDATE SKIP LOCKED` in priority and age order, a lease refreshed by one statement a process, a claim number as
fence, delays that stay in the table until due, and NOTIFY only as a wake-up.

Two layers on purpose: this lease makes work go on; the job row's fenced lease decides, and the ledger forbids.
"""

from __future__ import annotations

import random
import select
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import structlog
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.common import current_millis, dq_name
from dramatiq.errors import DecodeError
from dramatiq.message import Message
from dramatiq.middleware import Middleware
from dramatiq_pg import PostgresBroker
from psycopg2.pool import PoolError, ThreadedConnectionPool

from registre.db.queries import load

_SQL = load("broker")
_log = structlog.get_logger("broker")

#: A message whose holder has not beaten for this long, in seconds, goes to someone else.
LEASE_S = 12
#: A message that outlived this many holders is put aside as rejected: it kills who touches it.
MAX_CRASHES = 5
#: Upper bound, in seconds, on how late a NOTIFY that got lost can make a message.
POLL_S = 1.0

_GONE = (psycopg2.OperationalError, psycopg2.InterfaceError, PoolError)


@dataclass(frozen=True, slots=True)
class Source:
    """One environment's queue."""

    #: given to each actor as its keyword argument `environment`
    environment: str
    url: str
    #: what is claimed from here; None: every queue of the process
    queues: frozenset[str] | None = None


class JobBroker(PostgresBroker):
    """Consumes for one process. `sources` stand in order of priority; `slots` says how many messages of each queue it
    may hold at once, never more."""

    def __init__(
        self, sources: Sequence[Source], *, slots: dict[str, int], middleware: list[Middleware] | None = None
    ) -> None:
        self.environment = sources[0].environment
        self.connections = _WaitingPool(sources[0].url, maxconn=4)
        super().__init__(pool=self.connections, results=False, middleware=middleware or [])
        self.slots = slots
        self.consumers: dict[str, JobConsumer] = {}
        self._lock = threading.Lock()
        self._hub: threading.Thread | None = None

    def declare_queue(self, queue_name: str) -> None:
        """As stock, but the delay queue is not declared, so nothing consumes it: due messages are moved by SQL."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = True
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> Consumer:
        """A consumer of one queue; the first starts the process's one LISTEN connection."""
        with self._lock:
            consumer = self.consumers.setdefault(
                queue_name, JobConsumer(self, queue_name, self.slots.get(queue_name, 1), timeout / 1000)
            )
            if self._hub is None:
                self._hub = threading.Thread(target=self._run_hub, name="broker-hub", daemon=True)
                self._hub.start()
        return consumer

    def _run_hub(self) -> None:
        while True:
            try:
                with self.connections.connection() as connection:
                    connection.autocommit = True
                    self._listen(connection)
            except (*_GONE, psycopg2.Error) as exc:
                # Whatever the server says: without this thread nothing beats, and running messages go to others.
                _log.warning("broker.lost", error=str(exc).strip())
                time.sleep(POLL_S)

    def _listen(self, connection: Any) -> None:
        """One connection's life: listen, promote what is due, beat, and return what dead holders left."""
        heard: set[str] = set()
        since = time.monotonic()
        beaten = 0.0
        cursor = connection.cursor()
        while True:
            for queue in set(self.consumers) - heard:
                cursor.execute(f'LISTEN "dramatiq.{queue}.enqueue"')
                heard.add(queue)
                self.consumers[queue].poke()
            cursor.execute(_SQL["promote_due"], {"queues": [dq_name(q) for q in heard], "now": current_millis()})
            now = time.monotonic()
            if now - beaten >= LEASE_S / 4:
                beaten = now
                self._beat(cursor)
                # After a reconnect the living beat first: a server restart must not look like a mass death.
                if now - since > LEASE_S:
                    cursor.execute(_SQL["reap_messages"], {"max_crashes": MAX_CRASHES, "lease": LEASE_S})
            if not connection.notifies:
                select.select([connection], [], [], POLL_S)
            connection.poll()
            for notify in connection.notifies:
                consumer = self.consumers.get(notify.channel.removeprefix("dramatiq.").removesuffix(".enqueue"))
                if consumer is not None:
                    consumer.poke()
            connection.notifies.clear()

    def _beat(self, cursor: Any) -> None:
        held = [pair for consumer in list(self.consumers.values()) for pair in list(consumer.held.items())]
        if held:
            ids, claims = [message_id for message_id, _ in held], list({claim for _, claim in held})
            cursor.execute(_SQL["beat_messages"], {"ids": ids, "claims": claims})


class JobConsumer(Consumer):
    """Claims one queue's messages in batches and sends acknowledgements along with the next claim."""

    def __init__(self, broker: JobBroker, queue_name: str, slots: int, timeout_s: float) -> None:
        self.broker = broker
        self.queue_name = queue_name
        self.slots = slots
        self.timeout_s = timeout_s
        #: message id → claim number, for everything taken and not yet acknowledged
        self.held: dict[str, int] = {}
        self._ready: deque[Message] = deque()
        self._acks: deque[tuple[str, int, str, str | None]] = deque()
        self._wake = threading.Event()
        #: True once a claim found less than it asked for; a poke makes it worth asking again
        self._dry = False

    def poke(self) -> None:
        self._dry = False
        self._wake.set()

    def __next__(self) -> MessageProxy | None:
        if not self._ready:
            self._wake.clear()
            room = 0 if self._dry else max(self.slots - len(self.held), 0)
            if self._acks or room:
                try:
                    self._cycle(room)
                except _GONE as exc:
                    _log.warning("broker.claim_failed", queue=self.queue_name, error=str(exc).strip())
                    time.sleep(0.5)
                    return None
        if self._ready:
            return MessageProxy(self._ready.popleft())
        if not self._wake.wait(self.timeout_s):
            self._dry = False
        return None

    def _cycle(self, room: int) -> None:
        """Acknowledge and claim in one transaction."""
        acks, claim = list(self._acks), random.getrandbits(62)
        self._dry = self._dry or room > 0  # a poke during the claim resets it, so no wake-up is lost
        with self.broker.connections.connection() as connection, connection, connection.cursor() as cursor:
            if acks:
                ids, claims, states, payloads = (list(column) for column in zip(*acks, strict=True))
                cursor.execute(
                    _SQL["ack_messages"], {"ids": ids, "claims": claims, "states": states, "payloads": payloads}
                )
            rows: list[tuple[int, int, str, str]] = []
            if room:
                cursor.execute(_SQL["claim_messages"], {"claim": claim, "queue": self.queue_name, "room": room})
                rows = sorted(cursor.fetchall())
        for _ in acks:
            self._acks.popleft()
        for _, _, message_id, text in rows:
            self._take(message_id, claim, text)
        if room and len(rows) == room:
            self._dry = False

    def _take(self, message_id: str, claim: int, text: str) -> None:
        try:
            message = self._decode(message_id, text)
        except (DecodeError, TypeError, KeyError, AttributeError, ValueError) as exc:
            # Someone else's writing. Put aside where `registre diagnose` counts it; never a crash loop.
            _log.error("broker.undecodable", message_id=message_id, error=str(exc))
            self._acks.append((message_id, claim, "rejected", None))
            self._wake.set()
            return
        self.held[message_id] = claim
        self._ready.append(message)

    def _decode(self, message_id: str, text: str) -> Message:
        """The message, if it is this row's: the worker finds consumer and claim by what the message says of itself."""
        message = Message.decode(text.encode())
        if (message.queue_name, message.message_id) != (self.queue_name, message_id):
            raise ValueError("queue or id differ from the row's")
        if not isinstance(message.options, dict):
            raise TypeError("options are no object")
        message.kwargs["environment"] = self.broker.environment
        return message

    def ack(self, message: MessageProxy) -> None:
        self._done(message, "done", None)

    def nack(self, message: MessageProxy) -> None:
        self._done(message, "rejected", message.encode().decode())

    def _done(self, message: MessageProxy, state: str, payload: str | None) -> None:
        claim = self.held.pop(message.message_id, None)
        if claim is not None:
            self._acks.append((message.message_id, claim, state, payload))
        self._wake.set()

    def requeue(self, messages: list[MessageProxy]) -> None:
        held = [(m.message_id, self.held.pop(m.message_id)) for m in messages if m.message_id in self.held]
        if held:
            with self.broker.connections.connection() as connection, connection, connection.cursor() as cursor:
                cursor.execute(
                    _SQL["requeue_messages"], {"ids": [i for i, _ in held], "claims": list({c for _, c in held})}
                )

    def close(self) -> None:
        try:
            while self._acks:
                self._cycle(0)
            self.requeue([MessageProxy(message) for message in self._ready])
        except _GONE as exc:
            # The lease returns them; nothing is lost but a few seconds.
            _log.warning("broker.close_failed", queue=self.queue_name, error=str(exc).strip())
        self._ready.clear()


class _WaitingPool(ThreadedConnectionPool):
    """Connections made when first needed; waits for a free one where the stock pool raises."""

    def __init__(self, url: str, *, maxconn: int) -> None:
        super().__init__(
            0,
            maxconn,
            url,
            application_name="registre-broker",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            connect_timeout=5,
        )
        self.minconn = maxconn
        self._gate = threading.BoundedSemaphore(maxconn)

    def getconn(self, key: Any = None) -> Any:
        self._gate.acquire()
        try:
            return super().getconn(key)
        except BaseException:
            self._gate.release()
            raise

    def putconn(self, conn: Any, key: Any = None, close: bool = False) -> None:
        try:
            super().putconn(conn, key, close)
        finally:
            self._gate.release()

    @contextmanager
    def connection(self) -> Any:
        """One connection, thrown away when it broke."""
        connection = self.getconn()
        broken = False
        try:
            yield connection
        except _GONE:
            broken = True
            raise
        finally:
            self.putconn(connection, close=broken or bool(connection.closed))
