"""Many jobs put back to work, or taken back, at once: one function per query of `sql/requeue.sql`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load
from registre.db.report import OrderRow

_SQL = load("requeue")

#: Jobs of one transaction: a lock on each is held until it ends, and a claim may wait for it.
CHUNK: Final = 250


@dataclass(frozen=True, slots=True)
class Filters:
    """Which jobs; what is given combines."""

    ids: tuple[UUID, ...] | None = None
    fault: str | None = None
    code: str | None = None
    stage: str | None = None
    #: since it ended, or began to wait
    older: timedelta | None = None
    younger: timedelta | None = None
    imported: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate(OrderRow):
    """A job that a requeue would touch."""

    charge_state: str | None
    #: what `registre.requeue` would answer
    expected: str
    #: what it may cost at most
    at_stake_cents: int


@dataclass(frozen=True, slots=True)
class BatchEvent(OrderRow):
    """One requeue of a batch, with its job as it is now."""

    event: int
    at: datetime
    actor: str


async def requeue_candidates(
    connection: Connection, filters: Filters, *, rebuy: bool, price_cents: int, max_age: timedelta
) -> list[Candidate]:
    """What would be put back to work, oldest order first. Without ids: of all that ended badly or waits, or with
    `imported` of what the old system left unfinished. `max_age` is how long an index bought answers again."""
    values = {
        "ids": None if filters.ids is None else list(filters.ids),
        "fault": filters.fault,
        "code": filters.code,
        "stage": filters.stage,
        "older": filters.older,
        "younger": filters.younger,
        "imported": filters.imported,
        "limit": filters.limit,
        "rebuy": rebuy,
        "price_cents": price_cents,
        "max_age": max_age,
    }
    async with connection.cursor(row_factory=class_row(Candidate)) as cursor:
        return await (await cursor.execute(_SQL["requeue_candidates"], values)).fetchall()


async def requeue_many(
    connection: Connection, ids: Sequence[UUID], *, actor: str, batch: str, rebuy: bool = False
) -> AsyncGenerator[dict[UUID, str]]:
    """Put jobs back to work as one batch; answers per job, a chunk a transaction. Fit for a second run: what went
    back already answers so."""
    for first in range(0, len(ids), CHUNK):
        async with connection.transaction():
            await connection.execute(_SQL["begin_batch"], {"batch": batch})
            values = {"ids": list(ids[first : first + CHUNK]), "actor": actor, "rebuy": rebuy}
            rows = await (await connection.execute(_SQL["requeue_many"], values)).fetchall()
        yield {row[0]: str(row[1]) for row in rows}


async def last_batch(connection: Connection, *, actor: str) -> str | None:
    """This person's newest batch."""
    row = await (await connection.execute(_SQL["last_batch"], {"actor": actor})).fetchone()
    return None if row is None else str(row[0])


async def batch_events(connection: Connection, batch: str) -> list[BatchEvent]:
    """What a batch put back to work."""
    async with connection.cursor(row_factory=class_row(BatchEvent)) as cursor:
        return await (await cursor.execute(_SQL["batch_events"], {"batch": batch})).fetchall()


async def undo_many(
    connection: Connection, events: Sequence[int], *, actor: str, do: bool
) -> AsyncGenerator[dict[int, str]]:
    """Take requeues back, or with `do` false only say what would come of it; answers per event, a chunk a
    transaction: `restored`, `undone`, `moved_on`, `rival`."""
    for first in range(0, len(events), CHUNK):
        async with connection.transaction():
            values = {"events": list(events[first : first + CHUNK]), "actor": actor, "do": do}
            rows = await (await connection.execute(_SQL["undo_many"], values)).fetchall()
        yield {int(row[0]): str(row[1]) for row in rows}
