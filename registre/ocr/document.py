"""A whole document from its pages: joined text, checks across pages, the search form. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from registre.domain.reading import Inscription, PageReading, Partie, RowKind
from registre.domain.text import fold
from registre.ocr.accord.checks import doubt_order, doubt_radiations
from registre.ocr.index.fields import grouped_numbers, is_ditto, numbers_in
from registre.ocr.index.lengths import doubt_lengths

#: Folded ASCII words need at most twice their size as a tsvector, whose limit is 1 048 575 bytes.
SEARCHABLE_LIMIT = 500_000


def join_pages(pages: Sequence[PageReading]) -> str:
    """Texts in page order, each under `--- Page N ---`; blank and failed pages keep their marker."""
    ordered = sorted(pages, key=lambda page: page.number)
    return "\n\n".join(f"--- Page {page.number} ---\n{page.text}".rstrip() for page in ordered)


def check_rows(pages: Sequence[PageReading]) -> tuple[PageReading, ...]:
    """The pages in order, their rows doubted in the light of all others; no value changes but open dittos."""
    ordered = sorted(pages, key=lambda page: page.number)
    rows = doubt_radiations(doubt_lengths(doubt_order(_resolve_dittos([row for page in ordered for row in page.rows]))))
    checked: list[PageReading] = []
    start = 0
    for page in ordered:
        end = start + len(page.rows)
        checked.append(replace(page, rows=tuple(rows[start:end])))
        start = end
    return tuple(checked)


def all_rows(pages: Sequence[PageReading]) -> tuple[Inscription, ...]:
    """Rows of every page, in order."""
    return tuple(row for page in sorted(pages, key=lambda page: page.number) for row in page.rows)


def searchable(text: str, rows: Sequence[Inscription]) -> str:
    """Folded words of a document, for a `simple` tsvector: rows' numbers and names first, then the text.

    Each number is there as one word and in groups of three, whichever way it was printed. Never longer than
    `SEARCHABLE_LIMIT`: a longer text keeps each word once, and as many words as fit.
    """
    words = " ".join(filter(None, _search_parts(text, rows)))
    if len(words) <= SEARCHABLE_LIMIT:
        return words
    kept: list[str] = []
    size = 0
    for word in dict.fromkeys(words.split()):
        size += len(word) + 1
        if size > SEARCHABLE_LIMIT:
            break
        kept.append(word)
    return " ".join(kept)


def number_seen(number: str, pages: Sequence[PageReading]) -> bool:
    """Whether the pages print this number (lot or inscription), grouped or not: `2784195`, `2 784 195`.

    A longer number that contains it does not count.
    """
    wanted = re.sub(r"\s", "", number).upper()
    if not wanted:
        return False
    pattern = re.compile(rf"(?<![0-9A-Z]){_spelled(wanted)}(?![0-9A-Z]|-\d)")
    return any(
        pattern.search(re.sub(r"\s+", " ", source).upper()) is not None
        for page in pages
        for source in (page.text, *page.header.values(), *(row.numero or "" for row in page.rows))
    )


def _spelled(number: str) -> str:
    """Pattern of a number as pages print it: digits whole or in threes, dashes with or without spaces."""
    parts: list[str] = []
    for piece in re.split(r"(-)", number):
        if piece == "-":
            parts.append(r" ?[-‐-―−] ?")
        elif piece.isdigit() and len(piece) > 3:
            parts.append(f"(?:{piece}|{grouped(piece).replace(' ', '[ .,]')})")
        else:
            parts.append(re.escape(piece))
    return "".join(parts)


def grouped(digits: str) -> str:
    """`29123456` → `29 123 456`."""
    return f"{int(digits):,}".replace(",", " ") if not digits.startswith("0") else digits


def _search_parts(text: str, rows: Sequence[Inscription]) -> Iterator[str]:
    for row in rows:
        for number in (row.numero, row.avis_adresse, *row.radiations):
            yield from _both_ways(number or "")
        yield from (fold(partie.nom) for partie in row.parties)
        yield fold(row.nature or "")
    yield fold(text)
    yield from grouped_numbers(text)
    yield from (grouped(number) for number in numbers_in(text) if number.isdigit())


def _both_ways(number: str) -> Iterator[str]:
    for piece in re.findall(r"\d[\d-]*", number):
        yield fold(piece)
        yield piece.replace("-", "")
        if piece.isdigit() and len(piece) > 3:
            yield grouped(piece)


def _resolve_dittos(rows: Sequence[Inscription]) -> list[Inscription]:
    """Give a page's first rows the values they repeat from the page before; the expansion stays marked."""
    resolved: list[Inscription] = []
    above: Inscription | None = None
    date: str | None = None
    for row in rows:
        if row.date is None and date and "date" in row.uncertain and any(map(is_ditto, row.raw.split())):
            # a mark in the date's cell leaves no value on the page itself
            row = replace(row, date=date)
        if above is not None and row.kind is RowKind.INSCRIPTION:
            row = _inherit(row, above)
        resolved.append(row)
        date = row.date or date
        above = row if row.kind is RowKind.INSCRIPTION else above
    return resolved


def _inherit(row: Inscription, above: Inscription) -> Inscription:
    doubts = set(row.uncertain)
    nature, parties = row.nature, tuple(_same_party(partie, row, above) for partie in row.parties)
    if nature and is_ditto(nature) and above.nature:
        nature = above.nature
        doubts.add("nature")
    if len(row.parties) == 1 and is_ditto(row.parties[0].nom) and above.parties and not row.parties[0].qualite:
        parties = above.parties
    if parties != row.parties:
        doubts.add("parties")
    if (nature, parties) == (row.nature, row.parties):
        return row
    return replace(row, nature=nature, parties=parties, uncertain=tuple(sorted(doubts)))


def _same_party(partie: Partie, row: Inscription, above: Inscription) -> Partie:
    """The party a ditto repeats: the one of its qualité above, else the one of its rank."""
    if not is_ditto(partie.nom) or not above.parties:
        return partie
    alike = [other for other in above.parties if partie.qualite and other.qualite == partie.qualite]
    rank = min(row.parties.index(partie), len(above.parties) - 1)
    return replace(partie, nom=(alike[0] if alike else above.parties[rank]).nom)
