"""Misreadings on demand: each is drawn from a seed, done to an answer, and written down as planted."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from registre.sandbox.gemini.options import Mistake

Json = dict[str, Any]

#: Digits that a reader takes for one another.
_LOOKS_LIKE: Final = {
    "1": "7",
    "7": "1",
    "3": "8",
    "8": "3",
    "5": "6",
    "6": "5",
    "0": "9",
    "9": "0",
    "2": "7",
    "4": "9",
}
_INVENTED: Final = {
    "type": "inscription",
    "nature": "Hypothèque",
    "parties": [{"nom": "FANTÔME, AURÉLIE", "qualite": "Débiteur"}],
    "remarques": None,
    "avis_adresse": None,
    "radiations": [],
    "coupee": False,
}
#: Times a looping model repeats itself before anything stops it.
_TURNS: Final = 40


@dataclass(slots=True)
class Draft:
    """An answer being spoiled."""

    said: Json
    #: cut the text to this share of itself, ending in MAX_TOKENS
    keep: float = 1.0
    #: finish reason of a refusal
    refused: str | None = None
    planted: list[Json] = field(default_factory=list[Json])


def spoil(said: Json, mistakes: Sequence[Mistake], page: str, number: int) -> Draft:
    """`said` with every mistake that falls on it; the original stays as it is."""
    draft = Draft(copy.deepcopy(said))
    for mistake in mistakes:
        dice = random.Random(f"{mistake.seed}/{mistake.kind}/{page}/{number}")
        _KINDS[mistake.kind](draft, mistake, dice)
    return draft


def _digit_swap(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    for rank, row in enumerate(draft.said["lignes"]):
        for name in mistake.fields:
            value: object = row.get(name)
            if not value or dice.random() >= mistake.rate:
                continue
            texts = cast("list[str]", value) if isinstance(value, list) else [str(value)]
            swapped: object = [_swap(text, dice) for text in texts]
            swapped = swapped if isinstance(value, list) else _swap(texts[0], dice)
            row[name] = swapped
            draft.planted.append({"kind": "digit_swap", "row": rank, "field": name, "true": value, "given": swapped})


def _swap(text: str, dice: random.Random) -> str:
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    place = dice.choice(places)
    return text[:place] + _LOOKS_LIKE[text[place]] + text[place + 1 :]


def _drop_row(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    kept: list[Json] = []
    for rank, row in enumerate(draft.said["lignes"]):
        if dice.random() < mistake.rate:
            draft.planted.append(
                {"kind": "drop_row", "row": rank, "field": "row", "true": row["numero"], "given": None}
            )
        else:
            kept.append(row)
    draft.said["lignes"] = kept
    # a reader that overlooked a row did not count it either
    draft.said["lignes_visibles"] = len(kept)


def _invent(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    rows: list[Json] = draft.said["lignes"]
    if not rows or dice.random() >= mistake.rate:
        return
    rank = dice.randrange(len(rows)) + 1
    before = rows[rank - 1]
    row = {**_INVENTED, "date": before["date"], "numero": _swap(_swap(before["numero"] or "1 234 567", dice), dice)}
    rows.insert(rank, row)
    draft.said["lignes_visibles"] = len(rows)
    draft.planted.append({"kind": "invent", "row": rank, "field": "row", "true": None, "given": row["numero"]})


def _truncate(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    if dice.random() < mistake.rate:
        draft.keep = dice.uniform(0.3, 0.8)
        draft.planted.append({"kind": "truncate", "row": None, "field": "answer", "true": 1.0, "given": draft.keep})


def _loop(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    if dice.random() >= mistake.rate:
        return
    rows: list[Json] = draft.said["lignes"]
    if rows:
        rank = dice.randrange(len(rows))
        draft.said["lignes"] = rows[:rank] + [rows[rank]] * _TURNS
    else:
        words = str(draft.said["texte"]).split(" ")
        draft.said["texte"] = " ".join([*words[: len(words) // 2], *(words[:12] * _TURNS)])
    draft.keep = 0.97
    draft.planted.append({"kind": "loop", "row": None, "field": "answer", "true": len(rows), "given": _TURNS})


def _refuse(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    if dice.random() < mistake.rate:
        draft.refused = mistake.reason
        draft.planted.append({"kind": "refuse", "row": None, "field": "answer", "true": None, "given": mistake.reason})


_KINDS: Final[dict[str, Callable[[Draft, Mistake, random.Random], None]]] = {
    "digit_swap": _digit_swap,
    "drop_row": _drop_row,
    "invent": _invent,
    "truncate": _truncate,
    "loop": _loop,
    "refuse": _refuse,
}
