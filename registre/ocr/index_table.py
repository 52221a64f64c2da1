"""A page of an index des immeubles: words in, inscriptions out. Nothing is dropped: the rest stays in `raw`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from registre.domain.reading import Box, Inscription, Partie, RowKind
from registre.ocr.bands import Band, Strip, cut_rows, join_wrapped
from registre.ocr.columns import Table, cells_of, find_tables
from registre.ocr.fields import (
    Value,
    find_date,
    find_number,
    is_ditto,
    is_short_date,
    parse_avis,
    parse_date,
    parse_number,
    parse_radiations,
)
from registre.ocr.header import read_header
from registre.ocr.parties import pair_parties
from registre.ocr.places import places_of
from registre.ocr.vocabulary import CARRIED, FOOTER, Field, plain
from registre.ocr.words import Line, Sheet, Word, group_lines, line_height

#: Two-digit years up to this one may be of this century: typed forms ended long before.
_LAST_SHORT_YEAR = 30
#: A critical value with a character read less surely than this is doubted.
SURE = 0.80


@dataclass(frozen=True, slots=True)
class IndexPage:
    """What an index page holds."""

    rows: tuple[Inscription, ...]
    #: lines above the first table, all lines where none was found: the header fields are there
    margin: tuple[Line, ...]
    #: the whole page; a table row is one line, cell after cell
    text: str


def read_index(sheet: Sheet) -> IndexPage:
    """Rows and text of one page. Where no heading is recognised, each line with a number and date is a row."""
    lines = group_lines(sheet.words)
    tables = find_tables(lines, sheet.verticals)
    since = _established(lines)
    if not tables:
        return IndexPage(_without_heading(lines, sheet), lines, "\n".join(line.text for line in lines))
    rows: list[Inscription] = []
    texts: list[str] = []
    for table in tables:
        found, aside = _rows_of(table, sheet, since)
        rows += found
        texts += [line.text for line in table.before]
        texts += [table.heading, *(row.raw for row in found), *aside]
    return IndexPage(tuple(rows), tables[0].before, "\n".join(texts))


def _rows_of(table: Table, sheet: Sheet, since: str) -> tuple[list[Inscription], list[str]]:
    """The table's rows, and the lines below it that belong to the sheet rather than to the table."""
    strips: list[Strip] = []
    aside: list[str] = []
    for line in table.body:
        if FOOTER.search(plain(line.text)) or CARRIED.match(plain(line.text)):
            aside.append(line.text)
        else:
            strips.append(Strip(line, cells_of(line, table.columns)))
    bands = cut_rows(strips, sheet)
    rows: list[Inscription] = []
    for band in bands:
        row = _in_its_century(_row(band, table, rows[-1] if rows else None), band, since)
        row = replace(row, places=_places(band, row, sheet))
        rows.append(row)
        since = row.date if row.date and "date" not in row.uncertain else since
    return rows, aside


def _row(band: Band, table: Table, above: Inscription | None) -> Inscription:
    doubts: set[str] = set()
    when = _date(band, above, doubts)
    numero = _numero(band, doubts)
    nature = _inherited(band.text(Field.NATURE), above.nature if above else None)
    parties = _parties(band, table, above, doubts)
    remarques, avis = _remarks(band, table, above, doubts)
    radiations, left_over = parse_radiations(band.text(Field.RADIATIONS))
    if left_over:
        doubts.add("radiations")
    if not numero and not (nature and parties):
        return _note(band, table, when, doubts)
    if not numero:
        doubts.add("numero")
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
            "parties": [*band.words(Field.QUALITE), *band.words(Field.PARTIES)],
            "remarques": remarks,
            "avis_adresse": band.words(Field.AVIS) or (remarks if row.avis_adresse else []),
            "radiations": band.words(Field.RADIATIONS),
        }
    return places_of(fields, sheet)


def _note(band: Band, table: Table, when: str | None, doubts: set[str]) -> Inscription:
    """A row without a number of its own: all its words but the date are the remark."""
    words = [
        word
        for strip in band.strips
        for name, cell in strip.cells.items()
        if not (when and name is Field.DATE)
        for word in cell
    ]
    return Inscription(
        kind=RowKind.NOTE,
        date=when,
        remarques=join_wrapped(line.text for line in group_lines(words)) or None,
        raw=band.raw(table),
        uncertain=tuple(sorted(doubts & {"date"})),
    )


def _date(band: Band, above: Inscription | None, doubts: set[str]) -> str | None:
    words = band.words(Field.DATE) or band.words(Field.ENREGISTREMENT)
    text = " ".join(word.text for word in words)
    if not text:
        return None
    if is_ditto(text) and above:
        return above.date
    value = parse_date(text)
    if value.text is None:
        found = find_date(text)
        value = Value(found[0], doubtful=bool(band.words(Field.DATE))) if found else value
    if value.doubtful or min(word.confidence for word in words) < SURE:
        doubts.add("date")
    return value.text


