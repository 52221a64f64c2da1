# pyright: basic
# dramatiq and dramatiq-pg ship no types.
"""The broker that actors bind to, and its consumers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import tenacity
from dramatiq.broker import Consumer
from dramatiq.common import current_millis, dq_name
from dramatiq.message import Message
from dramatiq.middleware import Middleware
from dramatiq.results import Results
from dramatiq_pg import PostgresBroker
from dramatiq_pg.utils import tidy4json
from psycopg2.extras import Json

from registre.broker.delivery import Delivery
from registre.broker.hub import Hub
from registre.broker.link import GONE, Links
from registre.broker.results import JobResults
from registre.broker.slots import Slots
from registre.broker.source import Source
from registre.db.queries import load

_SQL = load("broker")


class JobBroker(PostgresBroker):
    """Consumes for one process. `sources` stand in order of priority; `slots` says how many messages of each queue it
    may hold at once over all sources, never more. Nothing is opened before the first message is consumed or sent."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        slots: dict[str, int],
        middleware: list[Middleware] | None = None,
        results: bool = False,
        unopened: Collection[str] = (),
    ) -> None:
        """`unopened` names environments from which nothing is taken before `open_source`."""
        self.sources = tuple(sources)
        self.links = {source.environment: Links(source.url) for source in sources}
        super().__init__(pool=self.links, results=False, middleware=middleware or [])
        if results:
            self.backend = JobResults(self._links_of)
            self.add_middleware(Results(backend=self.backend))
        self._slots_of = slots
        self._unopened = set(unopened)
        self._lock = threading.Lock()
        self._forget()

    def declare_queue(self, queue_name: str) -> None:
        """As stock, but the delay queue is not declared, so nothing consumes it: due messages are moved by SQL."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = True
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> Consumer:
        """A consumer of one queue; the first starts a thread for each source. `prefetch` is not asked: slots are."""
        with self._lock:
            if self._pid != os.getpid():
                self._forget()
            if not self._hubs:
                self._hubs = [Hub(source, self._slots, self._deliver) for source in self.sources]
                for hub in self._hubs:
                    if hub.source.environment not in self._unopened:
                        hub.start()
            consumer = self._consumers.get(queue_name)
            if consumer is None:
                consumer = self._consumers[queue_name] = JobConsumer(queue_name, self._slots, self._hubs)
            consumer.timeout_s = timeout / 1000
            self._slots.open(queue_name)
        return consumer

    def open_source(self, environment: str) -> None:
        """Take messages from there too, at its place in the order."""
        with self._lock:
            self._unopened.discard(environment)
            for hub in self._hubs:
                if hub.source.environment == environment:
                    hub.start()

    def resize(self, queue_name: str, slots: int) -> None:
        """Change how many messages of the queue may be held at once; those held go on."""
        self._slots.resize(queue_name, slots)

    def held(self, queue_name: str) -> int:
        """Messages of the queue under way."""
        return self._slots.held(queue_name)

    def polled_ago(self, environment: str) -> timedelta | None:
        """How long ago messages were looked for there; None: never."""
        looked_at = next((hub.looked_at for hub in self._hubs if hub.source.environment == environment), None)
        return None if looked_at is None else timedelta(seconds=time.monotonic() - looked_at)

    def stop_claiming(self) -> None:
        """Take nothing new; what is held goes on, is kept and acknowledged."""
        with self._lock:
            for queue_name in self._consumers:
                self._slots.shut(queue_name)

    def enqueue(self, message: Message, *, delay: int | None = None) -> Message:
        """As stock, with the actor's priority in the table and a NOTIFY that carries nothing. The message goes to the
        source named by its `environment`, else to the first."""
        actor = self.actors.get(message.actor_name)
        if actor and actor.priority and "broker_priority" not in message.options:
            message = message.copy(options={"broker_priority": actor.priority})
        if delay:
            message = message.copy(queue_name=dq_name(message.queue_name), options={"eta": current_millis() + delay})
        self.emit_before("enqueue", message, delay)
        self._write(message)
        self.emit_after("enqueue", message, delay)
        return message

    def close(self) -> None:
        """Stop the sources' threads and close every connection."""
        self.stop_claiming()
        for hub in self._hubs:
            hub.stop()
        for links in self.links.values():
            links.close()
        self._forget()

    # A restart of the server takes a second or two. Twice is once: the message's id is the row's key.
    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(GONE),
        wait=tenacity.wait_fixed(0.5),
        stop=tenacity.stop_after_delay(20),
        reraise=True,
    )
    def _write(self, message: Message) -> None:
        values = {
            "queue": message.queue_name,
            "message_id": message.message_id,
            "message": Json(tidy4json(message)),
        }
        self._links_of(message).execute(_SQL["enqueue_message"], values)

    def _links_of(self, message: Any) -> Links:
        return self.links.get(message.kwargs.get("environment", ""), self.links[self.sources[0].environment])

    def _deliver(self, delivery: Delivery) -> None:
        self._consumers[delivery.queue_name].ready.put(delivery)

    def _forget(self) -> None:
        """Threads and connections belong to one process; after a fork the child begins anew."""
        self._pid = os.getpid()
        self._slots = Slots(self._slots_of)
        self._hubs: list[Hub] = []
        self._consumers: dict[str, JobConsumer] = {}


class JobConsumer(Consumer):
    """Hands one queue's claimed messages to dramatiq's worker; the sources' threads do the rest."""

    def __init__(self, queue_name: str, slots: Slots, hubs: Sequence[Hub]) -> None:
        self.ready: SimpleQueue[Delivery] = SimpleQueue()
        self.timeout_s = 1.0
        self._queue_name = queue_name
        self._slots = slots
        self._hubs = hubs

    def __next__(self) -> Delivery | None:
        try:
            return self.ready.get(timeout=self.timeout_s)
        except Empty:
            return None

    def ack(self, message: Delivery) -> None:
        message.hub.finish(message, "done")

    def nack(self, message: Delivery) -> None:
        message.hub.finish(message, "rejected")

    def requeue(self, messages: Iterable[Delivery]) -> None:
        for message in messages:
            message.hub.finish(message, "queued")

    def close(self) -> None:
        """Give back what no thread has taken, and see to it that every acknowledgement is written."""
        self._slots.shut(self._queue_name)
        for hub in self._hubs:
            hub.flush()
        while not self.ready.empty():
            self.requeue([self.ready.get()])
        for hub in self._hubs:
            hub.flush()
