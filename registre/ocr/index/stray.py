"""Rules that were read as signs: a dotted line between two columns is `:`, `'`, `I` or `1` before many of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from registre.ocr.engine.words import Word, line_height

#: What a reader makes of a piece of a rule; before a capital or a figure, letters too.
_MARKS = ":;'’`|!¦"
_LETTERS = "iIlı"
#: So many lines begin with one at the same place, give or take so many heights, before it is a rule.
_FEWEST = 3
#: At so many places across the page, and all its columns are ruled by what may be read as signs.
_MANY = 4
_SPREAD = 0.4
#: A piece of a rule stands no further from the cell's text than this, in heights; a ditto mark stands alone.
_REACH = 1.2


def without_stray_rules(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words without pieces of rules. A figure that may be one is kept, and nothing is sure of it."""
    height = line_height(words)
    are_pieces = [_is_piece(word, words, height) for word in words]
    pieces = list(compress(words, are_pieces))
    rules = _rules(pieces, height)
    everywhere = len(rules) > 1 or len({round(word.x0 / height / 2) for word in pieces}) >= _MANY
    if not rules and not everywhere:
        return tuple(words)
    cleaned = [_cleaned(word, rules, height, piece=piece) for word, piece in zip(words, are_pieces, strict=True)]
    return tuple(
        _unsure(word) if everywhere and _may_be_more(word) and _begins(word, words, height) else word
        for word in cleaned
        if word is not None
    )


def _may_be_more(word: Word) -> bool:
    """Whether the figure's first 1 may be a rule; a date with one more would be none."""
    return word.text[0] == "1" and len(word.text) > 1 and word.text.isdigit()


def _rules(pieces: Sequence[Word], height: float) -> list[float]:
    """x of the places where several lines have such a sign."""
    places = sorted((word.x0, word.cy) for word in pieces)
    found: list[float] = []
    start = 0
    for index in range(1, len(places) + 1):
        if index == len(places) or places[index][0] - places[index - 1][0] > _SPREAD * height:
            lines = {round(y / height) for _, y in places[start:index]}
            if len(lines) >= _FEWEST:
                found.append(sum(x for x, _ in places[start:index]) / (index - start))
            start = index
    return found


def _is_piece(word: Word, words: Sequence[Word], height: float) -> bool:
    first = word.text[0]
    if len(word.text) == 1:
        return first in _MARKS + _LETTERS and _leads(word, words, height)
    following = word.text[1]
    glued = (first in _MARKS and following not in _MARKS) or (
        first in _LETTERS.replace("I", "") and (following.isupper() or following.isdigit())
    )
    return glued and _begins(word, words, height)


def _leads(word: Word, words: Sequence[Word], height: float) -> bool:
    """Whether text follows the sign closely, and none stands right before it: a colon belongs to its label."""
    follows = any(
        -0.3 * height < other.x0 - word.x1 < _REACH * height
        for other in words
        if other is not word and abs(other.cy - word.cy) < height / 2
    )
    return follows and _begins(word, words, height)


def _begins(word: Word, words: Sequence[Word], height: float) -> bool:
    """Whether nothing stands close to the left of it."""
    return not any(
        -0.3 * height < word.x0 - other.x1 < 0.5 * height
        for other in words
        if other is not word and abs(other.cy - word.cy) < height / 2
    )


def _cleaned(word: Word, rules: Sequence[float], height: float, *, piece: bool) -> Word | None:
    first, rest = word.text[0], word.text[1:]
    if not any(abs(word.x0 - x) < _SPREAD * height for x in rules):
        return replace(word, text=rest) if piece and rest and first in _MARKS else word
    if piece:
        return replace(word, text=rest, x0=word.x0 + word.width / len(word.text)) if rest else None
    return _unsure(word) if first in ("1Il" if rest else "1") else word


def _unsure(word: Word) -> Word:
    return replace(word, confidence=0.0)
