"""Open failures by fault, one function per query of `sql/triage.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load
from registre.db.report import OrderRow

_SQL = load("triage")


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Failed jobs of one fault."""

    fault: str
    jobs: int
    first_seen: datetime
    last_seen: datetime
    stages: list[str]
    #: those that have not come past the purchase
    unbought: int


@dataclass(frozen=True, slots=True)
class FaultCharges:
    """Unsettled money of one fault in one state."""

    fault: str
    state: str
    charges: int
    cents: int


@dataclass(frozen=True, slots=True)
class FaultSample(OrderRow):
    """The newest job of a fault."""

    fault: str
    error_text: str | None
    worker: str | None
    version: str | None
    snapshot: str | None


async def fault_groups(connection: Connection, *, fault: str | None = None) -> list[FaultGroup]:
    """Open faults, or one of them, the most frequent first."""
    async with connection.cursor(row_factory=class_row(FaultGroup)) as cursor:
        return await (await cursor.execute(_SQL["fault_groups"], {"fault": fault})).fetchall()


async def fault_charges(connection: Connection, *, fault: str | None = None) -> list[FaultCharges]:
    """Unsettled money per fault and state."""
    async with connection.cursor(row_factory=class_row(FaultCharges)) as cursor:
        return await (await cursor.execute(_SQL["fault_charges"], {"fault": fault})).fetchall()


async def fault_samples(connection: Connection, faults: Sequence[str]) -> dict[str, FaultSample]:
    """The newest job of each."""
    async with connection.cursor(row_factory=class_row(FaultSample)) as cursor:
        rows = await (await cursor.execute(_SQL["fault_samples"], {"faults": list(faults)})).fetchall()
    return {row.fault: row for row in rows}


async def fault_jobs(connection: Connection, fault: str, *, limit: int) -> list[UUID]:
    """Jobs of one fault, the newest failure first."""
    rows = await (await connection.execute(_SQL["fault_jobs"], {"fault": fault, "limit": limit})).fetchall()
    return [row[0] for row in rows]
