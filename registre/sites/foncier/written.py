"""Dates, moments, amounts and demand numbers as the site writes them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from registre.domain.text import fold

_ISO: Final = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_DAY_FIRST: Final = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b")
_WRITTEN: Final = re.compile(r"\b(\d{1,2})(?:er)? ([a-z]+) (\d{4})\b")
_MONTHS: Final = {
    name: rank
    for rank, name in enumerate(
        (
            *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
            *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
        ),
        start=1,
    )
}
_TIME: Final = re.compile(r"(\d{1,2})\s?[:hH]\s?(\d{2})(?::(\d{2}))?")
_OFFSET: Final = re.compile(r"(UTC|GMT|Z|[+-]00:?00)\s*$")
_AMOUNT: Final = re.compile(r"(\d{1,3}(?:[ \u202f]?\d{3})*)[,.](\d{2})\s*\$|\$\s*(\d+)[.,](\d{2})")
_DEMANDE: Final = re.compile(r"demande\s*(?:n[o°º]\.?|no\.?|numéro)?\s*:?\s*([A-Z0-9][A-Z0-9-]{3,})", re.IGNORECASE)


@cache
def site_zone() -> tzinfo:
    """The registry's own zone, for hours shown without one.

    Without zone data on the machine: winter time all year. A purchase then seems an hour younger in summer, never
    older, so that one just made is not overlooked.
    """
    try:
        return ZoneInfo("America/Toronto")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-5))


def amount_cents(text: str) -> int | None:
    """The first amount in dollars, in cents: `1,50 $` → 150."""
    found = _AMOUNT.search(text.replace("\xa0", " "))
    if not found:
        return None
    units, cents = (found[1], found[2]) if found[1] else (found[3], found[4])
    return int(re.sub(r"\D", "", units)) * 100 + int(cents)


def amount_shown(text: str) -> str:
    """The first amount as written, empty when there is none."""
    found = _AMOUNT.search(text.replace("\xa0", " "))
    return found[0].strip() if found else ""


def demande_shown(text: str) -> str:
    """The demand's number in a sentence, empty when there is none."""
    found = _DEMANDE.search(text)
    return found[1] if found and any(c.isdigit() for c in found[1]) else ""


def find_date(text: str) -> date | None:
    """The first date of a text: 1998-07-14, 14/07/1998 or 14 juillet 1998."""
    for pattern, order in ((_ISO, (1, 2, 3)), (_DAY_FIRST, (3, 2, 1))):
        if found := pattern.search(text):
            return _date(*(int(found[group]) for group in order))
    if found := _WRITTEN.search(fold(text)):
        return _date(int(found[3]), _MONTHS.get(found[2], 0), int(found[1]))
    return None


def find_moment(text: str) -> datetime | None:
    """The date and time of a text with its zone, the registry's own zone when none is written."""
    day = find_date(text)
    if day is None:
        return None
    zone = UTC if _OFFSET.search(text) else site_zone()
    time = _TIME.search(text)
    if time is None:
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone)
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
