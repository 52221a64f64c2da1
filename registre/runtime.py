"""One environment's open resources in one worker process: its heartbeat, and what the process works on there."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from playwright.async_api import Error as PlaywrightError

from registre import sentry
from registre.db import job as jobs
from registre.db import worker
from registre.db.pool import GONE, Database
from registre.domain.errors import RegistreError
from registre.domain.job import Job
from registre.pipeline import HEARTBEAT, LEASE
from registre.revision import revision
from registre.settings import Environment
from registre.stages.context import StageContext

#: Seconds between two lines in `worker_status`; the leases themselves beat every HEARTBEAT.
_STATUS_EVERY_S = 10.0
#: Seconds a stopping process gives one environment to take back its accounts and its worker's line.
_FAREWELL_S = 3.0

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
    """Open resources of one worker process in one environment, its heartbeat, and what it works on there."""

    environment: Environment
    role: str
    context: StageContext
    database: Database
    #: identity of this incarnation: what leases are signed with
    worker: str
    #: identity of its slot, stable over restarts
    name: str
    running: dict[UUID, Running] = field(default_factory=dict[UUID, Running])
    #: how long ago the process looked for work in an environment
    polled_ago: Callable[[str], timedelta | None] = field(default=lambda _environment: None)
    completed: int = 0
    failed: int = 0
    stopping: bool = False
    #: True while there is no room for this process on its machine
    waits: bool = False
    #: True while the database does not answer the heartbeat
    away: bool = False
    _visits: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _beating: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    async def beat_forever(self) -> None:
        """Keep leases and accounts alive, and stop work on a job that is no longer ours."""
        told = -_STATUS_EVERY_S
        while True:
            try:
                await self.beat()
                now = asyncio.get_running_loop().time()
                if self.away or now - told >= _STATUS_EVERY_S:
                    told = now
                    await self.tell_status()
                self._note_away(None)
            except (*GONE, psycopg.Error) as exc:
                self._note_away(str(exc).strip())
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
            status=status or ("busy" if self.running else "waiting" if self.waits else "idle"),
            started_at=self._started,
            job_id=next(iter(self.running), None),
            completed=self.completed,
            failed=self.failed,
            role=self.role,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=revision(),
            polled_ago=self.polled_ago(self.environment.name),
        )
        async with self.database.connection() as connection:
            await worker.beat_worker(connection, beat)

    def start_beating(self) -> None:
        """Begin the heartbeat."""
        with structlog.contextvars.bound_contextvars(environment=self.environment.name, worker=self.worker):
            heart = asyncio.create_task(self.beat_forever())
            heart.add_done_callback(_end_without_heart)
            self._beating = [heart, asyncio.create_task(self.tend_sessions())]

    async def stop_beating(self) -> None:
        """End it."""
        for task in self._beating:
            task.cancel()
        if self._beating:
            await asyncio.wait(self._beating)

    @contextmanager
    def visit(self) -> Generator[None]:
        """While a message is dealt with, claim included: what a stop waits for."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  only coroutines deal with messages
        self._visits.add(task)
        try:
            yield
        finally:
            self._visits.discard(task)

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, let running jobs finish for the grace period, hand the rest back."""
        self.stopping = True
        if self._visits:
            await asyncio.wait(self._visits, timeout=grace_s)
        for running in list(self.running.values()):
            running.task.cancel()
        if self._visits:
            await asyncio.wait(self._visits, timeout=5)

    async def leave_site(self) -> None:
        """Close the sessions and give their accounts back."""
        if self.context.sessions is not None:
            await self._farewell("sessions", self.context.sessions.close())

    async def tell_stopped(self) -> None:
        """Mark the process stopped. A database that is away will see it fall silent instead."""
        await self._farewell("status", self.tell_status("stopped"))

    async def _farewell(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await work
        except (*GONE, TimeoutError) as exc:
            _log.warning("runtime.left_undone", environment=self.environment.name, what=what, error=str(exc).strip())

    def _note_away(self, error: str | None) -> None:
        """One line a change, however long it lasts."""
        if error is not None and not self.away:
            _log.warning("environment.away", error=error)
        elif error is None and self.away:
            _log.info("environment.back")
        self.away = error is not None


def _end_without_heart(heart: asyncio.Task[None]) -> None:
    """A process that cannot beat would lose every job it takes: it stops, and whoever started it starts another."""
    if not heart.cancelled():
        error = heart.exception()
        _log.error("runtime.heart_stopped", exc_info=error)
        if error is not None:
            sentry.report_crash(error, role="heart")
        os.kill(os.getpid(), signal.SIGTERM)
