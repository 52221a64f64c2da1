"""The split of OCR slots between indexes and actes: by what waits, never below the minima. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """How many slots read what."""

    index: int
    acte: int


def split(slots: int, waiting: Split, minima: Split, *, turn: int = 0) -> Split:
    """Divide `slots` as the waiting documents are divided; halves where none wait.

    With fewer slots than the minima ask for, nobody is left out for ever: a kind that waits alone gets them all, and
    where both wait the odd slot goes to each in turn.
    """
    total = waiting.index + waiting.acte
    if slots < minima.index + minima.acte:
        if total and not (waiting.index and waiting.acte):
            return Split(slots if waiting.index else 0, slots if waiting.acte else 0)
        index = (slots + turn % 2) // 2
        return Split(index, slots - index)
    index = (2 * slots * waiting.index + total) // (2 * total) if total else slots // 2
    index = max(minima.index, min(index, slots - minima.acte))
    return Split(index, slots - index)
