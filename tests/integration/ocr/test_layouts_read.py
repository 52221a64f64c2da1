"""Scanned pages of the rarer layouts, through the real reader: rows found, and no number silently wrong."""

from __future__ import annotations

import asyncio

import pytest

from registre.domain.reading import Inscription, RowKind
from registre.domain.request import DocumentKind
from registre.ocr.document import all_rows, check_rows
from registre.ocr.reader import Reader
from registre.sandbox.documents import render, truth
from registre.sandbox.foncier.catalogue import catalogue


@pytest.mark.parametrize(
    ("circonscription", "cadastre", "lot", "exact"),
    [
        ("Nicolet", "Canton de Hartwell", "87", 0.8),
        ("Missisquoi", "Canton de Montauban", "9B", 0.8),
        ("Compton", "Cadastre du Québec", "4102377", 1.0),
    ],
    ids=["ledger", "english", "radiation"],
)
async def test_a_scanned_page_of_each_rare_layout(circonscription: str, cadastre: str, lot: str, exact: float):
    fiche = catalogue().find_fiche(circonscription, cadastre, None, lot)
    assert fiche is not None
    paper = await asyncio.to_thread(render, fiche, demande="D-1")
    wanted = truth(fiche)[0].rows

    async with Reader() as reader:
        page = await reader.read_page(paper, 1, DocumentKind.INDEX)

    rows = all_rows(check_rows([page]))
    assert [row.kind for row in rows] == [row.kind for row in wanted]
    assert [row.numero for row in rows if is_silent(row)] == [
        right.numero for right, row in zip(wanted, rows, strict=True) if is_silent(row)
    ]
    read_right = sum(right.numero == row.numero for right, row in zip(wanted, rows, strict=True))
    assert read_right >= exact * len(wanted)
    assert all("row" in row.places for row in rows)


def is_silent(row: Inscription) -> bool:
    return row.kind is RowKind.INSCRIPTION and "numero" not in row.uncertain
