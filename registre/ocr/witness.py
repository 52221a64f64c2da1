"""Two readers of one page: rows and figures laid side by side, agreement noted, disagreement flagged. Pure.

Nothing is resolved by silence: where two readings differ one is kept, the other stays beside it, and the field is
`uncertain`. What only one of them saw is kept too, and doubted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Final

from registre.domain.reading import Doubt, Inscription, PageReading, PageState, RowKind
from registre.domain.text import digits, fold

#: Fields of a row that each reader reads for itself.
FIELDS: Final = ("date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations")
#: Two rows are the same row from this score on (see `_likeness`): a number alone is enough, a date alone is not.
_SAME_ROW: Final = 2.5
#: Folded remarks that are this alike, and have the same figures, say the same.
_SAME_REMARK: Final = 0.85
#: A reader less sure than this of a page, on average, gives way to the other.
_LEGIBLE: Final = 0.75
#: Figures of running text: dates, amounts, numbers of inscription and lot; single digits are list marks.
_FIGURE: Final = re.compile(r"\d[\d \u00a0\u202f.,/-]*\d")
#: Characters of context shown beside a doubtful figure, each side.
_NEAR: Final = 25


def agree(first: PageReading, second: PageReading) -> PageReading:
    """One reading out of two of the same page.

    The text kept is the first's, unless it hardly read the page. A page that only one could read is that one's, every
    row doubted; a page that one calls blank and the other read is read, and doubted.
    """
    if second.state is not PageState.READ:
        return _alone(first, second)
    if first.state is not PageState.READ:
        return _alone(second, first)
    main, other = (second, first) if _hardly_read(first) else (first, second)
    figures = () if main.rows or other.rows else doubt_figures(main.text, other.text)
    return replace(
        main,
        reader=f"{main.reader}+{other.reader}",
        reader_version=f"{main.reader_version}; {other.reader_version}",
        rows=agree_rows(main.rows, other.rows, (main.reader, other.reader)),
        header={**other.header, **main.header},
        doubts=(*main.doubts, *other.doubts, *figures),
    )


def agree_rows(
    main: Sequence[Inscription], other: Sequence[Inscription], readers: tuple[str, str]
) -> tuple[Inscription, ...]:
    """Rows of both in page order, each field with its witnesses; `readers` names them, main first."""
    merged: list[Inscription] = []
    for mine, theirs in align(main, other):
        if mine is not None:
            merged.append(_single(mine, readers[0]) if theirs is None else _merge(mine, theirs, readers))
        elif theirs is not None:
            merged.append(_single(theirs, readers[1]))
    return tuple(merged)


def align(
    main: Sequence[Inscription], other: Sequence[Inscription]
) -> list[tuple[Inscription | None, Inscription | None]]:
    """Pairs in page order that together are most alike; None stands opposite a row that one of them lacks."""
    scores = [[_likeness(mine, theirs) for theirs in other] for mine in main]
    best = [[0.0] * (len(other) + 1) for _ in range(len(main) + 1)]
    for i in range(len(main) - 1, -1, -1):
        for j in range(len(other) - 1, -1, -1):
            paired = best[i + 1][j + 1] + scores[i][j] if scores[i][j] >= _SAME_ROW else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[Inscription | None, Inscription | None]] = []
    i = j = 0
    while i < len(main) or j < len(other):
        both = i < len(main) and j < len(other)
        if both and scores[i][j] >= _SAME_ROW and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            pairs.append((main[i], other[j]))
            i, j = i + 1, j + 1
        elif j == len(other) or (i < len(main) and best[i + 1][j] >= best[i][j + 1]):
            pairs.append((main[i], None))
            i += 1
        else:
            pairs.append((None, other[j]))
            j += 1
    return pairs


def doubt_figures(text: str, other: str) -> Iterator[Doubt]:
    """Figures of `text` that `other` has otherwise, lacks, or adds."""
    mine, theirs = list(_FIGURE.finditer(text)), list(_FIGURE.finditer(other))
    matcher = SequenceMatcher(None, [digits(m[0]) for m in mine], [digits(m[0]) for m in theirs], autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(max(a2 - a1, b2 - b1)):
            read = mine[a1 + offset] if a1 + offset < a2 else None
            seen = theirs[b1 + offset] if b1 + offset < b2 else None
            near = _near(text, read) if read is not None else _near(other, seen) if seen is not None else ""
            yield Doubt(read[0].strip() if read else None, seen[0].strip() if seen else None, near)


def _hardly_read(page: PageReading) -> bool:
    return page.confidence is not None and page.confidence < _LEGIBLE


def _alone(page: PageReading, silent: PageReading) -> PageReading:
    """One reader's page that the other could not confirm. Blank for both is blank."""
    if page.state is not PageState.READ or silent.state is PageState.FAILED:
        # a reader that broke says nothing about the page
        return page
    rows = tuple(_single(row, page.reader) for row in page.rows)
    doubts = () if page.rows else doubt_figures(page.text, "")
    return replace(page, rows=rows, doubts=(*page.doubts, *doubts))


