"""The composition root: from settings to open resources, and back. The only module that sees `Settings` and opens."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import structlog
from playwright.async_api import Error as PlaywrightError

import registre
from registre.accounts import Accounts
from registre.browser.launch import Browser
from registre.browser.pool import SessionPool
from registre.db import job as jobs
from registre.db import migrate, worker
from registre.db.pool import GONE, Database
from registre.domain.errors import ConfigurationError, RegistreError
from registre.domain.job import Job, Site
from registre.embedded import chromium
from registre.installation import database_url, vault
from registre.ocr.reader import Reader
from registre.pipeline import HEARTBEAT, HOLD, IDLE, LEASE
from registre.settings import Settings
from registre.sites import adapter_for
from registre.stages.context import Rules, StageContext
from registre.storage.objects import Objects

#: Seconds between two lines in `worker_status`; the leases themselves beat every HEARTBEAT.
_STATUS_EVERY_S = 10.0

_log = structlog.get_logger("runtime")


@dataclass
class Running:
    """A job this process works on."""

    task: asyncio.Task[Any]
    fence: int
    #: on the monotonic clock; later someone else may have the job
    held_until: float = 0.0
    fenced: bool = False


@dataclass
class Runtime:
    """Open resources of one worker process, its heartbeat, and what it works on."""

    settings: Settings
    role: str
    context: StageContext
    database: Database
    #: identity of this incarnation: what leases are signed with
    worker: str
    #: identity of its slot, stable over restarts
    name: str
    running: dict[UUID, Running] = field(default_factory=dict[UUID, Running])
    completed: int = 0
    failed: int = 0
    stopping: bool = False
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _beating: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def beat_forever(self) -> None:
        """Keep leases and accounts alive, and stop work on a job that is no longer ours."""
        told = -_STATUS_EVERY_S
        while True:
            try:
                await self.beat()
                now = asyncio.get_running_loop().time()
                if now - told >= _STATUS_EVERY_S:
                    told = now
                    await self.tell_status()
            except (*GONE, psycopg.Error) as exc:
                _log.warning("runtime.database_away", error=str(exc).strip())
            await asyncio.sleep(HEARTBEAT.total_seconds())

    async def tend_sessions(self) -> None:
        """Close idle and broken sessions. Apart from the heartbeat: a browser that hangs takes its time to close."""
        while self.context.sessions is not None:
            try:
                await self.context.sessions.reap()
            except (RegistreError, PlaywrightError, psycopg.Error) as exc:
                _log.warning("runtime.reap_failed", error=str(exc).strip())
            await asyncio.sleep(HEARTBEAT.total_seconds())

    async def beat(self) -> None:
        """One heartbeat."""
        before = dict(self.running)
        held_until = time.monotonic() + LEASE.total_seconds()
        async with self.database.connection() as connection:
            ours = await jobs.beat_jobs(connection, list(before), worker=self.worker, lease=LEASE)
        for job_id, running in before.items():
            if ours.get(job_id) == running.fence:
                running.held_until = held_until
            elif self.running.get(job_id) is running:
                running.fenced = True
                running.task.cancel()
        if self.context.sessions is not None:
            await self.context.sessions.beat()

    def holds(self, job: Job) -> bool:
        """False when the job is not ours, or its lease may have run out unnoticed (a stall, a lost database)."""
        running = self.running.get(job.id)
        return (
            running is not None
            and running.fence == job.fence
            and not running.fenced
            and time.monotonic() < running.held_until
        )

    async def tell_status(self, status: str | None = None) -> None:
        """Write this process's line of `worker_status`."""
        beat = worker.Beat(
            name=self.name,
            status=status or ("busy" if self.running else "idle"),
            started_at=self._started,
            job_id=next(iter(self.running), None),
            completed=self.completed,
            failed=self.failed,
            role=self.role,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=registre.__version__,
        )
        async with self.database.connection() as connection:
            await worker.beat_worker(connection, beat)

    async def drain(self) -> None:
        """Take nothing new, let running jobs finish for the grace period, hand the rest back."""
        self.stopping = True
        waiting = [running.task for running in self.running.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=self.settings.grace.total_seconds())
        left = [running.task for running in self.running.values()]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=5)

    async def close(self) -> None:
        """Stop the heartbeat, close browser and pools, mark the process stopped."""
        await self.stop_beating()
        try:
            if self.context.sessions is not None:
                await self.context.sessions.close()
            await self.tell_status("stopped")
        except GONE as exc:
            _log.warning("runtime.stopped_without_database", error=str(exc).strip())
        await self._stack.aclose()

    def start_beating(self) -> None:
        """Begin the heartbeat."""
        heart = asyncio.create_task(self.beat_forever())
        heart.add_done_callback(_end_without_heart)
        self._beating = [heart, asyncio.create_task(self.tend_sessions())]

    async def stop_beating(self) -> None:
        """End it."""
        for task in self._beating:
            task.cancel()
        if self._beating:
            await asyncio.wait(self._beating)


