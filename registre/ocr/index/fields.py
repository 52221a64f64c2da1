"""One cell's text into one value: dates, inscription numbers, radiations, dittos. Doubt is told, nothing invented."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from registre.ocr.index.months import month_of
from registre.ocr.index.vocabulary import plain

#: Letters that readers see where a digit stands. A repair is always reported as doubtful.
_LOOKALIKE = str.maketrans("OoQDClIi|!ZzSsGbBg~=", "000001111122556689--")
_ISO = re.compile(r"^\D{0,2}(\d{4})\s?[-/.–—_ ]\s?(\d{1,2})\s?[-/.–—_ ]\s?(\d{1,2})\D{0,2}$")
_BROKEN = re.compile(r"^(\d{4}|\d{2})[-/. ]{0,2}(\d{2})[-/. ]{0,2}(\d{2})$")
_SHORT = re.compile(r"^\D{0,2}(\d{2})\s?[-/.–—_]\s?(\d{1,2})\s?[-/.–—_]\s?(\d{1,2})\D{0,2}$")
#: `12 mai 1934`, `1er août 1974`, `12th May '34`; spaces are often lost
_WORDED = re.compile(r"^(?:le\s*)?([\dilo]{1,2})(?:er|st|nd|rd|th|e)?[\s.,-]*([a-z]{3,12})[\s.,'-]*(\d{4}|\d{2})\W*$")
#: `May 12, 1934`
_MONTH_FIRST = re.compile(r"^([a-z]{3,12})[\s.]*([\dilo]{1,2})(?:st|nd|rd|th)?[\s.,]*(\d{4})\W*$")
#: `12-05-1934`: day first, as it is written in French
_DAY_FIRST = re.compile(r"^(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{4})$")
_DATE_INSIDE = re.compile(
    r"(?<![\d-])(?:\d{4}\s?[-/.–—]\s?\d{1,2}\s?[-/.–—]\s?\d{1,2}|\d{2}[-/.–—]\d{2}[-/.–—]\d{2}"
    r"|\d{1,2}(?:er|st|nd|rd|th)?[\s.]*[^\W\d_]{3,9}[\s.,]*\d{4})(?![\d-])"
)
#: 4 123 456, 29123456, 123-456: groups of three after the first, or one run; dashes on old forms.
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+")
_NUMBER = re.compile(r"^(?:\d{1,3}(?: \d{3})+|\d+(?:-\d+)*)$")
_NUMBER_INSIDE = re.compile(r"(?<![\d-])(?:\d{1,3}(?: \d{3})+|\d{4,10}(?:-\d+)*|\d{2,6}-\d{3,6})(?![\d-])")
#: 8,123,456 or 8.123.456: one mark between all groups
_MARKED = re.compile(r"^\d{1,3}([.,'’])\d{3}(?:\1\d{3})*$")
_NUMBER_SIGN = re.compile(r"^n(?:[°º]s?|os?\b|um(?:[eé]ro)?\b)[\s.:]*", re.IGNORECASE)
_RADIATION = re.compile(r"(?<![A-Za-zÀ-ÿ])([TP])\s?[.:]?\s?(\d{1,3}(?: \d{3})+|\d[\d-]{3,11})(?! ?\d)")
_DITTO = re.compile(r"^\W*(?:do|idem|id|ditto|dito)\W*$")
_DITTO_MARK = re.compile(r"""^(?:["“”„″〃»«]|''|’’|‘‘|´´|,,|‚‚|//){1,2}$""")
#: What readers make of a ditto mark, or of one beside a rule: `lidem`, `"do`, `11`, `ll`.
_DITTO_MISREAD = re.compile(r"^\W*(?:[l1i|]?[ijl1|]?dem|[l1i|]?d[o0][l1|]?|[il1|/]{2})\W*$")

_NOTICE = re.compile(
    r"\b(?:av(?:is)?\.? ?(?:d'? ?)?adr(?:esse|\.)?|a\.? ?a\.)\s*(?:no?\.?|n[°º]|numero)?\s*:?\s*"
    r"(\d{1,3}(?: \d{3})+|\d{4,8})"
)

#: Dates that can be read in one way only, before the others of their column are.
_TOLD = 2
#: Digits of an avis d'adresse: one more or less was read wrong.
_NOTICE_DIGITS = 7
#: Fewest and most digits of a numéro d'inscription; the rare dashes apart.
NUMBER_DIGITS = range(4, 9)


@dataclass(frozen=True, slots=True)
class Value:
    """A cell's value; doubtful where it had to be repaired or does not have the field's shape."""

    text: str | None
    doubtful: bool = False


def is_ditto(text: str) -> bool:
    """`"`, `do`, `idem`: the value of the row above."""
    stripped = text.strip()
    return bool(_DITTO_MARK.match(stripped.replace(" ", "")) or _DITTO.match(plain(stripped)))


def may_be_ditto(text: str) -> bool:
    """What may be a ditto misread; a value this short is no nature, name or date of its own."""
    stripped = text.strip()
    return len(stripped) <= 6 and (is_ditto(stripped) or _DITTO_MISREAD.match(plain(stripped)) is not None)


def parse_date(text: str, century: int = 1900, order: str = "") -> Value:
    """ISO date. Two-digit years (`74-07-09`) are of `century`; `order` tells what `03-05-1974` begins with."""
    clean = " ".join(text.split())
    found = _as_date(clean, century) or _ordered_date(clean, order)
    if found:
        return Value(found)
    repaired = clean.translate(_LOOKALIKE)
    found = _as_date(repaired, century) or _broken_date(repaired, century) or _guessed_date(clean, century)
    return Value(found, doubtful=True)


def date_order(texts: Iterable[str]) -> str:
    """What the dates of a column begin with, `day` or `month`, where two can only be so and none is otherwise."""
    pairs = [(int(found[1]), int(found[2])) for text in texts if (found := _DAY_FIRST.match(text))]
    days, months = sum(a > 12 >= b for a, b in pairs), sum(b > 12 >= a for a, b in pairs)
    if min(days, months) or max(days, months) < _TOLD:
        return ""
    return "day" if days else "month"


def _ordered_date(text: str, order: str) -> str | None:
    match = _DAY_FIRST.match(text)
    if not (match and order):
        return None
    a, b, year = (int(group) for group in match.groups())
    return _calendar(year, b, a) if order == "day" else _calendar(year, a, b)


def find_date(text: str, century: int = 1900) -> tuple[str, str] | None:
    """First date inside a longer text, as (ISO, the text as it stood)."""
    for match in _DATE_INSIDE.finditer(text):
        found = _as_date(match.group(), century)
        if found:
            return found, match.group()
    return None


def is_short_date(text: str) -> bool:
    """Whether the year has two digits."""
    clean = " ".join(text.split())
    worded = _WORDED.match(plain(clean))
    return _SHORT.match(clean) is not None or (worded is not None and len(worded.group(3)) == 2)


def parse_number(text: str) -> Value:
    """Numéro d'inscription without spaces, e.g. `29 123 456` → `29123456`."""
    clean = _NUMBER_SIGN.sub("", " ".join(text.split())).strip(" .,;:'’`*_")
    if not any(char.isdigit() for char in clean):
        return Value(None, doubtful=bool(clean))
    clean = re.sub(r"(?<=\d) ?- ?(?=\d)", "-", re.sub(r"[‐-―−]", "-", clean))
    if _MARKED.match(clean):
        clean = re.sub(r"\D", " ", clean)
    if _NUMBER.match(clean):
        return _sized(clean, doubtful=False)
    repaired = re.sub(r"[.,'’](?=\d{3})", " ", clean.translate(_LOOKALIKE))
    digits = re.sub(r"[^\d -]", "", repaired).strip(" -")
    lost = sum(char.isalpha() for char in repaired)
    if lost > len(digits) / 3:
        return Value(None, doubtful=True)
    return _sized(digits, doubtful=True)


def find_number(text: str) -> str | None:
    """First thing shaped like a numéro d'inscription inside a longer text, without spaces."""
    match = _NUMBER_INSIDE.search(text)
    return re.sub(r"\s", "", match.group()) if match else None


def numbers_in(text: str) -> tuple[str, ...]:
    """Everything shaped like a registry number, without spaces, in order."""
    return tuple(re.sub(r"\s", "", found) for found in _NUMBER_INSIDE.findall(" ".join(text.split())))


def grouped_numbers(text: str) -> tuple[str, ...]:
    """Numbers printed in groups (`4 123 456`), without spaces."""
    return tuple(found.replace(" ", "") for found in _GROUPED.findall(" ".join(text.split())))


def parse_radiations(text: str) -> tuple[tuple[str, ...], bool]:
    """`T 12 345 678 P 13 000 001` → (`T 12345678`, `P 13000001`); and whether something was left over."""
    clean = " ".join(text.replace("†", "T").split())
    found: list[tuple[int, str]] = [
        (match.start(), f"{match.group(1)} {match.group(2).replace(' ', '')}") for match in _RADIATION.finditer(clean)
    ]
    rest = _RADIATION.sub(lambda match: " " * len(match.group()), clean)
    # a letter lost or misread: the number is kept, without pretending to know T from P
    found += [(match.start(), match.group().replace(" ", "")) for match in _NUMBER_INSIDE.finditer(rest)]
    left_over = re.sub(r"[\s.,;:/&-]|\bet\b", "", rest)
    return tuple(value for _, value in sorted(found)), bool(left_over)


def parse_avis(text: str) -> Value:
    """Number of an avis d'adresse without spaces; several are joined by commas; other text stays as read."""
    clean = " ".join(text.split())
    found = numbers_in(clean)
    rest = _NUMBER_INSIDE.sub("", clean)
    if found and not re.search(r"\w", rest):
        whole = all(len(number) == _NOTICE_DIGITS and not number.startswith("0") for number in found)
        return Value(", ".join(found), doubtful=not whole)
    return Value(clean or None, doubtful=True)


def split_notice(text: str) -> tuple[str, list[str]]:
    """Take « Avis d'adresse 6 012 345 » out of a remark that shares its column."""
    found: list[str] = []
    folded = plain(text)
    kept = text
    for match in reversed(list(_NOTICE.finditer(folded))):
        found.insert(0, match.group(1).replace(" ", ""))
        kept = kept[: match.start()] + kept[match.end() :]
    return " ".join(kept.split()).strip(" ,;"), found


def _as_date(text: str, century: int) -> str | None:
    if match := _ISO.match(text):
        year, month, day = (int(group) for group in match.groups())
    elif match := _SHORT.match(text):
        year, month, day = (int(group) for group in match.groups())
        year += century
    else:
        return _worded_date(plain(text), century)
    return _calendar(year, month, day)


def _worded_date(text: str, century: int) -> str | None:
    """A date whose month is a word spelled right, or a numeric one that can only be day first."""
    if match := _WORDED.match(text):
        day, name, year = match.groups()
    elif match := _MONTH_FIRST.match(text):
        name, day, year = match.groups()
    elif (match := _DAY_FIRST.match(text)) and int(match.group(2)) <= 12 < int(match.group(1)):
        return _calendar(int(match.group(3)), int(match.group(2)), int(match.group(1)))
    else:
        return None
    found = month_of(name)
    if not found or not day.isdigit():
        return None
    return _calendar(int(year) + (century if len(year) == 2 else 0), found, int(day))


def _guessed_date(text: str, century: int) -> str | None:
    """A date with a misspelled month or day (`1er` read `ler`), or whose day and month could change places."""
    folded = plain(text)
    if match := _WORDED.match(folded):
        day, name, year = match.groups()
    elif match := _MONTH_FIRST.match(folded):
        name, day, year = match.groups()
    elif match := _DAY_FIRST.match(folded):
        return _calendar(int(match.group(3)), int(match.group(2)), int(match.group(1)))
    else:
        return None
    found = month_of(name, misspelled=True)
    day = day.translate(_LOOKALIKE)
    if not found or not day.isdigit():
        return None
    return _calendar(int(year) + (century if len(year) == 2 else 0), found, int(day))


def _broken_date(text: str, century: int) -> str | None:
    """A date that lost a dash (`2004-0517`, `67-0815`)."""
    match = _BROKEN.match(text)
    if not match or (text.isdigit() and len(text) < 8):
        # six figures are a number as often
        return None
    year, month, day = match.groups()
    return _calendar(int(year) + (century if len(year) == 2 else 0), int(month), int(day))


def _calendar(year: int, month: int, day: int) -> str | None:
    # the first registry offices of Lower Canada opened in 1830
    if not 1830 <= year <= 2100:
        return None
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _sized(text: str, *, doubtful: bool) -> Value:
    number = text.replace(" ", "")
    count = sum(char.isdigit() for char in number)
    groups = text.split(" ")
    odd_groups = len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:]))
    return Value(number or None, doubtful=doubtful or odd_groups or count not in NUMBER_DIGITS)