def _numero(band: Band, doubts: set[str]) -> str | None:
    words = band.words(Field.NUMERO)
    if words:
        value = parse_number(" ".join(word.text for word in words))
    else:
        words = band.words(Field.ENREGISTREMENT)
        text = " ".join(word.text for word in words)
        dated = find_date(text)
        found = find_number(text.replace(dated[1], " ") if dated else text)
        value = parse_number(found) if found else Value(None)
    if words and (value.doubtful or min(word.confidence for word in words) < SURE):
        doubts.add("numero")
    return value.text


def _inherited(text: str, above: str | None) -> str | None:
    return above if text and is_ditto(text) else text or None


def _parties(band: Band, table: Table, above: Inscription | None, doubts: set[str]) -> tuple[Partie, ...]:
    column = table.column(Field.PARTIES)
    words = band.words(Field.PARTIES)
    if column is None or not words:
        return ()
    height = line_height(words)
    edge = min(column.right - 0.3 * height, max(word.x1 for line in table.body for word in line.words) + height)
    parties = pair_parties(band.parties(), edge, roles_printed=table.has(Field.QUALITE))
    if any(not partie.nom for partie in parties):
        doubts.add("parties")
    if above and len(parties) == 1 and is_ditto(parties[0].nom):
        return above.parties
    if above and above.parties:
        return tuple(
            replace(partie, nom=above.parties[min(index, len(above.parties) - 1)].nom)
            if is_ditto(partie.nom)
            else partie
            for index, partie in enumerate(parties)
        )
    return parties


def _remarks(band: Band, table: Table, above: Inscription | None, doubts: set[str]) -> tuple[str | None, str | None]:
    text = band.text(Field.REMARQUES)
    if table.has(Field.AVIS):
        avis = parse_avis(band.text(Field.AVIS))
        if avis.doubtful and avis.text:
            doubts.add("avis_adresse")
        return _inherited(text, above.remarques if above else None), avis.text
    remarks: list[str] = []
    notices: list[str] = []
    for strip in band.strips:
        kept, found = _split_notice(strip.text(Field.REMARQUES))
        notices += found
        if kept:
            remarks.append(kept)
    joined = join_wrapped(remarks)
    return _inherited(joined, above.remarques if above else None), ", ".join(notices) or None


_NOTICE = re.compile(
    r"\b(?:av(?:is)?\.? ?(?:d'? ?)?adr(?:esse|\.)?|a\.? ?a\.)\s*(?:no?\.?|n[°º]|numero)?\s*:?\s*"
    r"(\d{1,3}(?: \d{3})+|\d{4,8})"
)


def _split_notice(text: str) -> tuple[str, list[str]]:
    """Take « Avis d'adresse 6 012 345 » out of a remark that shares its column."""
    found: list[str] = []
    folded = plain(text)
    kept = text
    for match in reversed(list(_NOTICE.finditer(folded))):
        found.insert(0, match.group(1).replace(" ", ""))
        kept = kept[: match.start()] + kept[match.end() :]
    return " ".join(kept.split()).strip(" ,;"), found


def _in_its_century(row: Inscription, band: Band, since: str) -> Inscription:
    """Settle a two-digit year, read as 19YY: `01-02-14` after 1999, or on a fiche opened in 1998, is 2001.

    `since` is the last sure date before this row, empty where there is none: a year that could then be of either
    century is doubted.
    """
    text = band.text(Field.DATE) or band.text(Field.ENREGISTREMENT)
    found = find_date(text)
    short = is_short_date(text) or (found is not None and is_short_date(found[1]))
    if not row.date or not short or int(row.date[2:4]) > _LAST_SHORT_YEAR or (since and row.date >= since):
        return row
    if since >= "1980":
        return replace(row, date=f"20{row.date[2:]}")
    return replace(row, uncertain=tuple(sorted({*row.uncertain, "date"})))


def _established(lines: Sequence[Line]) -> str:
    """ISO date on which the fiche was opened, empty where the page does not say."""
    found = find_date(read_header(lines).get("date_etablissement", ""))
    return found[0] if found else ""


def _without_heading(lines: Sequence[Line], sheet: Sheet) -> tuple[Inscription, ...]:
    """Rows recognised by a date and a number on one line; their other words stay in `raw`."""
    rows: list[Inscription] = []
    words: list[Word] = []
    for line in lines:
        dated = find_date(line.text)
        rest = line.text.replace(dated[1], " ", 1) if dated else ""
        number = find_number(rest) if dated else None
        if dated and number:
            words = [*line.words]
            rows.append(
                Inscription(
                    kind=RowKind.INSCRIPTION,
                    date=dated[0],
                    numero=number,
                    raw=line.text,
                    uncertain=("date", "nature", "numero", "parties", "radiations"),
                    places=places_of({"row": words}, sheet),
                )
            )
        elif rows and not FOOTER.search(plain(line.text)):
            words += line.words
            rows[-1] = replace(rows[-1], raw=f"{rows[-1].raw}\n{line.text}", places=places_of({"row": words}, sheet))
    return tuple(rows)
