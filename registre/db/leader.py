"""Leadership of the clock: an advisory lock of one connection."""

from __future__ import annotations

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("leader")


async def try_lead(connection: Connection) -> bool:
    """True once this connection leads; it leads until it closes."""
    row = await (await connection.execute(_SQL["try_lead"])).fetchone()
    return row is not None and bool(row[0])
