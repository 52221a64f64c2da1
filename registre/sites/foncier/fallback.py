"""Choosing options by name, and finding cadastre and désignation words the customer wrote in the other field.

Deterministic and from the order's own words only; the registry's lists decide what a word can mean. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registre.domain.errors import OptionAmbiguous, OptionNotFound
from registre.domain.option import Option, match_option
from registre.domain.text import fold
from registre.sites.foncier.parse import words_of

#: Value of "Cadastre du Québec" in the cadastre list.
CADASTRE_DU_QUEBEC: Final = "000001"
_QUEBEC_NAMES: Final = frozenset({"cadastre du quebec", "quebec"})
#: Cadastres looked at beyond the one ordered.
MAX_CANDIDATES: Final = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cadastre named by the order's words, and the words left for its désignation, best guess first."""

    cadastre: Option
    designations: tuple[str, ...]


def choose_cadastre(wanted: str, options: Sequence[Option]) -> Option:
    """The cadastre of that name; "Cadastre du Québec" and "Québec", exactly, mean value 000001.

    Raises:
        OptionNotFound, OptionAmbiguous.
    """
    if fold(wanted) in _QUEBEC_NAMES:
        for option in options:
            if option.value == CADASTRE_DU_QUEBEC:
                return option
    return match_option(wanted, options, what="Cadastre")


def candidates(cadastre: str, designation: str, options: Sequence[Option]) -> list[Candidate]:
    """Cadastres whose whole name stands in the order's cadastre or désignation field, the likeliest first.

    A name inside a longer one that also matches is dropped ("Paroisse de Saint-Jean" in "… de Saint-Jean-Baptiste").
    """
    fields = (words_of(designation), words_of(cadastre))
    found = [(option, words_of(option.label)) for option in options if words_of(option.label)]
    named = [(option, name) for option, name in found if any(_position(name, words) >= 0 for words in fields)]
    longest = [
        (option, name)
        for option, name in named
        if not any(len(other) > len(name) and _position(name, other) >= 0 for _, other in named)
    ]
    ranked = sorted(longest, key=lambda pair: (-len(pair[1]), pair[0].label))
    return [Candidate(option, _left_over(name, cadastre, designation)) for option, name in ranked[:MAX_CANDIDATES]]


def is_named(cadastre: Option, text: str) -> bool:
    """True when the cadastre's whole name stands in the text."""
    return _position(words_of(cadastre.label), words_of(text)) >= 0


def match_designation(wanted: Sequence[str], options: Sequence[Option]) -> Option | None:
    """The first of several wordings that names one of the offered désignations; None when none does.

    Raises:
        OptionAmbiguous: a wording names several.
    """
    for words in wanted:
        try:
            return match_option(words, options, what="Désignation secondaire")
        except OptionAmbiguous:
            raise
        except OptionNotFound:
            continue
    return None


def _left_over(name: tuple[str, ...], cadastre: str, designation: str) -> tuple[str, ...]:
    """What remains of both fields once the cadastre's name is taken out, as wordings to try."""
    rest = [" ".join(_without(name, words_of(text))) for text in (designation, cadastre)]
    wordings = [designation, rest[0], rest[1], " ".join(filter(None, rest))]
    seen = dict.fromkeys(words for words in wordings if words and fold(words) not in _QUEBEC_NAMES)
    return tuple(seen)


def _without(name: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    start = _position(name, words)
    return words if start < 0 else words[:start] + words[start + len(name) :]


def _position(name: tuple[str, ...], words: tuple[str, ...]) -> int:
    for start in range(len(words) - len(name) + 1):
        if words[start : start + len(name)] == name:
            return start
    return -1
