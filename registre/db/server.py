"""Postgres itself and the shape of our tables, one function per query of `sql/server.sql`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("server")


@dataclass(frozen=True, slots=True)
class ServerState:
    """Postgres, as far as it concerns us."""

    role: str
    version: str
    version_number: int
    standby: bool
    read_only: bool
    #: open now, and how many ordinary roles may open
    connections: int
    room: int
    #: share of the notification queue in use; at 1 every NOTIFY fails
    notify_queue: float
    #: its clock
    at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's session that is in the way."""

    pid: int
    on_table: str
    program: str
    age: timedelta


async def limit_patience(connection: Connection) -> None:
    """Statements of this connection give up instead of waiting for locks."""
    await connection.execute(_SQL["limit_patience"])


async def server_state(connection: Connection) -> ServerState:
    """One look at the server."""
    async with connection.cursor(row_factory=class_row(ServerState)) as cursor:
        return (await (await cursor.execute(_SQL["server_state"])).fetchall())[0]


async def columns(connection: Connection) -> dict[str, set[str]]:
    """Columns by qualified table."""
    found: dict[str, set[str]] = {}
    for table, column in await (await connection.execute(_SQL["columns"])).fetchall():
        found.setdefault(table, set()).add(column)
    return found


async def forbidden_tables(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Those that this role may not read and write."""
    rows = await (await connection.execute(_SQL["forbidden_tables"], {"tables": list(tables)})).fetchall()
    return [row[0] for row in rows]


async def is_blindfolded(connection: Connection, tables: Sequence[str]) -> bool:
    """Whether rows of one of them are hidden from this role."""
    rows = await (await connection.execute(_SQL["blindfolded"], {"tables": list(tables)})).fetchall()
    return bool(rows[0][0])


async def idle_triggers(connection: Connection, triggers: Mapping[str, str]) -> dict[str, bool]:
    """Of these triggers (name → table), those that do not fire; True for one that does not even exist."""
    values = {"tables": list(triggers.values()), "triggers": list(triggers)}
    rows = await (await connection.execute(_SQL["idle_triggers"], values)).fetchall()
    return {row[1]: row[2] for row in rows}


async def missing_guards(connection: Connection, names: Sequence[str]) -> list[str]:
    """Of these unique indexes, those that are not there or not valid."""
    rows = await (await connection.execute(_SQL["missing_guards"], {"names": list(names)})).fetchall()
    return [row[0] for row in rows]


async def statuses(connection: Connection) -> dict[int, str]:
    """The lookup table of the public contract."""
    return {row[0]: row[1] for row in await (await connection.execute(_SQL["statuses"])).fetchall()}


async def locks(connection: Connection, *, older: timedelta) -> list[Session]:
    """Who has shut one of our tables for longer than `older`."""
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        return await (await cursor.execute(_SQL["locks"], {"older": older})).fetchall()


async def open_transactions(connection: Connection, *, idle: timedelta, active: timedelta) -> list[Session]:
    """Transactions left open without a statement for `idle`, or at work for `active`."""
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        return await (await cursor.execute(_SQL["open_transactions"], {"idle": idle, "active": active})).fetchall()


async def hears(listener: Connection, speaker: Connection, *, patience_s: float) -> bool:
    """Whether a NOTIFY of one connection reaches a LISTEN of the other."""
    await listener.execute(_SQL["listen"])
    await speaker.execute(_SQL["notify"])
    try:
        async with asyncio.timeout(patience_s):
            async for _ in listener.notifies():
                return True
    except TimeoutError:
        pass
    return False
