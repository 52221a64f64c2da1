"""The reading stage with both readers: agreement witnessed, planted mistakes flagged, nothing asked twice."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

import numpy as np
import pytest
import pytest_asyncio

from registre.db import document as documents_db
from registre.db import job as jobs
from registre.db.pool import Database, connect
from registre.domain.errors import BeingRead, GeminiMisconfigured, UnknownEngine
from registre.domain.job import Job, Stage
from registre.domain.reading import PageReading, PageState
from registre.domain.request import DocumentKind
from registre.ocr.accord.witness import agree
from registre.ocr.engine.image import Gray
from registre.ocr.gemini.picture import encode
from registre.ocr.reader import Reader
from registre.sandbox import documents
from registre.sandbox.gemini.truth import page_said, row_said
from registre.stages import ocr
from registre.stages.context import Paid, Rules, StageContext
from registre.storage.keys import object_key
from registre.storage.objects import Objects
from tests.integration.cli import scenes
from tests.integration.gemini.conftest import holdings

#: One scanned page: few rows, so that the offline reader costs little.
SCANNED = min(
    (f for f in holdings().fiches if f.scan is not None and len(documents.truth(f)) == 1),
    key=lambda f: len(documents.truth(f)[0].rows),
)


#: What the offline reader, a real one, made of a page: it takes seconds, and always makes the same of the same bytes.
_READ: dict[tuple[str, int, DocumentKind], tuple[PageReading, Gray | None]] = {}


class Remembering(Reader):
    """Reads a page once for all tests of this file, whose matter is what both readers say together."""

    async def read_with_picture(self, data, number, kind):
        key = (hashlib.sha256(data if isinstance(data, bytes) else data.read_bytes()).hexdigest(), number, kind)
        if key not in _READ:
            _READ[key] = await super().read_with_picture(data, number, kind)
        return _READ[key]

    async def read_page(self, data, number, kind):
        reading, _ = await self.read_with_picture(data, number, kind)
        return reading


@lru_cache(maxsize=1)
def scan() -> bytes:
    return documents.render(SCANNED, demande="D-1")


@pytest_asyncio.fixture
async def connection(database_url):
    opened = await connect(database_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def stored(connection, database_url, bench, tmp_path):
    """A stored scan, and a function that has it read again as the worker would."""
    data = scan()
    _, job_id = await scenes.place(connection, document_number=SCANNED.lot)
    document_id = await scenes.finish(connection, job_id, content=data, texts=("",))
    database, objects, reader = Database(database_url), Objects(str(tmp_path)), Remembering(1)
    await database.open()
    await objects.put(object_key(hashlib.sha256(data).hexdigest()), data)

    async def read(engine: str = "auto", *, paid: bool = True, needed: bool = True):
        context = StageContext(
            worker="essai",
            database=database,
            objects=objects,
            inspector=reader,
            reader=reader,
            rules=Rules(150, 0, scenes.LEASE),
            paid=Paid(bench.reader, needed=needed) if paid else None,
        )
        await jobs.reread_job(connection, job_id, actor="essai", pages=None, engine=engine)
        job: Job = await scenes.claim(connection, job_id, Stage.OCR)
        try:
            result = await ocr.run(job, context)
        finally:
            await connection.execute(
                "UPDATE registre.job SET state = 'done', worker = NULL, lease_until = NULL WHERE id = %s", [job_id]
            )
        (page,) = await documents_db.pages(connection, document_id)
        return result, page

    yield read
    await reader.close()
    await database.close()


def numbers(page) -> list[str | None]:
    return [row.numero for row in page.rows]


async def test_both_readers_agree_on_a_scanned_page(stored, bench):
    _, page = await stored()
    truth = documents.truth(SCANNED)[0]
    assert page.reader == "rapidocr+gemini"
    assert numbers(page) == [row.numero for row in truth.rows]
    assert all(row.witnesses["numero"] == ("rapidocr", "gemini") for row in page.rows if row.numero)
    assert bench.arrivals == ["STOP"]
    # the same page, the same readers, the same prompt: nothing is asked again
    _, again = await stored()
    assert again.rows == page.rows
    assert bench.arrivals == ["STOP"]


async def test_what_was_answered_is_kept_as_it_came(stored, connection):
    await stored()
    [(calls,)] = await (
        await connection.execute("SELECT calls FROM registre.reading WHERE reader = 'gemini'")
    ).fetchall()
    assert [(call["outcome"], call["finish_reason"]) for call in calls] == [("read", "STOP")]
    assert json.loads(calls[0]["text"])["lignes"]


async def test_a_digit_that_one_reader_swapped_is_flagged_with_both_readings(stored, bench):
    bench.told(mistakes=[{"kind": "digit_swap"}])
    _, page = await stored()
    wrong = [row for row in page.rows if "numero" in row.others]
    assert wrong
    truth = {row.numero for row in documents.truth(SCANNED)[0].rows}
    for row in wrong:
        assert "numero" in row.uncertain
        assert truth & {row.numero, *row.others["numero"].values()}


@pytest.mark.parametrize(
    "mistake",
    [
        {"kind": "digit_swap", "fields": ["numero", "date", "avis_adresse", "radiations", "remarques"]},
        {"kind": "letter_swap", "fields": ["nature", "parties", "remarques"]},
        {"kind": "drop_value", "fields": ["numero", "parties", "radiations"]},
        {"kind": "wrong_nature"},
        {"kind": "swap_roles"},
        {"kind": "drop_party"},
        {"kind": "move_remark"},
        {"kind": "drop_row"},
        {"kind": "stop_short", "rate": 1.0},
    ],
    ids=lambda mistake: mistake["kind"],
)
async def test_whatever_a_reader_has_otherwise_is_flagged_where_it_stands(bench, mistake):
    """The offline reading is the truth here: what the reader itself misses is the bench's to measure."""
    pages = [page for fiche in holdings().fiches for page in documents.truth(fiche)]
    truth = max(pages, key=lambda page: len(page.rows))
    picture = np.full((20, 20), 200, dtype=np.uint8)
    said = page_said(truth.text, truth.header, [row_said(row) for row in truth.rows])
    bench.app.books.learn(hashlib.sha256(encode(picture).data).hexdigest(), "essai/1", said)
    bench.told(mistakes=[{"rate": 0.3, "seed": 5, **mistake}])
    offline = PageReading(1, PageState.READ, "rapidocr", "1", truth.text, truth.rows, truth.header, 0.95)
    second = (await bench.reader.read(picture, 1, DocumentKind.INDEX)).reading
    page = agree(offline, second)
    planted = {(item["row"], item["field"]) for item in bench.app.books.planted}
    assert planted
    own = [row for row in page.rows if set(row.witnesses.values()) != {("gemini",)}]
    assert [row.numero for row in own] == [row.numero for row in truth.rows]
    assert [(rank, name) for rank, name in planted if {name, "row"}.isdisjoint(own[rank].uncertain)] == []


