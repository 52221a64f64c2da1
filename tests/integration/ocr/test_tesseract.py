"""Tesseract as a program of its own: its table becomes words, its failures are told, and it dies with its reader."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from registre.domain.errors import ConfigurationError, ReaderFailed
from registre.domain.reading import PageState
from registre.domain.request import DocumentKind
from registre.ocr.engine import tesseract
from registre.ocr.engine.image import Rules
from registre.ocr.reader import Reader

Install = Callable[..., Path]
_PAGE = np.full((400, 600), 255, dtype=np.uint8)
_BARE = Rules((), ())
_HEAD = "level page_num block_num par_num line_num word_num left top width height conf text".replace(" ", "\t")
_TABLE = "\n".join(
    [
        _HEAD,
        "1\t1\t0\t0\t0\t0\t0\t0\t600\t400\t-1\t",
        "5\t1\t1\t1\t1\t1\t10\t20\t60\t12\t96.5\tlot",
        "5\t1\t1\t1\t1\t2\t80\t20\t90\t12\t91\t1’234",
        "5\t1\t1\t1\t1\t3\t200\t20\t4\t200\t60\t|",
        "5\t1\t1\t1\t1\t4\t300\t20\t40\t12\t9\t~xw",
    ]
)


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """A program that answers as tesseract does, and notes what it was asked."""

    def make(answer: str = "cat table", name: str = "tesseract") -> Path:
        (tmp_path / "table").write_text(_TABLE)
        program = tmp_path / name
        program.write_text(
            f"#!/bin/sh\ncd {tmp_path}\n"
            'echo "$OMP_THREAD_LIMIT $*" >> asked\n'
            'case "$1" in\n'
            '--version) echo "tesseract 5.3.0"; echo " leptonica-1.82.0";;\n'
            '--list-langs) printf "List of available languages (3):\\nosd\\nfra\\neng\\n";;\n'
            f"*) cat > given; {answer};;\nesac\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    return make


def test_its_table_becomes_words_and_strokes_are_left_out(install: Install, tmp_path: Path):
    program = install()

    words = tesseract.read_words(program, _PAGE, _BARE)

    assert [(word.text, word.x0, word.y0, word.x1, word.y1) for word in words] == [
        ("lot", 10, 20, 70, 32),
        ("1'234", 80, 20, 170, 32),
    ]
    assert [word.confidence for word in words] == [0.965, 0.91]
    assert (tmp_path / "given").read_bytes() == b"P5\n600 400\n255\n" + _PAGE.tobytes()
    assert (tmp_path / "asked").read_text().splitlines()[-1] == "1 stdin stdout -l fra+eng --psm 4 --dpi 200 tsv"
    assert tesseract.reader_version(program) == "5.3.0 fra+eng"


def test_a_grid_is_erased_and_looked_at_otherwise(install: Install, tmp_path: Path):
    ruled = _PAGE.copy()
    ruled[:, 300] = ruled[200] = 0

    tesseract.read_words(install(), ruled, Rules((300,), (200,)))

    assert (tmp_path / "given").read_bytes().endswith(_PAGE.tobytes())
    assert "--psm 11" in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("answer", "words"),
    [("echo 'Error opening data file' >&2; exit 1", "code 1.*Error opening"), ("echo rien", "autre chose")],
    ids=["fails", "says something else"],
)
def test_its_failures_are_told(install: Install, answer: str, words: str):
    with pytest.raises(ReaderFailed, match=words):
        tesseract.read_words(install(answer), _PAGE, _BARE)


def test_it_is_looked_for_where_told_then_on_the_path(install: Install, monkeypatch: pytest.MonkeyPatch):
    program = install()
    monkeypatch.setenv("PATH", "/nulle-part")

    assert tesseract.find(None) is None
    assert tesseract.find(program) == program
    monkeypatch.setenv("PATH", str(program.parent))
    assert tesseract.find(None) == program
    with pytest.raises(ConfigurationError, match="REGISTRE_TESSERACT"):
        tesseract.find(Path("/nulle-part/tesseract"))


async def test_a_page_is_read_by_it_in_a_reader_process(install: Install):
    async with Reader(second=install()) as reader:
        assert (reader.has_second, await reader.second_version()) == (True, "5.3.0 fra+eng")
        page = await reader.read_second(b"%PDF-", 3, DocumentKind.ACTE, picture=_PAGE)

    assert (page.number, page.state, page.reader, page.text) == (3, PageState.READ, "tesseract", "lot 1'234")
    assert page.confidence == pytest.approx(0.93, abs=0.01)


async def test_it_ends_with_the_reader_that_is_stopped(install: Install, tmp_path: Path):
    reader = Reader(second=install("echo $$ > half; mv half pid; exec sleep 60"))
    reading = asyncio.create_task(reader.read_second(b"%PDF-", 1, DocumentKind.ACTE, picture=_PAGE))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.02)

    await reader.close()
    with pytest.raises(ReaderFailed):
        await reading

    for _ in range(200):
        if not _lives(int((tmp_path / "pid").read_text())):
            break
        await asyncio.sleep(0.02)
    assert not _lives(int((tmp_path / "pid").read_text()))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
