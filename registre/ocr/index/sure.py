"""How surely a word must have been read before its value stands undoubted."""

from __future__ import annotations

from collections.abc import Sequence

from registre.ocr.engine.words import Word, certainty

#: A critical value with a character read less surely than this is doubted, by how sure the page is on average.
#: Measured on 1,600 numbers of printed, typed and written pages, 26 of them wrong: clean modern pages average 0.95 and
#: more, and doubt 0.7 % of their right numbers; all that was read wrong with more certainty stood on pages below 0.90.
_SURE = ((0.95, 0.85), (0.90, 0.95))
#: The same for names and qualités: letters are read less surely than figures.
_SURE_NAME = 0.85
#: The comma after a surname is a typewriter's faintest sign, and the least sure of its word.
_SURE_COMMA = 0.50
#: Nothing is sure on pages below those, and in rows below this.
LEGIBLE_ROW = 0.80
NOTHING = 1.01


def bar(words: Sequence[Word]) -> float:
    """The certainty that each character of a critical value needs on a page of these words."""
    mean = certainty(words)
    return next((sure for page, sure in _SURE if mean >= page), NOTHING)


def unsure(words: Sequence[Word], sure: float) -> bool:
    """Whether a word with letters or figures is less sure than that."""
    return any(word.confidence < sure for word in words if any(char.isalnum() for char in word.text))


def unsure_names(words: Sequence[Word], sure: float) -> bool:
    """Whether names and qualités are; `sure` is the page's bar."""
    if sure == NOTHING:
        return bool(words)
    commas = [word for word in words if word.text.endswith(",")]
    return unsure(commas, _SURE_COMMA) or unsure([word for word in words if word not in commas], _SURE_NAME)
