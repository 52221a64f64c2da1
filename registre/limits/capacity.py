"""Leases on this machine's cores and memory: asked for before work begins, kept by a heartbeat, gone with their holder.

Redis being away keeps nobody from working: then nothing is booked, and the log says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from redis.asyncio import Redis

from registre.domain.errors import LimitsUnavailable
from registre.limits.machine import Kind, Machine
from registre.limits.redis import Script

#: A lease ends this long after its last heartbeat.
LEASE: Final = timedelta(seconds=30)
#: Three chances to beat before the lease ends.
BEAT: Final = timedelta(seconds=8)
#: How often a worker that does not fit asks again.
ASK_AGAIN: Final = timedelta(seconds=2)

_log = structlog.get_logger("capacity")


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's share, or the share it waits for."""

    worker: str
    kind: str
    cpu: float
    ram: float
    started_at: str = ""
    expires_in_ms: int = 0


@dataclass(frozen=True, slots=True)
class Allocation:
    """What is handed out now."""

    cpu: float
    ram: float
    leases: list[Lease]
    waiting: list[Lease]

    def count(self, kind: Kind) -> int:
        """Living leases of a kind."""
        return sum(lease.kind == kind for lease in self.leases)


class Capacity:
    """This machine's ledger of leases, shared by its processes."""

    def __init__(self, redis: Redis, machine: Machine, *, host: str | None = None, lease: timedelta = LEASE) -> None:
        self.machine = machine
        self._run = Script(redis, "capacity.lua")
        self._ttl = int(lease.total_seconds() * 1000)
        prefix = f"{host}:" if host else ""
        names = ("server:workers", "server:leases", "server:cpu:allocated", "server:ram:allocated", "server:waiting")
        self._keys = [f"{prefix}{name}" for name in (*names, "worker_pool:allocation")]

    async def enter(self, worker: str, kind: Kind, *, most: int | None = None) -> bool:
        """Book a worker, or change what it has booked; False where it does not fit, then what it had stays.

        `most` also refuses when that many of the kind are booked already.

        Raises:
            LimitsUnavailable: Redis is away.
        """
        size, room = self.machine.costs[kind], self.machine.available
        answer = await self._run(
            self._keys,
            "enter",
            {
                "id": worker,
                "type": kind,
                "cpu": size.cpu,
                "ram": size.ram,
                "cpu_limit": room.cpu,
                "ram_limit": room.ram,
                "most": most,
                "ttl": self._ttl,
                "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        return bool(answer[0])

    async def beat(self, worker: str) -> bool:
        """Keep a lease; False when it is gone and must be asked for again. Raises LimitsUnavailable."""
        return bool(await self._run(self._keys, "beat", {"id": worker, "ttl": self._ttl}))

    async def leave(self, worker: str) -> None:
        """Give a lease back. Raises LimitsUnavailable."""
        await self._run(self._keys, "leave", {"id": worker})

    async def show(self) -> Allocation:
        """What is handed out now; writes the sums anew. Raises LimitsUnavailable."""
        cpu, ram, leases, waiting = await self._run(self._keys, "show", {})
        return Allocation(float(cpu), float(ram), _leases(leases), _leases(waiting))


@dataclass
class Place:
    """One worker's place. `booked` is False while Redis is away, or forgot it and others took the room."""

    capacity: Capacity | None
    worker: str
    kind: Kind
    booked: bool = False
    _away: bool = field(default=False, repr=False)

    async def wait(self, told: Callable[[bool], None]) -> None:
        """Until it fits, or nobody can say."""
        waits = False
        while not await self._enter(self.kind) and not self._away:
            if not waits:
                waits = True
                _log.warning("capacity.waits", **self._figures())
                told(True)
            await asyncio.sleep(ASK_AGAIN.total_seconds())
        if waits:
            told(False)
        _log.info("capacity.entered", booked=self.booked, **self._figures())

    async def switch(self, kind: Kind, *, most: int) -> bool:
        """Become the other kind if there is room and no more than `most` of it; otherwise nothing changes."""
        if not await self._enter(kind, most=most) and not self._away:
            return False
        self.kind = kind
        _log.info("capacity.switched", lease=self.worker, kind=kind)
        return True

    async def keep(self) -> None:
        """Beat until cancelled; book again what Redis forgot."""
        while self.capacity is not None:
            await asyncio.sleep(BEAT.total_seconds())
            try:
                self.booked = await self.capacity.beat(self.worker)
                self._note_away(None)
            except LimitsUnavailable as exc:
                self._note_away(exc)
                continue
            if not self.booked and not await self._enter(self.kind):
                _log.warning("capacity.works_unbooked", lease=self.worker, kind=self.kind)

    async def leave(self) -> None:
        """Give it back; what cannot be given back now expires."""
        if self.capacity is None:
            return
        try:
            await self.capacity.leave(self.worker)
        except LimitsUnavailable as exc:
            _log.warning("capacity.left_to_expire", lease=self.worker, error=exc.text)

    def _figures(self) -> dict[str, object]:
        if self.capacity is None:
            return {"lease": self.worker, "kind": self.kind}
        machine = self.capacity.machine
        size, room = machine.costs[self.kind], machine.available
        return {
            "lease": self.worker,
            "kind": self.kind,
            "cpu": size.cpu / 1000,
            "ram": size.ram / 1000,
            "available_cpu": room.cpu / 1000,
            "available_ram": room.ram / 1000,
        }

    async def _enter(self, kind: Kind, *, most: int | None = None) -> bool:
        if self.capacity is None:
            self._away = True
            return False
        try:
            entered = await self.capacity.enter(self.worker, kind, most=most)
            self._note_away(None)
        except LimitsUnavailable as exc:
            self._note_away(exc)
            return False
        self.booked = self.booked or entered
        return entered

    def _note_away(self, exc: LimitsUnavailable | None) -> None:
        """One line a change."""
        if exc is not None and not self._away:
            _log.warning("capacity.redis_away", lease=self.worker, error=exc.text)
        self._away = exc is not None
        if exc is not None:
            self.booked = False


@asynccontextmanager
async def hold(
    capacity: Capacity | None, worker: str, kind: Kind, *, told: Callable[[bool], None] = lambda _waits: None
) -> AsyncGenerator[Place]:
    """Hold a place for as long as the block runs; waits, visibly, until there is one. Without Redis: at once, unbooked.

    `told` hears True when it has to wait and False when it no longer does.
    """
    place = Place(capacity, worker, kind)
    try:
        await place.wait(told)
        beating = asyncio.create_task(place.keep())
        try:
            yield place
        finally:
            beating.cancel()
            await asyncio.wait([beating])
    finally:
        await place.leave()


def _leases(text: str) -> list[Lease]:
    raw: list[dict[str, Any]] = json.loads(text)
    return sorted(
        (
            Lease(
                item["workerId"],
                item["type"],
                float(item["cpu"]),
                float(item["ram"]),
                item.get("startedAt", ""),
                int(item.get("expiresIn", 0)),
            )
            for item in raw
        ),
        key=lambda lease: lease.worker,
    )
