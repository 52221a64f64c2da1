"""A person's word laid over what readers read: found again after every new reading, taken back when undone. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final

from registre.domain.reading import ILLEGIBLE, PERSON, Box, Doubt, Inscription, PageReading, Partie, RowKind
from registre.domain.review import Review
from registre.domain.text import digits, fold
from registre.ocr.accord.same import same as says_the_same
from registre.ocr.accord.witness import likeness, near
from registre.shapes import doubt_from, row_from, to_json

#: A row with the number that a person saw is that row from this likeness on; one at its place on the paper sooner.
_SAME_ROW: Final = 0.75
_SAME_PLACE: Final = 0.3
#: Two rows as like as this cannot be told apart.
_RIVAL: Final = 0.1
#: A figure's surroundings are those that a person saw from this likeness on.
_SAME_TEXT: Final = 0.7


@dataclass(frozen=True, slots=True)
class Laid:
    """Pages with every person's word in its place."""

    pages: tuple[PageReading, ...]
    #: reviews whose row or figure is there
    found: frozenset[int]
    #: reviews whose row or figure no page has any more
    lost: frozenset[int]


def lay(pages: Sequence[PageReading], reviews: Sequence[Review]) -> Laid:
    """The pages with what persons said of them, oldest word first; laying twice changes nothing."""
    laid = {page.number: page for page in pages}
    lost: set[int] = set()
    for review in sorted(reviews, key=lambda review: review.id):
        page = laid.get(review.number)
        after = None if page is None else _laid(page, review)
        if after is None:
            lost.add(review.id)
        else:
            laid[review.number] = after
    known = frozenset(review.id for review in reviews)
    return Laid(tuple(laid[page.number] for page in pages), known - lost, frozenset(lost))


def take_back(page: PageReading, review: Review) -> PageReading:
    """The page as if this had not been said: value, witnesses and doubt as they were."""
    if review.before is None:
        return page
    if review.place is None:
        doubt = doubt_from(review.before)
        return page if doubt in page.doubts else replace(page, doubts=(*page.doubts, doubt))
    old = row_from(review.before)
    if review.field == "row" and review.value is False:
        rows = list(page.rows)
        rows.insert(min(review.place, len(rows)), old)
        return replace(page, rows=tuple(rows))
    index = find_row(page.rows, review)
    return page if index is None else _with_row(page, index, _restored(page.rows[index], old, review.field))


def readings_of(page: PageReading, place: int, name: str) -> dict[str, Any]:
    """Reader → what it read in a field, as JSON; persons are no readers."""
    return _readings(page.rows[place], page.reader, name)


def find_row(rows: Sequence[Inscription], review: Review) -> int | None:
    """The row a person spoke of: the one at its place on the paper, else the one of its number; None where none is, or
    several may be. A word on the wrong row would be an error that nothing flags.
    """
    if review.before is None or review.place is None:
        return None
    old = row_from(review.before)
    known = _known(old, review)
    place = old.places.get("row")
    there = _likely(rows, known, [i for i, row in enumerate(rows) if _overlap(row.places.get("row"), place)])
    at_place = {index: score for index, score in there.items() if score >= _SAME_PLACE}
    if at_place:
        best = max(at_place.values())
        rivals = [index for index, score in at_place.items() if score > best - _RIVAL]
        return rivals[0] if len(rivals) == 1 else None
    names = {_name(seen) for seen in known}
    named = _likely(rows, known, [i for i, row in enumerate(rows) if _name(row) in names])
    same = [index for index, score in named.items() if score >= _SAME_ROW]
    if len(same) > 1:
        # one act on several rows: only their order tells them apart
        same = [index for index in same if index == review.place and not rows[index].places]
    return same[0] if len(same) == 1 else None


def _likely(rows: Sequence[Inscription], known: Sequence[Inscription], indexes: Sequence[int]) -> dict[int, float]:
    """How like the row a person spoke of each of these is."""
    return {index: max(likeness(seen, rows[index]) for seen in known) for index in indexes}


def _known(old: Inscription, review: Review) -> list[Inscription]:
    """The row as it was, as the person says that it is, and as each reader had it."""
    if review.value == ILLEGIBLE or review.field == "row":
        return [old]
    values = [review.value, *review.readings.values()]
    return [old, *(replace(old, **{review.field: from_json(review.field, value)}) for value in values)]


def _name(row: Inscription) -> str:
    return digits(row.numero or "") or fold(row.raw or row.remarques or "")


def find_figure(text: str, review: Review) -> tuple[int, str] | None:
    """Where in a page's text the figure stands that a person spoke of, and how it reads there now."""
    if review.before is None:
        return None
    doubt = doubt_from(review.before)
    best: tuple[float, int, str] = (0.0, 0, "")
    values: list[str] = [str(value) for value in (doubt.read, review.value, *review.readings.values()) if value]
    for value in dict.fromkeys(values):
        for match in re.finditer(re.escape(value), text):
            alike = SequenceMatcher(None, fold(near(text, match)), fold(doubt.near), autojunk=False).ratio()
            best = max(best, (alike, match.start(), value), key=lambda found: found[0])
    return (best[1], best[2]) if best[0] >= _SAME_TEXT else None


