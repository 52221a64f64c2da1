"""Header fields of an index page: everything labelled above or beside the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registre.domain.reading import Doubt
from registre.domain.request import is_lot, normalize_number
from registre.domain.text import digits
from registre.ocr.engine.words import Line, Word, line_height, segments
from registre.ocr.index.vocabulary import LABELS, plain

#: A value may go on under itself for this many lines.
_MOST_LINES = 4
_LOT = re.compile(r"^(?:\d{1,3}(?: \d{3})+|\d+ ?[A-Z]?(?: ?- ?[\dA-Z]+)*|[A-Z]{1,3} ?- ?\d+)(?!\w| ?\d)")
_DASH = re.compile(r"[‐-―−]")
_AND = re.compile(r"\s*(?:[,;&]|\b(?:et|and)\b)\s*")
_PAGES = re.compile(r"^(\d+)(?:\s*(?:de|/|sur|of)\s*(\d+))?")


#: Keys whose value holds a figure.
_NUMERIC = {"date_etablissement", "droits_a_jour", "radiations_a_jour", "mise_a_jour", "lot", "subdivision", "page"}
#: Values may open with these labels' words: `Cadastre du Québec`, `Lot 12-3`, `Rang 5 Canton d'Ely`.
_ALSO_VALUES = {"cadastre", "lot", "rang", "canton", "plans", "page", "subdivision"}


@dataclass(frozen=True, slots=True)
class _Label:
    key: str
    start: int
    end: int
    colon: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """Words between two wide gaps, and the labels among them."""

    line: int
    words: Line
    labels: tuple[_Label, ...]


def read_header(lines: Sequence[Line]) -> dict[str, str]:
    """Values by key (circonscription, cadastre, lot …); the first non-empty one of each wins.

    A value stands right of its label up to the next label, and may wrap under itself; a label without colon may
    also have it underneath. Labels followed by a colon are believed before those that only start a run of words.
    """
    words = [word for line in lines for word in line.words]
    height = line_height(words)
    runs = [
        _Run(index, part, _labels(part.text))
        for index, line in enumerate(lines)
        for part in segments(line, 2.0 * height)
    ]
    found: dict[str, str] = {}
    used: set[int] = set()
    for colon in (True, False):
        for position in range(len(runs)):
            if position not in used:
                _values(runs, position, colon, found, used, height)
    return _tidy(found)


def _values(
    runs: Sequence[_Run], position: int, colon: bool, found: dict[str, str], used: set[int], height: float
) -> None:
    """Put the values of one run's labels into `found`, and the runs they came from into `used`."""
    run = runs[position]
    text = run.words.text
    for rank, label in enumerate(run.labels):
        if label.colon is not colon or label.key in found:
            continue
        last = rank + 1 == len(run.labels)
        value = _clean(text[label.end : None if last else run.labels[rank + 1].start])
        source: int | None = position
        if not value and last:
            source = _beside(runs, position)
            if source is None and not colon:
                source = _below(runs, position, height)
            value = _clean(runs[source].words.text) if source is not None and source not in used else ""
        if not value or source is None or (label.key in _NUMERIC and not re.search(r"\d", value)):
            continue
        if source != position:
            used.add(source)
        start = _start_of(value, runs[source].words)
        found[label.key] = " ".join([value, *(_wrapped(runs, source, start, used, height) if last else ())])


def _labels(text: str) -> tuple[_Label, ...]:
    """Labels of one run of words, left to right; where two overlap the more telling one stays."""
    folded = plain(text)
    chosen: list[_Label] = []
    for key, pattern in LABELS:
        for match in pattern.finditer(folded):
            if any(match.start() < other.end and other.start < match.end() for other in chosen):
                continue
            colon = re.match(r"(?:\(s\))? *:", folded[match.end() :]) is not None
            if colon or not folded[: match.start()].strip(" .•*-"):
                chosen.append(_Label(key, match.start(), match.end(), colon))
                break
    return tuple(sorted(chosen, key=lambda label: label.start))


def _clean(text: str) -> str:
    return re.sub(r"^(?:\(s\))?[\s:.…_-]+", "", text).strip(" :;_")


