"""The replica's holdings: enough of them, consistent with each other, found only by exact names."""

from __future__ import annotations

import re

import pytest

from registre.domain.reading import RowKind
from registre.domain.request import TypeActe
from registre.domain.text import digits
from registre.sandbox.foncier.catalogue import Acte, Fiche, catalogue

QUEBEC = "Cadastre du Québec"


def ids(fiche: Fiche) -> str:
    return f"{fiche.circonscription}-{fiche.designation_secondaire}-{fiche.lot}"


every_fiche = pytest.mark.parametrize("fiche", catalogue().fiches, ids=ids)


def test_the_registry_is_large_enough_to_be_believed():
    held = catalogue()

    assert len(held.circonscriptions) == len(set(held.circonscriptions)) == 73
    assert len(held.fiches) >= 60
    assert len({fiche.circonscription for fiche in held.fiches}) >= 10
    assert len(held.actes) >= 60
    assert {acte.type_acte for acte in held.actes} == {kind.value for kind in TypeActe}
    assert len(held.plans) >= 20


def test_about_half_of_fiches_and_actes_are_scans_some_of_them_bitonal():
    held = catalogue()

    for documents in (held.fiches, held.actes):
        scans = [document.scan for document in documents if document.scan]
        assert 0.4 < len(scans) / len(documents) < 0.7
        assert any(scan.bitonal for scan in scans)
        assert all(abs(scan.rotation) <= 1 and scan.noise <= 14 for scan in scans)
    assert {fiche.scan.dpi for fiche in held.fiches if fiche.scan} == {200, 300}


def test_every_layout_is_held_scanned_and_the_computers_also_born_digital():
    fiches = catalogue().fiches

    for layout in ("modern", "radiation", "old", "ledger", "english"):
        assert any(fiche.scan for fiche in fiches if fiche.layout == layout)
    assert {fiche.layout for fiche in fiches if not fiche.scan} == {"modern", "radiation", "old"}


def test_every_key_is_held_once():
    held = catalogue()

    for documents in (held.fiches, held.plans):
        keys = [(d.circonscription, d.cadastre, d.designation_secondaire, d.lot) for d in documents]
        assert len(set(keys)) == len(keys)
    actes = [(acte.circonscription, acte.type_acte, acte.numero) for acte in held.actes]
    assert len(set(actes)) == len(actes)


def test_every_document_can_be_reached_through_the_dropdowns():
    held = catalogue()

    for document in (*held.fiches, *held.plans):
        assert document.cadastre in held.cadastres(document.circonscription)
        designation = document.designation_secondaire
        assert designation is None or designation in held.designations(document.circonscription, document.cadastre)
    assert {acte.circonscription for acte in held.actes} <= set(held.circonscriptions)


def test_every_circonscription_offers_cadastre_du_quebec_first():
    held = catalogue()

    for circonscription in held.circonscriptions:
        offered = held.cadastres(circonscription)
        assert offered[0] == QUEBEC
        assert len(offered) == len(set(offered)) >= 3
    assert held.cadastres("Saint-Jérôme") == ()


@every_fiche
def test_dates_and_numbers_never_go_back_on_a_fiche(fiche: Fiche):
    dates = [row.date for row in fiche.inscriptions if row.date]
    numbers = [int(row.numero) for row in fiche.inscriptions if row.numero]

    assert dates == sorted(dates)
    assert numbers == sorted(set(numbers))


@every_fiche
def test_numbers_have_the_length_of_their_time(fiche: Fiche):
    computer = fiche.layout in {"modern", "radiation"}
    tells_roles = computer or fiche.layout == "english"
    shape = re.compile(r"\d{8}" if computer else r"\d{5,7}")
    for row in fiche.inscriptions:
        if row.kind is RowKind.INSCRIPTION:
            assert shape.fullmatch(row.numero or "")
            assert row.date
            assert row.nature
            assert row.parties
            printed = [partie.qualite is not None for partie in row.parties]
            assert all(printed) if tells_roles else not any(printed)
        else:
            assert row.numero is None
            assert row.remarques


