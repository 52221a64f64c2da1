"""What waits to be read, one function per query of `sql/reading.sql`."""

from __future__ import annotations

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("reading")


async def waiting_readings(connection: Connection) -> tuple[int, int]:
    """Indexes and actes that could be read now."""
    row = await (await connection.execute(_SQL["waiting_readings"])).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
