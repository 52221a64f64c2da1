"""Each of the sixty rules has a row that makes it speak; none of them changes what was read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registre.domain.reading import Inscription, Partie, RowKind
from registre.ocr.correction.clues import History
from registre.ocr.correction.lexicon import lexicon
from registre.ocr.correction.suggest import rules, suggest

P, Q = "LABERGE-TOURIGNY, MARIE-ÈVE", "O'BRIEN, NOËL"


def row(
    nature: str | None, *names: str, remarques: str | None = None, roles: tuple[str, ...] = (), **more: object
) -> Inscription:
    parties = tuple(Partie(nom, roles[n] if n < len(roles) else None) for n, nom in enumerate(names))
    return replace(Inscription(RowKind.INSCRIPTION, "1999-05-04", "5012345", nature, parties, remarques), **more)


def unsure(nature: str | None, *names: str, remarques: str | None = None, **more: object) -> Inscription:
    return row(nature, *names, remarques=remarques, uncertain=("nature",), **more)


LOAN = row(
    "Hypothèque", "Banque Nationale du Canada", P, numero="4000001", date="1990-01-02", radiations=("T 5012345",)
)
OLD_WAY = row("Servitude", "Hydro-Québec", P, numero="3000001", date="1980-01-02")
PLAN = row("Dépôt de plan", "Arpenteur", numero="5012000", date="1999-04-01")

#: rule → the rows before, and the row that makes it speak
SPEAKS: dict[int, tuple[Inscription, ...]] = {
    1: (row("Vente", "Hydro-Québec", P),),
    2: (row("Vente", "Hydro-Quebcc", remarques="poteaux et lignes"),),
    3: (row("Modification", "Hydro-Québec"),),
    4: (unsure("Vente", "Hydro-Québec"),),
    5: (row("Vente", "Hydro-Sherbrooke", remarques="ligne et service"),),
    6: (row("Vente", "Hydro-Quebcc", remarques="compteur"),),
    7: (unsure(None, "Ministère des Transports"),),
    8: (row("Vente", "Canadien National"),),
    9: (row("Vente", "Ville de Saint-Ariel", remarques="droit de passage"),),
    10: (unsure(None, "Banque Royale du Canada"),),
    11: (unsure(None, "Banque Royale du Canada", remarques="75 000,00 $"),),
    12: (row("Vente", "Banque TD", P),),
    13: (LOAN, row("Vente", "Banque Nationale du Canada", P, radiations=("T 4000001",))),
    14: (row("Vente", "Caisse populaire des Rapides", P, remarques="75 000,00 $"),),
    15: (LOAN, unsure("Quittance", "Banque Nationale du Canada")),
    16: (row("Cession de rang", "Banque de Montréal"),),
    17: (row("Vente", "Caisse de dépôt et placement", "Bâtir inc.", remarques="12 000 000,00 $"),),
    18: (row("Vente", "Ville de Saint-Ariel", remarques="conduite d'aqueduc"),),
    19: (row("Vente", "Ville de Saint-Ariel", remarques="élargissement"),),
    20: (row("Vente", "Commission scolaire des Rapides", remarques="accès à l'école"),),
    21: (unsure(None, "Conservation de la nature"),),
    22: (row("Vente", "Ministère des Transports", remarques="bretelle"),),
    23: (row("Vente", "Bell Canada", remarques="réseau"),),
    24: (row("Vente", "Bell Canada", remarques="servitude"),),
    25: (row("Vente", "Banque TD", remarques="hypothèque de premier rang"),),
    26: (LOAN, row("Vente", "Banque Nationale du Canada", remarques="quittance")),
    27: (OLD_WAY, row("Vente", P, remarques="modification")),
    28: (row("Vente", P, remarques="article 19"),),
    29: (row("Hypothèque", "Banque Nationalc du Canada"),),
    30: (row("Vente", "Hydro-Quebcc", remarques="poteaux"),),
    31: (row("Vente", "Banque Royalc", remarques="75 000,00 $"),),
    32: (row("Vente", "Ministere des Transporis", remarques="emprise"),),
    33: (row("Vente", "Conservation dc la nature", remarques="milieu humide"),),
    34: (row("Vente", P, Q, roles=("créancier", "débiteur")),),
    35: (row("Hypothèque", P, Q, roles=("vendeur", "acquéreur")),),
    36: (OLD_WAY, row("Vente", P, roles=("requérant",))),
    37: (row("Vente", "Syndicat des copropriétaires du 12", remarques="règlement"),),
    38: (LOAN, row("Vente", P, radiations=("T 4000001",))),
    39: (LOAN, row("Vente", "Banque Nationale du Canada", remarques="payé")),
    40: (row("Hypothèque", P, raw="Réf. 4000001"),),
    41: (PLAN, row("Vente", P)),
    42: (row("Vente", "Hydro-Québec", date="1962-05-04"),),
    43: (unsure(None, "Banque TD"),),
    44: (unsure(None, "Canadien Pacifique"),),
    45: (row("Mutation", "Banque TD"),),
    46: (row("Vente", "Hydro-Québec", remarques="réseau"),),
    47: (row("Vente", "Banque TD", P),),
    48: (row("Vente", "Ville de Saint-Ariel", remarques="propriétaire riverain"),),
    49: (row("Vente", "Hydro-Québec", "Canadien National"),),
    50: (row("Vente", "Banque TD", remarques="75 000,00 $"),),
    51: (LOAN, row("Vente", "Banque Nationale du Canada")),
    52: (row("Servitude", "HQ"),),
    53: (row("Servitude", "MTQ"),),
    54: (row("Hypothèque", "RBC"),),
    55: (unsure(None, "Banque TD"),),
    56: (unsure(None, "Hydro-Québec"),),
    57: (row("Vente", "Hydro-Québec", remarques="réseau"),),
    58: (row("Vente", "Banque TD", P, remarques="75 000,00 $", roles=("créancier", "débiteur")),),
    59: (LOAN, row("Vente", "Banque Nationale du Canada")),
    60: (row("Vente", "Hydro-Québec"),),
}
#: Each rule must be silent on this row: two people, a sale, nothing else.
PLAIN_SALE = row("Vente", P, Q, radiations=("T 9999999",), date="2010-02-03")


def speaking(*rows: Inscription) -> set[int]:
    seen = History(rows).clues(len(rows) - 1)
    return {rule.number for rule in rules() if rule.speaks(seen)}


def test_there_are_sixty_rules_and_each_has_its_example():
    assert [rule.number for rule in rules()] == list(range(1, 61)) == sorted(SPEAKS)


@pytest.mark.parametrize("number", range(1, 61))
def test_rule(number):
    assert number in speaking(*SPEAKS[number])
    assert number not in speaking(PLAIN_SALE)
    # taking its grounds away silences it
    bare = row("Vente", radiations=("T 9999999",), date="2010-02-03", numero=None)
    assert number not in speaking(bare)


def test_the_clues_that_rules_name_exist():
    """A misspelled clue would make a rule silent for ever."""
    seen = {clue for rows in SPEAKS.values() for clue in History(rows).clues(len(rows) - 1)}
    for rule in rules():
        named = rule.all.union(*rule.any) if len(rule.any) == 0 else rule.all
        assert named <= seen, rule.number
        assert all(group & seen for group in rule.any), rule.number
    families = {name for name, _ in lexicon().natures}
    assert all(family in families for rule in rules() for points in rule.points.values() for family in points)
    assert {rule.snap for rule in rules() if rule.snap} <= {entity.id for entity in lexicon().entities}


def test_a_suggestion_changes_nothing_that_was_read():
    for rows in SPEAKS.values():
        for before, after in zip(rows, suggest(rows), strict=True):
            assert replace(after, suggestions=(), nature_normalisee=None, uncertain=before.uncertain) == replace(
                before, nature_normalisee=None
            )
            assert set(before.uncertain) <= set(after.uncertain)


def test_strong_clues_against_a_clear_nature_are_said_and_doubted():
    *_, sale = suggest(SPEAKS[57])
    (found,) = [item for item in sale.suggestions if item.field == "nature"]
    assert (sale.nature, found.value) == ("Vente", "servitude")
    assert {1, 46, 57} <= set(found.rules)
    assert "nature" in sale.uncertain


def test_a_clear_nature_stands_against_weak_clues():
    (sale,) = suggest([row("Vente", "Banque TD", P, roles=("vendeur", "acquéreur"))])
    assert (sale.suggestions, sale.uncertain) == ((), ())


def test_a_nature_that_no_list_knows_is_left_alone():
    (deed,) = suggest(
        [row("Billet de location", "Banque TD", P, remarques="75 000,00 $", roles=("créancier", "débiteur"))]
    )
    assert (deed.nature_normalisee, deed.suggestions, deed.uncertain) == (None, (), ())


def test_an_alias_is_named_in_full_beside_what_was_written():
    (found,) = [item for item in suggest([row("Servitude", "RBC")])[0].suggestions if item.field == "parties"]
    assert (found.instead_of, found.value, found.rules) == ("RBC", "Banque Royale du Canada", (54,))


def test_notes_are_left_alone():
    note = Inscription(RowKind.NOTE, raw="Concordance: lot 12 ptie, Hydro-Québec")
    assert suggest([note]) == (note,)
