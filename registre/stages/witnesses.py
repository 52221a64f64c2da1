"""One page, read by the offline reader and, where a key is set, by the paid one; each reading is kept, then they meet.

What a reader in the same version already made of a page is taken from the record: no page costs anything twice.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import structlog

from registre.db import document as documents
from registre.db.document import Document
from registre.domain.errors import (
    GeminiMisconfigured,
    GeminiUnavailable,
    LimitsUnavailable,
    QuotaWait,
    ReaderFailed,
    UnknownEngine,
)
from registre.domain.job import Job
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr import page as offline
from registre.ocr.image import Gray
from registre.ocr.witness import agree
from registre.stages.context import Paid, StageContext

_OFFLINE = ("text_layer", "rapidocr")
_log = structlog.get_logger("ocr")


class Engine(StrEnum):
    """Who reads."""

    #: the offline reader, and the paid one where a key is set
    AUTO = "auto"
    OFFLINE = "offline"
    #: both, or not at all
    GEMINI = "gemini"


async def read_page(
    content: bytes, number: int, job: Job, document: Document, context: StageContext, engine: Engine
) -> PageReading:
    """Page `number` as its readers agree on it; FAILED only when none could read it.

    Raises:
        QuotaWait, LimitsUnavailable, GeminiUnavailable, GeminiMisconfigured: the paid reader is needed and cannot now.
        DocumentCeiling: reading this document has cost what it may.
        UnknownEngine: the paid reader is wanted and none is set up.
    """
    kind = DocumentKind(document.kind)
    paid = _paid(context, engine)
    seen = await _record(context, document, number, "gemini", versions=(paid.reader.version(kind),)) if paid else None
    first, picture = await _read_offline(content, number, document, context, with_picture=paid is not None and not seen)
    if paid is None:
        return first
    if seen is None and picture is not None:
        seen = await _ask(paid, picture, number, kind, job, document, context, needed=engine is Engine.GEMINI)
    return first if seen is None else _agreed(first, seen)


def _paid(context: StageContext, engine: Engine) -> Paid | None:
    if engine is Engine.GEMINI and context.paid is None:
        raise UnknownEngine
    return None if engine is Engine.OFFLINE else context.paid


def _agreed(first: PageReading, second: PageReading) -> PageReading:
    if first.state is PageState.FAILED is second.state:
        return replace(first, error=f"{first.error}; {second.reader}: {second.error}"[:500])
    return agree(first, second)


async def _read_offline(
    content: bytes, number: int, document: Document, context: StageContext, *, with_picture: bool
) -> tuple[PageReading, Gray | None]:
    """The offline reading, from the record where possible; a page that breaks its reader is FAILED."""
    if not with_picture:
        known = await _record(context, document, number, *_OFFLINE, versions=offline.versions())
        if known is not None:
            return known, None
    try:
        reading, picture = await context.reader.read_with_picture(content, number, DocumentKind(document.kind))
    except ReaderFailed as exc:
        return PageReading(number, PageState.FAILED, reader="none", reader_version="-", error=exc.text[:500]), None
    await _keep(context, document, reading, reading.reader_version, reading.state)
    return reading, picture


async def _ask(
    paid: Paid,
    picture: Gray,
    number: int,
    kind: DocumentKind,
    job: Job,
    document: Document,
    context: StageContext,
    *,
    needed: bool,
) -> PageReading | None:
    """The paid reading; None where it is away and the page may go on with one witness."""
    try:
        result = await paid.reader.read(picture, number, kind, document_id=document.id, job_id=job.id)
    except (QuotaWait, LimitsUnavailable, GeminiUnavailable, GeminiMisconfigured) as exc:
        if paid.needed or needed:
            raise
        _log.warning("ocr.one_witness", document=str(document.id), page=number, code=exc.code)
        return None
    await _keep(context, document, result.reading, paid.reader.version(kind), result.outcome)
    return result.reading


async def _keep(context: StageContext, document: Document, reading: PageReading, version: str, outcome: str) -> None:
    async with context.database.connection() as connection:
        await documents.add_reading(connection, document.id, reading, version=version, outcome=outcome)


async def _record(
    context: StageContext, document: Document, number: int, *readers: str, versions: tuple[str, ...]
) -> PageReading | None:
    async with context.database.connection() as connection:
        return await documents.reading(connection, document.id, number, readers=readers, versions=versions)
