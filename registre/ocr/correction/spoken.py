"""What persons said of an index's rows and of figures of the text, as changes to the joined text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from registre.domain.reading import ILLEGIBLE, Correction, PageReading
from registre.domain.review import LOT, Review
from registre.domain.text import digits
from registre.ocr.accord.review import find_figure, find_row
from registre.ocr.document import grouped
from registre.ocr.index.fields import parse_date

_KIND: Final = "personne"
_DATE: Final = re.compile(r"(?:\d{4}|\d{2})\s?[-/.–—]\s?\d{1,2}\s?[-/.–—]\s?\d{1,2}")
#: What may stand between two digits of a number.
_GAP: Final = "[ \u00a0.]?"
_NUMBERS: Final = ("numero", "radiations", "avis_adresse")


def spoken(text: str, pages: Sequence[PageReading], reviews: Sequence[Review]) -> tuple[Correction, ...]:
    """Changes that make `text`, the pages joined, say what persons said. `pages` have their reviews laid.

    Where the page's text has nothing to replace, the value is added behind its row.
    """
    changes: dict[int, Correction] = {}
    starts = _starts(text, pages)
    for review in sorted(reviews, key=lambda review: review.id):
        page = next((page for page in pages if page.number == review.number), None)
        if page is None or review.value == ILLEGIBLE or review.field in {"row", "kind", LOT}:
            continue
        find = _on_text if review.place is None else _on_row
        for change in find(page, review):
            at = starts[page.number] + change.at
            if change.before != change.after:
                changes[at] = Correction(_KIND, change.before, change.after, at)
    return tuple(changes[at] for at in sorted(changes))


def _starts(text: str, pages: Sequence[PageReading]) -> dict[int, int]:
    """Where each page's own text begins in the joined one."""
    starts: dict[int, int] = {}
    at = 0
    for page in sorted(pages, key=lambda page: page.number):
        mark = f"--- Page {page.number} ---"
        at = text.index(mark, at) + len(mark) + 1
        starts[page.number] = at
    return starts


def _on_text(page: PageReading, review: Review) -> Iterator[Correction]:
    found = find_figure(page.text, review)
    if found is not None:
        yield Correction(_KIND, found[1], str(review.value), found[0])


def _on_row(page: PageReading, review: Review) -> Iterator[Correction]:
    index = find_row(page.rows, review)
    if index is None or review.before is None:
        return
    raw = page.rows[index].raw.rstrip()
    start = max(page.text.find(raw), 0) if raw else 0
    end = start + len(raw) if raw and raw in page.text else len(page.text.rstrip())
    for old, new in _pairs(review.field, review.before.get(review.field), review.value):
        found = _printed(page.text[start:end], review.field, old)
        if found is not None:
            yield Correction(_KIND, found[0], _as_printed(review.field, new, found[0]), start + found.start())
        elif new and not _printed(page.text[start:end], review.field, new):
            yield Correction(_KIND, "", f" {_as_printed(review.field, new, ' ')}", end)


def _pairs(field: str, old: Any, new: Any) -> list[tuple[str, str]]:
    """What is to be replaced by what; an empty old value has no place on the page, an empty new one takes its away."""
    if field == "parties":
        old, new = ([partie["nom"] for partie in parties or ()] for parties in (old, new))
    if field in {"parties", "radiations"}:
        gone = [item for item in old or () if item not in (new or ())]
        come = [item for item in new or () if item not in (old or ())]
        most = max(len(gone), len(come))
        return list(zip([*gone, *[""] * most][:most], [*come, *[""] * most][:most], strict=True))
    return [(str(old or ""), str(new or ""))] if (old or "") != (new or "") else []


def _printed(text: str, field: str, value: str) -> re.Match[str] | None:
    """Where the value stands, as it is printed; None where it does not, or more than once."""
    if not value:
        return None
    if field == "date":
        found = [match for match in _DATE.finditer(text) if parse_date(match[0]).text == value]
    elif field in _NUMBERS and digits(value):
        letter = r"(?:\b[TP][ .:]{0,2})?" if field == "radiations" else ""
        found = list(re.finditer(rf"{letter}(?<!\d){_GAP.join(digits(value))}(?!\d)", text))
    else:
        found = list(re.finditer(re.escape(value), text))
    return found[0] if len(found) == 1 else None


def _as_printed(field: str, value: str, like: str) -> str:
    """The value in the manner of what it replaces: grouped digits stay grouped."""
    if not value or field not in _NUMBERS:
        return value
    letter, number = ("", value) if field != "radiations" else (value[0], value[1:].strip())
    spaced = re.search(r"\d[ \u00a0]\d", like) is not None or not like.strip()
    shown = grouped(number) if spaced and number.isdigit() else number
    return f"{letter} {shown}" if letter and (like[:1] in "TP" or not like.strip()) else shown
