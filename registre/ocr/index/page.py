"""A page of an index des immeubles: words in, inscriptions out. Nothing is dropped: the rest stays in `raw`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registre.domain.reading import Doubt, Inscription, RowKind
from registre.ocr.engine.words import Line, Sheet, Word, group_lines
from registre.ocr.index.bands import Strip, cut_rows
from registre.ocr.index.columns import Table, cells_of, find_tables
from registre.ocr.index.fields import date_order, find_date, find_number
from registre.ocr.index.guess import guess_table
from registre.ocr.index.header import doubt_lot_words, read_header
from registre.ocr.index.parties import doubt_names
from registre.ocr.index.places import places_of
from registre.ocr.index.rows import Above, read_row
from registre.ocr.index.stray import without_stray_rules
from registre.ocr.index.sure import bar
from registre.ocr.index.vocabulary import CARRIED, FOOTER, Field, plain

#: Doubted on every row where nobody knows what a column holds.
_UNSORTED = ("avis_adresse", "date", "nature", "numero", "parties", "radiations", "remarques")


@dataclass(frozen=True, slots=True)
class IndexPage:
    """What an index page holds."""

    rows: tuple[Inscription, ...]
    #: the whole page; a table row is one line, cell after cell
    text: str
    header: dict[str, str]
    #: of the header
    doubts: tuple[Doubt, ...]


def read_index(sheet: Sheet) -> IndexPage:
    """Rows and text of one page.

    A page without heading, as a table's next page may be, has its columns told by what stands in them. Where that
    fails too, each line with a number and date is a row, and doubted.
    """
    sheet = replace(sheet, words=without_stray_rules(sheet.words))
    lines = group_lines(sheet.words)
    tables = find_tables(lines, sheet.verticals)
    if not tables and (guessed := guess_table(lines, sheet)):
        tables = (guessed,)
    since, sure = _established(lines), bar(sheet.words)
    if not tables:
        return _page(_unsorted(lines, sheet), [line.text for line in lines], lines, sure)
    rows: list[Inscription] = []
    texts: list[str] = []
    for table in tables:
        found, aside = _rows_of(table, sheet, since, sure)
        rows += found
        texts += [line.text for line in table.before]
        texts += [*([table.heading] if table.heading else []), *(row.raw for row in found), *aside]
    return _page(doubt_names(rows), texts, tables[0].before, sure)


def _page(rows: tuple[Inscription, ...], texts: Sequence[str], margin: Sequence[Line], sure: float) -> IndexPage:
    """`margin` holds the header fields: the lines above the first table, all lines where none was found."""
    header = read_header(margin)
    return IndexPage(rows, "\n".join(texts), header, doubt_lot_words(margin, header, sure))


def _rows_of(table: Table, sheet: Sheet, since: str, sure: float) -> tuple[list[Inscription], list[str]]:
    """The table's rows, and the lines below it that belong to the sheet rather than to the table."""
    strips: list[Strip] = []
    aside: list[str] = []
    for line in table.body:
        if FOOTER.search(plain(line.text)) or CARRIED.match(plain(line.text)):
            aside.append(line.text)
        else:
            strips.append(Strip(line, cells_of(line, table.columns)))
    table = replace(table, dates=date_order(strip.text(Field.DATE) for strip in strips))
    rows: list[Inscription] = []
    above = Above()
    for band in cut_rows(strips, sheet):
        row = read_row(band, table, sheet, above, since, sure)
        rows.append(row)
        above = above.then(row)
        since = row.date if row.date and "date" not in row.uncertain else since
    return (_guessed(rows, table) if table.guessed else rows), aside


def _guessed(rows: Sequence[Inscription], table: Table) -> list[Inscription]:
    """Rows of a table without heading: words may be in the wrong column; numbers that go up down the page are not."""
    numbers = [int(row.numero) for row in rows if row.numero and row.numero.isdigit() and "numero" not in row.uncertain]
    known = len(numbers) >= 3 and numbers == sorted(numbers) and table.has(Field.NUMERO)
    marks = {name for name in _UNSORTED if not (known and name in {"numero", "date", "radiations"})}
    return [row.doubted(*marks) if row.kind is RowKind.INSCRIPTION else row for row in rows]


def _established(lines: Sequence[Line]) -> str:
    """ISO date on which the fiche was opened, empty where the page does not say."""
    found = find_date(read_header(lines).get("date_etablissement", ""))
    return found[0] if found else ""


def _unsorted(lines: Sequence[Line], sheet: Sheet) -> tuple[Inscription, ...]:
    """Rows recognised by a date and a number on one line; their other words stay in `raw`."""
    rows: list[Inscription] = []
    words: list[Word] = []
    for line in lines:
        dated = find_date(line.text)
        number = find_number(line.text.replace(dated[1], " ", 1)) if dated else None
        if dated and number:
            words = [*line.words]
            row = Inscription(RowKind.INSCRIPTION, dated[0], number, raw=line.text, uncertain=_UNSORTED)
            rows.append(replace(row, places=places_of({"row": words}, sheet)))
        elif rows and not FOOTER.search(plain(line.text)):
            words += line.words
            raw = f"{rows[-1].raw}\n{line.text}"
            rows[-1] = replace(rows[-1], raw=raw, places=places_of({"row": words}, sheet))
    return tuple(rows)
