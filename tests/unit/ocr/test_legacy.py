"""The old shapes: what its readers get, and what its verbose text yields; each of its twelve known defects named."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from registre.domain.reading import Inscription, PageReading, PageState, Partie, RowKind
from registre.ocr.legacy import read_stored, read_verbose, sanitized

PAGE = """--- Page 1 ---
**Circonscription foncière:** Montréal
Cadastre : Cadastre du Québec
Numéro de lot: 2 784 195

Ligne 1:
Date de présentation d'inscription: 2001-05-04
**Numéro:** 5 012 345
Nature de l’acte: Hypothèque
Qualité: Créancier Débiteur
Nom des parties: BANQUE BORÉALE DU CANADA; LABERGE-TOURIGNY, MARIE-ÈVE
Remarques: 75 000,00 $ avec intérêts
Avis d'adresse: 6 012 417
Radiations: T 15 411 750

Ligne 2:
Date de présentation: 2003-06-07
Numéro: 10 222 333
Nature: Vente
Qualité: 1re partie 2e partie
Nom des parties: O'BRIEN, NOËL GERVAIS, ZOÉ
Remarques:
Avis d'adresse: 6 012 480
Radiations: [Vide]

Lignes extraites: 2
✅ EXTRACTION_COMPLETE: 2/2
"""


def rows(text: str) -> tuple[Inscription, ...]:
    return tuple(row for page in read_verbose(text) for row in page.rows)


def test_a_page_with_header_rows_and_tally():
    (page,) = read_verbose(PAGE)
    assert page.header == {"circonscription": "Montréal", "cadastre": "Cadastre du Québec", "lot": "2 784 195"}
    first, second = page.rows
    assert (first.date, first.numero, first.nature) == ("2001-05-04", "5012345", "Hypothèque")
    assert first.parties == (
        Partie("BANQUE BORÉALE DU CANADA", "Créancier"),
        Partie("LABERGE-TOURIGNY, MARIE-ÈVE", "Débiteur"),
    )
    assert (first.remarques, first.avis_adresse, first.radiations) == (
        "75 000,00 $ avec intérêts", "6 012 417", ("T 15411750",),
    )  # fmt: skip
    assert second.parties == (Partie("O'BRIEN, NOËL", "1re partie"), Partie("GERVAIS, ZOÉ", "2e partie"))
    assert (second.remarques, second.avis_adresse, second.radiations) == (None, "6 012 480", ())


def block(**cells: str) -> str:
    return "Ligne 1:\n" + "\n".join(f"{label}: {value}" for label, value in cells.items())


def test_an_empty_value_does_not_swallow_the_next_line():
    (row,) = rows("Ligne 1:\nNuméro: 5012345\nQualité:\nNom des parties: GERVAIS, ZOÉ\nRemarques:\nAvis d'adresse: 6")
    assert (row.parties, row.remarques, row.avis_adresse) == ((Partie("GERVAIS, ZOÉ", None),), None, "6")


def test_bold_labels_leave_no_stars():
    (row,) = rows("**Ligne 1:**\n**Numéro:** **5 012 345**\n**Nature:** Vente\n**Remarques:** **[Vide]**")
    assert (row.numero, row.nature, row.remarques) == ("5012345", "Vente", None)


def test_modern_labels_and_typographic_apostrophes():
    (row,) = rows("Ligne 1:\nNuméro d’inscription: 29 123 456\nDate de présentation (d’inscription): 2024-01-02\n"
                  "Nature de l’acte: Vente")  # fmt: skip
    assert (row.numero, row.date, row.nature) == ("29123456", "2024-01-02", "Vente")


def test_a_remark_about_a_number_is_not_the_number():
    (row,) = rows(block(Remarques="Numéro de lot 12", Numéro="5012345"))
    assert row.numero == "5012345"


def test_an_option_without_confidence_stays_on_its_line():
    (row,) = rows("Ligne 1:\nNuméro: Option 1: 5012345\nNature: Option 1: Vente (Confiance: 90%)")
    assert row.nature == "Vente"
    assert "Vente" not in (row.numero or "")


def test_a_remark_that_quotes_a_row_opens_none():
    text = "Ligne 4:\nNuméro: 5012345\nRemarques: voir\nLigne 4:\nsuite de la remarque\nRadiations: T 99999"
    (row,) = rows(text)
    assert row.radiations == ("T 99999",)


def test_a_doubled_colon_is_no_value():
    (row,) = rows("Ligne 1:\nNuméro: 5012345\nRadiations:: \nRemarques: ok")
    assert (row.radiations, row.remarques) == ((), "ok")


def test_roles_by_name_and_organisations_without_comma_split():
    (row,) = rows(block(**{"Qualité": "Vendeur Acquéreur", "Nom des parties": "Immeubles Clairvent inc. GERVAIS, ZOÉ"}))
    assert row.parties == (Partie("Immeubles Clairvent inc.", "Vendeur"), Partie("GERVAIS, ZOÉ", "Acquéreur"))


def test_a_summary_after_the_last_row_stays_out_of_it():
    assert "EXTRACTION" not in (rows(PAGE)[-1].remarques or "")


def test_the_printed_page_number_counts():
    assert [page.number for page in read_verbose("--- Page 3 ---\na\n--- Page 7 ---\nb")] == [3, 7]


def test_a_markdown_table_gives_its_rows():
    table = (
        "| Date | Numéro | Nature | Nom des parties | Radiations |\n|---|---|---|---|---|\n"
        "| 2001-05-04 | 5 012 345 (95%) | Vente | O'BRIEN, NOËL<br>GERVAIS, ZOÉ | T 15 411 750 |\n"
        "| | | Voir lot 12 | | |\n\nTotal: 1"
    )
    first, note = rows(table)
    assert (first.date, first.numero, first.radiations) == ("2001-05-04", "5012345", ("T 15411750",))
    assert [partie.nom for partie in first.parties] == ["O'BRIEN, NOËL", "GERVAIS, ZOÉ"]
    assert (note.kind, note.nature) == (RowKind.NOTE, "Voir lot 12")


def test_text_without_rows_is_kept_and_yields_none():
    (page,) = read_verbose("Un acte | sans tableau")
    assert (page.rows, page.text) == ((), "Un acte | sans tableau")
    assert read_verbose("  \n") == ()


def test_what_the_text_is_not_sure_of_is_doubted():
    (row,) = rows(
        "Ligne 1:\nDate: 2001-05-04 (92%)\nNuméro: Option 1: 5012345 (Confiance: 88%)\nNom des parties: GERVAIS, ZOÉ"
        "\nRemarques: 75 000,00 $ (12 %)\nRadiations: T 15 411 750"
    )
    assert (row.date, row.numero, row.remarques) == ("2001-05-04", "5012345", "75 000,00 $ (12 %)")
    assert row.uncertain == ("numero", "parties", "radiations", "remarques")


def test_a_number_without_letter_is_no_radiation():
    (row,) = rows(block(Numéro="5012345 (99%)", Radiations="Réf. 9 123 456"))
    assert (row.radiations, row.uncertain) == ((), ("radiations",))


def test_a_page_printed_twice_is_one_page():
    text = "--- Page 1 ---\nLigne 1:\nNuméro: 5012345\n--- Page 1 ---\nLigne 2:\nNuméro: 5012346"
    (page,) = read_verbose(text)
    assert [row.numero for row in page.rows] == ["5012345", "5012346"]


def test_the_old_json_is_read_back_as_it_was_written():
    pages = read_verbose(PAGE)
    again = read_stored(json.dumps(sanitized(pages)))
    assert sanitized(again) == sanitized(pages)
    assert all({"date", "numero"} <= set(row.uncertain) for row in again[0].rows)


def test_the_text_that_yields_most_rows_is_taken_and_the_first_where_equal():
    raw, mended = "Ligne 1:\nNuméro: 5012345", "Ligne 1:\nNuméro: 5012346"
    assert read_stored(raw, mended)[0].rows[0].numero == "5012345"
    assert read_stored("rien", mended)[0].rows[0].numero == "5012346"
    assert read_stored("rien", None)[0].text == "rien"
    assert read_stored(None, " ") == ()


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_none_is_lost(text):
    assert "".join("".join(page.text.split()) for page in read_verbose(text)) == "".join(text.split()) or "Page" in text


def test_the_surest_option_wins_not_the_first():
    (row,) = rows("Ligne 1:\nNuméro: Option 1: 5012345 (Confiance: 40%)\nOption 2: 5012845 (Confiance: 60%)")
    assert row.numero == "5012845"


def test_the_old_json_shape():
    row = Inscription(
        RowKind.INSCRIPTION, "2001-05-04", "5012345", "Vente", (Partie("GERVAIS, ZOÉ"),), None, "6", ("T 1", "P 2")
    )
    note = Inscription(RowKind.NOTE, raw="Concordance")
    page = PageReading(2, PageState.READ, "rapidocr", "1", rows=(row, note), header={"lot": "12", "cadastre": "Laval"})
    assert sanitized([page]) == {
        "pages": [
            {
                "pageNumber": 2,
                "metadata": {"circonscription": None, "cadastre": "Laval", "lot_number": "12"},
                "inscriptions": [
                    {
                        "acte_publication_date": "2001-05-04",
                        "acte_publication_number": "5012345",
                        "acte_nature": "Vente",
                        "parties": [{"name": "GERVAIS, ZOÉ", "role": ""}],
                        "remarques": None,
                        "radiation_number": "T 1, P 2",
                    }
                ],
            }
        ]
    }
