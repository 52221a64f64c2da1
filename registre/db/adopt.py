"""Texts that the old system left, one function per query of `sql/adopt.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("adopt")


@dataclass(frozen=True, slots=True)
class OldText:
    """A row of the old system, and what it says of its document."""

    job_id: UUID
    order_id: UUID
    kind: str
    request: dict[str, Any]
    state: str
    #: where the PDF itself is stored here
    document_id: UUID | None
    text: str | None
    corrected: str | None
    #: of the text that was adopted already
    sha256: str | None


async def old_texts(connection: Connection, *, ids: Sequence[UUID] | None, limit: int) -> list[OldText]:
    """The rows named; without names, all that have a text and were not adopted yet."""
    values = {"ids": None if ids is None else list(ids), "limit": limit}
    async with connection.cursor(row_factory=class_row(OldText)) as cursor:
        return await (await cursor.execute(_SQL["old_texts"], values)).fetchall()


async def add_text(
    connection: Connection,
    job_id: UUID,
    *,
    kind: str,
    target: dict[str, Any],
    sha256: str,
    size: int,
    pages: int,
    object_key: str,
    path: str,
) -> UUID:
    """Record what stands for a row's text; the same row again is the same document."""
    values = {
        "job_id": job_id,
        "document_key": f"texte/{job_id}",
        "kind": kind,
        "target": Jsonb(target),
        "sha256": sha256,
        "size": size,
        "pages": pages,
        "object_key": object_key,
        "path": path,
    }
    row = await (await connection.execute(_SQL["add_text"], values)).fetchone()
    assert row is not None  # noqa: S101  an upsert always answers
    await connection.execute(_SQL["drop_pages"], {"document_id": row[0], "pages": pages})
    return row[0]


async def text_document(connection: Connection, job_id: UUID) -> UUID | None:
    """What stands for the text of an old row."""
    row = await (await connection.execute(_SQL["text_document"], {"job_id": job_id})).fetchone()
    return None if row is None else row[0]


async def note_adopted(connection: Connection, job_id: UUID, *, actor: str, data: dict[str, Any]) -> None:
    """One line of the event log."""
    await connection.execute(_SQL["note_adopted"], {"job_id": job_id, "actor": actor, "data": Jsonb(data)})