@every_fiche
def test_a_radiation_is_a_later_row_that_cites_the_row_it_strikes(fiche: Fiche):
    by_number = {row.numero: row for row in fiche.inscriptions if row.numero}

    for struck in fiche.inscriptions:
        for radiation in struck.radiations:
            kind, number = radiation.split(" ")
            striking = by_number[number]
            assert kind in {"T", "P"}
            assert striking.nature in {"Quittance", "Mainlevée", "Radiation"}
            assert (striking.date or "") >= (struck.date or "")
            assert digits(striking.remarques or "") == struck.numero


def test_every_reference_in_the_remarks_is_an_earlier_row():
    for fiche in catalogue().fiches:
        seen: set[str] = set()
        for row in fiche.inscriptions:
            if "Réf.:" in (row.remarques or ""):
                assert digits((row.remarques or "").partition("Réf.:")[2]) in seen
            seen.add(row.numero or "")


def test_every_inscription_and_avis_d_adresse_of_a_fiche_can_be_ordered():
    held = catalogue()
    numbers = {(acte.circonscription, acte.numero) for acte in held.actes}
    avis = {(acte.circonscription, acte.numero) for acte in held.actes if acte.type_acte == "Avis d'adresse"}

    for fiche in held.fiches:
        for row in fiche.inscriptions:
            assert row.numero is None or (fiche.circonscription, row.numero) in numbers
            assert row.avis_adresse is None or (fiche.circonscription, row.avis_adresse) in avis


@pytest.mark.parametrize(
    ("circonscription", "cadastre", "designation", "lot"),
    [
        ("Montréal", QUEBEC, None, "2784195"),
        ("Montréal", QUEBEC, None, "1425100"),
        ("Montréal", QUEBEC, None, "2626043"),
        ("Montréal", "Cité de Montréal (quartier Sainte-Marie)", None, "1358-176"),
        ("Chambly", "Paroisse de Saint-Bruno", None, "399-184"),
        ("Shefford", "Canton d'Ely", None, "856"),
        ("Portneuf", "Paroisse de Sainte-Jeanne-de-Neuville", None, "227"),
        ("Montcalm", "Canton de Kilkenny", None, "10A-77"),
        ("Terrebonne", "Paroisse de Saint-Hippolyte", "Rang 5 Canton Abercrombie", "24A"),
    ],
)
def test_the_known_examples_have_an_index(circonscription: str, cadastre: str, designation: str | None, lot: str):
    fiche = catalogue().find_fiche(circonscription, cadastre, designation, lot)

    assert fiche is not None
    assert fiche.inscriptions


def test_a_lot_is_compared_without_spaces_and_names_exactly():
    held = catalogue()
    nominal = held.find_fiche("Montréal", QUEBEC, None, "2784195")

    assert nominal is not None
    assert held.find_fiche("Montréal", QUEBEC, None, " 2 784\N{NO-BREAK SPACE}195") is nominal
    assert held.find_fiche("Montreal", QUEBEC, None, "2784195") is None
    assert held.find_fiche("Montréal", "Cadastre du Quebec", None, "2784195") is None
    assert held.find_fiche("Laval", QUEBEC, None, "2784195") is None


def test_saint_jean_is_not_saint_jerome():
    held = catalogue()

    assert held.find_fiche("Saint-Jean", QUEBEC, None, "3090415") is not None
    assert held.find_fiche("Saint-Jérôme", QUEBEC, None, "3090415") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Shefford", "Canton d'Ely", None, "856"), ("Shefford", "Canton de Roxton", None, "856")),
        (
            ("Terrebonne", "Paroisse de Saint-Hippolyte", "Rang 5 Canton Abercrombie", "24A"),
            ("Terrebonne", "Paroisse de Saint-Hippolyte", "Rang 6 Canton Abercrombie", "24A"),
        ),
        (("Bonaventure 1", "Canton de Maria", None, "45"), ("Bonaventure 2", "Canton de Maria", None, "45")),
    ],
    ids=["cadastre", "designation", "circonscription"],
)
def test_the_same_lot_number_elsewhere_is_another_document(one: tuple, other: tuple):
    here, there = catalogue().find_fiche(*one), catalogue().find_fiche(*other)

    assert here is not None
    assert there is not None
    assert here.inscriptions != there.inscriptions


@pytest.mark.parametrize("designation", [None, "", "Rang 4 Canton Abercrombie"])
def test_a_lot_that_needs_its_designation_is_not_found_without_it(designation: str | None):
    assert catalogue().find_fiche("Terrebonne", "Paroisse de Saint-Hippolyte", designation, "24A") is None


