"""Texts of the old system become searchable rows, doubted; the texts, the statuses and the site are left alone."""

from __future__ import annotations

import pytest
import pytest_asyncio

from registre.cli import asking
from registre.cli.doubts import Queue
from registre.cli.output import Output
from registre.domain.request import DocumentKind
from registre.settings import read_settings
from tests.integration.cli import scenes

TEXT = """--- Page 1 ---
Circonscription foncière: Montréal
Lot: 2 784 195

Ligne 1:
Date de présentation: 2019-05-14 (95%)
Numéro: 24 561 832
Nature: Hypothèque
Nom des parties: BANQUE BORÉALE DU CANADA; TRÉPANIER, ÉLOÏSE
Qualité: Créancier Débiteur
Remarques: 75 000,00 $
Radiations: T 26 112 233

Ligne 2:
Date de présentation: 2020-01-02
Numéro: 26 112 233
Nature: Quittance
--- Page 3 ---
Ligne 1:
Numéro: 27 000 111
Nature: Vente
"""


async def old_row(connection, **columns):
    """A row as the take-over found it: the job is imported, its status is the old one."""
    order, job = await scenes.place(connection, **columns)
    await connection.execute("DELETE FROM dramatiq.queue")
    await connection.execute("UPDATE registre.job SET state = 'imported', stage = 'ocr' WHERE id = %s", [job])
    await connection.execute("SELECT set_config('registre.mirror', 'on', false)")
    await connection.execute("UPDATE public.extraction_queue SET status_id = 5 WHERE id = %s", [order])
    await connection.execute("SELECT set_config('registre.mirror', 'off', false)")
    return order, job


@pytest_asyncio.fixture
async def old(connection):
    order, _ = await old_row(connection, file_content="rien de lisible", boosted_file_content=TEXT)
    return str(order)


async def everything(connection):
    """The public rows whole, and what the jobs say."""
    rows = await (await connection.execute("SELECT to_jsonb(q) FROM public.extraction_queue q ORDER BY id")).fetchall()
    jobs = await (await connection.execute("SELECT to_jsonb(j) FROM registre.job j ORDER BY id")).fetchall()
    return rows, jobs


async def test_without_yes_it_only_shows(registre, old, connection):
    (text,) = registre("adopt", "--all", json=True)["texts"]
    assert (text["id"], text["pages"], text["rows"], text["refused"]) == (old, 2, 3, None)
    assert "à reprendre; ajoutez --yes" in registre("adopt", "--all").stdout
    assert await (await connection.execute("SELECT count(*) FROM registre.document")).fetchone() == (0,)
    registre("adopt", exit_code=2)


async def test_rows_can_be_shown_and_found_and_critical_fields_are_doubted(registre, old, connection):
    before = await everything(connection)
    registre("adopt", old, "--yes")
    shown = registre("show", old, json=True)
    assert [page["number"] for page in shown["pages"]] == [1, 3]
    first = shown["pages"][0]
    assert first["reader"] == "legacy"
    assert [row["numero"] for row in first["rows"]] == ["24561832", "26112233"]
    assert first["rows"][0]["uncertain"] == ["numero", "parties", "radiations", "remarques"]
    assert [hit["ids"] for hit in registre("search", "24561832", json=True)["pages"]] == [[old]]
    assert registre("search", "trépanier", json=True)["found"] == 1
    assert "texte de l'ancien système importé" in registre("status", old).stdout
    assert await everything(connection) == before
    assert registre("review", old, json=True)["open"] > 0


async def test_its_doubts_are_asked_without_a_picture(registre, old, environment, capsys, monkeypatch):
    registre("adopt", old, "--yes")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    queue = Queue(settings, None, None, "numero")
    found = await asking._laid_out(settings, None, await queue.next())
    with asking._picture_file(settings, found) as path:
        asking._show(Output(), found, path)
    said = capsys.readouterr().out
    assert "l'ancien système n'en a pas" in said
    assert "Numéro: 24 561 832" in said


async def test_twice_is_once_and_a_new_text_replaces_it(registre, old, connection, tmp_path):
    registre("adopt", old, "--yes")
    assert registre("adopt", "--all", json=True)["count"] == 0
    assert "déjà repris" in registre("adopt", old, "--yes", exit_code=3).stdout
    file = tmp_path / "page.txt"
    file.write_text(TEXT.split("--- Page 3")[0].replace("24 561 832", "24 561 839"), encoding="utf-8")
    registre("adopt", old, "--file", file, "--yes")
    (page,) = registre("show", old, json=True)["pages"]
    assert page["rows"][0]["numero"] == "24561839"


async def test_a_file_alone_is_only_understood(registre, connection, tmp_path):
    file = tmp_path / "page.txt"
    file.write_text(TEXT, encoding="utf-8")
    assert "24561832" in registre("adopt", "--file", file).stdout
    registre("adopt", "--file", file, "--yes", exit_code=2)
    file.write_bytes(b"\xff\xfe")
    registre("adopt", "--file", file, exit_code=2)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"file_content": "  "}, "aucun texte"),
        ({"document_source": "plan_cadastraux", "file_content": "x"}, "ni index ni acte"),
    ],
)
async def test_what_cannot_be_adopted_says_why(registre, connection, columns, told):
    order, _ = await old_row(connection, **columns)
    assert told in registre("adopt", order, "--yes", exit_code=3).stdout


async def test_a_stored_document_is_read_again_instead(registre, connection):
    order, job = await scenes.place(connection)
    await scenes.finish(connection, job, content=b"%PDF-1", texts=("un",))
    (text,) = registre("adopt", order, "--yes", json=True, exit_code=3)["texts"]
    assert "registre ocr le relit" in text["refused"]


async def test_an_old_acte_is_text_with_what_it_says(registre, connection):
    order, _ = await old_row(
        connection,
        document_source="acte",
        document_number="25 616 321",
        acte_type="Acte",
        file_content="VENTE\nCOMPARAISSENT\nPhiléas DUFRESNE, de Montréal, ci-après « vendeur »;\nPRIX\n674 000,00 $",
    )
    registre("adopt", order, "--yes")
    shown = registre("show", order).stdout
    assert "Philéas DUFRESNE (vendeur)" in shown
    assert "674 000,00 $" in shown


async def test_an_adopted_text_never_answers_an_order(registre, old, connection):
    """It is no purchase: the same words ordered anew are bought, and the old row put back to work is too."""
    registre("adopt", old, "--yes")
    keys = await (await connection.execute("SELECT document_key, kind FROM registre.document")).fetchall()
    assert [(key.split("/")[0], kind) for key, kind in keys] == [("texte", DocumentKind.INDEX)]
    expected = registre("requeue", old, json=True)["jobs"][0]
    assert expected["expected"] == "fetch"
