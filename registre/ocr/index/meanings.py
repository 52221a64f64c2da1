"""What a column holds, told by its cells: for tables without heading, and headings that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from registre.ocr.index.fields import is_ditto, parse_date, parse_number
from registre.ocr.index.vocabulary import Field, is_role, plain

_RADIATION = re.compile(r"^[TP†] ?\d")
_BOOK = re.compile(r"^(?:\d{1,3}|[A-Z]{1,2})\.?$")
_NATURE = re.compile(
    r"^(?:vent|hyp|oblig|quit|mainl|servit|don|cession|bail|testam|decl|jugem|avis|privil|deed|mortg|discharg|release"
    r"|lease|will|transf|echange|retroc|preavis|cont|radiation|reglement|proces|prior|resil|renon|notif)"
)


@dataclass(frozen=True, slots=True)
class Pile:
    """One column before its meaning is known: its cells' texts, top to bottom."""

    right: float
    cells: tuple[str, ...]

    def share(self, cells: Iterable[bool]) -> float:
        """Share of the cells that are so; dittos count for nothing."""
        return sum(cells) / max(len(self.told), 1)

    @property
    def told(self) -> tuple[str, ...]:
        return tuple(cell for cell in self.cells if not is_ditto(cell))


def is_number(text: str) -> bool:
    """Whether the text is a number of inscription and nothing else."""
    value = parse_number(text)
    return value.text is not None and not value.doubtful and not parse_date(text).text


def meaning(pile: Pile) -> Field:
    """What the cells tell; remarks are what tells nothing."""
    told = pile.told
    numbers = pile.share(is_number(cell) for cell in told)
    dates = pile.share(parse_date(cell).text is not None for cell in told)
    tests: tuple[tuple[Field, bool], ...] = (
        (Field.RADIATIONS, pile.share(_RADIATION.match(cell) is not None for cell in told) >= 0.5),
        (Field.DATE, dates >= 0.6),
        (Field.ENREGISTREMENT, dates + numbers >= 0.7 and min(dates, numbers) >= 0.25),
        (Field.NUMERO, numbers >= 0.6),
        (Field.REGISTRE, pile.share(_BOOK.match(cell) is not None for cell in told) >= 0.7),
        (Field.QUALITE, pile.share(is_role(cell) for cell in told) >= 0.5),
        (Field.PARTIES, pile.share(cell.isupper() and "," in cell for cell in told) >= 0.25),
        (Field.NATURE, pile.share(_NATURE.match(plain(cell)) is not None for cell in told) >= 0.4),
    )
    return next((name for name, holds in tests if told and holds), Field.REMARQUES)
