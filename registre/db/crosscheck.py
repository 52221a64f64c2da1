"""Actes and the indexes that name them, one function per query of `sql/crosscheck.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("crosscheck")


@dataclass(frozen=True, slots=True)
class ActeRead:
    """A stored acte that has been read."""

    numero: str
    type_acte: str | None
    #: as `registre.shapes` writes it
    content: dict[str, Any]
    #: of all its pages
    text: str


async def actes_behind(
    connection: Connection, *, circonscription: str, numbers: Sequence[str], lot: str
) -> list[ActeRead]:
    """Actes read that have one of these numbers or are about this lot."""
    values = {"circonscription": circonscription, "numbers": list(numbers), "lot": lot}
    async with connection.cursor(row_factory=class_row(ActeRead)) as cursor:
        return await (await cursor.execute(_SQL["actes_behind"], values)).fetchall()


async def indexes_of(
    connection: Connection, *, circonscription: str, numbers: Sequence[str], lots: Sequence[str]
) -> list[UUID]:
    """Indexes that an acte with these numbers, about these lots, should agree with."""
    values = {"circonscription": circonscription, "words": " | ".join(numbers), "lots": list(lots)}
    rows = await (await connection.execute(_SQL["indexes_of"], values)).fetchall()
    return [row[0] for row in rows]
