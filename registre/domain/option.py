"""Matching a wanted name to the options a dropdown offers. Refuses rather than picks a neighbour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from registre.domain.errors import OptionAmbiguous, OptionNotFound
from registre.domain.text import fold, tokens

#: Below this similarity two names are different places: Saint-Jérôme ~ Saint-Jean is 0.77.
MIN_SIMILARITY = 0.85
#: The best must beat the second by this much, else it is a guess.
MIN_MARGIN = 0.05

#: Words that make two otherwise alike names different places: "Rang 6" is no typing error for "Rang 5", however long
#: the rest of the name. They must agree before likeness counts.
_MARK = re.compile(r"\w*\d\w*|[ivx]+|nord|sud|est|ouest|centre")

#: Values that stand for "nothing chosen" on the land registry's forms.
_BLANK_VALUES = frozenset({"", "null", "000000"})


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a dropdown."""

    value: str
    label: str

    @property
    def is_blank(self) -> bool:
        """True for the entry that means nothing is chosen."""
        return self.value.strip().lower() in _BLANK_VALUES or not tokens(self.label)


def match_option(wanted: str, options: Sequence[Option], *, what: str) -> Option:
    """Return the one option `wanted` names.

    Equal after folding wins; then unique containment on whole words; then a clear best
    similarity (typing errors). `what` names the field in the error's text.

    Raises:
        OptionNotFound: none is close; `candidates` holds the nearest labels.
        OptionAmbiguous: several are equally good.
    """
    offered = [option for option in options if not option.is_blank]
    equal = [option for option in offered if fold(option.label) == fold(wanted)]
    if len(equal) == 1:
        return equal[0]
    if len(equal) > 1:
        raise _ambiguous(wanted, equal, what)
    contained = [option for option in offered if contains_words(option.label, wanted)]
    if len(contained) == 1:
        return contained[0]
    if len(contained) > 1:
        raise _ambiguous(wanted, contained, what)
    return _most_similar(wanted, offered, what)


def contains_words(text: str, part: str) -> bool:
    """True when the folded words of `part` stand side by side in `text`."""
    needle = tokens(part)
    return bool(needle) and f" {' '.join(needle)} " in f" {fold(text)} "


def _most_similar(wanted: str, offered: Sequence[Option], what: str) -> Option:
    ranked = sorted(offered, key=lambda option: similarity(wanted, option.label), reverse=True)
    fitting = [option for option in ranked if _marks(option.label) == _marks(wanted)]
    if fitting:
        best = similarity(wanted, fitting[0].label)
        second = similarity(wanted, fitting[1].label) if len(fitting) > 1 else 0.0
        if best >= MIN_SIMILARITY and best - second >= MIN_MARGIN:
            return fitting[0]
        if best >= MIN_SIMILARITY:
            raise _ambiguous(wanted, fitting[:3], what)
    near = tuple(option.label for option in ranked[:5])
    shown = ", ".join(near) or "aucun"
    raise OptionNotFound(f"{what} « {wanted} » inconnu du registre. Choix les plus proches: {shown}.", candidates=near)


def _marks(text: str) -> frozenset[str]:
    return frozenset(word for word in tokens(text) if _MARK.fullmatch(word))


def _ambiguous(wanted: str, options: Sequence[Option], what: str) -> OptionAmbiguous:
    labels = tuple(option.label for option in options[:5])
    return OptionAmbiguous(f"{what} « {wanted} » est ambigu: {', '.join(labels)}.", candidates=labels)


def similarity(one: str, other: str) -> float:
    """0 to 1 over folded letters, spaces ignored so that Laprairie equals La Prairie."""
    return SequenceMatcher(None, fold(one).replace(" ", ""), fold(other).replace(" ", ""), autojunk=False).ratio()
