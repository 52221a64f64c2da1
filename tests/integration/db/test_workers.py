"""What processes say of themselves, and what becomes of those that say nothing more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from registre.db import worker
from registre.db.pool import Database


async def _beat(database: Database, name: str, *, polled_ago: timedelta | None = None, status: str = "idle") -> None:
    beat = worker.Beat(
        name, status, datetime.now(UTC), None, completed=0, failed=0, role="browser", host="poste", pid=1,
        version="0", polled_ago=polled_ago,
    )  # fmt: skip
    async with database.connection() as connection:
        await worker.beat_worker(connection, beat)


async def test_a_restarted_slot_keeps_its_one_row(database: Database, sql: psycopg.Connection) -> None:
    await _beat(database, "poste-browser.1")
    await _beat(database, "poste-browser.1", status="busy")
    await _beat(database, "poste-browser.2")
    rows = sql.execute("SELECT worker_id, status FROM public.worker_status ORDER BY worker_id").fetchall()
    assert rows == [("poste-browser.1", "busy"), ("poste-browser.2", "idle")]


async def test_the_silent_are_marked_dead_and_forgotten_after_a_day(
    database: Database, sql: psycopg.Connection
) -> None:
    for name in ("living", "silent", "said good-bye", "forgotten"):
        await _beat(database, name, status="stopped" if name == "said good-bye" else "idle")
    for name, ago in (("silent", "1 min"), ("said good-bye", "23 h"), ("forgotten", "25 h")):
        sql.execute(
            "UPDATE public.worker_status SET last_heartbeat = now() - %s::interval WHERE worker_id = %s", [ago, name]
        )
    async with database.connection() as connection:
        assert sorted(await worker.sweep_workers(connection)) == ["forgotten", "silent"]
        assert await worker.sweep_workers(connection) == []
    rows = dict(sql.execute("SELECT worker_id, status FROM public.worker_status").fetchall())
    assert rows == {"living": "idle", "silent": "offline", "said good-bye": "stopped"}


async def test_when_it_last_looked_for_work_is_kept_after_it_stops(database: Database, sql: psycopg.Connection) -> None:
    await _beat(database, "poste-browser.1", polled_ago=timedelta(seconds=40))
    await _beat(database, "poste-browser.1", status="stopped")
    [ago] = sql.execute("SELECT now() - polled_at FROM public.worker_status").fetchone()
    assert timedelta(seconds=40) <= ago < timedelta(minutes=2)
