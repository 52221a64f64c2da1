"""What was read, found and copied."""

from __future__ import annotations

import hashlib
import json

import pytest
from psycopg.types.json import Jsonb

from registre.db.document import note_content
from registre.domain.reading import Correction
from registre.domain.request import DocumentKind
from registre.ocr.acte import read_acte
from registre.storage.keys import object_key
from tests.integration.cli import scenes

_PDF = b"%PDF-1.7 contenu de l'essai"
_TEXTS = (
    "INDEX DES IMMEUBLES lot 2 784 195. Hypothèque, Banque Inventée du Nord contre Éloïse Trépanier, 24 561 832",
    "Servitude de passage sur le chemin des Érables",
)


@pytest.fixture
async def order(connection, tmp_path):
    """A finished index whose object is in the store."""
    order, job = await scenes.place(connection)
    doubtful = scenes.index_row(numero="26112233", nature="Quittance", uncertain=["nature"])
    await scenes.finish(connection, job, content=_PDF, texts=_TEXTS, rows=(scenes.index_row(), doubtful))
    path = tmp_path / "state/objects" / object_key(hashlib.sha256(_PDF).hexdigest())
    path.parent.mkdir(parents=True)
    path.write_bytes(_PDF)
    return str(order)


async def test_show_gives_rows_as_a_table_with_doubts_marked(registre, order):
    shown = registre("show", order[:8]).stdout

    assert "2784195_montreal_cadastre-du-quebec_" in shown
    assert "Quittance ?" in shown
    assert "Hypothèque ?" not in shown
    assert "Servitude de passage" in shown


async def test_show_gives_one_page_and_its_data(registre, order):
    document = registre("show", order[:8], "--page", "1", json=True)

    assert [page["number"] for page in document["pages"]] == [1]
    assert document["pages"][0]["rows"][1]["uncertain"] == ["nature"]
    assert document["document"]["sha256"] == hashlib.sha256(_PDF).hexdigest()
    assert "2 pages" in registre("show", order[:8], "--page", "3", exit_code=2).stderr


async def test_show_tells_what_two_readers_do_not_agree_on(registre, order, connection):
    doubts = [
        {"read": "250 000,00", "other": "260 000,00", "near": "le prix de 250 000,00 $", "field": ""},
        {"read": None, "other": None, "near": "12 lignes comptées, 11 lues", "field": ""},
    ]
    await connection.execute("UPDATE registre.page SET doubts = %s WHERE number = 2", [Jsonb(doubts)])

    shown = registre("show", order[:8]).stdout

    assert "« 250 000,00 » ou « 260 000,00 »" in shown
    assert "12 lignes comptées, 11 lues" in shown
    assert registre("show", order[:8], json=True)["pages"][1]["doubts"] == doubts


async def test_show_gives_the_old_shape_to_its_old_readers(registre, order):
    document = json.loads(registre("show", order[:8], "--legacy").stdout)

    numbers = [row["acte_publication_number"] for row in document["pages"][0]["inscriptions"]]
    assert [page["pageNumber"] for page in document["pages"]] == [1, 2]
    assert "26112233" in numbers


async def test_an_order_without_document_says_where_it_stands(registre, connection):
    order, _ = await scenes.place(connection)

    assert "n'a pas de document: en file" in registre("show", order, exit_code=1).stderr


async def test_get_copies_checks_and_repeats_without_harm(registre, order, tmp_path):
    copy = registre("get", order[:8], "--to", tmp_path / "ici", json=True)["copies"][0]

    assert (tmp_path / "ici" / copy["path"].rpartition("/")[2]).read_bytes() == _PDF
    assert registre("get", order[:8], "--to", tmp_path / "ici", json=True)["copies"][0]["already"] is True


async def test_get_refuses_bytes_that_changed_in_the_store(registre, order, tmp_path):
    path = tmp_path / "state/objects" / object_key(hashlib.sha256(_PDF).hexdigest())
    path.write_bytes(b"%PDF-1.7 autre chose")

    assert "n'a plus les octets achetés" in registre("get", order, "--to", tmp_path / "ici", exit_code=1).stderr
    assert not (tmp_path / "ici").exists()


@pytest.mark.parametrize(
    ("words", "page"),
    [
        (["hypothèques"], 1),
        (["HYPOTHEQUE", "trepanier"], 1),
        (["24561832"], 1),
        (["24", "561", "832"], 1),
        (['"servitude de passage"'], 2),
        (["érable", "-hypothèque"], 2),
        (["servit"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else f"page {value}",
)
async def test_search_finds_the_page(registre, order, words, page):
    found = registre("search", *words, json=True)

    assert [(hit["page"], hit["ids"]) for hit in found["pages"]] == [(page, [order])]
    assert found["pages"][0]["marks"]


async def test_search_by_a_beginning_says_that_it_guesses(registre, order):
    assert registre("search", "trepan", json=True)["approximate"] is True
    assert registre("search", "trépanier", json=True)["approximate"] is False


async def test_search_finds_orders_by_their_number_even_unread(registre, connection):
    order, _ = await scenes.place(connection, document_source="acte", document_number="25 616 321", acte_type="Acte")

    for typed in (["25616321"], ["25", "616", "321"]):
        assert [job["id"] for job in registre("search", *typed, json=True)["jobs"]] == [str(order)]


async def test_search_that_finds_nothing_says_so(registre, order):
    assert "Aucune page" in registre("search", "rhinocéros").stdout


async def test_an_acte_shows_its_text(registre, connection):
    order, job = await scenes.place(connection, document_source="acte", document_number="25616321", acte_type="Acte")
    await scenes.finish(
        connection, job, content=b"%PDF a", texts=("Acte de vente",), kind=DocumentKind.ACTE, number="25616321"
    )

    assert "Acte de vente" in registre("show", order).stdout


async def test_an_acte_shows_what_was_found_in_it(registre, connection):
    text = "VENTE\nCOMPARAISSENT :\nZoé GERVAIS, de Laval, ci-après « vendeur »;\nDÉSIGNATION\nLe lot 2 784 195."
    text += "\nPRIX\n674 000,00 $\nTITRES\nAcquis par acte publié sous le numéro 24 000 123."
    order, job = await scenes.place(connection, document_source="acte", document_number="25616321", acte_type="Acte")
    document = await scenes.finish(connection, job, content=b"%PDF b", texts=(text,), kind=DocumentKind.ACTE)
    await note_content(connection, document, read_acte(text), (Correction("montant", "674000$", "674 000 $", 1),))

    shown = " ".join(registre("show", order).stdout.split())

    for said in (
        "COMPARAISSENT (parties), DÉSIGNATION (immeuble), PRIX (prix)",
        "Parties Zoé GERVAIS (vendeur)",
        "Lots 2 784 195",
        "Montants 674 000,00 $",
        "Renvoie à 24 000 123",
        "1 correction, le texte lu reste",
    ):
        assert said in shown