async def test_a_refused_page_is_the_other_readers(stored, bench):
    bench.told(mistakes=[{"kind": "refuse"}])
    _, page = await stored()
    assert (page.state, page.reader) == (PageState.SECOND_READER, "rapidocr")
    assert len(bench.arrivals) == 1
    # the same page would be refused again: it is not sent
    _, again = await stored()
    assert (again.state, len(bench.arrivals)) == (PageState.SECOND_READER, 1)


async def test_without_the_paid_reader_pages_wait_or_go_on_as_told(stored, bench):
    bench.told(keys={"une-autre-cle": "autre"})
    with pytest.raises(GeminiMisconfigured):
        await stored()
    _, page = await stored(needed=False)
    assert page.reader == "rapidocr"
    # a person who asked for both gets both or nothing
    with pytest.raises(GeminiMisconfigured):
        await stored("gemini", needed=False)


async def test_offline_asks_nobody_and_gemini_needs_a_key(stored, bench):
    _, page = await stored("offline")
    assert (page.reader, bench.arrivals) == ("rapidocr", [])
    with pytest.raises(UnknownEngine):
        await stored("gemini", paid=False)


async def test_two_orders_of_one_document_do_not_read_it_at_once(connection):
    _, first = await scenes.place(connection)
    document_id = await scenes.finish(connection, first, content=b"%PDF-1", texts=("un",))
    _, second = await scenes.place(connection, document_number="2043334")
    await connection.execute("UPDATE registre.job SET document_id = %s WHERE id = %s", [document_id, second])
    for job_id in (first, second):
        await connection.execute(
            "UPDATE registre.job SET stage = 'ocr', state = 'running', worker = 'w', lease_until = now() + '1 min' "
            "WHERE id = %s",
            [job_id],
        )
    assert await documents_db.lease_reading(connection, document_id, first, lease=scenes.LEASE)
    assert await documents_db.lease_reading(connection, document_id, first, lease=scenes.LEASE)
    assert not await documents_db.lease_reading(connection, document_id, second, lease=scenes.LEASE)
    # the reader ended, or died: the other reads on
    await connection.execute(
        "UPDATE registre.job SET state = 'done', worker = NULL, lease_until = NULL WHERE id = %s", [first]
    )
    assert await documents_db.lease_reading(connection, document_id, second, lease=scenes.LEASE)
    assert BeingRead.delay.total_seconds() > 0
