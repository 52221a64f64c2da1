"""One page, read by the offline reader and, where there is one, by another; each reading is kept, then they meet.

What a reader in the same version already made of a page is taken from the record: no page costs anything twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import structlog

from registre.db import document as documents
from registre.db.document import Document
from registre.domain.errors import (
    BadPdf,
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
from registre.ocr.accord.witness import agree, hardly_read
from registre.ocr.engine.image import Gray
from registre.stages.context import Paid, StageContext

#: Stands for the reader of a page that broke it.
BROKEN: Final = "none"
_OFFLINE: Final = ("text_layer", "rapidocr")
_log = structlog.get_logger("ocr")


class Engine(StrEnum):
    """Who reads."""

    #: the offline reader, and the paid one where a key is set
    AUTO = "auto"
    OFFLINE = "offline"
    #: the offline reader, and tesseract on every page
    TESSERACT = "tesseract"
    #: the offline reader and the paid one, or not at all
    GEMINI = "gemini"


@dataclass(frozen=True, slots=True)
class _Page:
    """A page to be read."""

    path: Path
    number: int
    kind: DocumentKind
    job: Job
    document: Document
    context: StageContext


async def read_page(
    path: Path, number: int, job: Job, document: Document, context: StageContext, engine: Engine
) -> PageReading:
    """Page `number` of the PDF at `path` as its readers agree on it; FAILED only when none could read it.

    Tesseract is asked where it is wanted, and where the offline reader hardly read a page and nobody else did.

    Raises:
        QuotaWait, LimitsUnavailable, GeminiUnavailable, GeminiMisconfigured: the paid reader is needed and cannot now.
        DocumentCeiling: reading this document has cost what it may.
        UnknownEngine: a reader is wanted that is not there.
    """
    page = _Page(path, number, DocumentKind(document.kind), job, document, context)
    paid = _paid(context, engine)
    seen = await _record(page, "gemini", versions=(paid.reader.version(page.kind),)) if paid else None
    first, picture = await _read_offline(page, with_picture=paid is not None and not seen)
    if paid is not None and seen is None and picture is not None:
        seen = await _ask(paid, picture, page, needed=engine is Engine.GEMINI)
    if engine is Engine.TESSERACT or (_is_weak(first) and (seen is None or seen.state is PageState.FAILED)):
        first = await _with_second(page, first, picture, wanted=engine is Engine.TESSERACT)
    return first if seen is None else _agreed(first, seen)


def _paid(context: StageContext, engine: Engine) -> Paid | None:
    if engine is Engine.GEMINI and context.paid is None:
        raise UnknownEngine
    if engine is Engine.TESSERACT and not context.reader.has_second:
        raise UnknownEngine("Tesseract n'est pas installé.")
    return None if engine in {Engine.OFFLINE, Engine.TESSERACT} else context.paid


def _agreed(first: PageReading, paid: PageReading) -> PageReading:
    """The offline reading and the paid one as one, in the state that says how it came about."""
    if first.state is PageState.FAILED is paid.state:
        return replace(first, error=f"{first.error}; {paid.reader}: {paid.error}"[:500])
    page = agree(first, paid)
    if page.is_read and paid.state is PageState.FAILED:
        return replace(page, state=PageState.SECOND_READER)
    return replace(page, state=PageState.RETAKEN) if page.is_read and paid.state is PageState.RETAKEN else page


def _is_weak(first: PageReading) -> bool:
    """Whether the offline reader hardly read the page, or not at all."""
    return first.state is PageState.FAILED or hardly_read(first)


async def _with_second(page: _Page, first: PageReading, picture: Gray | None, *, wanted: bool) -> PageReading:
    """The offline reading and tesseract's as one: agreement noted, disagreement flagged, nothing replaced unseen."""
    if first.state is PageState.BLANK or not page.context.reader.has_second:
        return first
    try:
        second = await _read_second(page, picture)
    except (ReaderFailed, BadPdf) as exc:
        if wanted and first.state is not PageState.FAILED:
            _log.warning("ocr.one_witness", document=str(page.document.id), page=page.number, code=exc.code)
        return first
    if not second.is_read:
        return first
    surer = (first.confidence or 0) >= (second.confidence or 0)
    # whichever comes first gives way where it hardly read the page
    return agree(second, first) if _is_weak(first) and first.is_read and surer else agree(first, second)


async def _read_second(page: _Page, picture: Gray | None) -> PageReading:
    reader = page.context.reader
    known = await _record(page, "tesseract", versions=(await reader.second_version(),))
    if known is not None:
        return known
    reading = await reader.read_second(page.path, page.number, page.kind, picture=picture)
    await _keep(page, reading, reading.reader_version, reading.state)
    return reading


async def _read_offline(page: _Page, *, with_picture: bool) -> tuple[PageReading, Gray | None]:
    """The offline reading, from the record where possible; a page that breaks its reader is FAILED."""
    if not with_picture:
        known = await _record(page, *_OFFLINE, versions=offline.versions())
        if known is not None:
            return known, None
    try:
        reading, picture = await page.context.reader.read_with_picture(page.path, page.number, page.kind)
    except (ReaderFailed, BadPdf) as exc:
        return PageReading(page.number, PageState.FAILED, BROKEN, "-", error=exc.text[:500]), None
    await _keep(page, reading, reading.reader_version, reading.state)
    return reading, picture


async def _ask(paid: Paid, picture: Gray, page: _Page, *, needed: bool) -> PageReading | None:
    """The paid reading; None where it is away and the page may go on with one witness."""
    document, job = page.document, page.job
    try:
        result = await paid.reader.read(picture, page.number, page.kind, document_id=document.id, job_id=job.id)
    except (QuotaWait, LimitsUnavailable, GeminiUnavailable, GeminiMisconfigured) as exc:
        if paid.needed or needed:
            raise
        _log.warning("ocr.one_witness", document=str(document.id), page=page.number, code=exc.code)
        return None
    calls = [asdict(call) for call in result.calls]
    await _keep(page, result.reading, paid.reader.version(page.kind), result.outcome, calls)
    return result.reading


async def _keep(
    page: _Page, reading: PageReading, version: str, outcome: str, calls: Sequence[dict[str, Any]] = ()
) -> None:
    async with page.context.database.connection() as connection:
        await documents.add_reading(
            connection, page.document.id, reading, version=version, outcome=outcome, calls=calls
        )


async def _record(page: _Page, *readers: str, versions: tuple[str, ...]) -> PageReading | None:
    async with page.context.database.connection() as connection:
        return await documents.reading(connection, page.document.id, page.number, readers=readers, versions=versions)
