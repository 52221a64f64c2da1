"""From what a person types to a search query, and from a page's text to the passage that answers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from registre.domain.request import normalize_number
from registre.domain.text import fold, tokens

#: Characters shown around the first word found.
_AROUND: Final = 110
_PIECE: Final = re.compile(r'-?"[^"]*"|\S+')
_WORD: Final = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Query:
    """One search in the forms that Postgres takes."""

    #: websearch syntax, words folded
    words: str
    #: the same with numbers that were typed in groups of three joined
    also: str
    #: folded words alone, for their stems
    plain: str
    #: tsquery syntax: every word as a beginning; empty where only exact words will do
    beginnings: str
    #: what may be the number of an order
    numbers: tuple[str, ...]


def parse_query(given: str) -> Query:
    """Understands quotes, `-word` and OR; case and accents are dropped. Empty when no word is left."""
    joined = join_groups(given)
    pieces = _PIECE.findall(joined)
    wanted = tuple(word for piece in pieces if not piece.startswith("-") for word in tokens(piece))
    plain = " ".join(dict.fromkeys(wanted))
    # Whoever asks for exact words, or excludes some, does not want a guess.
    precise = any(piece.startswith("-") or '"' in piece for piece in pieces)
    beginnings = "" if precise else " & ".join(f"{word}:*" for word in wanted)
    return Query(_websearch(given), _websearch(joined), plain, beginnings, tuple(dict.fromkeys(_numbers(given))))


def join_groups(text: str) -> str:
    """`lot 2 784 195` → `lot 2784195`."""
    return re.sub(r"(?<![\d-])\d{1,3}(?: \d{3})+(?![\d-])", lambda found: found.group().replace(" ", ""), text)


def _numbers(given: str) -> Iterator[str]:
    for text in (given, join_groups(given)):
        for part in text.split():
            number = normalize_number(part.strip('"-,;.'))
            if any(character.isdigit() for character in number):
                yield number


def _websearch(text: str) -> str:
    return " ".join(filter(None, (_piece(part) for part in _PIECE.findall(text))))


def _piece(part: str) -> str:
    if part in {"OR", "OU", "|"}:
        return "or"
    sign = "-" if part.startswith("-") else ""
    folded = fold(part)
    if not folded:
        return ""
    # `399-184` and `St-Bruno` are several words that must stand together; a lone « or » must not become an operator.
    return f'{sign}"{folded}"' if " " in folded or folded == "or" or '"' in part else f"{sign}{folded}"


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage and the places (start, end) of what was asked for in it."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet(text: str, lexemes: Iterable[str], plain: str) -> Snippet:
    """The passage of `text` with the most different words asked for, them marked whatever their accents."""
    clean = re.sub(r"\s+", " ", text).strip()
    places = _apart(_places(clean, frozenset(lexemes), frozenset(plain.split())))
    if not places:
        return Snippet(clean[: 2 * _AROUND], ())
    first = max(places, key=lambda place: _richness(places, place[0]))[0]
    start, end = _bounds(clean, first)
    head, tail = "… " if start else "", " …" if end < len(clean) else ""
    shift = len(head) - start
    marks = tuple((a + shift, b + shift) for a, b, _ in places if start <= a and b <= end)
    return Snippet(f"{head}{clean[start:end]}{tail}", marks)


def _bounds(clean: str, first: int) -> tuple[int, int]:
    start = max(first - _AROUND // 2, 0)
    if start:
        start = clean.find(" ", start, first) + 1 or first
    end = min(start + 2 * _AROUND, len(clean))
    if end < len(clean):
        end = max(clean.rfind(" ", first, end), first + 1)
    return start, end


def _richness(places: list[tuple[int, int, str]], start: int) -> int:
    return len({what for a, _, what in places if start <= a < start + 3 * _AROUND // 2})


def _places(clean: str, lexemes: frozenset[str], plain: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Start, end and what was meant, for words by their stem and for numbers however grouped."""
    numbers = [word for word in plain if word.isdigit() and len(word) > 3]
    for number in numbers:
        # A whole group of three after digits goes on with their number: `784 195` in `12 784 195`.
        before = r"(?<!\d)(?<!\d )" if len(number) % 3 == 0 else r"(?<!\d)"
        for found in re.finditer(before + r"\s?".join(number) + r"(?!\d)", clean):
            yield found.start(), found.end(), number
    for found in _WORD.finditer(clean):
        for word in tokens(found.group()):
            if what := _meant(word, lexemes, plain):
                yield found.start(), found.end(), what
                break


def _apart(places: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """In order; of two that overlap the first and longest stays."""
    kept: list[tuple[int, int, str]] = []
    for place in sorted(places, key=lambda place: (place[0], -place[1])):
        if not kept or place[0] >= kept[-1][1]:
            kept.append(place)
    return kept


def _meant(word: str, lexemes: frozenset[str], plain: frozenset[str]) -> str | None:
    if word in lexemes:
        return word
    stems = [stem for stem in lexemes if len(stem) > 2 and not stem.isdigit() and word.startswith(stem)]
    # A stem may begin many words: an ending of a few letters is one of the same word.
    near = [stem for stem in stems if len(word) - len(stem) <= 5]
    return max(near, key=len) if near else next((asked for asked in plain if len(asked) > 3 and word == asked), None)
