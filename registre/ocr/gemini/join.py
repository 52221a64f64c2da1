"""One page from its overlapping parts: what both have is found and kept once, never just appended. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, get_args

from registre.domain.text import digits, fold
from registre.ocr.gemini.schema import Champ, EnTete, Ligne, PageIndex, PageTexte, printed

#: Words at the end of one part and the beginning of the next among which the common ones are looked for.
_WINDOW: Final = 400
#: Fewer common words in a row than this prove nothing.
_COMMON: Final = 6


def join_index(upper: PageIndex, lower: PageIndex) -> tuple[PageIndex, bool]:
    """The page, and whether the seam is certain; without a common row all are kept, and it is not."""
    lignes, sure = join_rows(upper.lignes, lower.lignes)
    above, below = upper.en_tete.model_dump(), lower.en_tete.model_dump()
    page = PageIndex(
        etat="lisible",
        en_tete=EnTete(**{name: above[name] or below[name] for name in above}),
        lignes_visibles=len(lignes),
        lignes=lignes,
    )
    return page, sure


def join_text(upper: PageTexte, lower: PageTexte) -> tuple[PageTexte, bool]:
    """The same for running text: the seam lies in the longest run of words that both have."""
    above, below = list(re.finditer(r"\S+", upper.texte)), list(re.finditer(r"\S+", lower.texte))
    first = max(len(above) - _WINDOW, 0)
    a = [fold(match.group()) or match.group() for match in above[first:]]
    b = [fold(match.group()) or match.group() for match in below[:_WINDOW]]
    found = SequenceMatcher(None, a, b, autojunk=False).find_longest_match()
    if not above or not below:
        return PageTexte(etat="lisible", texte=upper.texte or lower.texte), not (above or below)
    if found.size < _COMMON:
        return PageTexte(etat="lisible", texte=f"{upper.texte}\n{lower.texte}"), False
    # what follows the common words in the upper part, and precedes them in the lower, stands at a cut edge
    end = above[first + found.a + found.size - 1].end()
    start = below[found.b + found.size - 1].end()
    return PageTexte(etat="lisible", texte=upper.texte[:end] + lower.texte[start:]), True


def join_rows(upper: Sequence[Ligne], lower: Sequence[Ligne]) -> tuple[list[Ligne], bool]:
    """Rows of two parts in order, common ones once; fields on which the two differ are doubted."""
    cut_below = upper[-1] if upper and upper[-1].coupee else None
    cut_above = lower[0] if lower and lower[0].coupee else None
    above = list(upper[:-1] if cut_below else upper)
    below = list(lower[1:] if cut_above else lower)
    for common in range(min(len(above), len(below)), 0, -1):
        pairs = list(zip(above[-common:], below[:common], strict=True))
        if all(_same(one, other) for one, other in pairs):
            return above[:-common] + [_agreed(one, other) for one, other in pairs] + below[common:], True
    if cut_below and below and _same(cut_below, below[0]):
        return above + below, True
    if cut_above and above and _same(above[-1], cut_above):
        return above + below, True
    if not upper or not lower:
        return [*upper, *lower], not upper and not lower
    return [*above, *([cut_below] if cut_below else []), *([cut_above] if cut_above else []), *below], False


def _same(one: Ligne, other: Ligne) -> bool:
    """The same row of the page: by its number, else by date and the words, one misread digit forgiven."""
    if one.type != other.type:
        return False
    a, b = digits(one.numero or ""), digits(other.numero or "")
    if a and a == b:
        return True
    if a and b and (len(a) != len(b) or sum(x != y for x, y in zip(a, b, strict=True)) > 1):
        return False
    return one.date == other.date and fold(printed(one)) != "" and _words_alike(one, other)


def _words_alike(one: Ligne, other: Ligne) -> bool:
    a, b = fold(printed(one)).split(), fold(printed(other)).split()
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= 0.7


def _agreed(one: Ligne, other: Ligne) -> Ligne:
    names: tuple[Champ, ...] = get_args(Champ)
    differing = [name for name in names if getattr(one, name) != getattr(other, name)]
    doubts = [name for name in names if name in {*one.doutes, *other.doutes, *differing}]
    return one.model_copy(update={"doutes": doubts})
