# pyright: basic
# psycopg2 ships no types.
"""One source's thread and its one connection: it listens, claims, acknowledges, beats, and returns what the dead left.

Everything a source needs goes through here, so a server that is slow, frozen or gone stops this thread and no other.
Worker threads only leave notes (`finish`, `give_back`) and wake it.
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2
import structlog

from registre.broker import timing
from registre.broker.delivery import UNDECODABLE, Delivery, decode
from registre.broker.front import Front, Place
from registre.broker.link import Link, Row
from registre.broker.slots import Slots
from registre.broker.source import Source
from registre.broker.upkeep import Hearing, Upkeep
from registre.db.queries import load

_SQL = load("broker")
_log = structlog.get_logger("broker")

_UNHEARD = "LISTEN needs a direct or session-pooled address; messages are looked for every quarter of a second instead"

#: message id, claim, new state
_Ack = tuple[str, int, str]


class Hub:
    """Works for one source until told to stop. `deliver` is called with each claimed message."""

    def __init__(self, source: Source, slots: Slots, deliver: Callable[[Delivery], None]) -> None:
        self.source = source
        self._slots = slots
        self._deliver = deliver
        self._rank = slots.join(self.wake, source.queues)
        #: guards the three below; notified when notes have been carried out
        self._notes = threading.Condition()
        self._held: dict[str, Delivery] = {}
        self._acks: list[_Ack] = []
        self._cycling = False
        self._fronts: dict[str, Front] = {}
        #: claims whose answer got lost
        self._doubtful: list[int] = []
        self._taken = 0
        #: on the monotonic clock, when messages were last looked for, or would have been had there been a free slot
        self.looked_at: float | None = None
        self._lost = self._warned = self._stopping = False
        self._backlog = self._yielded = False
        self._bell, self._cord = socket.socketpair()
        self._bell.setblocking(False)
        self._cord.setblocking(False)
        self._rung = False
        self._thread = threading.Thread(target=self._run, name=f"broker-{source.environment}", daemon=True)

    def start(self) -> None:
        if not self._thread.ident:
            self._thread.start()

    def stop(self) -> None:
        """End, after writing the last notes if the server answers."""
        self._stopping = True
        self.wake()
        if self._thread.ident:
            self._thread.join(timing.CLOSE_S)

    def wake(self) -> None:
        """There is something to do."""
        if not self._rung:
            self._rung = True
            self._cord.send(b".")

    def finish(self, delivery: Delivery, state: str) -> None:
        """Note that a message has ended as `done` or `rejected`, or goes back as `queued`. Its slot is free at once."""
        with self._notes:
            # Something else when our own stall was so long that the message came back to us.
            if self._held.get(delivery.message_id) is delivery:
                del self._held[delivery.message_id]
                self._acks.append((delivery.message_id, delivery.claim, state))
        self._slots.free(self._rank, delivery.queue_name)
        self.wake()

    def flush(self) -> None:
        """Wait until all notes are written; not longer than CLOSE_S, nor for a server that does not answer."""
        end = time.monotonic() + timing.CLOSE_S
        with self._notes:
            while (self._acks or self._cycling) and self._slots.answers(self._rank) and time.monotonic() < end:
                self._notes.wait(0.05)

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    self._live()
                except psycopg2.Error as exc:
                    self._lose(exc)
        finally:
            if not self._stopping:
                # A process that cannot beat loses all it takes: it stops, and whoever started it starts another.
                _log.error("broker.hub_stopped", environment=self.source.environment, exc_info=True)
                os.kill(os.getpid(), signal.SIGTERM)

    def _lose(self, exc: Exception) -> None:
        self._slots.away(self._rank, away=True)
        if not self._lost:
            self._lost = True
            _log.warning("broker.source_lost", environment=self.source.environment, error=str(exc).strip())
        if not self._stopping:
            time.sleep(timing.RECONNECT_S)

    def _live(self) -> None:
        """One connection's life."""
        link = Link(self.source.url)
        try:
            upkeep = Upkeep(link, self.source.url)
            if self._doubtful:
                link.execute(_SQL["release_claims"], {"claims": self._doubtful})
                self._doubtful.clear()
            self._slots.away(self._rank, away=False)
            if self._lost:
                self._lost = False
                _log.info("broker.source_back", environment=self.source.environment)
            while not self._stopping or self._acks:
                self._tend(upkeep)
                if not self._cycle(link):
                    self._rest(link, upkeep)
        finally:
            link.close()

    def _tend(self, upkeep: Upkeep) -> None:
        with self._notes:
            held = [(message_id, delivery.claim) for message_id, delivery in self._held.items()]
        queues = self._slots.queues(self._rank)
        with self._slots.waiting(self._rank):
            stirred = queues if upkeep.tend(queues, held) else []
        if stirred:
            self.looked_at = time.monotonic()
        for queue in (*stirred, *upkeep.heard()):
            self._front(queue).stir()
            self._slots.poke(self._rank, queue)
        if upkeep.hearing is Hearing.DEAF and not self._warned:
            self._warned = True
            _log.warning("broker.notify_unheard", environment=self.source.environment, hint=_UNHEARD)

    def _cycle(self, link: Link) -> bool:
        """Acknowledge and claim in one transaction and one round trip; False when there was nothing to do."""
        granted, self._yielded = self._slots.ask(self._rank)
        with self._notes:
            acks = self._acks.copy()
            self._cycling = bool(acks or granted)
        if not self._cycling:
            return False
        try:
            self._carry_out(link, acks, granted)
        finally:
            with self._notes:
                self._cycling = False
                self._notes.notify_all()
        return True

    def _carry_out(self, link: Link, acks: list[_Ack], granted: dict[str, int]) -> None:
        begun = time.monotonic()
        starts = {queue: self._front(queue).begin(begun) for queue in granted}
        claim = random.getrandbits(62)
        self._doubtful.append(claim)
        with self._slots.waiting(self._rank):
            rows = _execute(link, acks, granted, starts, claim)
        self._doubtful.remove(claim)
        with self._notes:
            del self._acks[: len(acks)]
        now = time.monotonic()
        found: dict[str, list[Row]] = {queue: [] for queue in granted}
        for row in sorted(rows):
            found[row[2]].append(row)
        fits = self._slots.settle(self._rank, {queue: len(rows) for queue, rows in found.items()})
        self._backlog = False
        for queue, rows in found.items():
            full = len(rows) == granted[queue]
            self._backlog |= full
            last = rows[-1][:2] if rows else None
            if self._front(queue).claimed(starts[queue], last, full=full, now=now, took=now - begun):
                self._slots.poke(self._rank, queue)
            for row in rows[: fits[queue]]:
                self._take(claim, *row[2:])
            with self._notes:
                self._acks += [(message_id, claim, "queued") for *_, message_id, _ in rows[fits[queue] :]]

    def _take(self, claim: int, queue: str, message_id: str, text: str) -> None:
        try:
            message = decode(text, queue=queue, message_id=message_id, environment=self.source.environment)
        except UNDECODABLE as exc:
            # Someone else's writing. Put aside where `registre diagnose` counts it; never a crash loop.
            _log.error("broker.undecodable", message_id=message_id, error=str(exc))
            with self._notes:
                self._acks.append((message_id, claim, "rejected"))
            self._slots.free(self._rank, queue)
            return
        self._taken += 1
        delivery = Delivery(message, self, claim, self._taken)
        with self._notes:
            self._held[message_id] = delivery
        self._deliver(delivery)

    def _rest(self, link: Link, upkeep: Upkeep) -> None:
        """Sleep until something comes or is due."""
        seconds = upkeep.next_at - time.monotonic()
        if self._yielded:
            # Whoever goes first may stop answering.
            seconds = min(seconds, timing.LEND_S / 2)
        poller = select.poll()
        poller.register(link.fileno(), select.POLLIN)
        poller.register(self._bell.fileno(), select.POLLIN)
        poller.poll(max(seconds, 0) * 1000)
        if self._rung:
            if self._backlog:
                time.sleep(timing.GATHER_S)
            # Whoever rings says so first: the byte may still be on its way, and then wakes once more for nothing.
            with suppress(BlockingIOError):
                self._bell.recv(64)
            self._rung = False

    def _front(self, queue: str) -> Front:
        return self._fronts.setdefault(queue, Front())


def _execute(link: Link, acks: list[_Ack], granted: dict[str, int], starts: dict[str, Place], claim: int) -> list[Row]:
    """Rows claimed: priority, eta, queue, message id, text."""
    statements: list[str] = [_SQL["commit_lazily"]]
    values: dict[str, Any] = {}
    if acks:
        statements.append(_SQL["ack_messages"])
        values |= zip(("ids", "claims", "states"), map(list, zip(*acks, strict=True)), strict=True)
    if granted:
        statements.append(_SQL["claim_messages"])
        values |= {
            "claim": claim,
            "queues": list(granted),
            "rooms": list(granted.values()),
            "priorities": [start[0] for start in starts.values()],
            "etas": [start[1] for start in starts.values()],
        }
    rows = link.execute(";\n".join(statements), values)
    return rows if granted else []
