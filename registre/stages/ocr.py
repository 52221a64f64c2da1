"""ocr: the reading. Page by page, each kept as soon as it is read, so that a crash repeats one page at most."""

from __future__ import annotations

from dataclasses import replace

from registre.crash import crash_point
from registre.db import document as documents
from registre.db.document import Document
from registre.domain.errors import ReaderFailed, StorageFailed
from registre.domain.job import Job
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.document import all_rows, check_rows, join_pages, number_seen, searchable
from registre.stages.context import Read, StageContext


async def run(job: Job, context: StageContext) -> Read:
    """Read what is not read yet, then judge the document as a whole.

    Raises:
        ReaderFailed: a page could not be read; the others are kept and searchable.
        StorageFailed: the object is not there.
    """
    document = await _document(job, context)
    async with context.database.connection() as connection:
        ended = {page.number: page for page in await documents.pages(connection, document.id)}
    content: bytes | None = None
    failures: list[str] = []
    for number in range(1, document.pages + 1):
        if number in ended and ended[number].state is not PageState.FAILED:
            continue
        content = content or await context.objects.get(document.object_key)
        reading = await _read(content, number, DocumentKind(document.kind), context)
        if reading.state is PageState.FAILED:
            failures.append(f"page {number}: {reading.error}")
        crash_point("mid_ocr")
        async with context.database.connection() as connection:
            await documents.add_page(connection, document.id, reading, searchable(reading.text, reading.rows))
    if failures:
        raise ReaderFailed(f"{len(failures)} page(s) sur {document.pages} non lue(s); {failures[0]}")
    pages = await _judge(document, context)
    text = join_pages(pages)
    number = str(document.target.get("number") or "")
    return Read(text, searchable(text, all_rows(pages)), number_seen(number, pages))


async def _judge(document: Document, context: StageContext) -> tuple[PageReading, ...]:
    """Rows in the light of the whole document: dittos resolved, order and radiations checked."""
    async with context.database.connection() as connection:
        before = await documents.pages(connection, document.id)
        pages = check_rows(before)
        for page, old in zip(pages, before, strict=True):
            if page.rows != old.rows:
                await documents.revise_rows(connection, document.id, page)
    return pages


async def _document(job: Job, context: StageContext) -> Document:
    if job.document_id is not None:
        async with context.database.connection() as connection:
            document = await documents.document(connection, job.document_id)
        if document is not None:
            return document
    raise StorageFailed("La demande n'a pas de document enregistré.")


async def _read(content: bytes, number: int, kind: DocumentKind, context: StageContext) -> PageReading:
    try:
        return await context.reader.read_page(content, number, kind)
    except ReaderFailed as exc:
        return replace(PageReading(number, PageState.FAILED, reader="none", reader_version="-"), error=exc.text[:500])