def from_json(name: str, value: Any) -> Any:
    """A field's value as the domain has it."""
    match name:
        case "parties":
            return tuple(Partie(item["nom"], item.get("qualite")) for item in value or ())
        case "radiations":
            return tuple(value or ())
        case "kind":
            return RowKind(value)
        case _:
            return value


def _laid(page: PageReading, review: Review) -> PageReading | None:
    if review.place is None:
        return _laid_on_text(page, review)
    index = find_row(page.rows, review)
    if review.field == "row" and review.value is False:
        # that it is gone is what was said of it
        return page if index is None else replace(page, rows=(*page.rows[:index], *page.rows[index + 1 :]))
    return None if index is None else _with_row(page, index, _told(page.rows[index], review, page.reader))


def _laid_on_text(page: PageReading, review: Review) -> PageReading | None:
    if review.before is None:
        return None
    told = doubt_from(review.before)
    if review.value == ILLEGIBLE:
        return page
    left = tuple(doubt for doubt in page.doubts if not _same_doubt(doubt, told))
    gone = told.read is None or told.field or find_figure(page.text, review) is not None
    if len(left) == len(page.doubts) and not gone:
        return None
    return replace(page, doubts=left)


def _same_doubt(doubt: Doubt, told: Doubt) -> bool:
    if doubt.field or told.field:
        return doubt.field == told.field
    same = {digits(doubt.read or ""), digits(doubt.other or "")} == {digits(told.read or ""), digits(told.other or "")}
    alike = SequenceMatcher(None, fold(doubt.near), fold(told.near), autojunk=False).ratio()
    return same and alike >= _SAME_TEXT


def _told(row: Inscription, review: Review, reader: str) -> Inscription:
    """The row with this person's word: the field's value and first witness; a note beside it where nobody can read."""
    name, person = review.field, f"{PERSON}{review.actor}"
    read = _read(row, review, reader)
    if review.value == ILLEGIBLE:
        others = {**row.others, name: {**row.others.get(name, {}), person: ILLEGIBLE}}
        return replace(row, others=others, uncertain=tuple(sorted({*row.uncertain, name})))
    value = from_json(name, review.value)
    agreed = [reader for reader, seen in read.items() if says_the_same(name, from_json(name, seen), value)]
    differ = {reader: seen for reader, seen in read.items() if reader not in agreed}
    others = {key: seen for key, seen in row.others.items() if key != name}
    told = replace(
        row,
        witnesses={**row.witnesses, name: (person, *agreed)},
        others={**others, name: differ} if differ and name != "row" else others,
        uncertain=tuple(doubt for doubt in row.uncertain if doubt != name),
        suggestions=tuple(item for item in row.suggestions if item.field != name),
    )
    return told if name == "row" else replace(told, **{name: value})


def _read(row: Inscription, review: Review, reader: str) -> dict[str, Any]:
    """What each reader made of the field: in this row as it is read now, else as it was when the person looked."""
    name = review.field
    return review.readings if name == "row" or row.is_settled(name) else _readings(row, reader, name)


def _readings(row: Inscription, reader: str, name: str) -> dict[str, Any]:
    raw = to_json(row)
    kept = dict.fromkeys(row.witnesses.get(name) or (reader.partition("+")[0],), raw.get(name, True))
    others: dict[str, Any] = raw["others"].get(name, {})
    return {by: seen for by, seen in {**kept, **others}.items() if not by.startswith(PERSON)}


def _restored(row: Inscription, old: Inscription, name: str) -> Inscription:
    uncertain = {*row.uncertain} - {name} | ({name} & {*old.uncertain})
    witnesses = {key: seen for key, seen in row.witnesses.items() if key != name}
    others = {key: seen for key, seen in row.others.items() if key != name}
    if name in old.witnesses:
        witnesses[name] = old.witnesses[name]
    if name in old.others:
        others[name] = old.others[name]
    back = replace(row, witnesses=witnesses, others=others, uncertain=tuple(sorted(uncertain)))
    return back if name == "row" else replace(back, **{name: getattr(old, name)})


def _with_row(page: PageReading, index: int, row: Inscription) -> PageReading:
    return replace(page, rows=(*page.rows[:index], row, *page.rows[index + 1 :]))


def _overlap(a: Box | None, b: Box | None) -> bool:
    """Whether two boxes share more than half of the lower one's height."""
    if a is None or b is None:
        return False
    return min(a[3], b[3]) - max(a[1], b[1]) > min(a[3] - a[1], b[3] - b[1]) / 2
