"""The stand-in's mistakes: what is planted is written down as it was done, and nothing else changes."""

from __future__ import annotations

import copy

import pytest

from registre.domain.reading import Inscription, Partie, RowKind
from registre.sandbox.gemini.mistakes import spoil
from registre.sandbox.gemini.options import Mistake
from registre.sandbox.gemini.truth import page_said, row_said

_ROWS = [
    Inscription(
        RowKind.INSCRIPTION,
        date=f"200{n}-05-17",
        numero=f"1{n}23456",
        nature="Hypothèque",
        parties=(Partie("BANQUE DU LITTORAL", "Créancier"), Partie("HALBECQ, ODILE", "Débiteur")),
        remarques=f"{n}5 000,00 $ avec intérêts",
        avis_adresse=f"612345{n}",
        radiations=(f"T 1{n}99999",),
    )
    for n in range(8)
]
_SAID = page_said("Vendu 250 000,00 $ le 12 mars 2004", {"lot": "2784195"}, [row_said(row) for row in _ROWS])
_CELLS = ("numero", "date", "nature", "parties", "remarques", "avis_adresse", "radiations")


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake(kind="digit_swap", rate=0.5, fields=("numero", "date", "remarques", "avis_adresse", "radiations")),
        Mistake(kind="letter_swap", rate=0.5, fields=("nature", "parties", "remarques")),
        Mistake(kind="drop_value", rate=0.5, fields=_CELLS),
        Mistake(kind="wrong_nature", rate=0.5),
        Mistake(kind="swap_roles", rate=0.5),
        Mistake(kind="drop_party", rate=0.5),
        Mistake(kind="move_remark", rate=0.5),
    ],
    ids=lambda mistake: mistake.kind,
)
def test_what_is_planted_in_a_cell_is_written_down_and_nothing_else_changes(mistake):
    said = copy.deepcopy(_SAID)
    draft = spoil(said, [mistake], "index/1", 1)
    assert said == _SAID
    assert draft.planted
    # the last mistake on a cell is what the answer says
    told = {(item["row"], item["field"]): item["given"] for item in draft.planted}
    for rank, (before, after) in enumerate(zip(_SAID["lignes"], draft.said["lignes"], strict=True)):
        for name in _CELLS:
            assert after[name] == told.get((rank, name), before[name])
            assert (rank, name) not in told or told[rank, name] != before[name]


def test_rows_left_out_at_the_end_are_not_counted_either():
    draft = spoil(_SAID, [Mistake(kind="stop_short")], "index/1", 1)
    kept = len(draft.said["lignes"])
    assert draft.said["lignes"] == _SAID["lignes"][:kept]
    assert draft.said["lignes_visibles"] == kept < 8
    assert [item["row"] for item in draft.planted] == list(range(kept, 8))


@pytest.mark.parametrize("seed", range(20))
def test_an_invented_row_has_a_number_of_its_own(seed):
    draft = spoil(_SAID, [Mistake(kind="invent", seed=seed)], "index/1", 1)
    numbers = [row["numero"] for row in draft.said["lignes"]]
    assert len(set(numbers)) == len(numbers) == 9


def test_figures_of_running_text_are_swapped_where_the_books_say():
    draft = spoil(_SAID, [Mistake(kind="figure_swap")], "acte/1", 1)
    text = _SAID["texte"]
    for item in draft.planted:
        assert text[item["row"] :].startswith(item["true"])
        assert draft.said["texte"][item["row"] :].startswith(item["given"])
    assert [item["true"] for item in draft.planted] == ["250 000", "00", "12", "2004"]
