"""The composition root: from settings to open resources, and back. The only module that sees `Settings` and opens."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import structlog

import registre
from registre.accounts import Accounts
from registre.browser.launch import Browser
from registre.browser.pool import SessionPool
from registre.db import account as accounts
from registre.db import job as jobs
from registre.db import migrate, worker
from registre.db.pool import GONE, Database
from registre.domain.errors import ConfigurationError, RegistreError
from registre.domain.job import Site
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
    _beating: asyncio.Task[None] | None = None

    async def beat_forever(self) -> None:
        """Keep leases and accounts alive, stop work on a job that is no longer ours, reap idle sessions."""
        told = -_STATUS_EVERY_S
        while True:
            try:
                await self._beat()
                now = asyncio.get_running_loop().time()
                if now - told >= _STATUS_EVERY_S:
                    told = now
                    await self.tell_status()
                if self.context.sessions is not None:
                    await self.context.sessions.reap()
            except GONE as exc:
                _log.warning("runtime.database_away", error=str(exc).strip())
            except RegistreError as exc:
                _log.warning("runtime.beat_failed", code=exc.code, error=exc.text)
            await asyncio.sleep(HEARTBEAT.total_seconds())

    async def _beat(self) -> None:
        before = dict(self.running)
        async with self.database.connection() as connection:
            ours = await jobs.beat_jobs(connection, list(before), worker=self.worker, lease=LEASE)
            await accounts.beat_accounts(connection, worker=self.worker, lease=LEASE)
        for job_id, running in before.items():
            if ours.get(job_id) != running.fence and self.running.get(job_id) is running:
                running.fenced = True
                running.task.cancel()

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
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        try:
            if self.context.sessions is not None:
                await self.context.sessions.close()
            await self.tell_status("stopped")
        except GONE as exc:
            _log.warning("runtime.stopped_without_database", error=str(exc).strip())
        await self._stack.aclose()

    def start_beating(self) -> None:
        """Begin the heartbeat."""
        self._beating = asyncio.create_task(self.beat_forever())


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
