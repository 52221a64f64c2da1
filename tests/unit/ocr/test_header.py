"""Labelled fields above the table."""

from __future__ import annotations

import pytest
from sheets import sheet

from registre.ocr.engine.words import group_lines
from registre.ocr.index.header import read_header


def header(*lines: list[tuple[float, str]]) -> dict[str, str]:
    return read_header(group_lines(sheet(lines).words))


def test_two_blocks_of_labels_side_by_side():
    found = header(
        [(30, "Circonscription foncière :"), (180, "Montréal"), (500, "Date d'établissement :"), (640, "2001-02-18")],
        [(30, "Cadastre :"), (180, "Cadastre du Québec"), (500, "Concordance :"), (640, "Lot 1358-176, Paroisse de X")],
        [(30, "Désignation secondaire :"), (500, "Droits à jour au :"), (640, "2026-03-03 14:38")],
        [(30, "Lot :"), (180, "2 784 195"), (500, "Radiations à jour au :"), (640, "2026-02-26 13:05")],
    )

    assert found == {
        "circonscription": "Montréal",
        "cadastre": "Cadastre du Québec",
        "lot": "2784195",
        "date_etablissement": "2001-02-18",
        "concordance": "Lot 1358-176, Paroisse de X",
        "droits_a_jour": "2026-03-03 14:38",
        "radiations_a_jour": "2026-02-26 13:05",
    }


def test_labels_on_one_run_of_words():
    found = header([(30, "Circonscription foncière : Shefford Cadastre : Canton d'Ely Lot : 10A-77")])

    assert found == {"circonscription": "Shefford", "cadastre": "Canton d'Ely", "lot": "10A-77"}


def test_a_value_under_its_label():
    found = header([(30, "Division d'enregistrement"), (300, "Cadastre")], [(30, "Rouville"), (300, "Saint-Hilaire")])

    assert found == {"circonscription": "Rouville", "cadastre": "Saint-Hilaire"}


def test_a_value_goes_on_under_itself():
    found = header(
        [(30, "Concordance :"), (130, "Lots 62-14 et 62-15,")],
        [(130, "Paroisse du Sault-au-Récollet")],
        [(30, "Lot : 12")],
    )

    assert found == {"concordance": "Lots 62-14 et 62-15, Paroisse du Sault-au-Récollet", "lot": "12"}


def test_an_empty_label_takes_nothing_from_its_neighbours():
    found = header([(30, "Désignation secondaire :"), (400, "Concordance :")], [(30, "Lot : 12")])

    assert found == {"lot": "12"}


@pytest.mark.parametrize(
    ("text", "lot"),
    [
        ("Lot : 1 100 200 (inactif)", "1100200"),
        ("Lot : 399-184", "399-184"),
        ("Lot : 10A-77", "10A-77"),
        ("Lot : PC-12345", "PC-12345"),
    ],
)
def test_lots_lose_their_spaces_and_what_follows(text: str, lot: str):
    assert header([(30, text)])["lot"] == lot


def test_page_and_pages_are_told_apart():
    assert header([(30, "Page 2 de 14")]) == {"page": "2", "pages": "14"}


def test_prose_has_no_fields():
    assert header([(30, "Le lot numéro douze du cadastre officiel de la paroisse")]) == {}
