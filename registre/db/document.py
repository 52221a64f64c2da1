"""Documents and their pages, one function per query of `sql/document.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.reading import Inscription, PageReading, PageState, Partie, PdfFacts, RowKind, Suggestion
from registre.domain.request import Target

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


async def add_page(connection: Connection, document_id: UUID, reading: PageReading, search_text: str) -> None:
    """Keep a page's reading; a page already read or proved blank keeps its first."""
    values = {
        "document_id": document_id,
        "number": reading.number,
        "state": reading.state,
        "reader": reading.reader,
        "reader_version": reading.reader_version,
        # Postgres text cannot hold NUL, and a damaged text layer can
        "text": reading.text.replace("\x00", ""),
        "rows": Jsonb(reading.rows_json()),
        "header": Jsonb(reading.header),
        "confidence": reading.confidence,
        "error": reading.error,
        "search_text": search_text.replace("\x00", ""),
    }
    await connection.execute(_SQL["add_page"], values)


async def pages(connection: Connection, document_id: UUID) -> list[PageReading]:
    """A document's pages in order."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_SQL["pages"], {"document_id": document_id})).fetchall()
    return [
        PageReading(
            number=row["number"],
            state=PageState(row["state"]),
            reader=row["reader"],
            reader_version=row["reader_version"],
            text=row["text"],
            rows=tuple(_inscription(raw) for raw in row["rows"]),
            header=row["header"],
            confidence=row["confidence"],
            error=row["error"],
        )
        for row in rows
    ]


async def revise_rows(connection: Connection, document_id: UUID, page: PageReading) -> None:
    """Replace a page's rows by what the whole document makes of them."""
    values = {"document_id": document_id, "number": page.number, "rows": Jsonb(page.rows_json())}
    await connection.execute(_SQL["revise_rows"], values)


async def write_content(connection: Connection, order_id: UUID, *, content: str, searchable: str) -> None:
    """Put the text on the public row."""
    values = {"order_id": order_id, "content": content.replace("\x00", ""), "searchable": searchable}
    await connection.execute(_SQL["write_content"], values)


def _inscription(raw: dict[str, Any]) -> Inscription:
    return Inscription(
        kind=RowKind(raw["kind"]),
        date=raw["date"],
        numero=raw["numero"],
        nature=raw["nature"],
        parties=tuple(Partie(**partie) for partie in raw["parties"]),
        remarques=raw["remarques"],
        avis_adresse=raw["avis_adresse"],
        radiations=tuple(raw["radiations"]),
        raw=raw["raw"],
        uncertain=tuple(raw["uncertain"]),
        witnesses={name: tuple(readers) for name, readers in raw.get("witnesses", {}).items()},
        others=raw.get("others", {}),
        nature_normalisee=raw.get("nature_normalisee"),
        suggestions=tuple(_suggestion(item) for item in raw.get("suggestions", ())),
    )


def _suggestion(raw: dict[str, Any]) -> Suggestion:
    return Suggestion(raw["field"], raw["value"], raw["score"], tuple(raw["rules"]), raw["instead_of"])
