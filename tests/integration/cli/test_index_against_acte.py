"""An index and the acte behind one of its rows, read in either order: each held against the other."""

from __future__ import annotations

import pytest
import pytest_asyncio

from registre.db import document as documents
from registre.db import review as reviews
from registre.db.pool import Database
from registre.domain.request import DocumentKind
from registre.ocr.acte import read_acte
from registre.stages.judgement import judge, judge_indexes_of
from tests.integration.cli import scenes

ACTE = """Numéro d'inscription : 24 561 832
Date de présentation : 2019-05-14
HYPOTHÈQUE
COMPARAISSENT :
Banque Inventée du Nord, personne morale, ci-après « créancier »;
Éloïse Trépanier, résidant à Montréal, ci-après « débiteur »;
DÉSIGNATION
Le lot numéro 2 784 195 du cadastre du Québec."""
ROW = scenes.index_row(radiations=[])


@pytest_asyncio.fixture
async def database(database_url):
    opened = Database(database_url)
    await opened.open()
    yield opened
    await opened.close()


async def index_of(connection, row) -> object:
    _, job = await scenes.place(connection)
    return await scenes.finish(connection, job, content=b"%PDF i", texts=("24 561 832 24 561 833",), rows=(row,))


async def acte_of(connection, text=ACTE) -> object:
    _, job = await scenes.place(connection, document_source="acte", document_number="24561832", acte_type="Acte")
    document = await scenes.finish(
        connection, job, content=text.encode(), texts=(text,), kind=DocumentKind.ACTE, number="24561832"
    )
    await documents.note_content(connection, document, read_acte(text), ())
    return document


async def judged(connection, document):
    async with connection.transaction():
        await reviews.lock_document(connection, document)
        await judge(connection, document)
    return (await documents.pages(connection, document))[0].rows[0]


async def whichever(connection, database, order, row, text=ACTE):
    """The row after both were read, the acte first or last."""
    if order == "acte first":
        await acte_of(connection, text)
        return await judged(connection, await index_of(connection, row))
    index = await index_of(connection, row)
    await judged(connection, index)
    acte = await documents.document(connection, await acte_of(connection, text))
    await judge_indexes_of(database, acte, read_acte(text))
    return (await documents.pages(connection, index))[0].rows[0]


@pytest.mark.parametrize("order", ["acte first", "index first"])
async def test_agreement_is_witnessed(connection, database, order):
    row = await whichever(connection, database, order, ROW)
    assert row.uncertain == ()
    assert {name for name, by in row.witnesses.items() if "acte" in by} == {"numero", "date", "nature", "parties"}


@pytest.mark.parametrize("order", ["acte first", "index first"])
async def test_disagreement_is_doubted_with_both_values(connection, database, order, registre):
    row = await whichever(connection, database, order, {**ROW, "date": "2019-05-19"})
    assert (row.date, row.uncertain, row.others["date"]) == ("2019-05-19", ("date",), {"acte": "2019-05-14"})
    assert "2019-05-19 ou 2019-05-14" in registre("review", "--list").stdout


@pytest.mark.parametrize("order", ["acte first", "index first"])
async def test_a_misread_number_is_found_by_its_lot(connection, database, order):
    row = await whichever(connection, database, order, {**ROW, "numero": "24561833"})
    assert (row.numero, row.others["numero"]) == ("24561833", {"acte": "24561832"})


async def test_an_acte_of_another_circonscription_says_nothing(connection):
    acte = await acte_of(connection)
    await connection.execute(
        'UPDATE registre.document SET target = target || \'{"circonscription": "Laval"}\' WHERE id = %s', [acte]
    )
    row = await judged(connection, await index_of(connection, {**ROW, "date": "2019-05-19"}))
    assert row.uncertain == ()
