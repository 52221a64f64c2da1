"""What is found in an acte's text, and the corrected copy that lists each of its changes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from registre.domain.text import digits, fold
from registre.ocr.acte import read_acte
from registre.ocr.correction.wording import corrected
from registre.sandbox.documents import truth
from registre.sandbox.foncier.catalogue import catalogue

#: one of twenty: every nature and era is among them
_ACTES = [acte for acte in catalogue().actes if not acte.papier][::20]


def _text(acte) -> str:
    return "\n\n".join(f"--- Page {number} ---\n{page.text}" for number, page in enumerate(truth(acte), start=1))


@pytest.mark.parametrize("acte", _ACTES, ids=lambda acte: f"{acte.circonscription}-{acte.numero}")
def test_parties_lots_and_amount_of_every_acte_of_the_replica(acte):
    text = _text(acte)
    found = read_acte(text)
    assert set(acte.lots) <= set(found.lots)
    if acte.montant:
        assert int(digits(acte.montant)) in found.montants
    wanted = {(frozenset(fold(p.nom).split()), fold(p.qualite or "")) for p in acte.parties}
    assert {(frozenset(fold(p.nom).split()), fold(p.qualite or "")) for p in found.parties} == wanted
    assert {"entete", "parties", "designation"} <= {section.sujet for section in found.sections}
    assert acte.numero not in found.references


def test_sections_cover_the_text_without_gap_or_overlap():
    text = _text(_ACTES[0])
    sections = read_acte(text).sections
    assert sections[0].start == 0
    assert sections[-1].end == len(text)
    assert all(a.end == b.start for a, b in pairwise(sections))
    designation = next(section for section in sections if section.sujet == "designation")
    assert text[designation.start :].startswith("DÉSIGNATION")


def test_references_are_numbers_of_other_inscriptions():
    text = (
        "Numéro d'inscription : 15 411 750\nRADIATION\nle créancier fait radier l'hypothèque publiée sous le numéro "
        "11 425 811 et l'avis inscrit sous le n° 6012417.\nDONT ACTE sous le numéro 11 193 des minutes du notaire."
    )
    assert read_acte(text).references == ("11425811", "6012417")


def test_an_unreadable_text_yields_nothing_and_harms_nothing():
    assert read_acte("").sections == ()
    found = read_acte("… l1 |I\n\n--- Page 1 ---\n")
    assert (found.parties, found.lots, found.montants, found.references) == ((), (), (), ())


@pytest.mark.parametrize("acte", _ACTES[:12], ids=lambda acte: acte.numero)
def test_a_faultless_text_is_left_alone(acte):
    text = _text(acte)
    assert corrected(text) == (text, ())


@pytest.mark.parametrize(
    ("read", "mended", "kind"),
    [
        ("acte 25 6l6 32I du registre", "acte 25 616 321 du registre", "chiffres"),
        ("la somme de 75000,00$ payée", "la somme de 75 000,00 $ payée", "montant"),
        ("la somme de 75 000,00$ payée", "la somme de 75 000,00 $ payée", "montant"),
        ("la somme de 75 000,00 S payée", "la somme de 75 000,00 $ payée", "montant"),
        ("la somme de 75000,00S payée", "la somme de 75 000,00 $ payée", "montant"),
        ("hypothèque, 69 000 S avec intérêts", "hypothèque, 69 000 $ avec intérêts", "montant"),
        ("a sum of S75,000.00 paid", "a sum of $75,000.00 paid", "montant"),
        ("lot 5 de la circ. fonc. de Gaspé", "lot 5 de la circonscription foncière de Gaspé", "abreviation"),
        ("en faveur de Banque Nationalc du Canada", "en faveur de Banque Nationale du Canada", "nom"),
        ("en faveur de Hydro-Quebcc seulement", "en faveur de Hydro-Québec seulement", "nom"),
    ],
)
def test_slips_are_mended_and_listed(read, mended, kind):
    text, changes = corrected(read)
    assert text == mended
    assert [change.kind for change in changes] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "la BANQUE BORÉALE DU CANADA prête",  # another bank, not a misread one
        "le 12 mars 2004, au 1250, rue Principale",
        "minute 12 316, appartement 12B",
        "un solde de 0,50 $ et 12,00 $",
        "téléphone 418 555-0100",
        "les lots 12 345 S et 12 S du rang",
        "à 10,5 S.A. ou 2 784 195 Ste-Anne",
    ],
)
def test_what_is_no_slip_stays(text):
    assert corrected(text) == (text, ())


def test_changes_lead_back_to_what_was_read():
    read = "25 6l6 321 pour 75000$ à Hydro-Quebcc"
    text, changes = corrected(read)
    for change in reversed(changes):
        assert read[change.at : change.at + len(change.before)] == change.before
    back = text
    shift = 0
    for change in changes:
        at = change.at + shift
        assert back[at : at + len(change.after)] == change.after
        shift += len(change.after) - len(change.before)
