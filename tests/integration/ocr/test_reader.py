"""Pages read through the reader's processes: born digital, scanned, blank, broken; and a process that dies."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ocr_papers import PROSE, STYLES, acte_pdf, blank_pdf, history, index_pdf, scan, without_roles

from registre.domain.errors import BadPdf, ReaderFailed
from registre.domain.reading import PageState
from registre.domain.request import DocumentKind
from registre.domain.text import fold
from registre.ocr.bounds import Bounds
from registre.ocr.document import check_rows, number_seen
from registre.ocr.reader import Reader


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


def workers() -> list[int]:
    """Process ids of this test run's readers."""
    return [child.pid for child in multiprocessing.active_children() if child.pid]


@pytest.mark.parametrize("style", STYLES)
async def test_a_born_digital_index_is_read_exactly_in_any_layout(reader: Reader, style: str):
    # a form with two-digit years is older
    rows = history(year=1973 if "date_court" in STYLES[style].order else 2003)
    roles = "qualite" in STYLES[style].order

    page = await reader.read_page(index_pdf(rows, STYLES[style]), 1, DocumentKind.INDEX)

    expected = rows if roles else without_roles(rows)
    assert (page.state, page.reader) == (PageState.READ, "text_layer")
    assert [(r.numero, r.date, r.nature, r.parties, r.remarques) for r in page.rows] == [
        (r.numero, r.date, r.nature, r.parties, r.remarques) for r in expected
    ]
    assert [(r.avis_adresse, r.radiations, r.uncertain) for r in page.rows] == [
        (r.avis_adresse, r.radiations, ()) for r in expected
    ]
    assert page.header["lot"] == "1234567"


@pytest.mark.parametrize("angle", [0.7, 90.0], ids=["askew", "sideways"])
async def test_a_scanned_index_keeps_every_row_and_number(reader: Reader, angle: float):
    rows = history()
    paper = scan(index_pdf(rows, STYLES["serif_unruled"]), angle=angle, noise=9, blur=0.5)

    page = await reader.read_page(paper, 1, DocumentKind.INDEX)

    assert (page.state, page.reader) == (PageState.READ, "rapidocr")
    assert [(r.numero, r.date) for r in page.rows] == [(r.numero, r.date) for r in rows]
    assert [r.radiations for r in page.rows] == [r.radiations for r in rows]
    assert number_seen("1234567", (page,))


async def test_a_scanned_acte_is_read_as_prose(reader: Reader):
    facts = await reader.inspect(scan(acte_pdf(), angle=-0.5, noise=8, blur=0.4))
    page = await reader.read_page(scan(acte_pdf(), angle=-0.5, noise=8, blur=0.4), 1, DocumentKind.ACTE)

    assert (facts.pages, facts.text) == (1, "")
    assert (page.rows, page.header) == ((), {})
    assert fold(page.text).count(fold(PROSE)) >= 4


async def test_order_broken_across_pages_is_doubted(reader: Reader):
    first, second = history(4), history(4, first=9_000_001)
    pages = [
        await reader.read_page(index_pdf(rows, STYLES["middle_in_grid"]), 1, DocumentKind.INDEX)
        for rows in (first, second)
    ]

    checked = check_rows([pages[0], replace(pages[1], number=2)])

    assert any("numero" in row.uncertain for page in checked for row in page.rows)


async def test_blank_paper_is_blank_scanned_or_not(reader: Reader):
    drawn = await reader.read_page(blank_pdf(), 1, DocumentKind.ACTE)
    scanned = await reader.read_page(scan(blank_pdf(), noise=6), 1, DocumentKind.ACTE)

    assert (drawn.state, scanned.state) == (PageState.BLANK, PageState.BLANK)


async def test_a_broken_file_is_the_files_fault(reader: Reader):
    with pytest.raises(BadPdf):
        await reader.inspect(acte_pdf()[:900])
    with pytest.raises(BadPdf):
        await reader.read_page(acte_pdf(), 9, DocumentKind.ACTE)


async def test_a_killed_process_fails_its_page_and_the_next_one_works(reader: Reader):
    paper = scan(acte_pdf(), noise=5)
    await reader.inspect(paper)
    (worker,) = workers()
    reading = asyncio.create_task(reader.read_page(paper, 1, DocumentKind.ACTE))
    await asyncio.sleep(0.3)

    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ReaderFailed):
        await reading

    again = await reader.read_page(acte_pdf(), 1, DocumentKind.ACTE)
    assert again.state is PageState.READ


async def test_a_page_that_never_ends_is_stopped():
    reader = Reader(bounds=Bounds(timedelta(minutes=1), timedelta(seconds=0.01)))

    with pytest.raises(ReaderFailed):
        await reader.read_page(scan(acte_pdf()), 1, DocumentKind.ACTE)

    await reader.close()
    assert workers() == []


async def test_a_cancelled_reading_frees_its_process(reader: Reader):
    reading = asyncio.create_task(reader.read_page(scan(acte_pdf()), 1, DocumentKind.ACTE))
    while not workers():
        await asyncio.sleep(0.01)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert workers() == []
    assert (await reader.read_page(acte_pdf(), 1, DocumentKind.ACTE)).state is PageState.READ


async def test_closing_leaves_neither_process_nor_file():
    reader = Reader(processes=2)
    await asyncio.gather(*(reader.read_page(acte_pdf(n), 1, DocumentKind.ACTE) for n in (1, 2)))
    assert len(workers()) == 2

    await reader.close()

    assert workers() == []
    assert not list(Path(tempfile.gettempdir()).glob(f"registre-reader-{os.getpid()}-*"))


async def test_what_a_killed_process_left_is_swept():
    gone = Path(tempfile.mkdtemp(prefix="registre-reader-999999999-"))
    (gone / "x.pdf").write_bytes(b"%PDF")

    async with Reader() as reader:
        await reader.read_page(acte_pdf(), 1, DocumentKind.ACTE)

    assert not gone.exists()


ORPHAN = """
import asyncio, multiprocessing, time
from registre.ocr.reader import Reader
from ocr_papers import acte_pdf
async def main():
    await Reader().inspect(acte_pdf())
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(60)
if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_a_reader_process_does_not_outlive_a_killed_parent(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(ORPHAN)
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": f"{here}:{here.parents[2]}"}
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())

    parent.kill()
    await parent.wait()

    for _ in range(500):
        if not _runs(child):
            break
        await asyncio.sleep(0.01)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether the process exists and is no zombie waiting for its reaper."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