def _single(row: Inscription, reader: str) -> Inscription:
    witnesses = {name: (reader,) for name in FIELDS if getattr(row, name)}
    return replace(row, uncertain=tuple(sorted({*row.uncertain, "row"})), witnesses=witnesses)


def _merge(mine: Inscription, theirs: Inscription, readers: tuple[str, str]) -> Inscription:
    values: dict[str, Any] = {}
    uncertain = set(mine.uncertain) - set(FIELDS)
    witnesses: dict[str, tuple[str, ...]] = {}
    others: dict[str, dict[str, Any]] = {}
    for name in FIELDS:
        a, b = getattr(mine, name), getattr(theirs, name)
        if _SAME[name](a, b):
            if a:
                witnesses[name] = readers
            continue
        doubtful = name in mine.uncertain and name not in theirs.uncertain
        keep_theirs = not a or (doubtful and b)
        kept, left = (1, a) if keep_theirs else (0, b)
        values[name] = b if keep_theirs else a
        witnesses[name] = (readers[kept],)
        others[name] = {readers[1 - kept]: left}
        uncertain.add(name)
    if mine.kind is not theirs.kind:
        uncertain.add("kind")
    places = {**theirs.places, **mine.places}
    doubts = tuple(sorted(uncertain))
    return replace(mine, **values, uncertain=doubts, witnesses=witnesses, others=others, places=places)


def _likeness(mine: Inscription, theirs: Inscription) -> float:
    """How surely two rows are the same line of the page; a number read alike says the most."""
    if RowKind.NOTE is mine.kind is theirs.kind:
        return 4 * _alike(fold(mine.raw or mine.remarques or ""), fold(theirs.raw or theirs.remarques or ""))
    score = 3 * _alike(digits(mine.numero or ""), digits(theirs.numero or ""))
    score += 1.5 if mine.date and mine.date == theirs.date else 0
    score += _alike(fold(mine.nature or ""), fold(theirs.nature or ""))
    return score + 2 * _alike(_names(mine), _names(theirs))


@lru_cache(maxsize=4096)
def _alike(a: str, b: str) -> float:
    if not a or not b:
        return 0.0
    return 1.0 if a == b else SequenceMatcher(None, a, b, autojunk=False).ratio()


def _names(row: Inscription) -> str:
    return " ".join(fold(partie.nom) for partie in row.parties)


def _squeezed(text: str | None) -> str:
    return fold(text or "").replace(" ", "")


def _same_parties(a: Any, b: Any) -> bool:
    return sorted((_squeezed(p.nom), _squeezed(p.qualite)) for p in a) == sorted(
        (_squeezed(p.nom), _squeezed(p.qualite)) for p in b
    )


def _same_remark(a: str | None, b: str | None) -> bool:
    if not a or not b:
        return not a and not b
    return digits(a) == digits(b) and _alike(_squeezed(a), _squeezed(b)) >= _SAME_REMARK


def _near(text: str, found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    return " ".join(text[max(found.start() - _NEAR, 0) : found.end() + _NEAR].split())


_SAME: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "date": lambda a, b: (a or None) == (b or None),
    "numero": lambda a, b: (a or "").replace(" ", "") == (b or "").replace(" ", ""),
    "nature": lambda a, b: _squeezed(a) == _squeezed(b),
    "parties": _same_parties,
    "remarques": _same_remark,
    "avis_adresse": lambda a, b: digits(a or "") == digits(b or ""),
    "radiations": lambda a, b: [_squeezed(item) for item in a] == [_squeezed(item) for item in b],
}
