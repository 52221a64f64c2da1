"""Objects that nobody names any more: staged bytes of the dead, rejected bytes long settled, snapshots of yesterday."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from registre.db import tidy as db
from registre.db.pool import Connection
from registre.domain.errors import StorageFailed
from registre.storage.objects import Objects

#: Staged bytes are written before the row that names them.
_STAGING: Final = timedelta(hours=1)
#: Long enough for a dispute with the registry, from when a person settled it.
_REJECTED: Final = timedelta(days=30)
#: A failure's picture and markup.
_SNAPSHOT: Final = timedelta(hours=24)

_Needed = Callable[[Collection[UUID]], Awaitable[frozenset[UUID]]]

_log = structlog.get_logger("tidy")


async def tidy_objects(connection: Connection, objects: Objects, *, now: datetime | None = None) -> int:
    """One round; returns how many objects it removed. Documents themselves are never touched. Safe beside workers.

    Raises:
        StorageFailed: the store cannot be listed; what could not be removed is tried again next time.
    """
    moment = now or datetime.now(UTC)

    async def claimable(ids: Collection[UUID]) -> frozenset[UUID]:
        return await db.rejected_needed(connection, ids, kept=_REJECTED)

    async def wanted(ids: Collection[UUID]) -> frozenset[UUID]:
        return await db.staging_needed(connection, ids)

    removed = await _tidy_charges(objects, "staging/", moment - _STAGING, wanted)
    removed += await _tidy_charges(objects, "rejected/", moment - _STAGING, claimable)
    removed += await _tidy_snapshots(connection, objects, moment - _SNAPSHOT)
    if removed:
        _log.info("tidy.removed", objects=removed)
    return removed


async def _tidy_charges(objects: Objects, prefix: str, before: datetime, needed: _Needed) -> int:
    """Remove what is named after charges that need it no longer. A name that is no charge's is somebody else's."""
    removed = 0
    async for keys in _old(objects, prefix, before):
        by_charge = {charge: key for key in keys if (charge := _charge_of(key, prefix))}
        left = await needed(by_charge.keys())
        removed += await _remove(objects, [key for charge, key in by_charge.items() if charge not in left])
    return removed


async def _tidy_snapshots(connection: Connection, objects: Objects, before: datetime) -> int:
    removed = 0
    async for keys in _old(objects, "snapshots/", before):
        await db.forget_snapshots(connection, keys)
        removed += await _remove(objects, keys)
    return removed


async def _old(objects: Objects, prefix: str, before: datetime) -> AsyncGenerator[list[str]]:
    async for found in objects.listed(prefix):
        old = [key for key, written in found if written < before]
        if old:
            yield old


async def _remove(objects: Objects, keys: Collection[str]) -> int:
    removed = 0
    for key in keys:
        try:
            await objects.delete(key)
        except StorageFailed as exc:
            _log.warning("tidy.left", key=key, error=exc.text)
        else:
            removed += 1
    return removed


def _charge_of(key: str, prefix: str) -> UUID | None:
    try:
        return UUID(key.removeprefix(prefix).partition(".")[0])
    except ValueError:
        return None
