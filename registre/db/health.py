"""What `diagnose` looks at, one function per query of `sql/health.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("health")


@dataclass(frozen=True, slots=True)
class RoleState:
    """Who we are to this database."""

    role: str
    server_version: str
    #: row-level security hides rows from this role without an error
    blindfolded: bool
    #: enabled triggers of the public table, of two
    doors: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A process by its own last word."""

    name: str
    role: str
    status: str
    host: str | None
    pid: int | None
    version: str | None
    started_at: datetime
    last_heartbeat: datetime
    current_job_id: UUID | None
    jobs_completed: int
    jobs_failed: int
    silence: timedelta


@dataclass(frozen=True, slots=True)
class Due:
    """Work of one stage that could start now."""

    stage: str
    jobs: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Stuck:
    """A job that will not move by itself."""

    id: UUID
    order_id: UUID | None
    shown_id: UUID
    stage: str
    worker: str | None
    late: timedelta


@dataclass(frozen=True, slots=True)
class Rejected:
    """Messages put aside in one queue."""

    queue_name: str
    messages: int
    sample: str
    crashes: int
    undecodable: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """Jobs that ended for one reason."""

    code: str
    state: str
    jobs: int
    latest: datetime | None
    sample: UUID
    text: str | None


@dataclass(frozen=True, slots=True)
class MessageState:
    """A message on its way."""

    queue_name: str
    state: str
    crashes: int
    age: timedelta
    ahead: int


async def role_state(connection: Connection) -> RoleState:
    """What this role sees."""
    async with connection.cursor(row_factory=class_row(RoleState)) as cursor:
        return (await (await cursor.execute(_SQL["role_state"])).fetchall())[0]


async def has_leader(connection: Connection) -> bool:
    """Whether a clock leads."""
    return bool((await (await connection.execute(_SQL["has_leader"])).fetchall())[0][0])


async def workers(connection: Connection) -> list[Worker]:
    """Processes seen in the last day."""
    async with connection.cursor(row_factory=class_row(Worker)) as cursor:
        return await (await cursor.execute(_SQL["workers"])).fetchall()


async def due_work(connection: Connection) -> list[Due]:
    """What waits for a free process, per stage."""
    async with connection.cursor(row_factory=class_row(Due)) as cursor:
        return await (await cursor.execute(_SQL["due_work"])).fetchall()


async def expired_leases(connection: Connection, *, older: timedelta = timedelta(0)) -> list[Stuck]:
    """Running jobs whose lease ended more than `older` ago, at most 100."""
    async with connection.cursor(row_factory=class_row(Stuck)) as cursor:
        return await (await cursor.execute(_SQL["expired_leases"], {"older": older})).fetchall()


async def lost_messages(connection: Connection, *, older: timedelta) -> list[Stuck]:
    """Jobs ready for longer than `older` without a message, at most 100."""
    async with connection.cursor(row_factory=class_row(Stuck)) as cursor:
        return await (await cursor.execute(_SQL["lost_messages"], {"older": older})).fetchall()


async def rejected_messages(connection: Connection) -> list[Rejected]:
    """Messages nobody will take again, per queue."""
    async with connection.cursor(row_factory=class_row(Rejected)) as cursor:
        return await (await cursor.execute(_SQL["rejected_messages"])).fetchall()


async def endings(connection: Connection) -> list[Ending]:
    """Failed and refused jobs per cause, the most frequent first."""
    async with connection.cursor(row_factory=class_row(Ending)) as cursor:
        return await (await cursor.execute(_SQL["endings"])).fetchall()


async def imported_rows(connection: Connection) -> dict[int, int]:
    """Undecided rows of the old system per `status_id`."""
    rows = await (await connection.execute(_SQL["imported_rows"])).fetchall()
    return {int(row[0]): int(row[1]) for row in rows}


async def unjoined_rows(connection: Connection) -> list[UUID]:
    """Waiting rows without a job, at most 1000."""
    return [row[0] for row in await (await connection.execute(_SQL["unjoined_rows"])).fetchall()]


async def join_rows(connection: Connection, ids: Sequence[UUID]) -> int:
    """Give those rows their jobs; answers how many."""
    async with connection.transaction():
        await shut_rows(connection, ids)
        return await knock_rows(connection, ids)


async def shut_rows(connection: Connection, ids: Sequence[UUID]) -> None:
    """Take the rows out of status 1."""
    await connection.execute(_SQL["shut_rows"], {"ids": list(ids)})


async def knock_rows(connection: Connection, ids: Sequence[UUID]) -> int:
    """Put the rows to status 1; the door does the rest."""
    return len(await (await connection.execute(_SQL["knock_rows"], {"ids": list(ids)})).fetchall())


async def inconsistent_rows(connection: Connection) -> list[tuple[str, int, str]]:
    """Contradiction, number of rows, one of them."""
    rows = await (await connection.execute(_SQL["inconsistent_rows"])).fetchall()
    return [(str(row[0]), int(row[1]), str(row[2])) for row in rows]


async def sealed_sample(connection: Connection) -> str | None:
    """One account's sealed password."""
    row = await (await connection.execute(_SQL["sealed_sample"])).fetchone()
    return None if row is None else str(row[0])


async def messages_of(connection: Connection, job_id: UUID) -> list[MessageState]:
    """A job's messages, the next first."""
    async with connection.cursor(row_factory=class_row(MessageState)) as cursor:
        return await (await cursor.execute(_SQL["messages_of"], {"job_id": str(job_id)})).fetchall()