def _end_without_heart(heart: asyncio.Task[None]) -> None:
    """A process that cannot beat would lose every job it takes: it stops, and whoever started it starts another."""
    if not heart.cancelled():
        _log.error("runtime.heart_stopped", exc_info=heart.exception())
        os.kill(os.getpid(), signal.SIGTERM)


async def open_runtime(settings: Settings, role: str, *, slot: str) -> Runtime:
    """Open what the role needs; every missing thing is named in one sentence before anything is claimed.

    Raises:
        ConfigurationError: database away or of another version, no browser, no site address.
    """
    stack = AsyncExitStack()
    try:
        database = Database(database_url(settings))
        await database.open()
        stack.push_async_callback(database.close)
        await require_schema(database)
        identity = f"{slot}#{uuid4().hex[:6]}"
        inspector, reader = Reader(1), Reader(settings.readers)
        stack.push_async_callback(inspector.close)
        stack.push_async_callback(reader.close)
        context = StageContext(
            worker=identity,
            database=database,
            objects=Objects(settings.object_root),
            inspector=inspector,
            reader=reader,
            rules=Rules(settings.price_cents, settings.daily_ceiling_cents, settings.index_max_age),
        )
        if role == "browser":
            context = await _with_browser(context, settings, stack)
        runtime = Runtime(settings, role, context, database, worker=identity, name=slot, _stack=stack)
        runtime.context = replace(context, holds=runtime.holds)
        await runtime.tell_status()
        runtime.start_beating()
        return runtime
    except BaseException:
        await stack.aclose()
        raise


async def require_schema(database: Database) -> None:
    """Refuse a database that is older or newer than this program."""
    async with database.connection() as connection:
        missing = await migrate.pending(connection)
    if missing:
        raise ConfigurationError(f"La base n'a pas les migrations {', '.join(missing)}: lancez « registre migrate ».")


async def _with_browser(context: StageContext, settings: Settings, stack: AsyncExitStack) -> StageContext:
    if not settings.foncier_url:
        raise ConfigurationError(
            "REGISTRE_FONCIER_URL manque: l'adresse du registre foncier, ou celle que « registre sandbox » affiche."
        )
    executable = None
    if settings.cdp_url is None:
        executable = await chromium.find(settings.chromium, settings.state / "browser")
    browser = Browser(executable, args=chromium.LAUNCH_ARGS, cdp_endpoint=settings.cdp_url)
    stack.push_async_callback(browser.close)
    adapter = adapter_for(Site.FONCIER, settings.foncier_url)
    pool = SessionPool(
        browser,
        adapter,
        Accounts(context.database, vault(settings), site=Site.FONCIER, worker=context.worker, lease=LEASE),
        size=settings.browser_slots,
        hold=HOLD,
        idle=IDLE,
    )
    return replace(context, sessions=pool, adapter=adapter)
