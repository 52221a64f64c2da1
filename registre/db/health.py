"""What `diagnose` asks of our tables, one function per query of `sql/health.sql`. Postgres itself: `db/server.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from psycopg.rows import class_row, dict_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("health")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Worker:
    """A process by its own last word."""

    name: str
    #: browser, ocr or clock; empty for a process of the old system
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
    #: since it last looked for work; None: it never said
    unpolled: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often a slot died and was started again."""

    slot: str
    restarts: int


@dataclass(frozen=True, slots=True)
class OpenCount:
    """Open jobs of one kind, stage and state."""

    kind: str
    stage: str
    state: str
    jobs: int


@dataclass(frozen=True, slots=True)
class RowCount:
    """Public rows of one status and source."""

    status_id: int
    source: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Due:
    """Work of one stage that could start now."""

    stage: str
    jobs: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Stuck:
    """A job that a process has, or that nobody has although somebody should; `late` says since when."""

    id: UUID
    order_id: UUID | None
    shown_id: UUID
    stage: str
    worker: str | None
    late: timedelta


@dataclass(frozen=True, slots=True)
class Wait:
    """Jobs that wait for one reason."""

    code: str
    jobs: int
    sample: UUID
    #: until the first goes on
    next: timedelta
    text: str | None
    #: how long the oldest has met this reason
    since: timedelta | None


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries of the last hour that ended alike."""

    verdict: str
    code: str
    tries: int


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of one queue in one state."""

    queue_name: str
    state: str
    messages: int
    sample: str
    overdue: int
    abandoned: int
    #: seconds
    ready: float
    undecodable: bool


@dataclass(frozen=True, slots=True)
class MessageState:
    """A message on its way."""

    queue_name: str
    state: str
    crashes: int
    age: timedelta
    ahead: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A public row that says something else than its job."""

    id: UUID
    shown_id: UUID
    row_says: int
    job_says: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Jobs that ended for one reason."""

    code: str
    state: str
    jobs: int
    latest: datetime | None
    age: timedelta | None
    sample: UUID
    text: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A document and what was read of it."""

    id: UUID
    kind: str
    object_key: str
    path: str
    pages: int
    failed: int
    characters: int


async def _all(connection: Connection, name: str, kind: type[_T], **values: object) -> list[_T]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        return await (await cursor.execute(_SQL[name], values)).fetchall()


async def _rows(connection: Connection, name: str, **values: object) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_SQL[name], values)).fetchall()


async def _dicts(connection: Connection, name: str, **values: object) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(_SQL[name], values)).fetchall()


async def has_leader(connection: Connection) -> bool:
    """Whether a clock leads."""
    return bool((await _rows(connection, "has_leader"))[0][0])


async def workers(connection: Connection) -> list[Worker]:
    """Processes seen in the last day, the old system's too."""
    return await _all(connection, "workers", Worker)


async def restarts(connection: Connection) -> dict[str, int]:
    """Restarts of the last hour by slot; those without any are left out."""
    return {found.slot: found.restarts for found in await _all(connection, "restarts", Restarts)}


async def open_counts(connection: Connection) -> list[OpenCount]:
    """Jobs that are not over."""
    return await _all(connection, "open_counts", OpenCount)


async def row_counts(connection: Connection) -> list[RowCount]:
    """All public rows by status and source."""
    return await _all(connection, "row_counts", RowCount)


async def last_jobs(connection: Connection) -> list[dict[str, Any]]:
    """The ten newest."""
    return await _dicts(connection, "last_jobs")


async def due_work(connection: Connection) -> list[Due]:
    """What waits for a free process, per stage."""
    return await _all(connection, "due_work", Due)


async def running_jobs(connection: Connection) -> list[Stuck]:
    """What is being worked on, at most 100, the longest first."""
    return await _all(connection, "running_jobs", Stuck)


