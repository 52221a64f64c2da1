"""One row of an index's table into an inscription or a note. What is not surely so is doubted, never dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from registre.domain.reading import Box, Inscription, Partie, RowKind
from registre.ocr.engine.words import Sheet, Word, certainty, group_lines, line_height
from registre.ocr.index.bands import Band, join_wrapped
from registre.ocr.index.columns import Table
from registre.ocr.index.fields import (
    Value,
    find_date,
    find_number,
    is_ditto,
    is_short_date,
    may_be_ditto,
    parse_avis,
    parse_date,
    parse_number,
    parse_radiations,
    split_notice,
)
from registre.ocr.index.parties import holds_figures, is_doubtful, may_wrap_otherwise, pair_parties
from registre.ocr.index.places import places_of
from registre.ocr.index.sure import LEGIBLE_ROW, NOTHING, unsure, unsure_names
from registre.ocr.index.vocabulary import NAMES, Field, is_role, plain

#: Two-digit years up to this one may be of this century: typed forms ended long before.
_LAST_SHORT_YEAR = 30
#: Figures nearer to a number than this many line heights may belong to it.
_CROWDED = 0.6
_SIDES = {Field.GRANTOR: "Grantor", Field.GRANTEE: "Grantee"}


@dataclass(frozen=True, slots=True)
class Above:
    """What a ditto repeats: the last row's date, the last inscription's other values."""

    date: str | None = None
    date_sure: bool = False
    inscription: Inscription | None = None

    def then(self, row: Inscription) -> Above:
        """The same, a row further down."""
        sure = "date" not in row.uncertain if row.date else self.date_sure
        return Above(row.date or self.date, sure, row if row.kind is RowKind.INSCRIPTION else self.inscription)


def read_row(band: Band, table: Table, sheet: Sheet, above: Above, since: str, sure: float) -> Inscription:
    """The row that a band of lines holds.

    `since` is the last sure date before it, empty where there is none; `sure` is the page's `bar`.
    """
    if certainty([word for strip in band.strips for word in strip.line.words]) < LEGIBLE_ROW:
        sure = NOTHING
    row = _in_its_century(_row(band, table, sheet, above, sure), band, since)
    return replace(row, places=_places(band, row, sheet))


def _row(band: Band, table: Table, sheet: Sheet, above: Above, sure: float) -> Inscription:
    doubts: set[str] = set()
    if band.strips[0].is_note():
        return _note(band, table, None, doubts, sure)
    when = _date(band, table, above, doubts, sure)
    numero = _numero(band, sheet, doubts, sure)
    nature = _nature(band, above.inscription, doubts)
    parties = _all_parties(band, table, above.inscription, doubts)
    _doubt_parties(band, table, parties, doubts, sure)
    if any(map(holds_figures, parties)):
        doubts |= {"avis_adresse", "radiations"}
    remarques, avis = _remarks(band, table, above.inscription, doubts, sure)
    radiations = _radiations(band, doubts, sure)
    if not (numero or "numero" in doubts or (nature and parties) or radiations):
        return _note(band, table, when, doubts, sure)
    if not numero:
        doubts.add("numero")
    if sure == NOTHING:
        # what is not seen on such a page may be there all the same
        doubts |= {"avis_adresse", "date", "numero", "radiations"}
    if when is None and (table.has(Field.DATE) or table.has(Field.ENREGISTREMENT)):
        doubts.add("date")
    return Inscription(
        kind=RowKind.INSCRIPTION,
        date=when,
        numero=numero,
        nature=nature,
        parties=parties,
        remarques=remarques,
        avis_adresse=avis,
        radiations=radiations,
        raw=band.raw(table),
        uncertain=tuple(sorted(doubts)),
    )


def _note(band: Band, table: Table, when: str | None, doubts: set[str], sure: float) -> Inscription:
    """A row without a number of its own: all its words but the date are the remark."""
    words: list[Word] = []
    for strip in band.strips:
        for name, cell in strip.cells.items():
            dated = name is Field.DATE or (name is Field.ENREGISTREMENT and parse_date(strip.text(name)).text)
            if not (when and dated):
                words += cell
    marks = doubts & {"date"}
    if sure == NOTHING or not (table.has(Field.NATURE) or any(table.has(name) for name in NAMES)):
        # nothing but its number tells an inscription from a note here, and that may have been lost
        marks |= {"kind"}
    return Inscription(
        kind=RowKind.NOTE,
        date=when,
        remarques=join_wrapped(line.text for line in group_lines(words)) or None,
        raw=band.raw(table),
        uncertain=tuple(sorted(marks)),
    )


def _places(band: Band, row: Inscription, sheet: Sheet) -> dict[str, Box]:
    """The cells of a row that hold something; a note has its date and, for all the rest, its line."""
    both = band.words(Field.ENREGISTREMENT)
    fields = {
        "row": [word for strip in band.strips for word in strip.line.words],
        "date": band.words(Field.DATE) or both,
    }
    if row.kind is RowKind.INSCRIPTION:
        remarks = band.words(Field.REMARQUES)
        fields |= {
            "numero": band.words(Field.NUMERO) or both,
            "nature": band.words(Field.NATURE),
            "parties": [word for name in (Field.QUALITE, *NAMES) for word in band.words(name)],
            "remarques": remarks,
            "avis_adresse": band.words(Field.AVIS) or (remarks if row.avis_adresse else []),
            "radiations": band.words(Field.RADIATIONS),
        }
    return places_of(fields, sheet)


def _date(band: Band, table: Table, above: Above, doubts: set[str], sure: float) -> str | None:
    own = band.words(Field.DATE)
    words = own or band.words(Field.ENREGISTREMENT)
    text = " ".join(word.text for word in words)
    if not text:
        return None
    if own and may_be_ditto(text):
        if not above.date_sure or not is_ditto(text) or sure == NOTHING:
            doubts.add("date")
        return above.date
    value = parse_date(text, order=table.dates)
    if value.text is None:
        found = find_date(text)
        value = Value(found[0], doubtful=bool(own)) if found else value
    if value.doubtful or unsure(words, sure):
        doubts.add("date")
    return value.text


def _numero(band: Band, sheet: Sheet, doubts: set[str], sure: float) -> str | None:
    """The row's number. A cell with figures that make none is doubted; one with words only is no number at all."""
    words = band.words(Field.NUMERO)
    if words:
        value = parse_number(" ".join(word.text for word in words))
        figures = sum(char.isdigit() for word in words for char in word.text)
        if value.text is None and figures < 3:
            return None
    else:
        words = band.words(Field.ENREGISTREMENT)
        text = " ".join(word.text for word in words)
        dated = find_date(text)
        found = find_number(text.replace(dated[1], " ") if dated else text)
        value = parse_number(found) if found else Value(None)
        if found is None and not (dated and len(text) > len(dated[1]) + 3):
            return None
    if words and (value.doubtful or value.text is None or unsure(words, sure) or _crowded(band, sheet)):
        doubts.add("numero")
    return value.text


