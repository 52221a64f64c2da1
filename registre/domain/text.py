"""Folding of French text for comparison: case, accents, punctuation, saint/sainte."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+")
_SAINT = {"st": "saint", "ste": "sainte"}


def strip_accents(text: str) -> str:
    """Drop diacritics: `Montréal` → `Montreal`, `œ` → `oe`."""
    ligatures = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    return "".join(c for c in unicodedata.normalize("NFD", ligatures) if not unicodedata.combining(c))


def tokens(text: str) -> tuple[str, ...]:
    """Words of `text` folded for comparison; `St-Bruno` and `Saint-Bruno` give the same."""
    words: list[str] = _WORD.findall(strip_accents(text).lower())
    return tuple(_SAINT.get(word, word) for word in words)


def fold(text: str) -> str:
    """One comparable string: folded words joined by single spaces."""
    return " ".join(tokens(text))


def slug(text: str) -> str:
    """ASCII, lower case, dashes: fit for an object key."""
    return "-".join(tokens(text)) or "x"


def digits(text: str) -> str:
    """Only the digits."""
    return "".join(c for c in text if c.isdigit())
