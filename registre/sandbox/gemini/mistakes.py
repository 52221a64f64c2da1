"""Misreadings on demand: each is drawn from a seed, done to an answer, and written down as planted."""

from __future__ import annotations

import copy
import random
import re
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
#: Letters that a reader takes for one another; others turn into their neighbour.
_LETTERS: Final = {"E": "F", "F": "E", "O": "D", "N": "M", "M": "N", "U": "V", "e": "c", "c": "e", "a": "o", "o": "a"}
_NATURES: Final = ("Vente", "Hypothèque", "Quittance", "Servitude", "Donation", "Mainlevée")
#: Figures of running text; one alone may be a list's mark.
_FIGURE: Final = re.compile(r"\d[\d \u00a0]*\d")
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
    _change_cells(draft, mistake, dice, _swap)


def _letter_swap(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    _change_cells(draft, mistake, dice, _misspell)


def _change_cells(
    draft: Draft, mistake: Mistake, dice: random.Random, change: Callable[[str, random.Random], str]
) -> None:
    """Change one text of each cell that the dice choose: of several parties or radiations, one."""
    for rank, row in enumerate(draft.said["lignes"]):
        for name in mistake.fields:
            if not row.get(name) or dice.random() >= mistake.rate:
                continue
            changed = _changed(row[name], dice, change)
            if changed != row[name]:
                _plant(draft, mistake, rank, name, changed)


def _changed(value: Any, dice: random.Random, change: Callable[[str, random.Random], str]) -> Any:
    if isinstance(value, str):
        return change(value, dice)
    items = list(cast("list[str | Json]", value))
    place = dice.randrange(len(items))
    item = items[place]
    items[place] = change(item, dice) if isinstance(item, str) else {**item, "nom": change(item["nom"], dice)}
    return items


def _drop_value(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    for rank, row in enumerate(draft.said["lignes"]):
        for name in mistake.fields:
            if row.get(name) and dice.random() < mistake.rate:
                _plant(draft, mistake, rank, name, [] if isinstance(row[name], list) else None)


def _wrong_nature(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    for rank, row in enumerate(draft.said["lignes"]):
        if row.get("nature") and dice.random() < mistake.rate:
            _plant(draft, mistake, rank, "nature", dice.choice([word for word in _NATURES if word != row["nature"]]))


def _swap_roles(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    for rank, row in enumerate(draft.said["lignes"]):
        people: list[Json] = row["parties"]
        if len({one["qualite"] for one in people}) < 2 or dice.random() >= mistake.rate:
            continue
        roles = [one["qualite"] for one in people]
        turned = [{**one, "qualite": role} for one, role in zip(people, [*roles[1:], roles[0]], strict=True)]
        if any(one not in people for one in turned):
            _plant(draft, mistake, rank, "parties", turned)


def _drop_party(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    for rank, row in enumerate(draft.said["lignes"]):
        if len(row["parties"]) > 1 and dice.random() < mistake.rate:
            left_out = dice.randrange(len(row["parties"]))
            _plant(draft, mistake, rank, "parties", [p for n, p in enumerate(row["parties"]) if n != left_out])


def _move_remark(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    """A remark goes to the row below, which loses its own; a note is all remark, and keeps it."""
    rows: list[Json] = draft.said["lignes"]
    for rank in range(len(rows) - 1):
        above, below = rows[rank], rows[rank + 1]
        if "note" in {above["type"], below["type"]} or above["remarques"] in {None, below["remarques"]}:
            continue
        if dice.random() < mistake.rate:
            _plant(draft, mistake, rank + 1, "remarques", above["remarques"])
            _plant(draft, mistake, rank, "remarques", None)


def _figure_swap(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    """One digit of some of the figures in the running text."""

    def swapped(found: re.Match[str]) -> str:
        if dice.random() >= mistake.rate:
            return found[0]
        given = _swap(found[0], dice)
        draft.planted.append(
            {"kind": mistake.kind, "row": found.start(), "field": "texte", "true": found[0], "given": given}
        )
        return given

    draft.said["texte"] = _FIGURE.sub(swapped, draft.said["texte"])


def _plant(draft: Draft, mistake: Mistake, rank: int, name: str, given: object) -> None:
    row = draft.said["lignes"][rank]
    draft.planted.append({"kind": mistake.kind, "row": rank, "field": name, "true": row[name], "given": given})
    row[name] = given


def _swap(text: str, dice: random.Random) -> str:
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    place = dice.choice(places)
    return text[:place] + _LOOKS_LIKE[text[place]] + text[place + 1 :]


def _misspell(text: str, dice: random.Random) -> str:
    places = [place for place, letter in enumerate(text) if letter.isascii() and letter.isalpha()]
    if not places:
        return text
    place = dice.choice(places)
    letter = text[place]
    wrong = _LETTERS.get(letter) or chr(ord(letter) + (-1 if letter in "zZ" else 1))
    return text[:place] + wrong + text[place + 1 :]


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


def _stop_short(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    """The last rows of the page are left out, and the answer says that it is whole."""
    rows: list[Json] = draft.said["lignes"]
    if len(rows) < 2 or dice.random() >= mistake.rate:
        return
    end = dice.randrange(1, len(rows))
    for rank, row in enumerate(rows[end:], start=end):
        draft.planted.append({"kind": mistake.kind, "row": rank, "field": "row", "true": row["numero"], "given": None})
    del rows[end:]
    draft.said["lignes_visibles"] = len(rows)


def _invent(draft: Draft, mistake: Mistake, dice: random.Random) -> None:
    rows: list[Json] = draft.said["lignes"]
    if not rows or dice.random() >= mistake.rate:
        return
    rank = dice.randrange(len(rows)) + 1
    before = rows[rank - 1]
    number = before["numero"] or "1 234 567"
    invented = number
    while invented == number:
        invented = _swap(_swap(number, dice), dice)
    row = {**_INVENTED, "date": before["date"], "numero": invented}
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
    "letter_swap": _letter_swap,
    "drop_value": _drop_value,
    "wrong_nature": _wrong_nature,
    "swap_roles": _swap_roles,
    "drop_party": _drop_party,
    "move_remark": _move_remark,
    "figure_swap": _figure_swap,
    "drop_row": _drop_row,
    "stop_short": _stop_short,
    "invent": _invent,
    "truncate": _truncate,
    "loop": _loop,
    "refuse": _refuse,
}
