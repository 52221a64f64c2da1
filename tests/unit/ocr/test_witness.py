"""Two readers of one page: what agrees is witnessed, what differs is flagged, nothing is lost."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from registre.domain.reading import Doubt, Inscription, PageReading, PageState, Partie, RowKind
from registre.domain.text import strip_accents
from registre.ocr.witness import agree, agree_rows, align

_NATURES = ("Vente", "Hypothèque", "Quittance", "Servitude", "Avis d'adresse", "Donation")
_NOMS = ("LABERGE-TOURIGNY, MARIE-ÈVE", "CAISSE POPULAIRE DES RAPIDES", "O'BRIEN, NOËL", "VILLE DE SAINT-ARIEL")


def _rows(dice: random.Random, count: int) -> tuple[Inscription, ...]:
    numero = dice.randrange(4_000_000, 20_000_000)
    rows = []
    for n in range(count):
        numero += dice.randrange(1, 40_000)
        rows.append(
            Inscription(
                RowKind.INSCRIPTION,
                date=f"{1995 + n % 28}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
                numero=str(numero),
                nature=dice.choice(_NATURES),
                parties=(Partie(dice.choice(_NOMS), "Acquéreur"), Partie(dice.choice(_NOMS), "Vendeur")),
                remarques=f"{dice.randrange(10, 900)} 000,00 $ avec intérêts",
                avis_adresse=str(dice.randrange(6_000_000, 7_000_000)),
                radiations=(f"T {numero + 3}",),
            )
        )
    return tuple(rows)


def _page(rows: tuple[Inscription, ...] = (), **values: object) -> PageReading:
    page = PageReading(1, PageState.READ, "rapidocr", "1", rows=rows, confidence=0.95)
    return replace(page, **values)


def _swap_digit(dice: random.Random, text: str) -> str:
    place = dice.choice([i for i, c in enumerate(text) if c.isdigit()])
    return text[:place] + dice.choice([d for d in "0123456789" if d != text[place]]) + text[place + 1 :]


def _corrupt(dice: random.Random, row: Inscription, field: str) -> Inscription:
    match field:
        case "nature":
            value: object = dice.choice([nature for nature in _NATURES if nature != row.nature])
        case "parties":
            value = (*row.parties[:1], Partie("TREMBLAY-INVENTÉ, ZOÉ", "Vendeur"))
        case "radiations":
            value = dice.choice([(), (_swap_digit(dice, row.radiations[0]),)])
        case _:
            value = dice.choice([None, _swap_digit(dice, getattr(row, field))])
    return replace(row, **{field: value})


@pytest.mark.parametrize("main", ["faithful", "corrupted"])
def test_every_corrupted_field_is_flagged_and_both_readings_are_kept(main):
    dice = random.Random(7)
    for _ in range(100):
        faithful = _rows(dice, 20)
        corrupted = list(faithful)
        planted: dict[int, str] = {}
        for index in dice.sample(range(20), 5):
            planted[index] = dice.choice(
                ["date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations"]
            )
            corrupted[index] = _corrupt(dice, faithful[index], planted[index])
        pair = (faithful, tuple(corrupted)) if main == "faithful" else (tuple(corrupted), faithful)
        merged = agree_rows(*pair, ("rapidocr", "gemini"))
        assert len(merged) == 20
        for index, row in enumerate(merged):
            assert row.uncertain == ((planted[index],) if index in planted else ())
            if index in planted:
                field = planted[index]
                kept_and_left = [getattr(row, field), *row.others[field].values()]
                assert getattr(faithful[index], field) in kept_and_left
                assert getattr(corrupted[index], field) in kept_and_left


def test_cosmetic_differences_are_agreement():
    row = _rows(random.Random(1), 1)[0]
    other = replace(
        row,
        nature=strip_accents(row.nature or "").upper(),
        parties=tuple(Partie(strip_accents(p.nom).replace("-", " "), p.qualite) for p in reversed(row.parties)),
        remarques=(row.remarques or "").replace("avec intérêts", "avec interets."),
        radiations=tuple(item.replace(" ", "") for item in row.radiations),
    )
    (merged,) = agree_rows((row,), (other,), ("rapidocr", "gemini"))
    assert merged.uncertain == ()
    assert set(merged.witnesses.values()) == {("rapidocr", "gemini")}


@pytest.mark.parametrize("dropped_by", ["rapidocr", "gemini"])
def test_a_row_only_one_reader_saw_stays_in_its_place_and_is_doubted(dropped_by):
    rows = _rows(random.Random(2), 8)
    fewer = rows[:3] + rows[4:]
    pair = (fewer, rows) if dropped_by == "rapidocr" else (rows, fewer)
    merged = agree_rows(*pair, ("rapidocr", "gemini"))
    assert [row.numero for row in merged] == [row.numero for row in rows]
    assert [row.uncertain for row in merged] == [("row",) if n == 3 else () for n in range(8)]
    assert merged[3].witnesses["numero"] == ("gemini" if dropped_by == "rapidocr" else "rapidocr",)


def test_an_invented_row_is_doubted():
    rows = _rows(random.Random(3), 6)
    invented = _rows(random.Random(99), 1)
    merged = agree_rows(rows, rows[:2] + invented + rows[2:], ("rapidocr", "gemini"))
    assert [row.uncertain for row in merged if row.numero == invented[0].numero] == [("row",)]
    assert sum(bool(row.uncertain) for row in merged) == 1


def test_a_value_that_its_own_reader_doubted_gives_way_and_stays_doubted():
    row = _rows(random.Random(4), 1)[0]
    doubted = replace(row, numero="1" + (row.numero or "")[1:-1] + "9", uncertain=("numero",))
    (merged,) = agree_rows((doubted,), (row,), ("rapidocr", "gemini"))
    assert merged.numero == row.numero
    assert merged.uncertain == ("numero",)
    assert merged.others["numero"] == {"rapidocr": doubted.numero}


def test_a_second_witness_lifts_the_first_ones_doubt():
    row = _rows(random.Random(5), 1)[0]
    (merged,) = agree_rows((replace(row, uncertain=("numero",)),), (row,), ("rapidocr", "gemini"))
    assert merged.uncertain == ()


def test_figures_of_running_text_are_compared_and_the_words_around_them_told():
    text = "Le prix de 250 000,00 $ payé le 12 mars 2004 devant témoins; acte 11 234 567."
    page = agree(_page(text=text), _page(text=text.replace("250 000", "260 000"), reader="gemini"))
    assert page.text == text
    (doubt,) = page.doubts
    assert (doubt.read, doubt.other) == ("250 000,00", "260 000,00")
    assert "prix" in doubt.near


def test_a_figure_that_only_one_reader_has_is_doubted():
    page = agree(_page(text="lot 2 784 195 du cadastre"), _page(text="lot du cadastre", reader="gemini"))
    assert [(doubt.read, doubt.other) for doubt in page.doubts] == [("2 784 195", None)]


@pytest.mark.parametrize("with_rows", [True, False])
def test_what_a_reader_says_is_missing_stays_said(with_rows):
    """It knows that it read fewer rows than it counted: no agreement on the others answers that."""
    missing = Doubt(None, None, "2 lignes comptées, 1 lue")
    rows = _rows(random.Random(9), 1) if with_rows else ()
    said = _page(rows, reader="gemini", confidence=None, doubts=(missing,))
    assert agree(_page(rows), said).doubts == (missing,)
    assert agree(_page(state=PageState.BLANK), said).doubts == (missing,)


def test_a_page_hardly_read_gives_way_to_the_other_reader():
    page = agree(_page(text="l1l iIl", confidence=0.4), _page(text="Vente à réméré", reader="gemini", confidence=None))
    assert page.text == "Vente à réméré"
    assert page.reader == "gemini+rapidocr"


def test_blank_for_both_is_blank_and_read_by_one_is_read_and_doubted():
    blank = _page(state=PageState.BLANK)
    assert agree(blank, replace(blank, reader="gemini")).state is PageState.BLANK
    rows = _rows(random.Random(6), 2)
    page = agree(_page(rows), replace(blank, reader="gemini"))
    assert page.state is PageState.READ
    assert all(row.uncertain == ("row",) for row in page.rows)


def test_a_reader_that_failed_is_no_witness_against_the_other():
    rows = _rows(random.Random(6), 2)
    page = agree(_page(rows), _page(state=PageState.FAILED, reader="gemini", error="refus"))
    assert page.rows == rows


def test_rows_are_paired_in_page_order():
    rows = _rows(random.Random(8), 30)
    assert align(rows, rows) == [(row, row) for row in rows]
    assert align((), rows[:1]) == [(None, rows[0])]
