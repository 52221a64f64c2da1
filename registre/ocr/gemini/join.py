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
#: Words of two rows that are the same row, one of them perhaps misread here and there.
_ALIKE: Final = 0.7


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
        if _overlap(pairs):
            return above[:-common] + [_agreed(one, other) for one, other in pairs] + below[common:], True
    if cut_below and below and _same_number(cut_below, below[0]):
        return above + below, True
    if cut_above and above and _same_number(cut_above, above[-1]):
        return above + below, True
    if not upper or not lower:
        return [*upper, *lower], not upper and not lower
    return [*above, *([cut_below] if cut_below else []), *([cut_above] if cut_above else []), *below], False


def _overlap(pairs: Sequence[tuple[Ligne, Ligne]]) -> bool:
    """Whether these are the same rows seen twice: at least half certainly, the others but for a misread digit.

    Neighbours of one act have the same words and numbers one apart: a near number alone proves nothing.
    """
    certain = sum(_same(one, other) for one, other in pairs)
    return 2 * certain >= len(pairs) and all(_same(one, other) or _near(one, other) for one, other in pairs)


def _same(one: Ligne, other: Ligne) -> bool:
    """The same row of the page: its number (or none, and its date) and its words; an act may fill several rows."""
    by_number = digits(one.numero or "") == digits(other.numero or "")
    by_date = bool(digits(one.numero or "")) or one.date == other.date
    return one.type == other.type and by_number and by_date and _words_alike(one, other)


def _same_number(cut: Ligne, whole: Ligne) -> bool:
    """The same row, of which an edge left only the first or the last words."""
    number = digits(cut.numero or "")
    return cut.type == whole.type and number != "" and number == digits(whole.numero or "")


def _near(one: Ligne, other: Ligne) -> bool:
    a, b = digits(one.numero or ""), digits(other.numero or "")
    close = len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1
    return one.type == other.type and close and one.date == other.date and _words_alike(one, other)


def _words_alike(one: Ligne, other: Ligne) -> bool:
    a, b = fold(printed(one)).split(), fold(printed(other)).split()
    return a != [] and SequenceMatcher(None, a, b, autojunk=False).ratio() >= _ALIKE


def _agreed(one: Ligne, other: Ligne) -> Ligne:
    names: tuple[Champ, ...] = get_args(Champ)
    differing = [name for name in names if getattr(one, name) != getattr(other, name)]
    doubts = [name for name in names if name in {*one.doutes, *other.doutes, *differing}]
    return one.model_copy(update={"doutes": doubts})
