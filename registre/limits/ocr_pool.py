"""The OCR slots of one process: each leased on the machine, each reading one kind, moved when idle to what waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Protocol

import structlog

from registre.domain.errors import LimitsUnavailable
from registre.limits.capacity import Capacity, Place, hold
from registre.limits.machine import Kind
from registre.limits.pool import Split, split

#: How often idle slots are looked at.
_LOOK_S: Final = 1.0

_log = structlog.get_logger("pool")


class Desk(Protocol):
    """What hands out documents to read."""

    def resize(self, kind: Kind, slots: int) -> None:
        """From now on, take at most that many of the kind at once; what is held goes on."""

    def held(self, kind: Kind) -> int:
        """Documents of the kind under way."""
        ...


class OcrPool:
    """Slots of one process. `waiting` counts what could be read now, in enabled environments only."""

    def __init__(
        self,
        desk: Desk,
        capacity: Capacity | None,
        waiting: Callable[[], Awaitable[Split]],
        *,
        name: str,
        slots: int,
        minima: Split,
        interval: timedelta,
        told: Callable[[bool], None] = lambda _waits: None,
    ) -> None:
        self._desk = desk
        self._capacity = capacity
        self._waiting = waiting
        self._name = name
        self._slots = slots
        self._minima = minima
        self._interval_s = interval.total_seconds()
        self._told = told
        self._places: list[Place] = []
        #: slots that take nothing new, and what they become once they are idle
        self._leaving: dict[str, tuple[Place, Kind]] = {}
        self._target = Split(0, 0)
        self._turn = 0

    async def run(self) -> None:
        """Lease the slots, then keep them where the work is, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for number in range(1, self._slots + 1):
                group.create_task(self._serve(number))
            group.create_task(self._rebalance_forever())

    async def _serve(self, number: int) -> None:
        kind = Kind.INDEX if number % 2 else Kind.ACTE
        async with hold(self._capacity, f"{self._name}/{number}", kind, told=self._tell) as place:
            self._places.append(place)
            self._apply()
            try:
                await asyncio.Event().wait()
            finally:
                self._places.remove(place)

    def _tell(self, waits: bool) -> None:
        self._told(waits and not self._places)

    async def _rebalance_forever(self) -> None:
        since = time.monotonic()
        while True:
            await asyncio.sleep(min(_LOOK_S, self._interval_s))
            due = time.monotonic() - since >= self._interval_s
            if due:
                since = time.monotonic()
                self._turn += 1
            await self.look(due=due)

    async def look(self, *, due: bool) -> None:
        """One look: decide anew when it is time, or when a slot idles beside work of the other kind; then move."""
        if due or any(self._desk.held(kind) < self._size(kind) for kind in (Kind.INDEX, Kind.ACTE)):
            waiting = await self._waiting()
            if due or self._idles(waiting):
                await self._decide(waiting)
        await self._move()

    def _idles(self, waiting: Split) -> bool:
        index_idle = self._desk.held(Kind.INDEX) < self._size(Kind.INDEX)
        acte_idle = self._desk.held(Kind.ACTE) < self._size(Kind.ACTE)
        return bool(
            (index_idle and not waiting.index and waiting.acte) or (acte_idle and not waiting.acte and waiting.index)
        )

    async def _decide(self, waiting: Split) -> None:
        now = await self._running()
        self._target = split(now.index + now.acte, waiting, self._minima, turn=self._turn)
        surplus = {Kind.INDEX: now.index - self._target.index, Kind.ACTE: now.acte - self._target.acte}
        self._leaving = {}
        for place in self._places:
            if surplus[place.kind] > 0:
                surplus[place.kind] -= 1
                self._leaving[place.worker] = (place, Kind.ACTE if place.kind is Kind.INDEX else Kind.INDEX)
        self._apply()
        if self._leaving:
            _log.info(
                "pool.decided",
                index=self._target.index,
                acte=self._target.acte,
                waiting_index=waiting.index,
                waiting_acte=waiting.acte,
                moving=len(self._leaving),
            )

    async def _move(self) -> None:
        """Let leaving slots become what they shall be, as soon as what is held fits into the others."""
        for worker, (place, kind) in list(self._leaving.items()):
            others = sum(other.kind is place.kind for other, _ in self._leaving.values()) - 1
            if self._desk.held(place.kind) > self._size(place.kind) + others:
                continue
            del self._leaving[worker]
            most = self._target.index if kind is Kind.INDEX else self._target.acte
            if not await place.switch(kind, most=most):
                _log.info("pool.switch_refused", lease=worker, kind=kind)
            self._apply()

    async def _running(self) -> Split:
        """Slots by kind: of all processes of this machine where Redis tells, else ours."""
        ours = Split(*(sum(place.kind is kind for place in self._places) for kind in (Kind.INDEX, Kind.ACTE)))
        if self._capacity is None:
            return ours
        try:
            found = await self._capacity.show()
        except LimitsUnavailable:
            return ours
        return Split(max(ours.index, found.count(Kind.INDEX)), max(ours.acte, found.count(Kind.ACTE)))

    def _size(self, kind: Kind) -> int:
        return sum(place.kind is kind and place.worker not in self._leaving for place in self._places)

    def _apply(self) -> None:
        for kind in (Kind.INDEX, Kind.ACTE):
            self._desk.resize(kind, self._size(kind))
