"""What waits to be read, and what was read again: one function per query of `sql/reading.sql`."""

from __future__ import annotations

from uuid import UUID

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("reading")


async def waiting_readings(connection: Connection) -> tuple[int, int]:
    """Indexes and actes that could be read now."""
    row = await (await connection.execute(_SQL["waiting_readings"])).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def read_again(connection: Connection, document_id: UUID, job_id: UUID) -> frozenset[int]:
    """Pages read since this job's document was last wished read again."""
    values = {"document_id": document_id, "job_id": job_id}
    rows = await (await connection.execute(_SQL["read_again"], values)).fetchall()
    return frozenset(int(row[0]) for row in rows)
