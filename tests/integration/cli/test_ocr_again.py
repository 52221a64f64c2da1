"""ocr: a stored document goes back to reading alone; what cannot be read again says why."""

from __future__ import annotations

import pytest

from registre.cli.ocr import page_numbers
from registre.db import job as jobs
from registre.domain.job import Stage, State
from tests.integration.cli import scenes


async def test_a_done_document_is_read_again_and_nothing_else(connection, registre):
    order, job_id = await scenes.place(connection)
    await scenes.finish(connection, job_id, content=b"%PDF-1", texts=("un", "deux"))
    answer = registre("ocr", str(order)[:8], "--engine", "offline", "--pages", "2", json=True)
    assert answer["jobs"][0]["answer"] == "ocr"
    row = await (
        await connection.execute("SELECT stage, state, reread FROM registre.job WHERE id = %s", [job_id])
    ).fetchone()
    assert row == ("ocr", "queued", {"pages": [2], "engine": "offline"})
    status = await (
        await connection.execute("SELECT status_id FROM public.extraction_queue WHERE id = %s", [order])
    ).fetchone()
    assert status == (3,)
    charges = await (await connection.execute("SELECT state FROM registre.charge")).fetchall()
    assert charges == [("have",)]
    job = await scenes.claim(connection, job_id, Stage.OCR)
    assert job.reread == {"pages": [2], "engine": "offline"}
    await jobs.finish_job(connection, job, State.DONE)
    left = await (await connection.execute("SELECT reread FROM registre.job WHERE id = %s", [job_id])).fetchone()
    assert left == (None,)


async def test_what_cannot_be_read_again_says_why(connection, registre):
    order, _ = await scenes.place(connection)
    stored, stored_job = await scenes.place(connection, document_number="2043334")
    await scenes.finish(connection, stored_job, content=b"%PDF-1", texts=("un",))
    assert "aucun document" in registre("ocr", str(order)[:8], exit_code=3).stdout
    assert "moins de pages" in registre("ocr", str(stored)[:8], "--pages", "7", exit_code=3).stdout


@pytest.mark.parametrize(("text", "numbers"), [(None, None), ("5", [5]), ("1-3, 5", [1, 2, 3, 5]), ("2,2", [2])])
def test_page_numbers(text, numbers):
    assert page_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "0", "3-1", "a", "1;2", "1-"])
def test_bad_page_numbers_are_refused(text, registre):
    registre("ocr", "3f2a91c0", "--pages", text, exit_code=2)
