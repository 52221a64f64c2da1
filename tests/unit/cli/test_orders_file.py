"""CSV files of orders, as people and spreadsheets write them."""

from __future__ import annotations

import click
import pytest

from registre.cli.orders_file import read_orders
from registre.domain.request import DocumentKind, TypeActe


def test_french_heads_and_semicolons_are_understood():
    content = (
        "Sorte;Numéro de lot;Circonscription;Cadastre;Désignation;Type d'acte\n"
        "Index;2 784 195;Montréal;Cadastre du Québec;;\n"
        "plan cadastral;399-184;La Prairie;Paroisse de Saint-Philippe;;\n"
        "acte;25616321;Montréal;;;avis d'adresse\n"
    )

    lines = read_orders(content.encode())

    assert [line.fault for line in lines] == [None, None, None]
    assert [line.request.kind for line in lines] == [DocumentKind.INDEX, DocumentKind.PLAN, DocumentKind.ACTE]
    assert lines[0].request.number == "2784195"
    assert lines[0].typed == "2 784 195"
    assert lines[2].request.type_acte is TypeActe.AVIS_ADRESSE


def test_the_public_tables_own_names_are_understood():
    content = (
        "document_source,document_number,circonscription_fonciere,cadastre\nindex,2784195,Montréal,Cadastre du Québec\n"
    )

    assert read_orders(content.encode())[0].request.cadastre == "Cadastre du Québec"


def test_all_bad_lines_are_told_with_their_numbers_and_the_good_ones_kept():
    content = (
        "sorte,numéro,circonscription,cadastre\n\nindex,,Montréal,Q\nindex,2784195,Montréal,Q\nphoto,1,Montréal,Q\n"
    )

    lines = read_orders(content.encode())

    assert [(line.number, line.fault is None) for line in lines] == [(3, False), (4, True), (5, False)]
    assert "numéro" in lines[0].fault
    assert "photo" in lines[2].fault


def test_a_quoted_cell_over_two_lines_does_not_shift_the_numbers():
    content = 'sorte,numéro,circonscription,cadastre\nindex,2784195,"Mont\nréal",Q\nindex,,Montréal,Q\n'

    assert [line.number for line in read_orders(content.encode())] == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_accents_survive_any_usual_encoding(encoding):
    content = "sorte,numéro,circonscription,cadastre\nindex,2784195,Montréal,Cadastre du Québec\n".encode(encoding)

    assert read_orders(content)[0].request.circonscription == "Montréal"


def test_more_values_than_columns_is_a_fault_of_that_line():
    content = "sorte,numéro,circonscription,cadastre\nindex,2784195,Montréal,Cadastre,du Québec\n"

    assert read_orders(content.encode())[0].fault == "5 valeurs pour 4 colonnes."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "la première ligne doit nommer les colonnes"),
        ("index,2784195,Montréal,Q\n", "la première ligne doit nommer"),
        ("sorte,numéro,couleur\nindex,1,bleu\n", "colonne inconnue: couleur"),
        ("sorte,numéro,lot\nindex,1,2\n", "donnée deux fois: document_number"),
        ("sorte,numéro,circonscription\n", "aucune demande"),
    ],
)
def test_a_file_that_cannot_be_read_as_orders_says_why(content, sentence):
    with pytest.raises(click.UsageError) as raised:
        read_orders(content.encode())

    assert sentence in raised.value.message
