"""What waits to be read, one function per query of `sql/ocr_queue.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, dict_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("ocr_queue")


@dataclass(frozen=True, slots=True)
class Total:
    """Documents of one kind that wait for one reason: `eligible`, `running`, or why they do not go on."""

    kind: str
    reason: str
    jobs: int


async def totals(connection: Connection) -> list[Total]:
    """All that is stored and not read."""
    async with connection.cursor(row_factory=class_row(Total)) as cursor:
        return await (await cursor.execute(_SQL["totals"])).fetchall()


async def rows(connection: Connection, *, limit: int = 20) -> list[dict[str, Any]]:
    """The longest waiting."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(_SQL["rows"], {"limit": limit})).fetchall()