def test_there_are_empty_long_and_inactive_fiches():
    fiches = catalogue().fiches

    assert any(not fiche.inscriptions for fiche in fiches)
    assert max(len(fiche.inscriptions) for fiche in fiches) == 60
    inactive = [fiche for fiche in fiches if not fiche.actif]
    assert inactive
    assert all(fiche.concordance for fiche in inactive)


def test_nominal_missing_and_misfiled_actes_answer_as_the_examples_say():
    held = catalogue()

    assert held.find_acte("Montréal", "Acte", "25616321") is not None
    assert held.find_acte("Montréal", "Acte", "25 000 000") is not None
    assert held.find_acte("Sainte-Anne-des-Monts", "Acte", "11917758") is not None
    assert held.find_acte("Montréal", "Acte", "12345678") is None
    assert held.find_acte("Gaspé", "Acte", "53850") is None
    assert held.find_acte("Gaspé", "Acte divers", "53850") is not None
    for circonscription, numero in (("Montréal", "25616321"), ("Montréal", "12345678"), ("Gaspé", "53850")):
        assert held.similar_actes(circonscription, "Acte", numero) == ()


def offered(circonscription: str, type_acte: str, numero: str) -> list[tuple[str, bool]]:
    return [(acte.numero, acte.papier) for acte in catalogue().similar_actes(circonscription, type_acte, numero)]


def test_similar_numbers_may_hold_the_exact_one_as_second_digital_row():
    rows = offered("Montréal", "Acte", "25616400")

    assert [numero for numero, papier in rows if not papier][1] == "25616400"
    assert any(papier for _, papier in rows)


def test_similar_numbers_may_lack_the_exact_one():
    rows = offered("Montréal", "Acte", "25616500")

    assert rows
    assert "25616500" not in dict(rows)
    assert catalogue().find_acte("Montréal", "Acte", "25616500") is None


def test_the_exact_number_may_be_on_paper_between_digital_neighbours():
    rows = dict(offered("Montréal", "Acte", "25616600"))

    assert rows["25616600"]
    assert sorted(rows.values()) == [False, False, True]


@pytest.mark.parametrize(
    ("place", "type_acte", "numero"), [("Gaspé", "Acte", "53900"), ("Portneuf", "Radiation", "412345")]
)
def test_similar_numbers_may_all_be_on_paper(place: str, type_acte: str, numero: str):
    rows = offered(place, type_acte, numero)

    assert rows
    assert all(papier for _, papier in rows)


def test_there_are_large_actes_and_they_are_not_on_paper():
    large = [acte for acte in catalogue().actes if acte.volumineux]

    assert len(large) >= 2
    assert not any(acte.papier for acte in large)


def test_plans_offer_one_or_several_versions_in_either_order():
    held = catalogue()
    ascending = held.find_plan("Montréal", QUEBEC, None, "2626043")
    descending = held.find_plan("Terrebonne", QUEBEC, None, "2345678")

    assert ascending is not None
    assert descending is not None
    dates = [version.date for version in ascending.versions]
    assert len(dates) == 3
    assert dates == sorted(set(dates))
    assert [version.date for version in descending.versions] == sorted(dates, reverse=True)
    assert any(len(plan.versions) == 1 for plan in held.plans)


def test_the_mirabel_plan_asks_a_choice_and_a_confirmation():
    plan = catalogue().find_plan("Deux-Montagnes", "Mirabel", None, "2")

    assert plan is not None
    assert len(plan.versions) > 1
    assert plan.confirmation


def test_an_inactive_lot_may_still_have_a_plan():
    held = catalogue()
    inactive = [plan for plan in held.plans if not plan.actif]

    assert inactive
    for plan in inactive:
        fiche = held.find_fiche(plan.circonscription, plan.cadastre, plan.designation_secondaire, plan.lot)
        assert fiche is not None
        assert not fiche.actif
    assert held.find_plan("Montréal", QUEBEC, None, "9999999") is None
    assert held.find_plan("Montréal", QUEBEC, None, "1234567") is not None


def test_an_acte_names_its_lots_and_the_qualite_of_each_party():
    def complete(acte: Acte) -> bool:
        return bool(acte.lots and acte.pages and acte.parties and all(p.qualite for p in acte.parties))

    assert [acte.numero for acte in catalogue().actes if not complete(acte)] == []
