"""Documents from their bytes to their end on the worker's own path: poison pages, turns, second opinions, plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import hostile_papers as papers
import psycopg
import pytest
import pytest_asyncio

from actors import policy
from registre.db import document as documents
from registre.db import job as jobs
from registre.db.pool import Database
from registre.domain.errors import ReaderFailed
from registre.domain.job import Stage
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.bounds import Bounds
from registre.ocr.reader import Reader
from registre.runtime import Runtime
from registre.settings import Environment, Secret
from registre.stages import ocr
from registre.stages.context import Paid, Rules, StageContext
from registre.storage.objects import Objects
from tests.integration.db.orders import job_row, place, ripen, status, to_stage

#: Enough for pages that carry their text; a bomb goes off soon.
_SMALL = {"bounds": Bounds(timedelta(seconds=2), timedelta(minutes=1)), "memory": 400 * 1_048_576}
ACTE = {"document_source": "acte", "acte_type": "Acte", "cadastre": None}


@dataclass
class Desk:
    """One worker process and its database."""

    runtime: Runtime
    sql: psycopg.Connection
    objects: Objects

    async def stored(self, data: bytes, **order: object) -> tuple[UUID, UUID]:
        """An order whose PDF is stored, as one taken over from the old system is; answers (order, job)."""
        order_id, job_id = place(self.sql, **order)
        await to_stage(self.runtime.database, self.sql, job_id, Stage.STORE)
        await self.objects.put("index/livre.pdf", data)
        self.sql.execute(
            "UPDATE public.extraction_queue SET supabase_path = 'index/livre.pdf' WHERE id = %s", [order_id]
        )
        await self.run(job_id, Stage.STORE)
        return order_id, job_id

    async def run(self, job_id: UUID, stage: Stage = Stage.OCR) -> dict[str, Any]:
        """One claim of the stage; answers the job's row after it."""
        ripen(self.sql, job_id)
        await policy.run_stage(self.runtime, stage, job_id)
        return job_row(self.sql, job_id)

    async def wish(self, job_id: UUID, engine: str = "auto") -> None:
        async with self.runtime.database.connection() as connection:
            assert await jobs.reread_job(connection, job_id, actor="essai", pages=None, engine=engine) == "ocr"

    async def pages(self, job_id: UUID) -> list[PageReading]:
        async with self.runtime.database.connection() as connection:
            return await documents.pages(connection, job_row(self.sql, job_id)["document_id"])

    def moments(self) -> list[object]:
        return [row[0] for row in self.sql.execute("SELECT read_at FROM registre.page ORDER BY number").fetchall()]

    def found(self, word: str) -> list[int]:
        query = "SELECT number FROM registre.page WHERE search @@ to_tsquery('french', %s) ORDER BY number"
        return [row[0] for row in self.sql.execute(query, [word]).fetchall()]


