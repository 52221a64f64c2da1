"""Two readers of one page: rows and figures laid side by side, agreement noted, disagreement flagged. Pure.

Nothing is resolved by silence: where two readings differ one is kept, the other stays beside it, and the field is
`uncertain`. What only one of them saw is kept too, and doubted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from operator import eq
from typing import Any, Final

from registre.domain.reading import Doubt, Inscription, PageReading, PageState, RowKind
from registre.domain.text import digits, fold
from registre.ocr.accord.same import said, same

#: Fields of a row that each reader reads for itself.
FIELDS: Final = ("date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations")
#: What every inscription has, if its page prints it at all.
_NEVER_EMPTY: Final = ("date", "numero", "nature", "parties")
#: Two rows are the same row from this score on (see `_likeness`): a number alone is enough, a date alone is not.
_SAME_ROW: Final = 2.5
#: A reader less sure than this of a page, on average, gives way to the other.
_LEGIBLE: Final = 0.75
#: Figures of running text: dates, amounts, numbers of inscription and lot.
_FIGURE: Final = re.compile(r"\d[\d \u00a0\u202f.,/-]*\d|\d")
#: A list's mark (`1.`, `2)`) or a page's number (`- 3 -`): no figure of the text.
_MARK: Final = re.compile(r"^[ \t]*(?:(\d{1,2})[.)°](?=\s)|- ?(\d{1,3}) ?-[ \t]*$)", re.MULTILINE)
#: Square and cubic metres: one reader sees a figure there, the other none.
_EXPONENT: Final = re.compile(r"(?<=\bm)(?:[²³][23]?|[23])(?![\w,.]*\d)")
#: Numbers with fewer digits in common than this share have them by chance: neighbours begin alike.
_SAME_NUMBER: Final = 0.6
#: Header fields that tell which immovable a page is about; a continued page may leave out all but the lot.
_IDENTITY: Final = ("circonscription", "cadastre", "lot", "date_etablissement")
#: Characters of context shown beside a doubtful figure, each side.
_NEAR: Final = 25


def agree(first: PageReading, second: PageReading) -> PageReading:
    """One reading out of two of the same page.

    The text kept is the first's, unless it hardly read the page. A page that only one could read is that one's, every
    row doubted; a page that one calls blank and the other read is read, and doubted.
    """
    if not second.is_read:
        return _alone(first, second)
    if not first.is_read:
        return _alone(second, first)
    main, other = (second, first) if hardly_read(first) else (first, second)
    figures = () if main.rows or other.rows else doubt_figures(main.text, other.text)
    header = _doubt_header(main.header, other.header)
    return replace(
        main,
        reader=f"{main.reader}+{other.reader}",
        reader_version=f"{main.reader_version}; {other.reader_version}",
        rows=agree_rows(main.rows, other.rows, (main.reader, other.reader)),
        header={**other.header, **main.header},
        doubts=(*main.doubts, *other.doubts, *header, *figures),
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
    return _doubt_missing(merged)


def align(
    main: Sequence[Inscription], other: Sequence[Inscription]
) -> list[tuple[Inscription | None, Inscription | None]]:
    """Pairs in page order that together are most alike; None stands opposite a row that one of them lacks."""
    sketches = [_sketch(row) for row in other]
    scores = [[_likeness(mine, theirs) for theirs in sketches] for mine in map(_sketch, main)]
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
    """Figures of `text` that `other` has otherwise, lacks, or adds. Marks count only where both have one."""
    mine, theirs = list(_FIGURE.finditer(_flat(text))), list(_FIGURE.finditer(_flat(other)))
    marks, their_marks = _marks(text), _marks(other)
    matcher = SequenceMatcher(None, [said(m[0]) for m in mine], [said(m[0]) for m in theirs], autojunk=False)
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal" or _run(mine[a1:a2]) == _run(theirs[b1:b2]):
            continue
        for offset in range(max(a2 - a1, b2 - b1)):
            read = mine[a1 + offset] if a1 + offset < a2 else None
            seen = theirs[b1 + offset] if b1 + offset < b2 else None
            if read is not None and (seen is not None or read.end() not in marks):
                yield Doubt(read[0].strip(), seen[0].strip() if seen else None, near(text, read))
            elif read is None and seen is not None and seen.end() not in their_marks:
                yield Doubt(None, seen[0].strip(), near(other, seen))


def _flat(text: str) -> str:
    """The text without its exponents (`m²`, read `m2`), every other sign in its place."""
    return _EXPONENT.sub(lambda found: " " * len(found[0]), text)


def _marks(text: str) -> set[int]:
    """Where the marks of lists and the numbers of pages end."""
    return {found.end(found.lastindex or 0) for found in _MARK.finditer(text)}


def _run(figures: Sequence[re.Match[str]]) -> str:
    """The same figures, however lines break them."""
    return said(" ".join(found[0] for found in figures))


def likeness(mine: Inscription, theirs: Inscription) -> float:
    """How surely two rows are the same line of the page, as a share of what `mine` could score."""
    one, other = _sketch(mine), _sketch(theirs)
    best = _likeness(one, one)
    return min(_likeness(one, other) / best, 1.0) if best else 0.0


def _doubt_header(header: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Doubt]:
    """What tells which immovable a page is about, where the two differ."""
    for name in _IDENTITY:
        read, seen = header.get(name), other.get(name)
        if said(read) != said(seen) and (name == "lot" or (read and seen)):
            yield Doubt(read, seen, f"en-tête: {name}", field="lot" if name == "lot" else "")


def hardly_read(page: PageReading) -> bool:
    """Whether the reader was so unsure of the page that another's reading is worth more."""
    return page.confidence is not None and page.confidence < _LEGIBLE