def _beside(runs: Sequence[_Run], position: int) -> int | None:
    """The next run on the same line, unless it is a label itself."""
    after = position + 1
    if after < len(runs) and runs[after].line == runs[position].line and not _is_label(runs[after]):
        return after
    return None


def _below(runs: Sequence[_Run], position: int, height: float) -> int | None:
    """The run right under, if it starts where this one starts."""
    here = runs[position]
    for index, run in enumerate(runs):
        if run.line == here.line + 1 and abs(run.words.x0 - here.words.x0) < 1.5 * height:
            close = run.words.y0 - here.words.y1 < 1.5 * height
            return index if close and not _is_label(run) else None
    return None


def _wrapped(runs: Sequence[_Run], source: int, x: float, used: set[int], height: float) -> list[str]:
    """Lines on which a value goes on: right under its first word, and not themselves labelled."""
    parts: list[str] = []
    here = runs[source]
    for index in range(source + 1, len(runs)):
        run = runs[index]
        if run.line > here.line + 1 or len(parts) >= _MOST_LINES:
            break
        if run.line == here.line or abs(run.words.x0 - x) > 0.8 * height:
            continue
        labelled_left = runs[index - 1].line == run.line and runs[index - 1].words.text.rstrip().endswith(":")
        if _is_label(run) or labelled_left or index in used or run.words.y0 - here.words.y1 > 0.8 * height:
            break
        parts.append(run.words.text.strip())
        used.add(index)
        here = run
    return parts


def _is_label(run: _Run) -> bool:
    whole = len(run.words.text)
    if any(label.colon or label.key not in _ALSO_VALUES or label.end >= whole for label in run.labels):
        return True
    return re.search(r"[^\W\d_]\)? ?:", run.words.text) is not None


def _start_of(value: str, words: Line) -> float:
    """x of the value's first word in its run."""
    first = value.split(" ", 1)[0]
    candidates: list[Word] = [word for word in words.words if word.text.strip(" :") == first]
    return candidates[-1].x0 if candidates else words.x0


def _tidy(found: dict[str, str]) -> dict[str, str]:
    """Lots without spaces or remarks beside them, page and number of pages apart."""
    if "lot" in found and (lots := _lots(found["lot"])):
        found["lot"] = ", ".join(lots)
    if "page" in found and (match := _PAGES.match(found["page"])):
        found["page"] = match.group(1)
        if match.group(2):
            found["pages"] = match.group(2)
    return found


def _lots(text: str) -> list[str]:
    """The lots that a header names one after the other, up to what is none."""
    found: list[str] = []
    text = _DASH.sub("-", text)
    while match := _LOT.match(text):
        found.append(normalize_number(match.group()))
        between = _AND.match(text, match.end())
        if between is None:
            break
        text = text[between.end() :]
    return found


def doubt_lot_words(lines: Sequence[Line], header: Mapping[str, str], sure: float) -> tuple[Doubt, ...]:
    """Doubt the header's lot where its words are not sure, something stands beside them, or it has no lot's form."""
    lot = header.get("lot")
    if lot is None:
        # on a page hardly read it may stand there all the same
        return (Doubt(None, None, "lot de l'en-tête", field="lot"),) if lines and sure > 1 else ()
    near = [line for line in lines if any(label.key == "lot" for label in _labels(line.text))]
    whole = digits(lot)
    words = [word for line in near for word in line.words if (own := digits(word.text)) and own in whole]
    seen = bool(words) and all(word.confidence >= sure for word in words)
    if seen and all(map(is_lot, lot.split(", "))) and not any(_goes_on(line, words) for line in near):
        return ()
    return (Doubt(lot, None, "lot de l'en-tête", field="lot"),)


def _goes_on(line: Line, words: Sequence[Word]) -> bool:
    """Whether what follows the lot's last word closely may be more of it."""
    mine = [index for index, word in enumerate(line.words) if word in words]
    if not mine or mine[-1] + 1 == len(line.words):
        return False
    last, after = line.words[mine[-1]], line.words[mine[-1] + 1]
    return after.x0 - last.x1 < 1.5 * last.height and (any(map(str.isdigit, after.text)) or after.text[0] in "-–—")
