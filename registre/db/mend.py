"""What `diagnose --fix` may do, one function per query of `sql/mend.sql`: nothing that costs or loses anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString
from uuid import UUID

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("mend")


async def purge_rejected(connection: Connection) -> int:
    """Delete messages put aside that nobody will miss; answers how many."""
    return len(await (await connection.execute(_SQL["purge_rejected"])).fetchall())


async def realign_rows(connection: Connection, ids: Sequence[UUID]) -> int:
    """Write into these jobs' public rows what the jobs say; answers how many were changed."""
    return len(await (await connection.execute(_SQL["realign_rows"], {"ids": list(ids)})).fetchall())


async def note_fix(connection: Connection, *, actor: str, fix: str, count: int) -> None:
    """Keep in the event log what was mended and by whom."""
    await connection.execute(_SQL["note_fix"], {"actor": actor, "fix": fix, "count": count})


async def restore_statuses(connection: Connection, names: Mapping[int, str]) -> int:
    """Insert the statuses that are missing; answers how many."""
    values = {"ids": list(names), "names": list(names.values())}
    return len(await (await connection.execute(_SQL["restore_statuses"], values)).fetchall())


async def enable_trigger(connection: Connection, name: str) -> None:
    """Switch one of the job table's triggers on again."""
    queries: dict[str, LiteralString] = {
        "mirror_update": _SQL["enable_mirror"],
        "require_evidence": _SQL["enable_evidence"],
        "order_deleted": _SQL["enable_order_deleted"],
    }
    await connection.execute(queries[name])
