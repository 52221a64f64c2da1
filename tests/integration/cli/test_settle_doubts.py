"""A person settles doubts: kept, shown, searchable, surviving a new reading, taken back, exported; by two at once."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
import pytest_asyncio

from registre.cli import asking
from registre.cli.doubts import Queue
from registre.db import document as documents
from registre.db import review as reviews
from registre.db.pool import connect
from registre.domain.reading import Doubt, Inscription, PageReading, PageState, RowKind
from registre.domain.request import DocumentKind
from registre.ocr.document import searchable
from registre.ocr.reader import Reader
from registre.settings import read_settings
from registre.shapes import row_from
from registre.stages import settle as settling
from registre.stages.judgement import judge
from registre.storage.keys import object_key
from tests.integration.cli import scenes
from tests.integration.ocr.ocr_papers import STYLES, history, index_pdf

RAW = "2019-05-14 24 561 838 Hypothèque"
DISPUTED = {
    "numero": "24561838",
    "raw": RAW,
    "radiations": [],
    "uncertain": ["numero", "parties"],
    "others": {"numero": {"gemini": "24561832"}},
}
ROWS = (
    scenes.index_row(numero="22111222", date="2017-01-02", radiations=[], raw="2017-01-02 22 111 222"),
    scenes.index_row(**DISPUTED),
    scenes.index_row(numero="25333444", date="2020-06-07", radiations=[], raw="2020-06-07 25 333 444"),
)
TEXTS = (
    "INDEX DES IMMEUBLES\n2017-01-02 22 111 222\n" + RAW + "\n2020-06-07 25 333 444",
    "Prix: 250 000,00 $ comptant",
)


@pytest_asyncio.fixture
async def held(connection):
    """A read index with a disputed number on row 2 of page 1 and a disputed amount on page 2: order and document."""
    order, job = await scenes.place(connection)
    document = await scenes.finish(connection, job, content=b"%PDF-1", texts=TEXTS, rows=ROWS)
    page = (await documents.pages(connection, document))[1]
    doubt = Doubt("250 000,00", "260 000,00", "Prix: 250 000,00 $ comptant")
    await read_again(connection, document, replace(page, doubts=(doubt,)))
    return str(order), document


@pytest.fixture
def settle(registre, held):
    """Settle the disputed number."""
    return partial(registre, "review", held[0], "--page", "1", "--row", "2", "--field", "numero", "--by", "A. Roy")


async def read_again(connection, document, page: PageReading) -> PageReading:
    """As the reading stage does: the page anew, then the document judged."""
    await documents.add_page(connection, document, page, searchable(page.text, page.rows), again=True)
    async with connection.transaction():
        await reviews.lock_document(connection, document)
        await judge(connection, document)
    return (await documents.pages(connection, document))[page.number - 1]


async def public(connection):
    return await (
        await connection.execute(
            "SELECT file_content, boosted_file_content, searchable_file_content FROM public.extraction_queue"
        )
    ).fetchone()


async def test_numbers_come_first_and_doubts_of_the_text_are_asked_too(registre, held):
    listed = registre("review", json=True)
    assert [(item["field"], item["page"], item["row"], item["doubt"]) for item in listed["doubts"]] == [
        ("numero", 1, 2, None), ("texte", 2, None, 1), ("parties", 1, 2, None),
    ]  # fmt: skip
    assert listed["open"] == 3
    shown = registre("review", held[0]).stdout
    assert "24 561 838 ou 24 561 832" in shown
    assert [item["field"] for item in registre("review", "--field", "parties", json=True)["doubts"]] == ["parties"]
    assert "Rien à trancher" in registre("review", "--page", "9").stdout


async def test_a_correction_is_shown_searchable_and_noted_and_the_text_as_read_stays(
    registre, held, settle, connection
):
    order, document = held
    assert "Correction" in settle("--set", "24 561 832").stdout
    row = registre("show", order, json=True)["pages"][0]["rows"][1]
    assert (row["numero"], row["uncertain"]) == ("24561832", ["parties"])
    assert row["witnesses"]["numero"] == ["person:A. Roy", "gemini"]
    assert row["others"]["numero"] == {"text_layer": "24561838"}
    assert registre("search", "24561832", json=True)["found"] == 1
    content, corrected, form = await public(connection)
    assert content == "lu"
    assert "2019-05-14 24 561 832 Hypothèque" in corrected
    assert "24561832" in form
    assert RAW in (await documents.pages(connection, document))[0].text
    assert "champ douteux tranché" in registre("status", order).stdout
    assert [item["field"] for item in registre("review", order, json=True)["doubts"]] == ["texte", "parties"]


async def test_the_second_person_sees_that_it_is_settled(registre, settle):
    settle("--set", "24 561 832")
    assert "A. Roy a déjà tranché: 24 561 832" in settle("--set", "24 561 833", exit_code=3).stderr


async def test_of_two_at_the_very_same_time_one_is_kept(held, connection, database_url):
    other = await connect(database_url)
    at = settling.Place(held[1], 1, 1, None, "numero")
    answers = await asyncio.gather(
        settling.settle(connection, at, "24561832", person="A. Roy", actor="essai"),
        settling.settle(other, at, "24561833", person="B. Côté", actor="essai"),
        return_exceptions=True,
    )
    await other.close()
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [settling.AlreadySettled]
    kept = await (await connection.execute("SELECT count(*) FROM registre.review")).fetchone()
    assert kept == (1,)


async def test_what_cannot_stand_in_the_field_is_refused_and_nothing_is_written(registre, held, settle):
    assert "n'a pas la forme d'un numéro" in settle("--set", "24x", exit_code=1).stderr
    assert registre("review", json=True)["open"] == 3
    registre("review", held[0], "--page", "1", "--row", "9", "--field", "date", "--confirm", exit_code=3)
    registre("review", held[0], "--page", "2", "--doubt", "2", "--confirm", exit_code=3)
    registre("review", held[0], "--page", "1", "--row", "2", "--set", "1", exit_code=2)
    registre("review", "--set", "1", exit_code=2)


async def test_undoing_brings_the_doubt_back_and_keeps_the_record(registre, held, settle, connection):
    before = registre("show", held[0], json=True)["pages"]
    number = settle("--set", "24 561 832", json=True)["review"]
    assert "retirée" in registre("review", "--undo", number).stdout
    assert registre("show", held[0], json=True)["pages"] == before
    assert registre("search", "24561832", json=True)["found"] == 0
    assert "24 561 838" in (await public(connection))[1]
    registre("review", "--undo", number, exit_code=3)
    kept = await (await connection.execute("SELECT undone_at IS NOT NULL, undone_by FROM registre.review")).fetchall()
    assert [undone for undone, _ in kept] == [True]
    settle("--set", "24 561 833")


async def test_a_correction_survives_a_new_reading(registre, held, settle, connection):
    settle("--set", "24 561 832")
    page = (await documents.pages(connection, held[1]))[0]
    fresh = [row_from(row) for row in ROWS]
    again = await read_again(
        connection, held[1], replace(page, rows=(*fresh[:1], Inscription(RowKind.NOTE, raw="Rénové"), *fresh[1:]))
    )
    assert (again.rows[2].numero, "numero" in again.rows[2].uncertain) == ("24561832", False)
    assert registre("search", "24561832", json=True)["found"] == 1


async def test_a_correction_whose_row_is_gone_is_open_again_with_its_value(registre, held, settle, connection):
    number = settle("--set", "24 561 832", json=True)["review"]
    page = (await documents.pages(connection, held[1]))[0]
    fresh = [row_from(row) for row in ROWS]
    await read_again(connection, held[1], replace(page, rows=(fresh[0], fresh[2])))
    (lost,) = [item for item in registre("review", held[0], json=True)["doubts"] if item["review"]]
    assert (lost["review"], lost["field"]) == (number, "numero")
    assert f"24 561 832 (correction {number} de A." in " ".join(registre("review", held[0]).stdout.split())
    assert "sans ligne" in registre("status", held[0]).stdout
    again = await read_again(connection, held[1], replace(page, rows=tuple(fresh)))
    assert again.rows[1].numero == "24561832"
    assert not [item for item in registre("review", held[0], json=True)["doubts"] if item["review"]]


@pytest.mark.parametrize("answer", [1, "a"])
async def test_a_correction_without_row_is_given_one_or_given_up(
    registre, held, settle, connection, environment, monkeypatch, answer
):
    settle("--set", "24 561 832")
    page = (await documents.pages(connection, held[1]))[0]
    fresh = [row_from(row) for row in ROWS]
    await read_again(
        connection, held[1], replace(page, rows=(fresh[0], replace(fresh[1], numero="99561838"), fresh[2]))
    )
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    queue = Queue(settings, held[1], 1, "numero")
    found = await asking._laid_out(settings, Reader(1), await queue.next())
    assert "n'a plus sa ligne" in found.reason
    await asking._keep(settings, found, answer, "B. Côté")
    numbers = [row.numero for row in (await documents.pages(connection, held[1]))[0].rows]
    assert numbers[1] == ("24561832" if answer == 1 else "99561838")
    left = registre("review", held[0], json=True)["doubts"]
    assert not [item for item in left if item["review"]]


async def test_illegible_stays_doubted_and_is_not_asked_again(registre, held, settle):
    settle("--set", "illisible")
    row = registre("show", held[0], json=True)["pages"][0]["rows"][1]
    assert "numero" in row["uncertain"]
    assert "numero" not in [item["field"] for item in registre("review", json=True)["doubts"]]


async def test_a_figure_of_the_text_is_settled(registre, held, connection):
    registre("review", held[0], "--page", "2", "--doubt", "1", "--set", "260 000,00")
    assert registre("show", held[0], json=True)["pages"][1]["doubts"] == []
    assert "Prix: 260 000,00 $" in (await public(connection))[1]
    assert "Prix: 250 000,00 $" in (await documents.pages(connection, held[1]))[1].text
    assert "texte" not in [item["field"] for item in registre("review", json=True)["doubts"]]


async def test_what_is_exported_tells_the_field_and_no_more(registre, held, settle, tmp_path):
    settle("--set", "24 561 832")
    undone = registre("review", held[0], "--page", "1", "--row", "2", "--field", "parties", "--confirm", json=True)
    registre("review", "--undo", undone["review"])
    file = tmp_path / "corrections.jsonl"
    assert registre("review", "--export", file, json=True)["count"] == 1
    (item,) = map(json.loads, file.read_text().splitlines())
    assert (item["field"], item["value"], item["page"], item["row"]) == ("numero", "24561832", 1, 1)
    assert item["readings"] == {"text_layer": "24561838", "gemini": "24561832"}
    assert "Trépanier" not in file.read_text()


async def test_a_field_that_nobody_doubted_can_be_corrected(registre, held):
    registre("review", held[0], "--page", "1", "--row", "1", "--field", "date", "--set", "2017-01-03")
    row = registre("show", held[0], json=True)["pages"][0]["rows"][0]
    assert (row["date"], row["uncertain"]) == ("2017-01-03", [])


async def test_a_conversation_in_a_terminal(connection, environment, tmp_path):
    data = index_pdf(history(3), STYLES["centred_ruled_rows"])
    order, job = await scenes.place(connection)
    document = await scenes.finish(connection, job, content=data, texts=("",))
    async with Reader(1) as reader:
        page = await reader.read_page(data, 1, DocumentKind.INDEX)
        facts = await reader.inspect(data)
    assert page.state is PageState.READ
    doubted = replace(page.rows[1], numero="10888888", uncertain=("numero",), others={"numero": {"gemini": "10897356"}})
    figures = (Doubt("258 500,00", "268 500,00", "Vente 258 500,00"), Doubt("75 000,00", "76 000,00", "75 000,00 $"))
    rows = tuple(replace(row, radiations=()) for row in (page.rows[0], doubted, page.rows[2]))
    page = replace(page, rows=rows, doubts=figures, header={})
    await documents.add_page(connection, document, page, "", again=True)
    target = tmp_path / "state/objects" / object_key(facts.sha256)
    target.parent.mkdir(parents=True)
    target.write_bytes(data)

    said = converse(environment, ["review", str(order), "--by", "A. Roy"], ["12x", "2", "1", ""])

    assert "▀" in said
    assert "ligne 2" in said
    assert "deux lectures ne s'accordent pas" in said
    assert "n'a pas la forme d'un numéro" in said
    assert "2 champs tranchés; 1 à trancher" in said
    row = (await documents.pages(connection, document))[0].rows[1]
    assert (row.numero, row.witnesses["numero"]) == ("10897356", ("person:A. Roy", "gemini"))
    assert list((tmp_path / "state").glob("review-*")) == []


def converse(environment, arguments, answers) -> str:
    """What a person sees in a terminal who types these answers, one to each question."""
    ours, theirs = pty.openpty()
    env = {**os.environ, **environment, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "100"}
    command = [sys.executable, "-m", "registre", *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
    os.close(theirs)
    seen = b""
    try:
        for number, answer in enumerate(answers, start=1):
            while seen.count(b"q = arr") < number:
                seen += heard(ours)
            os.write(ours, f"{answer}\n".encode())
        while b" trancher." not in seen:
            seen += heard(ours)
        assert process.wait(30) == 0, seen.decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return seen.decode(errors="replace")


def heard(terminal: int) -> bytes:
    """What comes next; a conversation that stalls or ends is a failure."""
    ready, _, _ = select.select([terminal], [], [], 60)
    assert ready, "nothing was said for a minute"
    return os.read(terminal, 65536)
