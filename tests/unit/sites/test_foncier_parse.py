"""What the land registry's markup says, read without a browser."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from registre.domain.request import TypeActe
from registre.sites.foncier import parse, written
from registre.sites.markup import parse_html

SIMILAR = """
<form><table><tr><td><input type="radio" name="rdOrdreAffch" value="C"> Chronologique</td></tr></table>
<table><tr><td>Résultat de la recherche</td></tr>
<tr><td><input type="radio" name="rdDocmn" value="0"></td><td>25 616 320</td><td>Acte</td><td>2024-05-01</td><td></td>
<tr><td><input type="radio" name="rdDocmn" value="1"></td><td>25 616 322</td><td>Acte divers</td><td>1979-03-12</td>
    <td><img src="../../images/BPD.GIF" alt="Document papier"></td></tr></table></form>
"""


def test_a_dropdown_offers_only_its_real_choices():
    html = """<select name="selCadst"><option value="000000"><option value="000001">Cadastre du Qu&eacute;bec
      <option value="">Choisir<option value="X">-- Sélectionnez --<option value="001020">Canton&nbsp;d'Ely</select>"""

    (select,) = parse_html(html).find_all("select")

    assert [(o.value, o.label) for o in parse.options(select)] == [
        ("000001", "Cadastre du Québec"),
        ("001020", "Canton d'Ely"),
    ]


def test_the_designation_that_stands_for_none_is_no_choice():
    html = '<select><option value="A">Sans désignation secondaire<option value="0001">Rang 5</select>'

    (select,) = parse_html(html).find_all("select")

    assert [option.label for option in parse.options(select)] == ["Rang 5"]


@pytest.mark.parametrize(
    "cell",
    [
        '<td class="contValErr">Le lot 12 est inactif.</td>',
        '<td class="autreClasse">Le lot 12 est inactif.</td>',
    ],
    ids=["known class", "renamed class"],
)
def test_the_message_is_found_beside_its_picture_whatever_its_class(cell):
    root = parse_html(
        f'<table class="Cadre"><tr><td><img src="../../images/image_message.gif"></td>{cell}</tr></table>'
    )

    assert parse.error_sentence(root) == "Le lot 12 est inactif."


def test_the_similar_list_tells_numbers_types_dates_and_paper_apart():
    first, second = parse.similar_rows(parse_html(SIMILAR))

    assert (first.position, first.number, first.type_acte, first.date, first.is_paper) == (
        0,
        "25616320",
        TypeActe.ACTE,
        date(2024, 5, 1),
        False,
    )
    assert (second.position, second.number, second.type_acte, second.is_paper) == (
        1,
        "25616322",
        TypeActe.ACTE_DIVERS,
        True,
    )


def test_the_radios_of_an_index_form_are_no_list():
    html = """<table><tr><td>Mode</td><td><input type=radio name=rdModltConsl value=NULL></td></tr>
      <tr><td><input type=radio name=rdOrdreAffch value=C> Chronologique
          <input type=radio name=rdOrdreAffch value=I> Inverse</td></tr></table>"""

    assert parse.similar_rows(parse_html(html)) == []


def test_plans_are_read_from_radios_checkboxes_or_links():
    radios = "<table><tr><td><input type=radio name=a></td><td>Plan du lot</td><td>14 juillet 1998</td></tr></table>"
    boxes = radios.replace("radio", "checkbox")
    links = '<table><tr><td><a href="x">Plan 1</a></td><td>1998/07/14</td></tr></table><a href="y">Accueil</a>'

    for html in (radios, boxes, links):
        (row,) = parse.plan_rows(parse_html(html))
        assert (row.position, row.date) == (0, date(1998, 7, 14))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1998-07-14", date(1998, 7, 14)),
        ("le 14/07/1998", date(1998, 7, 14)),
        ("1er août 2003", date(2003, 8, 1)),
        ("2003-13-45", None),
        ("lot 2 784 195", None),
    ],
)
def test_dates_are_read_in_the_ways_the_site_may_write_them(text, expected):
    assert written.find_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01 14:03:09 UTC", datetime(2026, 5, 1, 14, 3, 9, tzinfo=UTC)),
        ("1 mai 2026, 10 h 03", datetime(2026, 5, 1, 14, 3, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 2, 3, 59, 59, tzinfo=UTC)),
        ("hier", None),
    ],
)
def test_moments_carry_their_zone_or_the_registrys_own(text, expected):
    assert written.find_moment(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1,50 $", 150), ("1 234,00 $", 123_400), ("$12.05", 1205), ("Lot 150", None)]
)
def test_amounts_are_read_in_cents(text, expected):
    assert written.amount_cents(text) == expected


def test_the_demands_number_is_read_from_a_sentence():
    assert written.demande_shown("Votre demande n° 100000003 est en traitement.") == "100000003"
    assert written.demande_shown("Confirmation de la demande Circonscription foncière Laval") == ""


def test_the_history_is_found_by_the_words_of_its_header():
    html = """<table><tr><td><table>
      <tr><td>Date</td><td>No lot</td><td>Produit</td><td>Frais</td><td>Demande</td><td></td>
      <tr><td>2026-05-01 10:00</td><td>2 784 195</td><td>Index des immeubles</td><td>1,50 $</td><td>77</td>
          <td><a href="revoir.asp?d=77">Revoir sans frais</a></td></table></td></tr></table>"""

    rows = parse.history_rows(parse_html(html))

    assert rows is not None
    (row,) = rows
    assert (row.purchase.target_number, row.purchase.amount_cents, row.purchase.demande) == ("2784195", 150, "77")
    assert (row.link_text, row.link_href) == ("Revoir sans frais", "revoir.asp?d=77")


def test_a_page_without_such_a_table_has_no_history():
    assert parse.history_rows(parse_html("<table><tr><td>Date</td><td>Nouvelles</td></tr></table>")) is None


def test_an_empty_history_is_a_history():
    html = "<table><tr><th>Date<th>Numéro<th>Montant</tr><tr><td colspan=3>Aucune consultation.</td></tr></table>"

    assert parse.history_rows(parse_html(html)) == []
