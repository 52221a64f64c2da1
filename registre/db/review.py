"""Doubts that wait for a person and what persons said of them, one function per query of `sql/review.sql`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.reading import Correction, PageReading
from registre.domain.review import OpenDoubt, Review
from registre.shapes import to_json

_SQL = load("review")


async def lock_document(connection: Connection, document_id: UUID) -> None:
    """Be the only one who changes this document's rows until the transaction ends."""
    await connection.execute(_SQL["lock_document"], {"document_id": document_id})


async def open_doubts(
    connection: Connection,
    *,
    document_id: UUID | None = None,
    number: int | None = None,
    field: str | None = None,
    limit: int = 100,
) -> list[OpenDoubt]:
    """What waits to be settled, the most critical first."""
    values = {"document_id": document_id, "number": number, "field": field, "limit": limit}
    async with connection.cursor(row_factory=class_row(OpenDoubt)) as cursor:
        return await (await cursor.execute(_SQL["open_doubts"], values)).fetchall()


async def reviews(connection: Connection, document_id: UUID) -> list[Review]:
    """What persons said of a document, oldest first; what was undone is left out."""
    async with connection.cursor(row_factory=class_row(Review)) as cursor:
        return await (await cursor.execute(_SQL["reviews"], {"document_id": document_id})).fetchall()


async def review(connection: Connection, review_id: int) -> Review | None:
    """One, undone or not."""
    async with connection.cursor(row_factory=class_row(Review)) as cursor:
        return await (await cursor.execute(_SQL["review"], {"id": review_id})).fetchone()


async def add_review(
    connection: Connection,
    document_id: UUID,
    *,
    number: int,
    place: int | None,
    field: str,
    readings: dict[str, Any],
    value: Any,
    actor: str,
    before: dict[str, Any],
) -> int:
    """Keep a person's word; answers its number."""
    values = {
        "document_id": document_id,
        "number": number,
        "place": place,
        "field": field,
        "readings": Jsonb(readings),
        "value": Jsonb(value),
        "actor": actor,
        "before": Jsonb(before),
    }
    row = await (await connection.execute(_SQL["add_review"], values)).fetchone()
    assert row is not None  # noqa: S101  an insert always answers
    return row[0]


async def undo_review(connection: Connection, review_id: int, *, actor: str) -> bool:
    """Take a word back; False when it was already."""
    values = {"id": review_id, "actor": actor}
    return await (await connection.execute(_SQL["undo_review"], values)).fetchone() is not None


async def mark_laid(connection: Connection, document_id: UUID, found: Collection[int]) -> list[int]:
    """Note which words have their row in the present reading; answers those that have lost it just now."""
    values = {"document_id": document_id, "found": list(found)}
    rows = await (await connection.execute(_SQL["mark_laid"], values)).fetchall()
    return [review_id for review_id, laid in rows if not laid]


async def revise_page(connection: Connection, document_id: UUID, page: PageReading, search_text: str) -> None:
    """Replace a page's rows and doubts by what the whole document, and persons, make of them."""
    values = {
        "document_id": document_id,
        "number": page.number,
        "rows": Jsonb([to_json(row) for row in page.rows]),
        "doubts": Jsonb([to_json(doubt) for doubt in page.doubts]),
        "search_text": search_text,
    }
    await connection.execute(_SQL["revise_page"], values)


async def write_corrected(connection: Connection, document_id: UUID, *, corrected: str, searchable: str) -> None:
    """Put the corrected text on the public rows of all orders that the document has answered."""
    values = {"document_id": document_id, "corrected": corrected, "searchable": searchable}
    await connection.execute(_SQL["write_corrected"], values)


async def note_corrections(connection: Connection, document_id: UUID, corrections: Sequence[Correction]) -> None:
    """Record what the corrected copy changes."""
    values = {"document_id": document_id, "corrections": Jsonb([to_json(item) for item in corrections])}
    await connection.execute(_SQL["note_corrections"], values)


async def note_event(connection: Connection, document_id: UUID, name: str, *, actor: str, data: dict[str, Any]) -> None:
    """One line of the event log, under the newest order of the document."""
    values = {"document_id": document_id, "name": name, "actor": actor, "data": Jsonb(data)}
    await connection.execute(_SQL["note_event"], values)


async def export_reviews(connection: Connection, document_id: UUID | None) -> list[dict[str, Any]]:
    """What persons said and still holds, of one document or of all."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(_SQL["export_reviews"], {"document_id": document_id})).fetchall()
