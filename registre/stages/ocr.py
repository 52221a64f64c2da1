"""ocr: the reading. Page by page, each kept as soon as it is read, so that a crash repeats one page at most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from registre.crash import crash_point
from registre.db import document as documents
from registre.db.document import Document
from registre.domain.errors import BeingRead, ReaderFailed, StorageFailed
from registre.domain.job import Job
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.acte import read_acte
from registre.ocr.correction.suggest import suggest
from registre.ocr.correction.wording import corrected
from registre.ocr.document import all_rows, check_rows, join_pages, number_seen, searchable
from registre.stages.context import Read, StageContext
from registre.stages.witnesses import Engine, read_page

#: How long one page may take, both readers and their waits, before another order of the document may read on.
_PAGE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be read: everything that has not ended, and what a person wants again."""

    again: frozenset[int] = frozenset()
    engine: Engine = Engine.AUTO


async def run(job: Job, context: StageContext) -> Read:
    """Read what is not read yet or is wanted again, then judge the document as a whole.

    Raises:
        ReaderFailed: a page could not be read; the others are kept and searchable.
        StorageFailed: the object is not there.
        BeingRead: another order of the same document reads it now.
        Deferred: the paid reader is needed and has no quota or no connection; see `registre.stages.witnesses`.
    """
    document = await _document(job, context)
    wish = _wish(job, document)
    async with context.database.connection() as connection:
        ended = {page.number: page for page in await documents.pages(connection, document.id)}
    content: bytes | None = None
    failures: list[str] = []
    for number in range(1, document.pages + 1):
        if number in ended and ended[number].state is not PageState.FAILED and number not in wish.again:
            continue
        await _lease(job, document, context)
        content = content or await context.objects.get(document.object_key)
        page = await read_page(content, number, job, document, context, wish.engine)
        if page.state is PageState.FAILED:
            failures.append(f"page {number}: {page.error}")
        async with context.database.connection() as connection:
            text = searchable(page.text, page.rows)
            await documents.add_page(connection, document.id, page, text, again=number in wish.again)
        crash_point("mid_ocr")
    if failures:
        raise ReaderFailed(f"{len(failures)} page(s) sur {document.pages} non lue(s); {failures[0]}")
    return _said(document, await _judge(document, context))


def _said(document: Document, pages: tuple[PageReading, ...]) -> Read:
    text = join_pages(pages)
    mended, corrections = corrected(text)
    return Read(
        text,
        mended,
        corrections,
        searchable(text, all_rows(pages)),
        number_seen(str(document.target.get("number") or ""), pages),
        read_acte(text) if document.kind == DocumentKind.ACTE else None,
    )


async def _judge(document: Document, context: StageContext) -> tuple[PageReading, ...]:
    """Rows in the light of the whole document: dittos resolved, order and radiations checked, habits weighed."""
    async with context.database.connection() as connection:
        before = await documents.pages(connection, document.id)
        pages = _weighed(check_rows(before))
        for page, old in zip(pages, before, strict=True):
            if page.rows != old.rows:
                await documents.revise_rows(connection, document.id, page)
    return pages


def _weighed(pages: tuple[PageReading, ...]) -> tuple[PageReading, ...]:
    rows = iter(suggest(all_rows(pages)))
    return tuple(replace(page, rows=tuple(next(rows) for _ in page.rows)) for page in pages)


def _wish(job: Job, document: Document) -> _Wish:
    if job.reread is None:
        return _Wish()
    pages: list[int] | None = job.reread["pages"]
    return _Wish(
        frozenset(range(1, document.pages + 1) if pages is None else pages),
        Engine(job.reread["engine"]),
    )


async def _lease(job: Job, document: Document, context: StageContext) -> None:
    async with context.database.connection() as connection:
        if not await documents.lease_reading(connection, document.id, job.id, lease=_PAGE):
            raise BeingRead


async def _document(job: Job, context: StageContext) -> Document:
    if job.document_id is not None:
        async with context.database.connection() as connection:
            document = await documents.document(connection, job.document_id)
        if document is not None:
            return document
    raise StorageFailed("La demande n'a pas de document enregistré.")
