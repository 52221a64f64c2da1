"""Lines of a table into rows: where one inscription ends and the next begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from registre.ocr.engine.words import Line, Sheet, Word, group_lines, line_height
from registre.ocr.index.columns import Table
from registre.ocr.index.fields import find_date, find_number, is_ditto, parse_date, parse_number
from registre.ocr.index.vocabulary import NOTE, Field, plain

#: Lines of one cell stand no further apart than this, in line heights.
_SPACED = 1.7
#: Gaps that differ by more than this are of two kinds; and how many ways of telling them apart are tried.
_TWO_KINDS = 1.22
_MOST_SPLITS = 3
#: The second line of a note stands no further below than this, in line heights.
_WRAPPED = 1.6
#: Columns where a line of such words goes on with what stands above it.
_BESIDE_ROWS = frozenset({Field.REMARQUES, Field.NATURE, Field.QUALITE, Field.AVIS, Field.RADIATIONS})
#: Words of one sentence stand no further apart than this, in line heights.
_PROSE = 1.2


@dataclass(frozen=True, slots=True)
class Strip:
    """One line of the table, cut into its columns."""

    line: Line
    cells: dict[Field, tuple[Word, ...]]

    def text(self, name: Field) -> str:
        """Text of one cell of the line."""
        return " ".join(word.text for word in self.cells.get(name, ()))

    def is_note(self) -> bool:
        """Whether the line is prose about the lot that runs over the columns, or stands where names do."""
        if not NOTE.match(plain(self.line.text)):
            return False
        if len(self.cells) == 1:
            return not _BESIDE_ROWS.intersection(self.cells)
        words = self.line.words
        wide = _PROSE * line_height(words)
        return all(b.x0 - a.x1 < wide for a, b in pairwise(words))


@dataclass(slots=True)
class Band:
    """Lines that make one row of the table."""

    strips: list[Strip] = field(default_factory=list[Strip])

    def words(self, name: Field) -> list[Word]:
        """Words of one column."""
        return [word for strip in self.strips for word in strip.cells.get(name, ())]

    def text(self, name: Field) -> str:
        """Text of one column; its lines are told by its own words, for cells may be centred on the row."""
        return join_wrapped(line.text for line in group_lines(self.words(name)))

    def parties(self) -> list[tuple[str, tuple[Word, ...]]]:
        """Qualité and words of the name, line by line: these two columns alone decide what a line is."""
        roles = set(self.words(Field.QUALITE))
        lines = group_lines([*roles, *self.words(Field.PARTIES)])
        return [
            (
                " ".join(word.text for word in line.words if word in roles),
                tuple(word for word in line.words if word not in roles),
            )
            for line in lines
        ]

    def raw(self, table: Table) -> str:
        """All its words, cell after cell as the columns stand; a qualité goes before its name."""
        cells: list[str] = []
        for column in table.columns:
            if column.field is Field.PARTIES:
                cells += [part for role, words in self.parties() for part in (role, _joined(words))]
            elif column.field is not Field.QUALITE or not table.has(Field.PARTIES):
                cells.append(self.text(column.field))
        return join_wrapped(cells)


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def join_wrapped(lines: Iterable[str]) -> str:
    """One text from the lines of a cell; a hyphen at a line's end keeps its word together."""
    text = ""
    for line in lines:
        if line:
            text += line if not text or text.endswith("-") else f" {line}"
    return text


def cut_rows(strips: Sequence[Strip], sheet: Sheet) -> list[Band]:
    """Cut the table's lines into rows: at ruled lines if rows are ruled, else where a date or number begins one."""
    if not strips:
        return []
    cuts = _ruled_cuts(strips, sheet.horizontals)
    if cuts is None:
        return _cut_at(strips, _cuts(strips))
    bands: list[Band] = []
    for band in _cut_at(strips, cuts):
        # a rule that was not seen must not hide a row
        several = sum(_has_number(strip) for strip in band.strips) > 1 and not _one_number(band)
        bands += _cut_at(band.strips, _cuts(band.strips)) if several else [band]
    return bands


def _cut_at(strips: Sequence[Strip], cuts: set[int]) -> list[Band]:
    bands: list[Band] = []
    for index, strip in enumerate(strips):
        if index == 0 or index in cuts:
            bands.append(Band())
        bands[-1].strips.append(strip)
    return bands


def _one_number(band: Band) -> bool:
    """Whether the band's figures are one number that wraps in its cell, or one beside its date."""
    value = parse_number(band.text(Field.NUMERO))
    return not band.words(Field.NUMERO) or (value.text is not None and not value.doubtful)


def _ruled_cuts(strips: Sequence[Strip], horizontals: Sequence[float]) -> set[int] | None:
    """Indexes of lines that follow a rule; None unless rules part (nearly) all rows that carry a number."""
    cuts = {
        index
        for index in range(1, len(strips))
        if any(strips[index - 1].line.cy < y < strips[index].line.cy for y in horizontals)
    }
    numbered = [index for index, strip in enumerate(strips) if _has_number(strip)]
    parted = sum(any(a < cut <= b for cut in cuts) for a, b in pairwise(numbered))
    return cuts if cuts and parted >= 0.9 * max(len(numbered) - 1, 1) else None


