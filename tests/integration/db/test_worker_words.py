"""Every word that a process says of itself can be written."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from registre.db import worker
from registre.db.pool import Database


@pytest.mark.parametrize("status", ["idle", "busy", "waiting", "stopped"])
async def test_a_process_can_say_how_it_is(database: Database, sql: psycopg.Connection, status: str) -> None:
    beat = worker.Beat(
        "poste-ocr.1", status, datetime.now(UTC), None, completed=0, failed=0, role="ocr", host="h", pid=1, version="0",
        polled_ago=None,
    )  # fmt: skip
    async with database.connection() as connection:
        await worker.beat_worker(connection, beat)
    assert sql.execute("SELECT status FROM public.worker_status").fetchall() == [(status,)]
