"""A read document judged as a whole: persons' words laid, rows checked against one another and against their actes.

Used after a reading and after a person's word. One document at a time, under its lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from registre.db import crosscheck as crosschecks
from registre.db import document as documents
from registre.db import review as reviews
from registre.db.document import Document
from registre.db.pool import Connection, Database
from registre.domain.errors import StorageFailed
from registre.domain.reading import ActeReading, Correction, PageReading
from registre.domain.request import DocumentKind
from registre.domain.review import Review
from registre.domain.text import digits
from registre.ocr.accord.checks import doubt_lot
from registre.ocr.accord.crosscheck import crosscheck, facts_of
from registre.ocr.accord.review import lay
from registre.ocr.correction.spoken import spoken
from registre.ocr.correction.suggest import suggest
from registre.ocr.correction.wording import corrected
from registre.ocr.document import all_rows, check_rows, join_pages, searchable
from registre.shapes import acte_from

_WHO: Final = "registre"


@dataclass(frozen=True, slots=True)
class Judged:
    """A document as it stands after judgement, and its text in the three forms that the public row has."""

    pages: tuple[PageReading, ...]
    content: str
    corrected: str
    corrections: tuple[Correction, ...]
    searchable: str


async def judge(connection: Connection, document_id: UUID, *, touched: int | None = None) -> Judged:
    """Judge a document's pages as they are stored, and write what changed, page `touched` in any case. Twice is once.

    The caller's transaction must hold `reviews.lock_document`.
    """
    document = await documents.document(connection, document_id)
    if document is None:
        raise StorageFailed("Le document n'existe plus.")
    before = await documents.pages(connection, document_id)
    said = await reviews.reviews(connection, document_id)
    laid = lay(before, said)
    for review in await reviews.mark_laid(connection, document_id, laid.found):
        await reviews.note_event(connection, document_id, "review.reopened", actor=_WHO, data={"review": review})
    pages = _weighed(check_rows(laid.pages))
    if document.kind == DocumentKind.INDEX:
        pages = await _held_against_actes(connection, document, pages)
    # checks raise again what a person has settled of the text
    pages = lay(pages, [review for review in said if review.place is None]).pages
    held = [review for review in said if review.id in laid.found]
    judged = _told(pages, held)
    for page, old in zip(pages, before, strict=True):
        spoken_of = any(review.number == page.number for review in said)
        if spoken_of or page.number == touched or (page.rows, page.doubts) != (old.rows, old.doubts):
            await reviews.revise_page(connection, document_id, page, _search_text(page, held))
    return judged


async def judge_indexes_of(database: Database, document: Document, acte: ActeReading) -> None:
    """An acte was read: the indexes that name it, or are of its lots, are judged again."""
    numbers = [number for number in map(digits, (_number(document), *acte.references)) if number]
    async with database.connection() as connection:
        indexes = await crosschecks.indexes_of(
            connection, circonscription=_circonscription(document), numbers=numbers, lots=acte.lots
        )
    for index in indexes:
        async with database.transaction() as connection:
            await reviews.lock_document(connection, index)
            await judge(connection, index)


async def _held_against_actes(
    connection: Connection, document: Document, pages: tuple[PageReading, ...]
) -> tuple[PageReading, ...]:
    lot = _number(document)
    pages = tuple(doubt_lot(page, lot) for page in pages)
    rows = all_rows(pages)
    numbers = {row.numero for row in rows if row.numero} | {digits(item) for row in rows for item in row.radiations}
    found = await crosschecks.actes_behind(
        connection, circonscription=_circonscription(document), numbers=sorted(numbers), lot=lot
    )
    facts = [facts_of(item.numero, item.type_acte, item.text, acte_from(item.content)) for item in found]
    return crosscheck(pages, facts, lot) if facts else pages


def _told(pages: Sequence[PageReading], held: Sequence[Review]) -> Judged:
    text = join_pages(pages)
    mended, corrections = corrected(text, spoken(text, pages, held))
    said = " ".join(item.after for item in corrections if item.kind == "personne")
    return Judged(tuple(pages), text, mended, corrections, searchable(f"{text}\n{said}".rstrip("\n"), all_rows(pages)))


def _search_text(page: PageReading, held: Sequence[Review]) -> str:
    text = join_pages([page])
    changes = spoken(text, [page], [review for review in held if review.number == page.number])
    said = " ".join(change.after for change in changes)
    return searchable(f"{page.text}\n{said}".rstrip("\n"), page.rows)


def _weighed(pages: tuple[PageReading, ...]) -> tuple[PageReading, ...]:
    rows = iter(suggest(all_rows(pages)))
    return tuple(replace(page, rows=tuple(next(rows) for _ in page.rows)) for page in pages)


def _number(document: Document) -> str:
    return str(document.target.get("number") or "")


def _circonscription(document: Document) -> str:
    return str(document.target.get("circonscription") or "")