def _cuts(strips: Sequence[Strip]) -> set[int]:
    """Cuts told by dates and numbers; then, if rows plainly stand apart, lines that do so without either are rows."""
    gaps = [0.0, *(b.line.cy - a.line.cy for a, b in pairwise(strips))]
    spaced = _spaced_cuts(strips, gaps)
    if spaced is not None:
        return spaced
    cuts = _marked_cuts(strips, gaps, None)
    apart = _apart(gaps, cuts, line_height([word for strip in strips for word in strip.line.words]))
    return cuts if apart is None else _marked_cuts(strips, gaps, apart)


def _spaced_cuts(strips: Sequence[Strip], gaps: Sequence[float]) -> set[int] | None:
    """Cuts at the wide gaps, if gaps are of two kinds and the wide ones part the rows: one number, or a note, each.

    So rows are whole whose cells stand in the middle of their height, the number below the first name.
    """
    steps = sorted(gaps[1:])
    splits = [(b / max(a, 1.0), (a + b) / 2) for a, b in pairwise(steps) if b > _TWO_KINDS * max(a, 1.0)]
    for _, least in sorted(splits, reverse=True)[:_MOST_SPLITS]:
        cuts = {index for index, gap in enumerate(gaps) if index and gap > least}
        bands = _cut_at(strips, cuts)
        told = [sum(_has_number(strip) and not strip.is_note() for strip in band.strips) for band in bands]
        notes = sum(not figures and _may_be_note(band) for figures, band in zip(told, bands, strict=True))
        if len(bands) > 2 and max(told) == 1 and sum(told) + notes == len(bands):
            return cuts
    return None


def _may_be_note(band: Band) -> bool:
    """Whether lines that stand apart tell something of the lot, wherever they stand."""
    return NOTE.match(plain(band.strips[0].line.text)) is not None


def _apart(gaps: Sequence[float], cuts: set[int], height: float) -> float | None:
    """The gap from which on a line begins a row; None where rows stand no further apart than their lines."""
    opening = sorted(gaps[index] for index in cuts)
    within = sorted(gap for index, gap in enumerate(gaps) if index and index not in cuts)
    if len(opening) < 2 or not within:
        return None
    usual, row = median(within), opening[len(opening) // 4]
    if len(within) <= 0.5 * len(opening) and row > _SPACED * height:
        # rows of one line each: what stands as far apart as they do is no second line
        usual = min(usual, row / _SPACED)
    return 0.92 * row if row >= 1.25 * usual else None


def _marked_cuts(strips: Sequence[Strip], gaps: Sequence[float], apart: float | None) -> set[int]:
    pitch = median(sorted(gaps[1:])[: max(len(gaps) // 2, 1)]) if len(gaps) > 1 else 1.0
    cuts: set[int] = set()
    has_date = has_number = False
    start = 0
    for index, strip in enumerate(strips):
        dated, numbered = (_has_date(strip), _has_number(strip)) if not strip.is_note() else (False, False)
        opens = (dated and has_date) or (numbered and has_number)
        aside = _is_aside(strip, gaps[index], pitch, apart)
        if aside and strips[start].is_note() and index == start + 1 and not strip.is_note():
            # a note that wraps
            aside = gaps[index] >= (apart or _WRAPPED * line_height(strip.line.words))
        tight = apart is not None and gaps[index] < apart
        first = (dated or numbered) and not (has_date or has_number) and not tight
        if index and (opens or aside or first):
            # a cell centred on its row begins above the line that carries the number
            cut = index if aside else _widest(gaps, start + 1, index)
            cuts.add(cut)
            start, has_date, has_number = cut, False, False
        has_date |= dated
        has_number |= numbered
    return cuts


def _widest(gaps: Sequence[float], first: int, last: int) -> int:
    """Where the row really begins: at `last`, unless a clearly wider gap lies between it and the row before."""
    best = max(range(first, last + 1), key=lambda index: (gaps[index], index))
    return best if gaps[best] > 1.3 * gaps[last] else last


def _is_aside(strip: Strip, gap: float, pitch: float, apart: float | None) -> bool:
    """A line apart that is no part of the row above: prose where a date belongs, or as far below as rows are."""
    if strip.is_note():
        return True
    if _has_date(strip) or _has_number(strip):
        return False
    lead = strip.text(Field.DATE) or strip.text(Field.ENREGISTREMENT)
    if sum(char.isalpha() for char in lead) >= 4 and not is_ditto(lead):
        return True
    return gap > 3.5 * pitch or (apart is not None and gap >= apart)


def _has_date(strip: Strip) -> bool:
    text = strip.text(Field.DATE) or strip.text(Field.ENREGISTREMENT)
    return bool(text) and (is_ditto(text) or parse_date(text).text is not None or find_date(text) is not None)


def _has_number(strip: Strip) -> bool:
    text = strip.text(Field.NUMERO)
    if not text:
        found = strip.text(Field.ENREGISTREMENT)
        dated = find_date(found)
        return find_number(found.replace(dated[1], " ") if dated else found) is not None
    # three figures under a number are its last group, wrapped
    return sum(char.isdigit() for char in text) >= (3 if _has_date(strip) else 4)
