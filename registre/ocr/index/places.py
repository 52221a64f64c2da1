"""Where a row and its fields stand on the page, so that a person can be shown the cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from registre.domain.reading import Box
from registre.ocr.engine.words import Sheet, Word


def box_of(words: Sequence[Word], sheet: Sheet) -> Box:
    """The smallest box around the words, as shares of the page; never outside of it."""
    return (
        _share(min(word.x0 for word in words), sheet.width),
        _share(min(word.y0 for word in words), sheet.height),
        _share(max(word.x1 for word in words), sheet.width),
        _share(max(word.y1 for word in words), sheet.height),
    )


def places_of(fields: Mapping[str, Sequence[Word]], sheet: Sheet) -> dict[str, Box]:
    """A box for each field that has words, and `row` around them all."""
    whole = [word for words in fields.values() for word in words]
    named = {name: box_of(words, sheet) for name, words in fields.items() if words and name != "row"}
    return {"row": box_of(whole, sheet), **named} if whole else {}


def _share(value: float, whole: float) -> float:
    return round(min(max(value / whole, 0.0), 1.0), 4)
