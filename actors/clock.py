"""The clock: one leader among any number of copies returns what dead processes left and re-announces lost work."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from registre.db import account as accounts
from registre.db import job as jobs
from registre.db import leader, worker
from registre.db.pool import GONE, Connection, connect
from registre.pipeline import LEASE, REANNOUNCE, SWEEP

_HOUSEKEEPING_S: Final = 30.0

_log = structlog.get_logger("clock")


async def run_clock(url: str, stop: asyncio.Event) -> None:
    """Lead when nobody else does, until stopped. A lost connection is opened again; the lock goes with it."""
    patience = timedelta(0)
    while not stop.is_set():
        try:
            connection = await connect(url)
            try:
                await _lead(connection, stop, patience)
            finally:
                await connection.close()
        except GONE as exc:
            _log.warning("clock.database_away", error=str(exc).strip())
            # The living lost it too and beat first: a restart of the server must not look like a mass death.
            patience = LEASE
            await _pause(stop, SWEEP.total_seconds())


async def sweep(connection: Connection) -> int:
    """One round; returns how many jobs it moved. Never touches a lease that beats."""
    recovered = await jobs.expire_leases(connection)
    for job in recovered:
        _log.warning("clock.lease_expired", job=str(job.id), stage=job.stage, worker=job.worker, state=job.state)
    lost = await jobs.announce_again(connection, after=REANNOUNCE)
    for job_id in lost:
        _log.warning("clock.announced_again", job=str(job_id))
    await accounts.free_accounts(connection)
    return len(recovered) + len(lost)


async def _lead(connection: Connection, stop: asyncio.Event, patience: timedelta) -> None:
    loop = asyncio.get_running_loop()
    leading, kept_house = False, 0.0
    begin = loop.time() + patience.total_seconds()
    while not stop.is_set():
        if not leading:
            leading = await leader.try_lead(connection)
            if leading:
                _log.info("clock.leading")
        if leading and loop.time() >= begin:
            await sweep(connection)
            if loop.time() - kept_house > _HOUSEKEEPING_S:
                kept_house = loop.time()
                for name in await worker.sweep_workers(connection):
                    _log.warning("clock.worker_silent", worker=name)
        await _pause(stop, SWEEP.total_seconds())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
