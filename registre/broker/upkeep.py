"""What a source needs beside claims, while one connection lives: listening, beats, due delays, the dead, the old."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator
from enum import Enum, auto

import structlog

from registre.broker import timing
from registre.broker.link import Link
from registre.db.queries import load

_SQL = load("broker")
_log = structlog.get_logger("broker")


class Hearing(Enum):
    """What the self-test of NOTIFY has found."""

    UNKNOWN = auto()
    GOOD = auto()
    #: LISTEN was accepted and nothing ever comes: a transaction pooler stands in between
    DEAF = auto()


class Upkeep:
    """Runs each duty when it is due. Nothing of it survives the connection."""

    def __init__(self, link: Link, url: str) -> None:
        self._link = link
        self._listening: set[str] = set()
        self.hearing = Hearing.UNKNOWN
        self._test = f"dramatiq.selftest.{secrets.token_hex(8)}"
        self._ask_oneself(url)
        self._since = time.monotonic()
        self._beat_at = self._poll_at = self._purge_at = self._since

    @property
    def next_at(self) -> float:
        """When `tend` is to be called again, on the monotonic clock."""
        return min(self._beat_at, self._poll_at)

    def tend(self, queues: Collection[str], held: Collection[tuple[str, int]]) -> bool:
        """Do what is due; True when it is time to look for messages whose NOTIFY got lost."""
        for queue in set(queues) - self._listening:
            self._link.listen(f"dramatiq.{queue}.enqueue")
            self._listening.add(queue)
            self._poll_at = 0.0
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + timing.BEAT_S
            self._beat(now, held)
        if now >= self._purge_at:
            self._purge(now)
        if now < self._poll_at:
            return False
        if self.hearing is Hearing.UNKNOWN and now - self._since > timing.SELF_TEST_S:
            self.hearing = Hearing.DEAF
        self._poll_at = now + (timing.POLL_S if self.hearing is Hearing.GOOD else timing.UNHEARD_POLL_S)
        self._link.execute(_SQL["promote_due"], {"queues": [f"{queue}.DQ" for queue in queues]})
        return True

    def heard(self) -> Iterator[str]:
        """Queues that were announced since the last call."""
        for channel in self._link.heard():
            if channel == self._test:
                self.hearing = Hearing.GOOD
            else:
                yield channel.removeprefix("dramatiq.").removesuffix(".enqueue")

    def _ask_oneself(self, url: str) -> None:
        """A NOTIFY from another connection, as real ones come: one's own is delivered even by a pooler."""
        self._link.listen(self._test)
        other = Link(url)
        try:
            other.execute(_SQL["notify"], {"channel": self._test})
        finally:
            other.close()

    def _beat(self, now: float, held: Collection[tuple[str, int]]) -> None:
        if held:
            ids, claims = zip(*held, strict=True)
            self._link.execute(_SQL["beat_messages"], {"ids": list(ids), "claims": list(set(claims))})
        # After a reconnect the living beat first: a server restart must not look like a mass death.
        if now - self._since > timing.LEASE_S:
            for queue, crashes, _ in self._link.execute(
                _SQL["reap_messages"], {"max_crashes": timing.MAX_CRASHES, "lease": timing.LEASE_S}
            ):
                _log.warning("broker.reaped", queue=queue, crashes=crashes)

    def _purge(self, now: float) -> None:
        values = {"keep": timing.KEEP_ENDED_S, "batch": timing.PURGE_BATCH}
        purged = len(self._link.execute(_SQL["purge_ended"], values))
        # A full batch means that there is more; the beat in between keeps claims from waiting for it.
        self._purge_at = now + (timing.PURGE_S if purged < timing.PURGE_BATCH else timing.BEAT_S)
