"""Strikes the blows of a plan at their offsets, and notes whose work each SIGKILL interrupted."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from chaos_lib.house import House
from chaos_lib.plan import PROCESSES, Blow
from chaos_lib.supervisor import browsers_of, send

#: Bytes a file may have on a disk that is full: half of any document.
_FULL_AT: Final = 1500
_RUNNING: Final = """SELECT id::text, fence, extract(epoch FROM clock_timestamp())::float8
    FROM registre.job WHERE state = 'running' AND worker LIKE %s"""
#: Ten more messages for each open job.
_COPY: Final = """SELECT registre.enqueue(stage, id) FROM registre.job, generate_series(1, 10)
    WHERE state IN ('queued', 'waiting', 'running')"""
_LOSE: Final = "DELETE FROM dramatiq.queue WHERE state = 'queued'"
#: The same messages again, written by somebody who tells nobody.
_UNTELL: Final = """WITH gone AS (DELETE FROM dramatiq.queue WHERE state = 'queued' RETURNING queue_name, message),
    fresh AS (SELECT queue_name, message, gen_random_uuid() AS id FROM gone)
    INSERT INTO dramatiq.queue (queue_name, message_id, state, message)
    SELECT queue_name, id, 'queued', jsonb_set(message, '{message_id}', to_jsonb(id::text)) FROM fresh"""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A job whose process or browser was killed, at that second of the database's clock."""

    job: str
    fence: int
    at: float
    what: str
    #: another blow fell or lasted within the next 20 s: the time says little of recovery
    crowded: bool = False


class Nemesis:
    """Strikes one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.blows: Counter[str] = Counter()
        self.interrupted: list[Interrupted] = []
        self._ways: dict[str, Callable[[Blow], Awaitable[object]]] = {
            "kill": self._kill,
            "term": self._term,
            "freeze": self._freeze,
            "kill chromium": self._kill_chromium,
            "freeze chromium": self._freeze_chromium,
            "disk full": self._fill_disk,
            "postgres restart": self._restart_postgres,
            "redis flush": lambda _: house.servers.flush_redis(),
            "redis gone": self._kill_redis,
            "site killed": self._kill_site,
            "site answer lost": self._lose_answers,
            "messages copied": lambda _: self._write(_COPY),
            "messages lost": lambda _: self._write(_LOSE),
            "message untold": lambda _: self._write(_UNTELL),
        }

    async def strike(self, started: float) -> None:
        """All blows of the plan; returns when the last has ended."""
        async with asyncio.TaskGroup() as group:
            for blow in self._house.plan.blows:
                group.create_task(self._strike_at(blow, started))
        await self._house.tell("clear")

    async def _strike_at(self, blow: Blow, started: float) -> None:
        await asyncio.sleep(max(0.0, started + blow.at - time.monotonic()))
        self.blows[blow.label] += 1
        await self._way(blow)(blow)

    def _way(self, blow: Blow) -> Callable[[Blow], Awaitable[object]]:
        if blow.kind.startswith("fault "):
            return self._fault
        return self._ways.get(blow.kind) or self._wire

    def crashed(self, name: str, point: str) -> None:
        """A process ended itself at a named point."""
        del name
        self.blows[f"crash {point}"] += 1

    async def _kill(self, blow: Blow) -> None:
        await self._note(blow.target, f"kill {PROCESSES[blow.target]}", blow)
        self._house.children[blow.target].signal(signal.SIGKILL)

    async def _term(self, blow: Blow) -> None:
        self._house.children[blow.target].signal(signal.SIGTERM)

    async def _freeze(self, blow: Blow) -> None:
        await _halt([self._house.children[blow.target].pid() or 0], blow.seconds)

    async def _kill_chromium(self, blow: Blow) -> None:
        await self._note(blow.target, "kill chromium", blow)
        send(self._chromiums(blow), signal.SIGKILL)

    async def _freeze_chromium(self, blow: Blow) -> None:
        await _halt(self._chromiums(blow), blow.seconds)

    def _chromiums(self, blow: Blow) -> list[int]:
        return browsers_of([self._house.children[blow.target].pid() or 0])

    async def _fill_disk(self, blow: Blow) -> None:
        pid = self._house.children[blow.target].pid()
        if pid is None:
            return
        with suppress(ProcessLookupError):
            soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL_AT, hard))
            await asyncio.sleep(blow.seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

    async def _restart_postgres(self, blow: Blow) -> None:
        await self._restart(self._house.servers.kill_postgres, blow.seconds)

    async def _kill_redis(self, blow: Blow) -> None:
        await self._restart(self._house.servers.kill_redis, blow.seconds)

    async def _restart(self, kill: Callable[[], Awaitable[None]], seconds: float) -> None:
        async with self._house.servers.lock:
            await kill()
            await asyncio.sleep(seconds)
            await self._house.servers.start()

    async def _kill_site(self, _blow: Blow) -> None:
        self._house.children["site"].signal(signal.SIGKILL)
        await asyncio.sleep(0.5)
        await self._house.wait_for_site()

    async def _lose_answers(self, blow: Blow) -> None:
        self._house.proxies["site"].to_lose += blow.count

    async def _wire(self, blow: Blow) -> None:
        server, what = blow.kind.split()
        if server == "listen":
            await self._house.proxies["postgres"].silence_marked(blow.seconds)
            return
        proxy = self._house.proxies[server]
        match what:
            case "cut":
                proxy.cut()
            case "delay":
                await proxy.delay(blow.seconds)
            case "silent":
                await proxy.silence(blow.seconds, then_cut=blow.count > 1)
            case "refuse":
                await proxy.refuse(blow.seconds)
            case _:
                raise ValueError(blow.kind)

    async def _fault(self, blow: Blow) -> None:
        """The replica's own switches."""
        kind = blow.kind.removeprefix("fault ")
        if kind in {"truncated", "reset delivery"}:
            await self._house.tell("faults", kind="delivery", delivery=kind.split()[0], count=blow.count)
        else:
            await self._house.tell("faults", kind=kind, count=blow.count, seconds=blow.seconds)

    async def _write(self, query: str) -> None:
        with suppress(psycopg.OperationalError):  # a server that is down has no messages to lose
            await self._house.sql(query)

    async def _note(self, target: str, what: str, blow: Blow) -> None:
        with suppress(psycopg.OperationalError):
            rows = await self._house.sql(_RUNNING, f"%-{target}#%")
            crowded = any(
                other is not blow and other.at < blow.at + 20 and other.at + other.seconds > blow.at - 1
                for other in self._house.plan.blows
            )
            self.interrupted += [Interrupted(job, fence, at, what, crowded) for job, fence, at in rows]


async def _halt(pids: list[int], seconds: float) -> None:
    send(pids, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        send(pids, signal.SIGCONT)
