"""Weighs the clues of a row by the sixty rules and suggests what it may really say. What was read stays. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from registre.domain.reading import Inscription, RowKind, Suggestion
from registre.ocr.correction.clues import History
from registre.ocr.correction.lexicon import lexicon, table

#: Points that a nature read clearly, or doubtfully, brings along: what rules must outweigh.
_READ_CLEARLY: Final = 5
_READ_DOUBTFULLY: Final = 1
#: Points below which nothing is suggested, and by how many a suggestion must outweigh what was read.
_WORTH_SAYING: Final = 3
_MARGIN: Final = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One habit of the registry; see `rules.toml`."""

    number: int
    group: str
    all: frozenset[str]
    any: tuple[frozenset[str], ...]
    none: frozenset[str]
    #: clue (empty: always) → family of natures → points
    points: dict[str, dict[str, int]]
    #: entity whose canonical name a party read almost like it should have
    snap: str | None

    def speaks(self, seen: frozenset[str]) -> bool:
        """Whether it has something to say about a row with these clues."""
        return self.all <= seen and not self.none & seen and all(group & seen for group in self.any)


@cache
def rules() -> tuple[Rule, ...]:
    """All sixty, in order."""
    return tuple(
        Rule(
            int(number),
            raw["group"],
            frozenset(raw.get("all", ())),
            tuple(frozenset(group) for group in raw.get("any", ())),
            frozenset(raw.get("none", ())),
            {"": raw["raise"]} if "raise" in raw else raw.get("raise_if", {}),
            raw.get("snap"),
        )
        for number, raw in table("rules.toml").items()
    )


def suggest(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """The document's rows with what the rules suggest; values stay, doubt may be added."""
    history = History(rows)
    return tuple(
        _suggested(row, history.clues(index)) if row.kind is RowKind.INSCRIPTION else row
        for index, row in enumerate(rows)
    )


def _suggested(row: Inscription, seen: frozenset[str]) -> Inscription:
    speaking = [rule for rule in rules() if rule.speaks(seen)]
    found = [item for item in (_nature(row, seen, speaking), *_names(row, speaking)) if item is not None]
    doubts = set(row.uncertain)
    # what a person read is not weighed again
    found = [item for item in found if not row.is_settled(item.field)]
    if any(item.field == "nature" for item in found) and row.nature:
        doubts.add("nature")
    return replace(
        row,
        nature_normalisee=lexicon().nature(row.nature),
        suggestions=tuple(found),
        uncertain=tuple(sorted(doubts)),
    )


def _nature(row: Inscription, seen: frozenset[str], speaking: Sequence[Rule]) -> Suggestion | None:
    read = lexicon().nature(row.nature)
    scores: dict[str, int] = defaultdict(int)
    reasons: dict[str, set[int]] = defaultdict(set)
    for rule in speaking:
        for clue, points in rule.points.items():
            for family, value in points.items() if not clue or clue in seen else ():
                scores[family] += value
                reasons[family].add(rule.number)
    if read is not None:
        scores[read] += _READ_DOUBTFULLY if "nature:unsure" in seen else _READ_CLEARLY
    best = max(scores, key=lambda family: scores[family], default=None)
    if best is None or best == read or scores[best] < _WORTH_SAYING:
        return None
    if read is not None and scores[best] < scores[read] + _MARGIN:
        return None
    if read is None and row.nature and "nature" not in row.uncertain:
        # A nature that no list of ours knows is not a misread one: the list is open.
        return None
    return Suggestion("nature", best, scores[best], tuple(sorted(reasons[best])))


def _names(row: Inscription, speaking: Sequence[Rule]) -> list[Suggestion]:
    found: list[Suggestion] = []
    for entity in lexicon().entities:
        numbers = tuple(rule.number for rule in speaking if rule.snap == entity.id)
        for partie in row.parties if numbers else ():
            known, near = lexicon().named(partie.nom), lexicon().nearly(partie.nom)
            meant = known[0] if known is not None else near
            if meant is not None and meant.id == entity.id and partie.nom != entity.name:
                found.append(Suggestion("parties", entity.name, len(numbers), numbers, instead_of=partie.nom))
    return found
