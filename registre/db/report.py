"""Read models for people: lists, one job's time-line, money, search. One function per query of `sql/report.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("report")


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What every list says of a job: whose order, for what, and where it stands."""

    id: UUID
    order_id: UUID | None
    kind: str
    request: dict[str, Any]
    stage: str
    state: str
    error_code: str | None

    @property
    def shown_id(self) -> UUID:
        """The public row's id; the job's own where there is no row."""
        return self.order_id or self.id


@dataclass(frozen=True, slots=True)
class JobRow(OrderRow):
    """A job as it is shown."""

    #: what the public row says, or would say
    status_id: int
    attempts: int
    max_attempts: int
    crashes: int
    worker: str | None
    lease_until: datetime | None
    not_before: datetime | None
    hold_until: datetime | None
    fresh: bool
    priority: int
    error_text: str | None
    document_id: UUID | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    #: the database's clock when it answered; ages are counted from here
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one stage."""

    id: int
    stage: str
    fence: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    verdict: str | None
    error_code: str | None
    error_text: str | None
    screen: str | None
    snapshot: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event log."""

    id: int
    at: datetime
    name: str
    actor: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A purchase, settled or not, with the order it was made for."""

    id: UUID
    job_id: UUID
    order_id: UUID | None
    document_key: str
    target: dict[str, Any]
    state: str
    amount_cents: int
    demande: str | None
    staging_key: str | None
    note: dict[str, Any]
    intent_at: datetime
    paid_at: datetime | None
    settled_at: datetime | None
    account: str | None
    job_state: str
    job_code: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """Jobs of one kind in one place of the chain."""

    kind: str
    stage: str
    state: str
    jobs: int


@dataclass(frozen=True, slots=True)
class ChargeSum:
    """Purchases in one state."""

    state: str
    charges: int
    cents: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that matched."""

    document_id: UUID
    page: int
    text: str
    rank: float
    kind: str
    target: dict[str, Any]
    path: str
    pages: int
    created_at: datetime
    order_ids: list[UUID] | None
    #: stems of the words asked for, as the index has them
    lexemes: list[str]
    #: how many pages matched in all
    found: int


async def list_jobs(
    connection: Connection,
    *,
    ids: Sequence[UUID] | None = None,
    states: Sequence[str] | None = None,
    statuses: Sequence[int] | None = None,
    kind: str | None = None,
    stage: str | None = None,
    code: str | None = None,
    limit: int | None = None,
) -> list[JobRow]:
    """Jobs, newest first, that pass every filter given."""
    values = {
        "ids": None if ids is None else list(ids),
        "states": None if states is None else list(states),
        "statuses": None if statuses is None else list(statuses),
        "kind": kind,
        "stage": stage,
        "code": code,
        "limit": limit,
    }
    async with connection.cursor(row_factory=class_row(JobRow)) as cursor:
        return await (await cursor.execute(_SQL["list_jobs"], values)).fetchall()


async def match_jobs(connection: Connection, *, low: UUID, high: UUID) -> list[UUID]:
    """Job ids whose order id or own id lies between the two, at most 20."""
    rows = await (await connection.execute(_SQL["match_jobs"], {"low": low, "high": high})).fetchall()
    return [row[0] for row in rows]


async def unjoined_orders(connection: Connection, *, low: UUID, high: UUID) -> list[tuple[UUID, int]]:
    """Id and status of public rows in that range that have no job."""
    rows = await (await connection.execute(_SQL["unjoined_orders"], {"low": low, "high": high})).fetchall()
    return [(row[0], row[1]) for row in rows]


async def count_jobs(connection: Connection) -> list[Count]:
    """Jobs per kind, stage and state."""
    async with connection.cursor(row_factory=class_row(Count)) as cursor:
        return await (await cursor.execute(_SQL["count_jobs"])).fetchall()


async def attempts_of(connection: Connection, job_id: UUID) -> list[Attempt]:
    """A job's tries, oldest first."""
    async with connection.cursor(row_factory=class_row(Attempt)) as cursor:
        return await (await cursor.execute(_SQL["attempts_of"], {"job_id": job_id})).fetchall()


async def events_of(connection: Connection, job_id: UUID) -> list[Event]:
    """A job's events, oldest first."""
    async with connection.cursor(row_factory=class_row(Event)) as cursor:
        return await (await cursor.execute(_SQL["events_of"], {"job_id": job_id})).fetchall()


async def charges_of(connection: Connection, job_id: UUID) -> list[ChargeRow]:
    """A job's purchases, oldest first."""
    async with connection.cursor(row_factory=class_row(ChargeRow)) as cursor:
        return await (await cursor.execute(_SQL["charges_of"], {"job_id": job_id})).fetchall()


async def open_charges(connection: Connection, *, since: datetime | None = None) -> list[ChargeRow]:
    """Purchases that are not settled, oldest first."""
    async with connection.cursor(row_factory=class_row(ChargeRow)) as cursor:
        return await (await cursor.execute(_SQL["open_charges"], {"since": since})).fetchall()


async def sum_charges(connection: Connection, *, since: datetime | None = None) -> list[ChargeSum]:
    """Number and cents of purchases per state."""
    async with connection.cursor(row_factory=class_row(ChargeSum)) as cursor:
        return await (await cursor.execute(_SQL["sum_charges"], {"since": since})).fetchall()


async def quebec_midnight(connection: Connection) -> datetime:
    """When the current day began in Québec, by the database's clock."""
    rows = await (await connection.execute(_SQL["quebec_midnight"])).fetchall()
    return rows[0][0]


async def search_pages(
    connection: Connection, words: str, *, also: str, plain: str, prefix: bool, limit: int
) -> list[Hit]:
    """Pages that match, best first. `words` and `also` are in websearch syntax, or in tsquery syntax with `prefix`."""
    values = {"words": words, "also": also, "plain": plain, "prefix": prefix, "limit": limit}
    async with connection.cursor(row_factory=class_row(Hit)) as cursor:
        return await (await cursor.execute(_SQL["search_pages"], values)).fetchall()


async def jobs_numbered(connection: Connection, numbers: Sequence[str], *, limit: int) -> list[UUID]:
    """Jobs whose ordered number is one of these, newest first."""
    values = {"numbers": list(numbers), "limit": limit}
    return [row[0] for row in await (await connection.execute(_SQL["jobs_numbered"], values)).fetchall()]
