"""Documents and their pages, one function per query of `sql/document.sql`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.reading import ActeReading, Correction, PageReading, PdfFacts
from registre.domain.request import Target
from registre.shapes import page_from, to_json

_SQL = load("document")


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document."""

    id: UUID
    document_key: str
    kind: str
    target: dict[str, Any]
    sha256: str
    size: int
    pages: int
    object_key: str
    #: bucket/key, as `supabase_path` has it
    path: str
    number_checked: bool | None
    created_at: datetime
    #: what an acte says as a whole, as `registre.shapes` writes it; None until it is read
    content: dict[str, Any] | None
    #: what its corrected copy changes, likewise
    corrections: list[dict[str, Any]]


async def add_document(
    connection: Connection, target: Target, facts: PdfFacts, *, object_key: str, path: str, number_checked: bool | None
) -> UUID:
    """Record a stored document; the same path again answers the same document."""
    values = {
        "document_key": target.key,
        "kind": target.kind,
        "target": Jsonb(target.to_json()),
        "sha256": facts.sha256,
        "size": facts.size,
        "pages": facts.pages,
        "object_key": object_key,
        "path": path,
        "number_checked": number_checked,
    }
    row = await (await connection.execute(_SQL["add_document"], values)).fetchone()
    assert row is not None  # noqa: S101  an upsert always answers
    return row[0]


async def document(connection: Connection, document_id: UUID) -> Document | None:
    """One document."""
    async with connection.cursor(row_factory=class_row(Document)) as cursor:
        return await (await cursor.execute(_SQL["document"], {"document_id": document_id})).fetchone()


async def note_number_checked(connection: Connection, document_id: UUID, *, seen: bool) -> None:
    """Record whether the ordered number was read inside the document."""
    await connection.execute(_SQL["note_number_checked"], {"document_id": document_id, "seen": seen})


async def add_page(
    connection: Connection, document_id: UUID, reading: PageReading, search_text: str, *, again: bool = False
) -> None:
    """Keep a page's reading; a page already read or proved blank keeps its first, unless asked for `again`."""
    values = {
        "document_id": document_id,
        "number": reading.number,
        "state": reading.state,
        "reader": reading.reader,
        "reader_version": reading.reader_version,
        "text": _clean(reading.text),
        "rows": _rows(reading),
        "header": Jsonb(_clean(reading.header)),
        "confidence": reading.confidence,
        "error": _clean(reading.error),
        "doubts": Jsonb(_clean([to_json(doubt) for doubt in reading.doubts])),
        "search_text": _clean(search_text),
        "again": again,
    }
    await connection.execute(_SQL["add_page"], values)


async def pages(connection: Connection, document_id: UUID) -> list[PageReading]:
    """A document's pages in order."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_SQL["pages"], {"document_id": document_id})).fetchall()
    return [page_from(row) for row in rows]


async def lease_reading(connection: Connection, document_id: UUID, job_id: UUID, *, lease: timedelta) -> bool:
    """Be the one who reads this document; False while another job does. Renewed by asking again."""
    values = {"document_id": document_id, "job_id": job_id, "lease": lease}
    return await (await connection.execute(_SQL["lease_reading"], values)).fetchone() is not None


async def add_reading(
    connection: Connection,
    document_id: UUID,
    reading: PageReading,
    *,
    version: str,
    outcome: str,
    calls: Sequence[dict[str, Any]] = (),
) -> None:
    """Keep one reader's own reading of a page; `version` is what would read it the same again, `calls` what a paid one
    was asked and answered."""
    values = {
        "document_id": document_id,
        "number": reading.number,
        "reader": reading.reader,
        "reader_version": version,
        "outcome": outcome,
        "calls": Jsonb(_clean(list(calls))),
        "reading": Jsonb(_clean(to_json(reading))),
    }
    await connection.execute(_SQL["add_reading"], values)


async def reading(
    connection: Connection, document_id: UUID, number: int, *, readers: Sequence[str], versions: Sequence[str]
) -> PageReading | None:
    """What one of these readers, in one of these versions, already made of the page; failures apart."""
    values = {"document_id": document_id, "number": number, "readers": list(readers), "versions": list(versions)}
    row = await (await connection.execute(_SQL["reading"], values)).fetchone()
    return None if row is None else page_from(row[0])


async def note_content(
    connection: Connection, document_id: UUID, content: ActeReading | None, corrections: Sequence[Correction]
) -> None:
    """Record what the whole document says, and what its corrected copy changes."""
    values = {
        "document_id": document_id,
        "content": None if content is None else Jsonb(_clean(to_json(content))),
        "corrections": Jsonb(_clean([to_json(correction) for correction in corrections])),
    }
    await connection.execute(_SQL["note_content"], values)


async def write_content(
    connection: Connection, order_id: UUID, *, content: str, corrected: str, searchable: str
) -> None:
    """Put the text on the public row: as read, corrected, and for searching."""
    values = {
        "order_id": order_id,
        "content": _clean(content),
        "corrected": _clean(corrected),
        "searchable": _clean(searchable),
    }
    await connection.execute(_SQL["write_content"], values)


def _clean(value: Any) -> Any:
    """Without what Postgres cannot hold and a damaged text layer can: NUL, and half a surrogate pair."""
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case dict():
            return {key: _clean(item) for key, item in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [_clean(item) for item in cast("Sequence[Any]", value)]
        case _:
            return value


def _rows(page: PageReading) -> Jsonb:
    return Jsonb(_clean([to_json(row) for row in page.rows]))
