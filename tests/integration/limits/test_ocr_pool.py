"""OCR slots follow the work: within the minima, only while idle, on this machine's leases."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from registre.limits.capacity import Capacity
from registre.limits.machine import Kind, machine
from registre.limits.ocr_pool import OcrPool
from registre.limits.pool import Split
from registre.limits.redis import connect
from registre.settings import read_settings

ROOMY = machine(read_settings({"SERVER_MAX_CPU": "64"}))
INTERVAL = timedelta(milliseconds=100)


class Desk:
    """Hands out as many documents as there are slots, while any wait."""

    def __init__(self) -> None:
        self.slots = dict.fromkeys(Kind, 0)
        self.busy = dict.fromkeys(Kind, 0)
        self.waiting = Split(0, 0)

    def resize(self, kind: Kind, slots: int) -> None:
        self.slots[kind] = slots

    def held(self, kind: Kind) -> int:
        return self.busy[kind]

    async def count(self) -> Split:
        return self.waiting

    async def becomes(self, index: int, acte: int) -> None:
        """Wait until that many slots of each kind are open."""
        async with asyncio.timeout(20):
            while (self.slots[Kind.INDEX], self.slots[Kind.ACTE]) != (index, acte):
                await asyncio.sleep(0.01)


@pytest.fixture
def host() -> str:
    return uuid4().hex


@asynccontextmanager
async def running(desk: Desk, capacity: Capacity | None, *, slots: int, name: str = "ocr.1", interval=INTERVAL):
    pool = OcrPool(desk, capacity, desk.count, name=name, slots=slots, minima=Split(1, 1), interval=interval)
    task = asyncio.create_task(pool.run())
    try:
        yield pool
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_ten_slots_follow_the_queue(redis, host) -> None:
    desk, capacity = Desk(), Capacity(redis, ROOMY, host=host)
    async with running(desk, capacity, slots=10):
        await desk.becomes(5, 5)
        for waiting, index, acte in (
            (Split(80, 20), 8, 2),
            (Split(20, 80), 2, 8),
            (Split(100, 0), 9, 1),
            (Split(0, 0), 5, 5),
        ):
            desk.waiting = waiting
            await desk.becomes(index, acte)
            found = await capacity.show()
            assert (found.count(Kind.INDEX), found.count(Kind.ACTE)) == (index, acte)
    assert (await capacity.show()).leases == []


async def test_slots_of_several_processes_are_one_pool(redis, host) -> None:
    desks = [Desk(), Desk()]
    for desk in desks:
        desk.waiting = Split(80, 20)
    async with (
        running(desks[0], Capacity(redis, ROOMY, host=host), slots=5, name="ocr.1"),
        running(desks[1], Capacity(redis, ROOMY, host=host), slots=5, name="ocr.2"),
        asyncio.timeout(20),
    ):
        while sum(desk.slots[Kind.INDEX] for desk in desks) != 8:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # and there it stays
        assert sum(desk.slots[Kind.INDEX] for desk in desks) == 8
        assert sum(desk.slots[Kind.ACTE] for desk in desks) == 2


async def test_a_busy_slot_finishes_before_it_changes(redis, host) -> None:
    desk, capacity = Desk(), Capacity(redis, ROOMY, host=host)
    async with running(desk, capacity, slots=4):
        await desk.becomes(2, 2)
        desk.busy[Kind.ACTE] = 2
        desk.waiting = Split(50, 0)
        await desk.becomes(2, 1)  # takes nothing new
        assert (await capacity.show()).count(Kind.ACTE) == 2
        desk.busy[Kind.ACTE] = 1
        await desk.becomes(3, 1)


async def test_a_refused_change_keeps_mode_and_lease(redis, host) -> None:
    tight = machine(read_settings({"SERVER_MAX_CPU": "7"}))  # 5.6 cores: 2 × 1.5 + 2 × 1
    desk, capacity = Desk(), Capacity(redis, tight, host=host)
    async with running(desk, capacity, slots=4):
        await desk.becomes(2, 2)
        await capacity.enter("other", Kind.ACTE)  # refused: 6.0
        desk.waiting = Split(0, 50)
        await desk.becomes(1, 3)
        await capacity.enter("other", Kind.ACTE)  # 5.5 of 5.6
        desk.waiting = Split(50, 0)
        await asyncio.sleep(0.6)
        await desk.becomes(1, 3)
        assert (await capacity.show()).cpu == 5.5


@pytest.mark.parametrize("with_redis", [True, False])
async def test_a_single_slot_serves_both_kinds(redis, host, with_redis) -> None:
    desk = Desk()
    async with running(desk, Capacity(redis, ROOMY, host=host) if with_redis else None, slots=1):
        await desk.becomes(1, 0)
        desk.waiting = Split(0, 3)
        await desk.becomes(0, 1)
        desk.waiting = Split(5, 5)
        await desk.becomes(1, 0)
        await desk.becomes(0, 1)


async def test_an_idle_slot_does_not_wait_for_the_interval_to_help(redis, host) -> None:
    desk = Desk()
    async with running(desk, Capacity(redis, ROOMY, host=host), slots=4, interval=timedelta(hours=1)):
        await desk.becomes(2, 2)
        desk.waiting = Split(9, 0)
        await desk.becomes(3, 1)


async def test_slots_open_without_redis() -> None:
    away = connect("redis://127.0.0.1:1/0")
    desk = Desk()
    desk.waiting = Split(10, 0)
    async with running(desk, Capacity(away, ROOMY), slots=3):
        await desk.becomes(2, 1)
    await away.aclose()