async def expired_leases(connection: Connection, *, older: timedelta = timedelta(0)) -> list[Stuck]:
    """Running jobs whose lease ended more than `older` ago, at most 100."""
    return await _all(connection, "expired_leases", Stuck, older=older)


async def lost_messages(connection: Connection, *, older: timedelta) -> list[Stuck]:
    """Jobs ready for longer than `older` without a message, at most 100."""
    return await _all(connection, "lost_messages", Stuck, older=older)


async def waits(connection: Connection) -> list[Wait]:
    """What waits for its time, per cause."""
    return await _all(connection, "waits", Wait)


async def recent_tries(connection: Connection) -> list[Tries]:
    """How the tries of the last hour ended, the most frequent first."""
    return await _all(connection, "recent_tries", Tries)


async def messages(connection: Connection, *, now_ms: int) -> list[Messages]:
    """Messages that are not done, by queue and state. `now_ms` is this machine's clock: delays are counted on it."""
    return await _all(connection, "messages", Messages, now_ms=now_ms)


async def orphan_messages(connection: Connection) -> tuple[int, str | None]:
    """How many messages wait for a job that does not exist, and one of them."""
    row = (await _rows(connection, "orphan_messages"))[0]
    return int(row[0]), row[1]


async def messages_of(connection: Connection, job_id: UUID) -> list[MessageState]:
    """A job's messages, the next first."""
    return await _all(connection, "messages_of", MessageState, job_id=str(job_id))


async def exhausted_jobs(connection: Connection) -> tuple[int, str | None]:
    """How many open jobs have spent their tries, and one of them."""
    row = (await _rows(connection, "exhausted_jobs"))[0]
    return int(row[0]), row[1]


async def disagreeing_rows(connection: Connection) -> list[Disagreement]:
    """Public rows that do not say what their job says, at most 1000."""
    return await _all(connection, "disagreeing_rows", Disagreement)


async def endings(connection: Connection) -> list[Ending]:
    """Failed and refused jobs per cause, the most frequent first."""
    return await _all(connection, "endings", Ending)


async def imported_rows(connection: Connection) -> dict[int, int]:
    """Unfinished and undecided rows of the old system per `status_id`."""
    return {int(row[0]): int(row[1]) for row in await _rows(connection, "imported_rows")}


async def unjoined_rows(connection: Connection) -> list[UUID]:
    """Waiting rows without a job, at most 1000."""
    return [row[0] for row in await _rows(connection, "unjoined_rows")]


async def join_rows(connection: Connection, ids: Sequence[UUID]) -> int:
    """Give those rows their jobs; answers how many."""
    async with connection.transaction():
        await _rows(connection, "shut_rows", ids=list(ids))
        return len(await _rows(connection, "knock_rows", ids=list(ids)))


async def inconsistent_rows(connection: Connection) -> list[tuple[str, int, str]]:
    """Contradiction, number of rows, one of them."""
    return [(str(row[0]), int(row[1]), str(row[2])) for row in await _rows(connection, "inconsistent_rows")]


async def documents(connection: Connection, *, limit: int) -> list[Stored]:
    """The newest documents."""
    return await _all(connection, "documents", Stored, limit=limit)


async def staged(connection: Connection, *, limit: int) -> list[tuple[UUID, str]]:
    """Job and key of bytes that are paid and not yet in their place."""
    return [(row[0], row[1]) for row in await _rows(connection, "staged", limit=limit)]


async def sealed_sample(connection: Connection) -> str | None:
    """One account's sealed password."""
    rows = await _rows(connection, "sealed_sample")
    return str(rows[0][0]) if rows else None


async def recent_events(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """The newest events, without words of people or of the registry."""
    return await _dicts(connection, "recent_events", limit=limit)


async def recent_errors(connection: Connection, *, limit: int) -> list[dict[str, Any]]:
    """The newest tries that went wrong: codes and screens, no sentences."""
    return await _dicts(connection, "recent_errors", limit=limit)