def _crowded(band: Band, sheet: Sheet) -> bool:
    """Whether figures of another column stand so near that they may be the number's own."""
    for strip in band.strips:
        number = strip.cells.get(Field.NUMERO)
        if not number:
            continue
        x0, x1 = number[0].x0, max(word.x1 for word in number)
        reach = _CROWDED * line_height(number)
        for word in strip.line.words:
            left, right = (word.x1, x0) if word.cx < x0 else (x1, word.x0)
            if word.cx < x0 or word.cx > x1:
                ruled = any(left - reach < x < right + reach for x in sheet.verticals)
                if right - left < reach and not ruled and any(char.isdigit() for char in word.text):
                    return True
    return False


def _nature(band: Band, above: Inscription | None, doubts: set[str]) -> str | None:
    text = band.text(Field.NATURE)
    if text and above and above.nature and may_be_ditto(text):
        if not is_ditto(text) or "nature" in above.uncertain:
            doubts.add("nature")
        return above.nature
    return text or None


def _radiations(band: Band, doubts: set[str], sure: float) -> tuple[str, ...]:
    words = band.words(Field.RADIATIONS)
    found, left_over = parse_radiations(band.text(Field.RADIATIONS))
    if left_over or unsure(words, sure):
        doubts.add("radiations")
    return found


def _all_parties(band: Band, table: Table, above: Inscription | None, doubts: set[str]) -> tuple[Partie, ...]:
    if table.has(Field.GRANTOR) or table.has(Field.GRANTEE):
        return tuple(
            partie for name, side in _SIDES.items() for partie in _on_side(band, table, name, side, above, doubts)
        )
    return _parties(band, table, above, doubts)


def _on_side(
    band: Band, table: Table, name: Field, side: str, above: Inscription | None, doubts: set[str]
) -> tuple[Partie, ...]:
    """Parties of one side's column, the side for qualité."""
    words = band.words(name)
    if not words:
        return ()
    lines = [("", line.words) for line in group_lines(words)]
    found = pair_parties(lines, _edge(table, name, words), roles_printed=False)
    before = [partie for partie in above.parties if partie.qualite == side] if above else []
    return tuple(replace(partie, qualite=side) for partie in _repeated(found, before, doubts))


