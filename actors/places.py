# pyright: basic
# dramatiq ships no types.
"""A process's share of the machine: nothing is claimed before it is leased, or known that nobody keeps count."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from registre.broker import JobBroker
from registre.db.pool import GONE
from registre.db.reading import waiting_readings
from registre.domain.job import Stage
from registre.installation import redis_url
from registre.limits import configured
from registre.limits.capacity import Capacity, hold
from registre.limits.machine import Kind
from registre.limits.ocr_pool import OcrPool
from registre.limits.pool import Split
from registre.limits.redis import connect
from registre.pipeline import ACTE_QUEUE
from registre.process import Process
from registre.settings import Settings

#: Which queue's documents a slot of that kind reads.
_QUEUES: Final = {Kind.INDEX: str(Stage.OCR), Kind.ACTE: ACTE_QUEUE}

_log = structlog.get_logger("capacity")


class Places:
    """Opens a process's slots once they are leased, and moves those of OCR between the two kinds."""

    def __init__(self, settings: Settings, role: str, process: Process, broker: JobBroker, *, name: str) -> None:
        """`name` signs the leases."""
        self._settings = settings
        self._role = role
        self._process = process
        self._broker = broker
        self._name = name
        self._url = redis_url(settings)
        self._redis = connect(self._url) if self._url else None
        self._capacity = configured.capacity(settings, self._redis) if self._redis else None
        self._known: dict[str, Split] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self, slots: dict[str, int]) -> None:
        """Begin to ask for room; `slots` says how many of each queue there shall be."""
        if self._capacity is None:
            _log.warning("capacity.not_kept", reason="REDIS_URL manque")
        else:
            _log_start(self._capacity)
        self._task = asyncio.create_task(self._browse(slots) if self._role == "browser" else self._read(slots))
        self._task.add_done_callback(_tell_end)

    async def close(self) -> None:
        """Give back what is leased."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._redis is not None:
            await self._redis.aclose()

    async def _browse(self, slots: dict[str, int]) -> None:
        async with hold(self._capacity, self._name, Kind.REGISTRE, told=self._tell):
            for queue, count in slots.items():
                self._broker.resize(queue, count)
            await asyncio.Event().wait()

    async def _read(self, slots: dict[str, int]) -> None:
        self._broker.resize(Stage.STORE, slots[Stage.STORE])  # weighs nothing beside a reading
        settings = self._settings
        _log.info(
            "pool.ready",
            slots=slots[Stage.OCR],
            min_index=settings.ocr_min_index_workers,
            min_acte=settings.ocr_min_acte_workers,
            interval_ms=settings.ocr_rebalance_interval_ms,
        )
        pool = OcrPool(
            self,
            self._capacity,
            self._waiting,
            name=self._name,
            slots=slots[Stage.OCR],
            minima=Split(settings.ocr_min_index_workers, settings.ocr_min_acte_workers),
            interval=timedelta(milliseconds=settings.ocr_rebalance_interval_ms),
            told=self._tell,
        )
        await pool.run()

    def resize(self, kind: Kind, slots: int) -> None:
        """Take at most that many documents of the kind at once."""
        self._broker.resize(_QUEUES[kind], slots)

    def held(self, kind: Kind) -> int:
        """Documents of the kind under way."""
        return self._broker.held(_QUEUES[kind])

    async def _waiting(self) -> Split:
        """Over all environments that are read; one that is away counts as it last did."""
        for place in self._process.open_environments:
            if not place.ocr:
                continue
            try:
                async with self._process.runtime(place.name).database.connection() as connection:
                    self._known[place.name] = Split(*await waiting_readings(connection))
            except (*GONE, psycopg.Error) as exc:
                _log.debug("pool.count_failed", environment=place.name, error=str(exc).strip())
        counts = self._known.values()
        return Split(sum(count.index for count in counts), sum(count.acte for count in counts))

    def _tell(self, waits: bool) -> None:
        for place in self._process.open_environments:
            self._process.runtime(place.name).waits = waits


def _log_start(capacity: Capacity) -> None:
    machine = capacity.machine
    _log.info(
        "capacity.ready",
        cpu=machine.most.cpu / 1000,
        ram=machine.most.ram / 1000,
        reserve_cpu_percent=machine.reserve_cpu_percent,
        reserve_ram_percent=machine.reserve_ram_percent,
        available_cpu=machine.available.cpu / 1000,
        available_ram=machine.available.ram / 1000,
    )


def _tell_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("capacity.stopped", exc_info=task.exception())
