"""An index held against its actes: agreement witnessed, disagreement doubted, nothing overwritten, twice is once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.domain.reading import Inscription, PageReading, PageState, Partie, RowKind
from registre.ocr.accord.crosscheck import ActeFacts, crosscheck, facts_of
from registre.ocr.acte import read_acte

TEXT = """--- Page 1 ---
Registre foncier du Québec
Document publié : Acte
Numéro d'inscription : 25 616 321
Date de présentation : 2021-03-22
Lot : 2 784 195
VENTE
DEVANT Me Françoise Séguin, notaire à Montréal,
COMPARAISSENT :
Philéas DUFRESNE, résidant au 9162, rue Sainte-Élodie, Montréal;
ci-après « vendeur »;
Noël PRÉFONTAINE, résidant au 9307, rue des Pinsons, Montréal;
ci-après « acquéreur »;
LESQUELS conviennent de ce qui suit :
PRIX
Cette vente est faite pour le prix de 674 000,00 $, payé comptant.
ORIGINE DE PROPRIÉTÉ
L'immeuble a été acquis par acte publié sous le numéro 24 000 123."""
ACTE = facts_of("25616321", "Acte", TEXT, read_acte(TEXT))
ROW = Inscription(
    RowKind.INSCRIPTION,
    "2021-03-22",
    "25616321",
    "Vente",
    (Partie("DUFRESNE, PHILÉAS", "vendeur"), Partie("PRÉFONTAINE, NOËL", "acquéreur")),
    "674 000,00 $",
)
BEFORE = Inscription(RowKind.INSCRIPTION, "2019-01-15", "24000123", "Vente")


def held(*rows: Inscription, actes: tuple[ActeFacts, ...] = (ACTE,), lot: str = "2784195") -> PageReading:
    page = PageReading(1, PageState.READ, "rapidocr", "1", rows=rows)
    (checked,) = crosscheck([page], actes, lot)
    (again,) = crosscheck([checked], actes, lot)
    assert again == checked
    return checked


def test_the_facts_of_an_acte_are_found_in_its_text():
    assert (ACTE.printed, ACTE.date, ACTE.nature) == ("25616321", "2021-03-22", "vente")
    assert (ACTE.parties, ACTE.montants) == (("Philéas DUFRESNE", "Noël PRÉFONTAINE"), (67_400_000,))
    assert (ACTE.lots, ACTE.references, ACTE.radiates) == (("2784195",), ("24000123",), False)


def test_a_row_that_its_acte_confirms_has_it_as_a_witness_and_no_doubt():
    row = held(BEFORE, ROW).rows[1]
    assert row.uncertain == ()
    for name in ("numero", "date", "nature", "parties", "remarques"):
        assert row.witnesses[name] == ("rapidocr", "acte")
    assert held(BEFORE, ROW).doubts == ()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("date", "2021-03-27", "2021-03-22"),
        ("nature", "Hypothèque", "Vente"),
        ("parties", (Partie("DUFRESNE, PHILIAS"), Partie("PRÉFONTAINE, NOËL")), None),
        ("remarques", "614 000,00 $", "674 000,00 $"),
    ],
)
def test_what_the_acte_says_otherwise_is_doubted_with_its_value(field, value, told):
    row = held(BEFORE, replace(ROW, **{field: value})).rows[1]
    assert getattr(row, field) == value
    assert row.uncertain == (field,)
    if told is not None:
        assert row.others[field] == {"acte": told}


def test_a_doubt_that_something_else_raised_is_not_lifted():
    row = held(BEFORE, replace(ROW, uncertain=("date",))).rows[1]
    assert row.uncertain == ("date",)
    assert row.witnesses["date"] == ("rapidocr", "acte")


def test_a_misread_number_is_found_by_the_acte_of_its_lot():
    row = held(BEFORE, replace(ROW, numero="25616327")).rows[1]
    assert (row.numero, row.uncertain, row.others["numero"]) == ("25616327", ("numero",), {"acte": "25616321"})
    # another lot's acte, another date and other people, or two digits more: nothing is known
    assert held(BEFORE, replace(ROW, numero="25616327"), lot="1425100").rows[1].uncertain == ()
    other = replace(ROW, numero="25616327", date="2021-03-23", parties=(Partie("ROY, ADÈLE"),))
    assert held(BEFORE, other).rows[1].uncertain == ()
    assert held(BEFORE, replace(ROW, numero="256163219")).rows[1].uncertain == ()


def test_a_number_that_the_acte_refers_to_and_the_index_lacks_is_told():
    older = Inscription(RowKind.INSCRIPTION, "2010-01-01", "17000000", "Vente")
    (doubt,) = held(older, ROW).doubts
    assert (doubt.read, doubt.other) == (None, "24000123")
    # before the index begins, or about other lots as well: nothing can be said
    assert held(ROW).doubts == ()
    assert held(older, ROW, actes=(replace(ACTE, lots=("2784195", "1")),)).doubts == ()


def test_a_radiation_must_stand_beside_what_it_cancels():
    acte = replace(ACTE, numero="26112233", printed="26112233", radiates=True, references=("25616321",))
    missing = held(BEFORE, ROW, actes=(acte,)).rows[1]
    assert (missing.uncertain, missing.others["radiations"]) == (("radiations",), {"acte": ["26112233"]})
    told = held(BEFORE, replace(ROW, radiations=("T 26112233",)), actes=(acte,)).rows[1]
    assert (told.uncertain, told.witnesses["radiations"]) == ((), ("rapidocr", "acte"))


def test_what_a_person_settled_is_not_doubted_again():
    row = replace(ROW, date="2021-03-27", witnesses={"date": ("person:A. Roy",)})
    checked = held(BEFORE, row).rows[1]
    assert (checked.uncertain, checked.others["date"]) == ((), {"acte": "2021-03-22"})


def test_an_acte_read_better_takes_its_word_back_but_no_doubt():
    wrong = held(BEFORE, ROW, actes=(replace(ACTE, date="2021-03-27"),))
    (checked,) = crosscheck([wrong], (ACTE,), "2784195")
    assert (checked.rows[1].others, checked.rows[1].uncertain) == ({}, ("date",))


_TEXT = st.text(alphabet="ABCÉ ,-0123456789$", max_size=20)


@given(
    st.lists(
        st.builds(
            Inscription,
            st.sampled_from(RowKind),
            st.sampled_from([None, "2021-03-22", "1999-01-01"]),
            st.sampled_from([None, "25616321", "25616327", "24000123", "123-4"]),
            st.sampled_from([None, "Vente", "Hypothèque", "?"]),
            st.lists(st.builds(Partie, _TEXT), max_size=2).map(tuple),
            st.none() | _TEXT,
            uncertain=st.sampled_from([(), ("date",), ("numero", "row")]),
        ),
        max_size=5,
    ).map(tuple)
)
def test_no_value_changes_and_no_doubt_goes(rows: tuple[Inscription, ...]):
    read = ("kind", "date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations", "raw")
    for before, after in zip(rows, held(*rows).rows, strict=True):
        values: list[Any] = [getattr(before, name) for name in read]
        assert values == [getattr(after, name) for name in read]
        assert set(before.uncertain) <= set(after.uncertain)
        assert all(after.others.get(name) for name in set(after.uncertain) - set(before.uncertain))
