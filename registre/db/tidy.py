"""What the tidying of the object store asks, one function per query of `sql/tidy.sql`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("tidy")


async def staging_needed(connection: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
    """Of these charges, those whose staged bytes somebody may still want."""
    rows = await (await connection.execute(_SQL["staging_needed"], {"ids": list(ids)})).fetchall()
    return frozenset(row[0] for row in rows)


async def rejected_needed(connection: Connection, ids: Collection[UUID], *, kept: timedelta) -> frozenset[UUID]:
    """Of these charges, those that are open or were settled less than `kept` ago."""
    rows = await (await connection.execute(_SQL["rejected_needed"], {"ids": list(ids), "kept": kept})).fetchall()
    return frozenset(row[0] for row in rows)


async def forget_snapshots(connection: Connection, keys: Collection[str]) -> None:
    """These pictures are gone: no attempt names them any more."""
    await connection.execute(_SQL["forget_snapshots"], {"keys": list(keys)})
