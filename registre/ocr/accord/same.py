"""When two readings of one field say the same. Cosmetic differences are none; every figure counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from registre.domain.reading import Partie
from registre.domain.text import fold, strip_accents

_DASHES: Final = re.compile(r"(?<=\d) ?[-‐-―−] ?(?=\d)")
#: A mark between thousands: the figure goes on by exactly three.
_THOUSANDS: Final = re.compile(r"(?<=\d)[ \u00a0\u202f.,'](?=\d{3}(?!\d))")
_DECIMAL: Final = re.compile(r"(?<=\d)[.,](?=\d)")
_PART: Final = re.compile(r"\d+(?:[,-]\d+)*|[^\d]+")


def said(text: str | None) -> str:
    """What a text says, comparable: letters without case, accents, spaces and punctuation; figures each for itself.

    `75 000,00 $` and `75000.00` say the same, `7 500 000` and `12 34` beside `1234` do not. What is only marks is kept.
    """
    plain = strip_accents(" ".join((text or "").split())).lower()
    plain = _DECIMAL.sub(",", _THOUSANDS.sub("", _DASHES.sub("-", plain)))
    parts = (f"<{part}>" if part[0].isdigit() else fold(part).replace(" ", "") for part in _PART.findall(plain))
    return "".join(parts) or plain


def same(name: str, a: Any, b: Any) -> bool:
    """Whether two readings of field `name` of a row say the same."""
    return _SAYS[name](a) == _SAYS[name](b) if name in _SAYS else a == b


def _parties(parties: tuple[Partie, ...]) -> list[tuple[str, str]]:
    """Names with their qualités; their order counts where it alone tells the sides."""
    pairs = [(said(partie.nom), said(partie.qualite)) for partie in parties]
    return sorted(pairs) if all(role for _, role in pairs) else pairs


_SAYS: Final[dict[str, Callable[[Any], Any]]] = {
    "date": lambda value: value or None,
    "numero": lambda value: _DASHES.sub("-", value or "").replace(" ", ""),
    "nature": said,
    "parties": _parties,
    "remarques": said,
    # several are told apart by a comma
    "avis_adresse": lambda value: said((value or "").replace(",", " ; ")),
    "radiations": lambda value: [said(item) for item in value],
}
