"""Two readers of one page: what agrees is witnessed, what differs is flagged, nothing is lost."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registre.domain.reading import Doubt, Inscription, PageReading, PageState, Partie, RowKind
from registre.domain.text import strip_accents
from registre.ocr.accord.same import said, same
from registre.ocr.accord.witness import FIELDS, agree, agree_rows, align, doubt_figures

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
    for _ in range(40):
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


# ---- whatever the readers say

_SOME = settings(max_examples=60, deadline=None)
_TEXTS = st.sampled_from(
    [None, "75 000,00 $", "ptie", "Porter: 4 123 456", "7 500 000 $", "Réf.: 101-404", "12 34", '"']
)
_NUMBERS = st.integers(10_000, 99_999_999).map(str)
_PEOPLE = st.lists(
    st.builds(Partie, st.sampled_from(_NOMS), st.none() | st.sampled_from(["Vendeur", "Acquéreur"])), max_size=3
).map(tuple)
_RADIATIONS = st.lists(st.builds("{} {}".format, st.sampled_from("TP"), _NUMBERS), max_size=2).map(tuple)
_VALUES = {
    "date": st.none() | st.dates().map(str),
    "numero": st.none() | _NUMBERS,
    "nature": st.none() | st.sampled_from(_NATURES),
    "parties": _PEOPLE,
    "remarques": _TEXTS,
    "avis_adresse": st.none() | _NUMBERS | st.builds("{}, {}".format, _NUMBERS, _NUMBERS),
    "radiations": _RADIATIONS,
}
_ROWS = st.lists(st.builds(Inscription, st.sampled_from(RowKind), **_VALUES), max_size=5).map(tuple)


@_SOME
@given(st.integers(0, 2**32), st.sampled_from(FIELDS), st.booleans(), st.data())
def test_whatever_one_reader_has_otherwise_is_flagged_and_kept(seed, field, first, data):
    rows = _rows(random.Random(seed), 4)
    place = data.draw(st.integers(0, 3))
    value = data.draw(_VALUES[field].filter(lambda value: not same(field, value, getattr(rows[place], field))))
    other = [*rows]
    other[place] = replace(rows[place], **{field: value})
    pair = (tuple(other), rows) if first else (rows, tuple(other))
    merged = agree_rows(*pair, ("rapidocr", "gemini"))
    assert [row.uncertain for row in merged] == [(field,) if n == place else () for n in range(4)]
    row = merged[place]
    both = [getattr(row, field), *row.others[field].values()]
    assert value in both
    assert getattr(rows[place], field) in both


@_SOME
@given(_ROWS, _ROWS)
def test_no_value_of_either_reader_is_ever_dropped(mine, theirs):
    merged = agree_rows(mine, theirs, ("rapidocr", "gemini"))
    for reader, rows in (("rapidocr", mine), ("gemini", theirs)):
        for row in rows:
            assert any(
                all(
                    same(name, getattr(row, name), getattr(kept, name))
                    or (name in kept.others and kept.others[name].get(reader) == getattr(row, name))
                    for name in FIELDS
                )
                for kept in merged
            )


@_SOME
@given(_ROWS, _ROWS)
def test_what_is_not_flagged_was_read_alike_by_both(mine, theirs):
    for row in agree_rows(mine, theirs, ("rapidocr", "gemini")):
        for name in FIELDS:
            if {"row", name}.isdisjoint(row.uncertain) and getattr(row, name):
                assert row.witnesses[name] == ("rapidocr", "gemini")


@_SOME
@given(_ROWS)
def test_readings_alike_raise_no_doubt_but_of_what_is_missing(rows):
    for row in agree_rows(rows, rows, ("rapidocr", "gemini")):
        assert set(row.uncertain) <= {
            name for name in ("date", "numero", "nature", "parties") if not getattr(row, name)
        }


@_SOME
@given(st.text("0123456789 .,-$éaB", max_size=30), st.data())
def test_no_digit_changes_without_changing_what_is_said(text, data):
    places = [place for place, char in enumerate(text) if char.isdigit()]
    if places:
        place = data.draw(st.sampled_from(places))
        digit = data.draw(st.sampled_from([d for d in "0123456789" if d != text[place]]))
        assert said(text) != said(text[:place] + digit + text[place + 1 :])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("75 000,00 $", "75000.00", True),
        ("75 000,00 $", "7 500 000 $", False),
        ("12,000.00$ avec intérêts", "12 000,00 $ AVEC INTERETS.", True),
        ("lot 12 34", "lot 1234", False),
        ("avis 123-456", "avis 123456", False),
        ("Ptie, St-Bruno", "ptie Saint Bruno", True),
        ("Rang cédé", "Rang cède à", False),
        ('"', None, False),
    ],
)
def test_remarks_say_the_same_when_their_words_and_figures_do(one, other, alike):
    assert same("remarques", one, other) is alike


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("6123456, 6234567"), ("6123456 6234567"), True),
        (("612345, 66234567"), ("6123456, 6234567"), False),
        (("illisible"), None, False),
    ],
)
def test_notices_are_compared_one_by_one(one, other, alike):
    assert same("avis_adresse", one, other) is alike


def test_without_roles_the_order_of_the_parties_tells_the_sides():
    named = (Partie("ROY, LÉA"), Partie("CÔTÉ, MAX"))
    assert not same("parties", named, named[::-1])
    told = (Partie("ROY, LÉA", "Vendeur"), Partie("CÔTÉ, MAX", "Acquéreur"))
    assert same("parties", told, told[::-1])
    turned = (Partie("ROY, LÉA", "Acquéreur"), Partie("CÔTÉ, MAX", "Vendeur"))
    assert not same("parties", told, turned)


def test_what_both_readers_doubt_stays_doubted():
    row = replace(_rows(random.Random(5), 1)[0], uncertain=("numero",))
    (merged,) = agree_rows((row,), (row,), ("rapidocr", "gemini"))
    assert merged.uncertain == ("numero",)


@pytest.mark.parametrize(("field", "empty"), [("date", None), ("nature", None), ("parties", ())])
def test_what_neither_reader_could_read_is_doubted(field, empty):
    rows = _rows(random.Random(5), 3)
    rows = (rows[0], replace(rows[1], **{field: empty}), rows[2])
    assert [row.uncertain for row in agree_rows(rows, rows, ("rapidocr", "gemini"))] == [(), (field,), ()]
    # a report that does not print it at all has none to doubt
    bare = tuple(replace(row, **{field: empty}) for row in rows)
    assert not any(row.uncertain for row in agree_rows(bare, bare, ("rapidocr", "gemini")))


_PROSE = (
    "Le 3 mars 2004, le lot 2 784 195 est vendu 250 000,00 $ à 5,25 %, sous le numéro 11 234 567 publié le 2003-01-02."
)


@_SOME
@given(st.sampled_from([place for place, char in enumerate(_PROSE) if char.isdigit()]), st.sampled_from("0123456789"))
def test_any_digit_of_running_text_is_doubted_when_read_otherwise(place, digit):
    other = _PROSE[:place] + digit + _PROSE[place + 1 :]
    doubts = list(doubt_figures(_PROSE, other))
    assert len(doubts) == (digit != _PROSE[place])


@_SOME
@given(st.lists(st.sampled_from([place for place, char in enumerate(_PROSE) if char == " "]), unique=True))
def test_lines_broken_elsewhere_raise_no_doubt(places):
    other = "".join("\n" if place in places else char for place, char in enumerate(_PROSE))
    assert list(doubt_figures(_PROSE, other)) == []


def test_list_marks_and_page_numbers_are_no_figures():
    assert list(doubt_figures("1. L'immeuble\n2) Le prix\n- 3 -\nfin", "L'immeuble\nLe prix\nfin")) == []


def test_a_lot_read_otherwise_is_doubted():
    one, other = _page(header={"lot": "2784195"}), _page(header={"lot": "2784196"}, reader="gemini")
    page = agree(one, other)
    assert [(doubt.read, doubt.other) for doubt in page.doubts] == [("2784195", "2784196")]
    assert page.header["lot"] == "2784195"
    assert agree(one, replace(other, header={"lot": "2 784 195"})).doubts == ()


@pytest.mark.parametrize("read", ["608,3 m2, au sud", "608,3 m²2, au sud", "608,3 m, au sud"])
def test_the_exponent_of_an_area_is_no_figure(read: str):
    assert list(doubt_figures(read, "608,3 m², au sud")) == []


def test_a_figure_after_metres_is_one():
    assert [doubt.read for doubt in doubt_figures("19,12 m 25 au sud", "19,12 m 26 au sud")] == ["25"]