@pytest_asyncio.fixture
async def desk(database_url: str, sql: psycopg.Connection, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(database_url, size=4)
    await database.open()
    objects = Objects(str(tmp_path))
    async with Reader(**_SMALL) as reader:
        context = StageContext("w1", database, objects, reader, reader, Rules(150, 0, timedelta(hours=24)))
        where = Environment("essai", Secret(""), "", ocr=True)
        yield Desk(Runtime(where, "ocr", context, database, worker="w1", name="slot"), sql, objects)
    await database.close()


def tell(desk: Desk, reader: object) -> None:
    """Let another reader read."""
    context = desk.runtime.context
    desk.runtime.context = StageContext(
        "w1", context.database, context.objects, context.inspector, reader, context.rules
    )


async def test_a_poison_page_neither_loops_nor_takes_the_others_with_it(desk: Desk):
    order_id, job_id = await desk.stored(papers.with_good_pages(papers.flate_bomb), **ACTE)

    first = await desk.run(job_id)
    read = desk.moments()
    second = await desk.run(job_id)

    assert (first["state"], first["error_code"]) == ("waiting", "reader_failed")
    assert (second["state"], second["error_code"], second["attempts"]) == ("failed", "pages_unread", 2)
    assert "page 2: La lecture demande plus de mémoire" in second["error_text"]
    assert [page.state for page in await desk.pages(job_id)] == [PageState.READ, PageState.FAILED, PageState.READ]
    assert [now == then for now, then in zip(desk.moments(), read, strict=True)] == [True, False, True]
    assert desk.found("gagnon") == [1, 3]
    assert status(desk.sql, order_id) == 4


async def test_a_wish_tried_again_leaves_the_pages_it_has_read(desk: Desk):
    _, job_id = await desk.stored(papers.with_good_pages(papers.flate_bomb), **ACTE)
    await desk.run(job_id)
    await desk.run(job_id)
    before = desk.moments()

    await desk.wish(job_id)
    await desk.run(job_id)

    assert all(now > then for now, then in zip(desk.moments(), before, strict=True))
    row = job_row(desk.sql, job_id)
    assert (row["state"], row["error_code"]) == ("failed", "pages_unread")
    # a new wish, cut off after its first page
    await desk.wish(job_id)
    first = desk.moments()
    desk.sql.execute("UPDATE registre.page SET read_at = clock_timestamp() WHERE number = 1")
    noted = desk.moments()
    await desk.run(job_id)
    assert [now == then for now, then in zip(desk.moments(), noted, strict=True)] == [True, False, False]
    assert noted[0] != first[0]


async def test_a_long_document_is_read_by_turns_and_no_try_is_spent(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    order_id, job_id = await desk.stored(papers.paper(pages=3), **ACTE)
    monkeypatch.setattr(ocr, "_TURN", timedelta(0))

    seen = [(row["state"], row["error_code"], row["attempts"]) for row in [await desk.run(job_id) for _ in range(3)]]

    assert seen == [*[("waiting", "reading_goes_on", 0)] * 2, ("done", None, 1)]
    assert status(desk.sql, order_id) == 5


async def test_what_postgres_cannot_hold_is_left_out(desk: Desk):
    reading = PageReading(1, PageState.READ, "rapidocr", "1", "avant\0 \ud800 après", header={"lot": "1\0\udfff"})
    tell(desk, Told(reading))
    _, job_id = await desk.stored(papers.paper(), **ACTE)

    assert (await desk.run(job_id))["state"] == "done"
    assert [page.text for page in await desk.pages(job_id)] == ["avant ? après"]


async def test_a_plan_is_read_on_demand_and_stays_delivered(desk: Desk):
    order_id, job_id = await desk.stored(papers.paper(), document_source="plan_cadastraux")
    assert (job_row(desk.sql, job_id)["state"], status(desk.sql, order_id)) == ("done", 5)
    assert await desk.pages(job_id) == []

    await desk.wish(job_id, "offline")
    row = await desk.run(job_id)

    assert (row["state"], row["reread"], status(desk.sql, order_id)) == ("done", None, 5)
    (page,) = await desk.pages(job_id)
    assert (page.rows, page.text.splitlines()) == ((), [papers.SENTENCE] * 3)
    [(content,)] = desk.sql.execute("SELECT file_content FROM public.extraction_queue").fetchall()
    assert papers.SENTENCE in content


async def test_a_plan_that_cannot_be_read_stays_delivered(desk: Desk):
    order_id, job_id = await desk.stored(
        papers.with_good_pages(papers.undecodable_page), document_source="plan_cadastraux"
    )
    tell(desk, Told(PageReading(1, PageState.FAILED, "rapidocr", "1", error="De l'encre, mais aucun mot lisible.")))

    await desk.wish(job_id, "offline")

    assert ((await desk.run(job_id))["state"], status(desk.sql, order_id)) == ("done", 5)
    assert {page.state for page in await desk.pages(job_id)} == {PageState.FAILED}


@dataclass
class Told:
    """Readers that say what they are told."""

    first: PageReading
    second: PageReading | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def has_second(self) -> bool:
        return self.second is not None

    def holding(self, data: bytes) -> Told:
        return self

    async def __aenter__(self) -> Path:
        return Path("livre.pdf")

    async def __aexit__(self, *_: object) -> None:
        return None

    async def read_with_picture(self, path: Path, number: int, kind: DocumentKind):
        self.asked.append("first")
        return PageReading(**{**_fields(self.first), "number": number}), None

    async def second_version(self) -> str:
        return "5"

    async def read_second(self, path: Path, number: int, kind: DocumentKind, *, picture: object) -> PageReading:
        self.asked.append("second")
        if self.second is None:
            raise ReaderFailed("Tesseract n'est pas installé.")
        return PageReading(**{**_fields(self.second), "number": number})


def _fields(reading: PageReading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in PageReading.__dataclass_fields__}


def _read(reader: str, text: str, confidence: float | None, state: PageState = PageState.READ) -> PageReading:
    return PageReading(1, state, reader, "5", text, confidence=confidence)


_SURE, _WEAK = _read("rapidocr", "lot 1 234 567", 0.93), _read("rapidocr", "lot 1 234 561", 0.6)
_SECOND = _read("tesseract", "lot 1 234 567", 0.9)
_UNSURE = _read("tesseract", "l0t 7", 0.3)
_NONE = PageReading(1, PageState.FAILED, "rapidocr", "5", error="De l'encre, mais aucun mot lisible.")
_EMPTY = _read("rapidocr", "", None, PageState.BLANK)


@pytest.mark.parametrize(
    ("first", "second", "engine", "reader", "text", "doubted"),
    [
        (_SURE, _SECOND, "auto", "rapidocr", _SURE.text, False),
        (_SURE, _SECOND, "tesseract", "rapidocr+tesseract", _SURE.text, False),
        (_WEAK, _SECOND, "auto", "tesseract+rapidocr", _SECOND.text, True),
        (_WEAK, _UNSURE, "auto", "rapidocr+tesseract", _WEAK.text, True),
        (_WEAK, None, "auto", "rapidocr", _WEAK.text, False),
        (_NONE, _SECOND, "auto", "tesseract", _SECOND.text, False),
        (_EMPTY, _SECOND, "tesseract", "rapidocr", "", False),
    ],
    ids=["sure", "wanted", "weak", "both weak", "not installed", "unread", "blank"],
)
async def test_tesseract_is_a_second_opinion_and_replaces_nothing_unseen(
    desk: Desk, first, second, engine, reader, text, doubted
):
    told = Told(first, second)
    _, job_id = await desk.stored(papers.paper(), **ACTE)
    tell(desk, told)
    desk.sql.execute("UPDATE registre.job SET reread = jsonb_build_object('pages', NULL, 'engine', %s::text)", [engine])

    row = await desk.run(job_id)

    (page,) = await desk.pages(job_id)
    assert (row["state"], page.reader, page.text) == ("done", reader, text)
    assert bool(page.doubts) is doubted
    assert ("second" in told.asked) is ("tesseract" in reader)


class Unasked:
    """A paid reader that nobody may ask."""

    def version(self, kind: DocumentKind) -> str:
        return "modele v1"

    async def read(self, *_: object, **__: object) -> None:
        raise AssertionError("une page blanche a été envoyée")


async def test_a_blank_page_is_not_sent_to_the_paid_reader(desk: Desk):
    order_id, job_id = await desk.stored(papers.paper(b" ", pages=2), **ACTE)
    desk.runtime.context = replace(desk.runtime.context, paid=Paid(Unasked(), needed=True))  # type: ignore[arg-type]

    row = await desk.run(job_id)

    assert (row["state"], status(desk.sql, order_id)) == ("done", 5)
    assert [(page.state, page.reader) for page in await desk.pages(job_id)] == [(PageState.BLANK, "rapidocr")] * 2


async def test_tesseract_wanted_and_not_installed_is_said(desk: Desk):
    _, job_id = await desk.stored(papers.paper(), **ACTE)
    tell(desk, Told(_SURE))
    desk.sql.execute('UPDATE registre.job SET reread = \'{"pages": null, "engine": "tesseract"}\'')

    row = await desk.run(job_id)

    assert (row["state"], row["error_code"], row["error_text"]) == (
        "failed",
        "unknown_engine",
        "Tesseract n'est pas installé.",
    )
