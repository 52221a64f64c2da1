"""Names of months in both languages, whole, short or misspelled."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

_NAMES = {
    "janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "aout": 8, "septembre": 9,
    "octobre": 10, "novembre": 11, "decembre": 12, "january": 1, "february": 2, "march": 3, "april": 4, "may": 5,
    "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12,
}  # fmt: skip
_SHORT = {
    "janv": 1, "jan": 1, "fev": 2, "fevr": 2, "feb": 2, "mar": 3, "avr": 4, "apr": 4, "jun": 6, "juil": 7, "jul": 7,
    "aug": 8, "sept": 9, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
#: How alike a misspelled month must be to a right one.
_ALIKE = 0.7


@lru_cache(maxsize=1024)
def month_of(name: str, *, misspelled: bool = False) -> int | None:
    """1 to 12 for a month's name without accents, in lower case; None for anything else."""
    found = _NAMES.get(name) or _SHORT.get(name)
    if found or not misspelled:
        return found
    close = get_close_matches(name, _NAMES, 2, _ALIKE)
    # `jui` is as near to June as to July in French: nobody knows which
    return _NAMES[close[0]] if close and len({_NAMES[one] for one in close}) == 1 else None
