"""Leases on the machine on a real server: reserved at once, gone with their holder, sums always true."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta
from uuid import uuid4

import pytest

from registre.limits import capacity as capacity_module
from registre.limits.capacity import Capacity, hold
from registre.limits.machine import Kind, machine
from registre.limits.redis import connect
from registre.settings import read_settings

MACHINE = machine(read_settings({}))


@pytest.fixture
def host() -> str:
    return uuid4().hex


@pytest.fixture
def capacity(redis, host) -> Capacity:
    return Capacity(redis, MACHINE, host=host)


async def sums(redis, host) -> tuple[str | None, str | None]:
    return await redis.get(f"{host}:server:cpu:allocated"), await redis.get(f"{host}:server:ram:allocated")


async def test_one_of_each_reads_as_operators_know_it(capacity, redis, host) -> None:
    for kind in Kind:
        assert await capacity.enter(f"w-{kind}", kind)

    assert await sums(redis, host) == ("5.5", "2.25")
    entry = json.loads(await redis.hget(f"{host}:server:workers", "w-index-ocr"))
    assert {name: entry[name] for name in ("workerId", "type", "cpu", "ram")} == {
        "workerId": "w-index-ocr",
        "type": "index-ocr",
        "cpu": 1.5,
        "ram": 0.75,
    }
    assert entry["startedAt"]
    pool = json.loads(await redis.get(f"{host}:worker_pool:allocation"))
    assert pool == {"indexWorkers": 1, "acteWorkers": 1, "totalWorkers": 2}


async def test_without_a_host_the_keys_have_the_names_of_old(redis) -> None:
    await redis.flushall()
    await Capacity(redis, MACHINE).enter("w", Kind.REGISTRE)
    assert await redis.get("server:cpu:allocated") == "3"
    assert await redis.hlen("server:workers") == 1


async def test_of_twenty_that_ask_at_once_two_fit(capacity) -> None:
    answers = await asyncio.gather(*(capacity.enter(f"w{number}", Kind.REGISTRE) for number in range(20)))
    assert sum(answers) == 2
    found = await capacity.show()
    assert (found.cpu, len(found.leases), len(found.waiting)) == (6.0, 2, 18)


async def test_the_same_worker_again_replaces_what_it_had(capacity) -> None:
    for _ in range(3):
        assert await capacity.enter("w", Kind.REGISTRE)
    assert (await capacity.show()).cpu == 3.0


async def test_a_switch_changes_the_booking_or_nothing(capacity) -> None:
    await capacity.enter("browser", Kind.REGISTRE)
    await capacity.enter("a", Kind.ACTE)
    await capacity.enter("b", Kind.ACTE)
    await capacity.enter("c", Kind.ACTE)  # 6.0 of 6.4

    assert not await capacity.enter("a", Kind.INDEX)
    found = await capacity.show()
    assert (found.cpu, found.count(Kind.ACTE)) == (6.0, 3)

    await capacity.leave("c")
    assert await capacity.enter("a", Kind.INDEX)
    assert not await capacity.enter("b", Kind.INDEX, most=1)
    found = await capacity.show()
    assert (found.cpu, found.ram) == (5.5, 2.25)


async def test_what_the_killed_held_is_free_again(redis, host) -> None:
    brief = Capacity(redis, MACHINE, host=host, lease=timedelta(seconds=0.3))
    await brief.enter("killed", Kind.REGISTRE)
    living = Capacity(redis, MACHINE, host=host)
    await living.enter("living", Kind.REGISTRE)
    assert not await living.enter("next", Kind.REGISTRE)

    await asyncio.sleep(0.4)
    assert await living.enter("next", Kind.REGISTRE)
    assert sorted(lease.worker for lease in (await living.show()).leases) == ["living", "next"]


async def test_sums_are_true_and_within_the_limit_whatever_happens(redis, host) -> None:
    dice = random.Random(11)
    brief = Capacity(redis, MACHINE, host=host, lease=timedelta(seconds=0.15))
    for _ in range(150):
        worker, step = f"w{dice.randrange(6)}", dice.random()
        if step < 0.6:
            await brief.enter(worker, dice.choice(list(Kind)))
        elif step < 0.8:
            await brief.leave(worker)
        elif step < 0.95:
            await brief.beat(worker)
        else:
            await asyncio.sleep(0.1)  # some die
        cpu, ram = await sums(redis, host)
        entries = [json.loads(text) for text in await redis.hvals(f"{host}:server:workers")]
        assert float(cpu or 0) == pytest.approx(sum(entry["cpu"] for entry in entries))
        assert float(ram or 0) == pytest.approx(sum(entry["ram"] for entry in entries))
        assert 0 <= float(cpu or 0) <= 6.4


async def test_a_worker_waits_visibly_and_starts_when_there_is_room(capacity, monkeypatch) -> None:
    monkeypatch.setattr(capacity_module, "ASK_AGAIN", timedelta(milliseconds=20))
    told: list[bool] = []
    for worker in ("a", "b"):
        await capacity.enter(worker, Kind.REGISTRE)

    async def third() -> None:
        async with hold(capacity, "c", Kind.REGISTRE, told=told.append) as place:
            assert place.booked

    task = asyncio.create_task(third())
    while not told:
        await asyncio.sleep(0.01)
    assert [lease.worker for lease in (await capacity.show()).waiting] == ["c"]
    await capacity.leave("a")
    await task
    assert told == [True, False]
    assert [lease.worker for lease in (await capacity.show()).leases] == ["b"]


async def test_a_flushed_server_is_booked_anew_by_the_living(capacity, redis, monkeypatch) -> None:
    monkeypatch.setattr(capacity_module, "BEAT", timedelta(milliseconds=20))
    async with hold(capacity, "a", Kind.INDEX):
        await redis.flushall()
        while (await capacity.show()).cpu != 1.5:
            await asyncio.sleep(0.01)


async def test_without_redis_workers_work_unbooked() -> None:
    away = connect("redis://127.0.0.1:1/0")
    async with hold(Capacity(away, MACHINE), "w", Kind.REGISTRE) as place:
        assert not place.booked
    await away.aclose()