def _parties(band: Band, table: Table, above: Inscription | None, doubts: set[str]) -> tuple[Partie, ...]:
    words = band.words(Field.PARTIES)
    if not words:
        return ()
    parties = pair_parties(band.parties(), _edge(table, Field.PARTIES, words), roles_printed=table.has(Field.QUALITE))
    if any(not partie.nom for partie in parties):
        doubts.add("parties")
    return _repeated(parties, above.parties if above else (), doubts)


def _doubt_parties(band: Band, table: Table, parties: Sequence[Partie], doubts: set[str], sure: float) -> None:
    """Doubt names read without certainty, of two cells at once, or missing where the table has names."""
    named = any(table.has(name) for name in NAMES)
    words = [word for name in (Field.QUALITE, *NAMES) for word in band.words(name)]
    untold = any(column.guessed or column.field is Field.AUTRE for column in table.columns)
    if (
        (not parties and (named or table.has(Field.NATURE)))
        or any(map(is_doubtful, parties))
        or unsure_names(words, sure)
        or (any(partie.qualite and not is_role(partie.qualite) for partie in parties) and table.has(Field.QUALITE))
        or (untold and not named)
        or table.has(Field.GRANTOR) is not table.has(Field.GRANTEE)
    ):
        doubts.add("parties")
    elif not table.has(Field.QUALITE):
        lines = {name: [line.words for line in group_lines(band.words(name))] for name in NAMES}
        if any(may_wrap_otherwise(own, _edge(table, name, band.words(name))) for name, own in lines.items() if own):
            doubts.add("parties")


def _edge(table: Table, name: Field, words: Sequence[Word]) -> float:
    """Where the text of a column must wrap."""
    column = table.column(name)
    height = line_height(words)
    right = column.right if column else float("inf")
    return min(right - 0.3 * height, max(word.x1 for line in table.body for word in line.words) + height)


def _repeated(parties: tuple[Partie, ...], above: Sequence[Partie], doubts: set[str]) -> tuple[Partie, ...]:
    """The parties, dittos replaced by what stands above."""
    if not above:
        return parties
    if any(may_be_ditto(partie.nom) and not is_ditto(partie.nom) for partie in parties):
        doubts.add("parties")
    if len(parties) == 1 and may_be_ditto(parties[0].nom):
        return tuple(above)
    return tuple(
        replace(partie, nom=above[min(index, len(above) - 1)].nom) if may_be_ditto(partie.nom) else partie
        for index, partie in enumerate(parties)
    )


def _remarks(
    band: Band, table: Table, above: Inscription | None, doubts: set[str], sure: float
) -> tuple[str | None, str | None]:
    before = above.remarques if above else None
    if table.has(Field.AVIS):
        words = band.words(Field.AVIS)
        avis = parse_avis(band.text(Field.AVIS))
        if avis.text and (avis.doubtful or unsure(words, sure)):
            doubts.add("avis_adresse")
        return _inherited(band.text(Field.REMARQUES), before), avis.text
    remark, notices = split_notice(band.text(Field.REMARQUES))
    if notices and unsure([word for word in band.words(Field.REMARQUES) if word.text[-1:].isdigit()], sure):
        doubts.add("avis_adresse")
    if not notices and _SPEAKS_OF_NOTICE.search(plain(remark)):
        doubts.add("avis_adresse")
    return _inherited(remark, before), ", ".join(notices) or None


def _inherited(text: str, above: str | None) -> str | None:
    return (above or text) if text and is_ditto(text) else text or None


_SPEAKS_OF_NOTICE = re.compile(r"adr(?:esse|\.)|\bav(?:is)?\.? ?d")


def _in_its_century(row: Inscription, band: Band, since: str) -> Inscription:
    """Settle a two-digit year, read as 19YY: `01-02-14` after 1999, or on a fiche opened in 1998, is 2001.

    A year that could be of either century is doubted.
    """
    text = band.text(Field.DATE) or band.text(Field.ENREGISTREMENT)
    found = find_date(text)
    short = is_short_date(text) or (found is not None and is_short_date(found[1]))
    if not row.date or not short:
        return row
    if since and since < "1900" and f"18{row.date[2:]}" >= since:
        return replace(row.doubted("date"), date=f"18{row.date[2:]}")
    if int(row.date[2:4]) > _LAST_SHORT_YEAR or (since and row.date >= since):
        return row
    if since >= "1980":
        return replace(row, date=f"20{row.date[2:]}")
    return row.doubted("date")
