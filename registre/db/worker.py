"""The processes that are alive, one function per query of `sql/worker.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("worker")


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process says of itself."""

    #: stable over restarts: host and the Procfile's slot
    name: str
    status: str
    started_at: datetime
    job_id: UUID | None
    completed: int
    failed: int
    role: str
    host: str
    pid: int
    version: str
    #: since it last looked for work; None: not yet, or no longer
    polled_ago: timedelta | None


async def beat_worker(connection: Connection, beat: Beat) -> None:
    """Say that this process lives and what it does."""
    values = {name: getattr(beat, name) for name in Beat.__slots__}
    await connection.execute(_SQL["beat_worker"], values)


async def note_start(connection: Connection, *, slot: str, revision: str) -> None:
    """Leave a trace of a start, before the slot's line is written anew: whether it comes back from a death."""
    await connection.execute(_SQL["note_start"], {"slot": slot, "revision": revision})


async def other_revisions(connection: Connection, *, ours: str, slot: str) -> list[tuple[str, str]]:
    """Living processes of another revision, but for the one whose slot we take: name and revision."""
    rows = await (await connection.execute(_SQL["other_revisions"], {"ours": ours, "slot": slot})).fetchall()
    return [(str(name), str(version)) for name, version in rows]


async def sweep_workers(connection: Connection) -> list[str]:
    """Mark silent processes dead and forget those dead for a day. Answers the newly dead."""
    dead = await (await connection.execute(_SQL["mark_dead_workers"])).fetchall()
    await connection.execute(_SQL["prune_workers"])
    return [row[0] for row in dead]
