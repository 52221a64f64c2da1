"""Answers that go round in circles: the same rows or words again and again. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from registre.ocr.gemini.schema import Ligne, printed

#: The same row, or the same few in turn, this often is no register; one act may fill two or three rows alike.
_ROW_TURNS: Final = 4
_ROW_CYCLE: Final = 6
#: The same words this often, and this many letters of them, is no deed; forms repeat a phrase, not so much text.
_WORD_TURNS: Final = 4
_WORD_CYCLE: Final = 80
_LETTERS: Final = 240


def looping_rows(lignes: Sequence[Ligne]) -> bool:
    """Whether rows repeat in a cycle; empty ones do not count."""
    keys = [printed(ligne) for ligne in lignes]
    for cycle in range(1, _ROW_CYCLE + 1):
        start, end = _longest_run(keys, cycle)
        if end - start >= _ROW_TURNS * cycle and any(keys[start:end]):
            return True
    return False


def looping_text(text: str) -> bool:
    """Whether words repeat in a cycle, anywhere; ruled and dotted lines hold no words."""
    words: list[str] = re.findall(r"[^\W_]+", text)
    for cycle in range(1, min(_WORD_CYCLE, len(words) // _WORD_TURNS) + 1):
        start, end = _longest_run(words, cycle)
        if end - start >= _WORD_TURNS * cycle and sum(map(len, words[start:end])) >= _LETTERS:
            return True
    return False


def _longest_run(items: Sequence[str], cycle: int) -> tuple[int, int]:
    """The longest stretch in which each item is the one `cycle` places before."""
    best = (0, 0)
    start = 0
    for index in range(cycle, len(items)):
        if items[index] != items[index - cycle]:
            start = index - cycle + 1
        elif index + 1 - start > best[1] - best[0]:
            best = (start, index + 1)
    return best
