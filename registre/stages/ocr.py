"""ocr: the reading. Page by page, each kept as soon as it is read, so that a crash repeats one page at most."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from registre.crash import crash_point
from registre.db import document as documents
from registre.db import review as reviews
from registre.db.document import Document
from registre.db.reading import read_again
from registre.domain.errors import BeingRead, PagesUnread, ReaderFailed, ReadingGoesOn, StorageFailed
from registre.domain.job import Job
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.acte import read_acte
from registre.ocr.document import number_seen, searchable
from registre.stages.context import Read, StageContext
from registre.stages.judgement import judge, judge_indexes_of
from registre.stages.witnesses import BROKEN, Engine, read_page

#: How long one page may take, all its readers and their waits, before another order of the document may read on.
_PAGE: Final = timedelta(minutes=10)
#: A long document is read by turns; this and one page more is within the budget of the stage.
_TURN: Final = timedelta(minutes=18)
#: Tries after which a page that breaks its reader is given up.
_CHANCES: Final = 2
_log = structlog.get_logger("ocr")


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be read: everything that has not ended, and what a person wants again."""

    again: frozenset[int] = frozenset()
    engine: Engine = Engine.AUTO


@dataclass(frozen=True, slots=True)
class _Failure:
    """A page that nobody could read."""

    number: int
    error: str
    #: whether another try would do the same
    final: bool


async def run(job: Job, context: StageContext) -> Read:
    """Read what is not read yet or is wanted again, then judge the document as a whole.

    Raises:
        ReaderFailed: a page broke its reader; the others are kept, and it is tried once more.
        PagesUnread: a page cannot be read; the others are kept and searchable. A plan is done without it.
        ReadingGoesOn: the document is long, and others wait.
        StorageFailed: the object is not there.
        BeingRead: another order of the same document reads it now.
        Deferred: the paid reader is needed and has no quota or no connection; see `registre.stages.witnesses`.
    """
    document = await _document(job, context)
    wish = await _wish(job, document, context)
    async with context.database.connection() as connection:
        before = {page.number: page for page in await documents.pages(connection, document.id)}
    failures = await _read(_todo(document, before, wish), wish, before, job, document, context)
    if failures:
        _judge_failures(failures, job, document)
    async with context.database.transaction() as connection:
        await reviews.lock_document(connection, document.id)
        judged = await judge(connection, document.id)
        acte = read_acte(judged.content) if document.kind == DocumentKind.ACTE else None
        await documents.note_content(connection, document.id, acte, judged.corrections)
    if acte is not None:
        await judge_indexes_of(context.database, document, acte)
    seen = number_seen(str(document.target.get("number") or ""), judged.pages)
    return Read(judged.content, judged.corrected, judged.searchable, seen)


def _todo(document: Document, before: Mapping[int, PageReading], wish: _Wish) -> list[int]:
    ended = {number for number, page in before.items() if page.state is not PageState.FAILED}
    return [number for number in range(1, document.pages + 1) if number not in ended or number in wish.again]


async def _read(
    numbers: Sequence[int],
    wish: _Wish,
    before: Mapping[int, PageReading],
    job: Job,
    document: Document,
    context: StageContext,
) -> list[_Failure]:
    if not numbers:
        return []
    await _lease(job, document, context)
    failures: list[_Failure] = []
    turn_ends = time.monotonic() + _TURN.total_seconds()
    async with context.reader.holding(await context.objects.get(document.object_key)) as path:
        for number in numbers:
            if number != numbers[0]:
                if time.monotonic() > turn_ends:
                    raise ReadingGoesOn
                await _lease(job, document, context)
            page = await read_page(path, number, job, document, context, wish.engine)
            if page.state is PageState.FAILED:
                failures.append(_Failure(number, page.error or "", _is_final(page, before.get(number), job)))
            async with context.database.connection() as connection:
                text = searchable(page.text, page.rows)
                await documents.add_page(connection, document.id, page, text, again=number in wish.again)
            crash_point("mid_ocr")
    return failures


def _is_final(page: PageReading, before: PageReading | None, job: Job) -> bool:
    """Whether a page that failed would fail again: it was looked at and holds no word, or broke its reader twice."""
    broke_before = before is not None and before.state is PageState.FAILED
    return page.reader != BROKEN or broke_before or job.attempts >= min(_CHANCES, job.max_attempts)


def _judge_failures(failures: Sequence[_Failure], job: Job, document: Document) -> None:
    said = f"{len(failures)} page(s) sur {document.pages} non lue(s); page {failures[0].number}: {failures[0].error}"
    if not all(failure.final for failure in failures):
        raise ReaderFailed(said)
    if job.kind != DocumentKind.PLAN:
        raise PagesUnread(said)
    # a plan was delivered when it was stored; its text is a courtesy
    _log.warning("ocr.plan_unread", document=str(document.id), text=said)


async def _wish(job: Job, document: Document, context: StageContext) -> _Wish:
    if job.reread is None:
        return _Wish()
    pages: list[int] | None = job.reread["pages"]
    wanted = frozenset(range(1, document.pages + 1) if pages is None else pages)
    async with context.database.connection() as connection:
        done = await read_again(connection, document.id, job.id)
    return _Wish(wanted - done, Engine(job.reread["engine"]))


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
