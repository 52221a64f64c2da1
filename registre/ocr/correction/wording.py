"""The corrected copy of a text: slips no reader of French means are mended, each one listed. The text as read stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from registre.domain.reading import Correction
from registre.ocr.correction.lexicon import lexicon

#: Letters seen where a digit stands, between digits that leave no doubt.
_LOOKALIKE: Final = str.maketrans("OoQDlIiSsBZz", "000011155822")
_MIXED_NUMBER: Final = re.compile(r"(?<![\w-])\d{1,3}(?: [\dOoQDlIiSsBZz]{3})+(?![\w-])")
#: Amounts as typed by habit: no thousands space, no space before the sign.
_AMOUNT: Final = re.compile(
    r"(?<![\d,.-])(?<!\d )(\d{4,9})(,\d{2})? ?\$|(?<![\d,.-])(?<!\d )(\d{1,3}(?: \d{3})*)(,\d{2})?\$"
)
#: A dollar's sign read as a letter: after cents, after thousands that end a phrase, or before an English amount.
_DOLLAR: Final = re.compile(
    r"(?<![\w,.-])(?<!\d )(\d+(?: \d{3})*)(,\d{2})? ?[Ss§](?!\w)(?(2)|(?<=\d{3} [Ss§])(?=$|\n|[.;,)]| avec\b| à\b))"
)
_DOLLAR_BEFORE: Final = re.compile(r"(?<!\w)[Ss§](?=\d{1,3}(?:,\d{3})*\.\d{2}(?!\d)|\d{1,3}(?:,\d{3})+(?!\d))")
_ABBREVIATIONS: Final = (
    (re.compile(r"\bcirc\. ?fonc\.", re.IGNORECASE), "circonscription foncière"),
    (re.compile(r"\bcad\. (?=d[ue]|off)", re.IGNORECASE), "cadastre "),
    (re.compile(r"\bp(?:tie|artie)\. (?=du lot)", re.IGNORECASE), "partie "),
)
_ORGANISATION: Final = re.compile(r"\b[A-ZÀ-Þ][\w'’-]*(?:[ -](?:d[eu]s?|d'|l'|la|le|et|[A-ZÀ-Þ][\w'’-]*)){1,6}")


def corrected(text: str, given: Sequence[Correction] = ()) -> tuple[str, tuple[Correction, ...]]:
    """The corrected copy, and every change in the order of the text; nothing else differs. `given` goes before ours."""
    found = list(given)
    for look in (_digits, _amounts, _abbreviations, _names):
        for correction in look(text):
            if not any(_overlap(correction, other) for other in found):
                found.append(correction)
    found.sort(key=lambda correction: correction.at)
    pieces: list[str] = []
    end = 0
    for correction in found:
        pieces += [text[end : correction.at], correction.after]
        end = correction.at + len(correction.before)
    return "".join([*pieces, text[end:]]), tuple(found)


def _overlap(a: Correction, b: Correction) -> bool:
    return a.at < b.at + len(b.before) and b.at < a.at + len(a.before)


def _changes(
    kind: str, pattern: re.Pattern[str], text: str, change: Callable[[re.Match[str]], str]
) -> Iterator[Correction]:
    for match in pattern.finditer(text):
        after = change(match)
        if after != match[0]:
            yield Correction(kind, match[0], after, match.start())


def _digits(text: str) -> Iterator[Correction]:
    return _changes("chiffres", _MIXED_NUMBER, text, lambda match: match[0].translate(_LOOKALIKE))


def _amounts(text: str) -> Iterator[Correction]:
    def spaced(match: re.Match[str]) -> str:
        whole, cents = match[1] or match[3], match[2] or match[4] or ""
        return _grouped(whole, cents)

    yield from _changes("montant", _DOLLAR, text, lambda match: _grouped(match[1], match[2] or ""))
    yield from _changes("montant", _DOLLAR_BEFORE, text, lambda _: "$")
    yield from _changes("montant", _AMOUNT, text, spaced)


def _grouped(whole: str, cents: str) -> str:
    return f"{int(whole.replace(' ', '')):,}".replace(",", " ") + f"{cents} $"


def _abbreviations(text: str) -> Iterator[Correction]:
    for pattern, full in _ABBREVIATIONS:
        yield from _changes("abreviation", pattern, text, lambda _match, full=full: full)


def _names(text: str) -> Iterator[Correction]:
    """Names of those whom the registry names again and again, read almost right: a letter or two."""

    def snapped(match: re.Match[str]) -> str:
        if lexicon().named(match[0]) is not None:
            return match[0]
        near = lexicon().nearly(match[0])
        return near.name if near is not None and near.kind not in {"public", "investor"} else match[0]

    return _changes("nom", _ORGANISATION, text, snapped)
