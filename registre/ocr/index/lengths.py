"""How long a document's numbers are: one that alone has its length may have lost or gained a digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from registre.domain.reading import Inscription
from registre.domain.text import digits

#: With fewer numbers than this nobody knows what is usual.
_FEWEST = 4


def doubt_lengths(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Mark numbers whose count of digits no other row has: at a document's top or foot their order tells nothing."""
    lengths = Counter(_length(row) for row in rows if row.numero)
    if sum(lengths.values()) < _FEWEST:
        return tuple(rows)
    return tuple(row.doubted("numero") if row.numero and lengths[_length(row)] == 1 else row for row in rows)


def _length(row: Inscription) -> int:
    return len(digits(row.numero or ""))
