"""The clock: in each environment one leader, among any number of copies, returns what dead processes left."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import structlog

from registre import sentry
from registre.db import account as accounts
from registre.db import job as jobs
from registre.db import leader, migrate, worker
from registre.db.pool import GONE, Connection, connect
from registre.domain.errors import ConfigurationError, PoisonJob, StorageFailed
from registre.domain.job import Site, State
from registre.opening import note_start, why_not
from registre.pipeline import LEASE, REANNOUNCE, SWEEP
from registre.revision import revision
from registre.settings import Environment
from registre.stages.tidy import tidy_objects
from registre.storage.objects import Objects

_HOUSEKEEPING_S: Final = 30.0
#: Between two looks for objects that nobody names any more.
_TIDY_S: Final = 1800.0
#: Seconds between two lines in `worker_status`.
_STATUS_EVERY_S: Final = 10.0

_log = structlog.get_logger("clock")


async def look(place: Environment, name: str) -> ConfigurationError | None:
    """None when a clock of that slot can work there, else why not."""
    try:
        connection = await connect(place.database_url)
        try:
            await migrate.require_current(connection)
            await note_start(connection, place.name, slot=name)
        finally:
            await connection.close()
    except (ConfigurationError, *GONE, psycopg.Error) as exc:
        return why_not(exc)
    return None


async def run_clock(place: Environment, name: str, stop: asyncio.Event) -> None:
    """Lead there when nobody else does, until stopped. A lost connection is opened again; the lock goes with it."""
    clock = Clock(name, place.name, stop)
    tidying = asyncio.create_task(_tidy_now_and_then(place))
    try:
        await _run(clock, place, stop)
    finally:
        tidying.cancel()


async def _run(clock: Clock, place: Environment, stop: asyncio.Event) -> None:
    with structlog.contextvars.bound_contextvars(environment=place.name, worker=clock.name):
        while not stop.is_set():
            try:
                connection = await connect(place.database_url)
                try:
                    await migrate.require_current(connection)
                    await clock.work(connection)
                finally:
                    await connection.close()
            except (*GONE, psycopg.Error, ConfigurationError) as exc:
                clock.lost(exc)
                await clock.pause()


async def _tidy_now_and_then(place: Environment) -> None:
    """Objects nobody names any more. Beside the sweep, which must not wait for a slow store; two at once do no harm."""
    while True:
        await asyncio.sleep(_TIDY_S)
        try:
            connection = await connect(place.database_url)
            try:
                await tidy_objects(connection, Objects(place.object_root))
            finally:
                await connection.close()
        except (*GONE, psycopg.Error, StorageFailed) as exc:
            _log.warning("tidy.put_off", error=str(exc).strip())


class Clock:
    """One copy in one environment."""

    def __init__(self, name: str, environment: str, stop: asyncio.Event) -> None:
        self.name = name
        self._environment = environment
        self._stop = stop
        self._started = datetime.now(UTC)
        self._why: str | None = None
        self._patience = timedelta(0)

    async def work(self, connection: Connection) -> None:
        """Try to lead, and lead, until stopped or until the connection breaks."""
        loop = asyncio.get_running_loop()
        leading, told, kept_house = False, 0.0, 0.0
        begin = loop.time() + self._patience.total_seconds()
        while not self._stop.is_set():
            now = loop.time()
            if not leading:
                leading = await leader.try_lead(connection)
                if leading:
                    _log.info("clock.leading")
            self._back()
            if now - told >= _STATUS_EVERY_S:
                told = now
                await self._tell(connection, "busy" if leading else "idle")
            if leading and now >= begin:
                await sweep(connection, self._environment)
                if now - kept_house >= _HOUSEKEEPING_S:
                    kept_house = now
                    await keep_house(connection)
            await self.pause()
        await self._tell(connection, "stopped")

    def lost(self, exc: Exception) -> None:
        """One line a change, however long it lasts: the database is away, or not of this program's version."""
        why = exc.text if isinstance(exc, ConfigurationError) else "away"
        if why != self._why:
            _log.warning("environment.away", error=str(exc).strip())
        self._why = why
        # The living lost it too and beat first: a restart of the server must not look like a mass death.
        self._patience = LEASE

    async def pause(self) -> None:
        """Until the next sweep, or the stop."""
        try:
            async with asyncio.timeout(SWEEP.total_seconds()):
                await self._stop.wait()
        except TimeoutError:
            return

    def _back(self) -> None:
        if self._why is not None:
            _log.info("environment.back")
        self._why = None

    async def _tell(self, connection: Connection, status: str) -> None:
        await worker.beat_worker(
            connection,
            worker.Beat(
                name=self.name,
                status=status,
                started_at=self._started,
                job_id=None,
                completed=0,
                failed=0,
                role="clock",
                host=socket.gethostname(),
                pid=os.getpid(),
                version=revision(),
                polled_ago=timedelta(0),
            ),
        )


async def sweep(connection: Connection, environment: str | None = None) -> int:
    """One round; returns how many jobs it moved. Never touches a lease that beats."""
    recovered = await jobs.expire_leases(connection)
    for job in recovered:
        _log.warning("clock.lease_expired", job=str(job.id), stage=job.stage, holder=job.worker, state=job.state)
        if job.state == State.FAILED:
            sentry.report(
                PoisonJob(),
                job_id=str(job.id),
                kind=job.kind,
                site=Site.FONCIER,
                stage=job.stage,
                environment=environment,
            )
    lost = await jobs.announce_again(connection, after=REANNOUNCE)
    for job_id in lost:
        _log.warning("clock.announced_again", job=str(job_id))
    await accounts.free_accounts(connection)
    return len(recovered) + len(lost)


async def keep_house(connection: Connection) -> None:
    """Mark silent processes dead and forget what is only history."""
    for name in await worker.sweep_workers(connection):
        _log.warning("clock.worker_silent", silent=name)
