"""Who may claim next: the earlier source before the later, with ageing, and never more than there are slots."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from registre.broker import timing


@dataclass
class _Place:
    """One source's place in the line for one queue's slots."""

    #: it may have ready messages
    wants: bool = False
    #: something came while a claim was on its way
    poked: bool = False
    #: since when it wants and got nothing
    since: float = 0.0
    #: slots kept for a claim on its way
    asked: int = 0


@dataclass
class _Line:
    """One queue's slots and the sources that may want them, by rank."""

    slots: int
    places: dict[int, _Place]
    held: int = 0
    open: bool = True


@dataclass
class _Source:
    wake: Callable[[], None]
    #: what it serves; None: every queue
    queues: frozenset[str] | None
    #: not connected
    away: bool = True
    #: when the statement was sent whose answer it waits for
    sent_at: float | None = None


@dataclass
class Slots:
    """The slots of one process, shared by the threads of all its sources. A queue without a number has one."""

    totals: Mapping[str, int]
    clock: Callable[[], float] = time.monotonic
    _sources: list[_Source] = field(default_factory=list[_Source])
    _lines: dict[str, _Line] = field(default_factory=dict[str, _Line])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, wake: Callable[[], None], queues: frozenset[str] | None) -> int:
        """Add a source behind those already there; answers its rank. `wake` is called when it may claim."""
        self._sources.append(_Source(wake, queues))
        return len(self._sources) - 1

    def open(self, queue: str) -> None:
        """Begin to hand out the queue's slots."""
        with self._lock:
            served = {
                rank: _Place()
                for rank, source in enumerate(self._sources)
                if source.queues is None or queue in source.queues
            }
            line = self._lines.setdefault(queue, _Line(self.totals.get(queue, 1), served))
            line.open = True
        for source in self._sources:
            source.wake()

    def resize(self, queue: str, slots: int) -> None:
        """Change how many there are; what is held beyond that goes on."""
        with self._lock:
            self.totals = {**self.totals, queue: slots}
            if queue in self._lines:
                self._lines[queue].slots = slots
        for source in self._sources:
            source.wake()

    def held(self, queue: str) -> int:
        """Messages of the queue under way, those included that a claim may be bringing."""
        with self._lock:
            line = self._lines.get(queue)
            return line.held + sum(place.asked for place in line.places.values()) if line else 0

    def shut(self, queue: str) -> None:
        """Hand out no more of them."""
        with self._lock:
            self._lines[queue].open = False

    def queues(self, rank: int) -> list[str]:
        """Open queues that this source serves."""
        with self._lock:
            return [queue for queue, line in self._lines.items() if line.open and rank in line.places]

    def poke(self, rank: int, queue: str) -> None:
        """The source may have something in that queue."""
        with self._lock:
            line = self._lines.get(queue)
            place = line and line.places.get(rank)
            if place:
                if not place.wants:
                    place.wants, place.since = True, self.clock()
                place.poked = True

    def ask(self, rank: int) -> tuple[dict[str, int], bool]:
        """How many messages of which queue this source may claim now, and whether it had to let another go first.

        What is granted stays reserved until `settle`.
        """
        granted: dict[str, int] = {}
        rivals: set[int] = set()
        with self._lock:
            now = self.clock()
            for queue, line in self._lines.items():
                place = line.places.get(rank)
                if not (line.open and place and place.wants):
                    continue
                room = self._room(line, now)
                first, aged = self._first(line, rank, now)
                if first != rank:
                    rivals.add(first)
                elif room > 0:
                    place.asked = granted[queue] = 1 if aged and len(line.places) > 1 else room
                    place.poked = False
        for rival in rivals:
            self._sources[rival].wake()
        return granted, bool(rivals)

    def settle(self, rank: int, got: Mapping[str, int]) -> dict[str, int]:
        """A claim has ended with so many messages of each queue it asked for; answers how many of them fit.

        They all do, unless the slots were lent because the answer took long, or the queue was shut.
        """
        fits: dict[str, int] = {}
        with self._lock:
            now = self.clock()
            for queue, count in got.items():
                line = self._lines[queue]
                place = line.places[rank]
                place.wants = place.poked or count >= place.asked
                place.asked = 0
                if count or not place.wants:
                    place.since = now
                fits[queue] = min(count, max(self._room(line, now), 0)) if line.open else 0
                line.held += fits[queue]
        self._wake_others(rank)
        return fits

    def free(self, rank: int, queue: str) -> None:
        """A message of this source has ended."""
        with self._lock:
            self._lines[queue].held -= 1
        self._wake_others(rank)

    @contextmanager
    def waiting(self, rank: int) -> Generator[None]:
        """While the source waits for its server's answer."""
        source = self._sources[rank]
        source.sent_at = self.clock()
        try:
            yield
        finally:
            source.sent_at = None

    def away(self, rank: int, *, away: bool) -> None:
        """The source lost or found its server; without one it keeps no slot from anybody."""
        with self._lock:
            source = self._sources[rank]
            source.away, source.sent_at = away, None
            for line in self._lines.values():
                place = line.places.get(rank)
                if place:
                    place.asked = 0
        self._wake_others(rank)

    def answers(self, rank: int) -> bool:
        """Whether the source is connected and not late with an answer."""
        return self._answers(rank, self.clock())

    def _room(self, line: _Line, now: float) -> int:
        asked = sum(place.asked for rank, place in line.places.items() if self._answers(rank, now))
        return line.slots - line.held - asked

    def _first(self, line: _Line, asking: int, now: float) -> tuple[int, bool]:
        """Whose turn it is among those that want and answer, and whether it is so by age."""
        aged, rank = min(
            (now - place.since <= timing.AGE_S, rank)
            for rank, place in line.places.items()
            if place.wants and (rank == asking or self._answers(rank, now))
        )
        return rank, not aged

    def _answers(self, rank: int, now: float) -> bool:
        source = self._sources[rank]
        return not source.away and (source.sent_at is None or now - source.sent_at < timing.LEND_S)

    def _wake_others(self, rank: int) -> None:
        for other, source in enumerate(self._sources):
            if other != rank:
                source.wake()