def _alone(page: PageReading, silent: PageReading) -> PageReading:
    """One reader's page that the other could not confirm. Blank for both is blank."""
    if not page.is_read or silent.state is PageState.FAILED:
        # a reader that broke says nothing about the page
        return page
    rows = tuple(_single(row, page.reader) for row in page.rows)
    doubts = () if page.rows else doubt_figures(page.text, "")
    return replace(page, rows=rows, doubts=(*page.doubts, *doubts))


def _doubt_missing(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Doubt what neither saw where the page's other inscriptions have it."""
    had = [name for name in _NEVER_EMPTY if any(getattr(row, name) for row in rows)]
    return tuple(
        row.doubted(*(name for name in had if not getattr(row, name))) if row.kind is RowKind.INSCRIPTION else row
        for row in rows
    )


def _single(row: Inscription, reader: str) -> Inscription:
    witnesses = {name: (reader,) for name in FIELDS if getattr(row, name)}
    return replace(row.doubted("row"), witnesses=witnesses)


def _merge(mine: Inscription, theirs: Inscription, readers: tuple[str, str]) -> Inscription:
    values: dict[str, Any] = {}
    uncertain = set(mine.uncertain) - set(FIELDS)
    witnesses: dict[str, tuple[str, ...]] = {}
    others: dict[str, dict[str, Any]] = {}
    for name in FIELDS:
        a, b = getattr(mine, name), getattr(theirs, name)
        if same(name, a, b):
            if a:
                witnesses[name] = readers
            # a doubt is lifted by a reader that has the value and no doubt of it
            doubts = (name in mine.uncertain) + (name in theirs.uncertain)
            if doubts == 2 or (doubts and not a):
                uncertain.add(name)
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


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What of a row tells it from others, ready to be compared with every row of the other reading."""

    is_note: bool
    note: frozenset[str]
    number: str
    date: str | None
    nature: frozenset[str]
    names: frozenset[str]


def _sketch(row: Inscription) -> _Sketch:
    names = " ".join(fold(partie.nom) for partie in row.parties)
    return _Sketch(
        row.kind is RowKind.NOTE,
        _pairs(fold(row.raw or row.remarques or "")),
        digits(row.numero or ""),
        row.date,
        _pairs(fold(row.nature or "")),
        _pairs(names),
    )


def _likeness(mine: _Sketch, theirs: _Sketch) -> float:
    """How surely two rows are the same line of the page; a number read alike says the most."""
    if mine == theirs:
        # little may be printed there, but it is all there is
        return max(_told(mine, theirs), _SAME_ROW)
    return _told(mine, theirs)


def _told(mine: _Sketch, theirs: _Sketch) -> float:
    if mine.is_note and theirs.is_note:
        return 4 * _alike(mine.note, theirs.note)
    score = 3 * _number_alike(mine.number, theirs.number)
    score += 1.5 if mine.date and mine.date == theirs.date else 0
    return score + _alike(mine.nature, theirs.nature) + 2 * _alike(mine.names, theirs.names)


def _number_alike(a: str, b: str) -> float:
    """Share of digits in common, place by place; a digit lost or gained shifts the rest."""
    if not a or not b:
        return 0.0
    same_length = len(a) == len(b)
    share = sum(map(eq, a, b)) / len(a) if same_length else SequenceMatcher(None, a, b, autojunk=False).ratio()
    return share if share >= _SAME_NUMBER else 0.0


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _pairs(text: str) -> frozenset[str]:
    """Neighbouring letters: cheap to compare, for a page's rows meet each with each."""
    return frozenset(map("".join, pairwise(f" {text} "))) if text else frozenset()


def near(text: str, found: re.Match[str]) -> str:
    """The words around a figure, as its doubt tells them."""
    return " ".join(text[max(found.start() - _NEAR, 0) : found.end() + _NEAR].split())
