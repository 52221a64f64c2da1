"""What was seen of a line, in one look or two: which parts of a long one to look at again, and what holds then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from registre.ocr.engine.image import Gray

#: Numbers with a digit less certain than this are read again.
_SURE = 0.9
#: So are those with two digits this many times as far apart as the others: of two alike beside each other the network
#: may swallow one, and be certain of what it saw. Of 1,632 hard numbers, the smallest set in 7.5 points, 15 were wrong
#: and unflagged before this was asked, and 5 are.
_APART = 1.9
#: No more certain than this are digits that were read in two ways.
_TWO_WAYS = 0.5
#: Of a line longer than so many times its height only the numbers in doubt are read again. A cell of an index is
#: shorter: there the whole is looked at twice.
_LONG = 16
#: A part is no shorter than this, in the same measure: alone, « % l'an » reads « 8 1 an ».
_ROOM = 8
#: What stands behind the first group of digits of a number printed in groups.
_GROUPS = re.compile(r"\d+((?: \d+)+)")
#: Parts that make up more of a line than this are no less work than all of it.
_MOST = 0.7


@dataclass(frozen=True, slots=True)
class Reading:
    """One line: each character with where along the line it was seen (0 to 1) and how certainly (0 to 1)."""

    text: str
    places: tuple[float, ...]
    certainties: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Certainty of the whole; 0 for nothing."""
        return sum(self.certainties) / max(len(self.certainties), 1)

    @property
    def digits(self) -> str:
        """The digits alone."""
        return "".join(filter(str.isdecimal, self.text))

    @property
    def digit_certainty(self) -> float:
        """Of the least certain digit; 1 where there is none."""
        pairs = zip(self.text, self.certainties, strict=True)
        return min((certainty for sign, certainty in pairs if sign.isdecimal()), default=1.0)

    @property
    def doubted(self) -> bool:
        """Whether one of its digits is not certain, or one may have been lost."""
        return self.digit_certainty < _SURE or self._uneven or not all(map(_in_threes, _GROUPS.findall(self.text)))

    @property
    def _uneven(self) -> bool:
        """Whether two digits of a word stand much farther apart than the others."""
        near = zip(self.text, self.text[1:], self.places, self.places[1:], strict=False)
        steps = sorted(there - here for a, b, here, there in near if a.isdecimal() and b.isdecimal())
        return len(steps) > 1 and steps[-1] >= _APART * (sum(steps[:-1]) / (len(steps) - 1))

    def part(self, start: int, end: int) -> Reading:
        """These characters of it, where they stand in the whole."""
        return Reading(self.text[start:end], self.places[start:end], self.certainties[start:end])


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line, from one blank between words to another: characters of its reading, columns of its picture."""

    start: int
    end: int
    left: int
    right: int


def settled(first: Reading, second: Reading) -> Reading:
    """Which of two readings of a line holds; where they differ in a digit, none of its digits is certain."""
    if first.digits == second.digits:
        return max(first, second, key=lambda reading: reading.digit_certainty)
    # digits get lost, they are not made up
    better = max(first, second, key=lambda reading: (len(reading.digits), reading.mean))
    pairs = zip(better.text, better.certainties, strict=True)
    return replace(better, certainties=tuple(min(c, _TWO_WAYS) if sign.isdecimal() else c for sign, c in pairs))


def doubtful(line: Gray, reading: Reading) -> tuple[Part, ...]:
    """What of a line to look at again: mostly nothing, else the numbers in doubt with a word on either side, or all."""
    if not reading.doubted:
        return ()
    whole = Part(0, len(reading.text), 0, line.shape[1])
    if line.shape[1] < _LONG * line.shape[0]:
        return (whole,)
    words = _words(reading.text)
    parts = tuple(_part(line, reading, words[first : last + 1]) for first, last in _numbers(line, reading, words))
    return parts if sum(part.right - part.left for part in parts) <= _MOST * line.shape[1] else (whole,)


def put_in(reading: Reading, part: Part, seen: Reading, width: int) -> Reading:
    """The reading with that part of it, and of the `width` of the line, as it was seen the second time."""
    share, shift = (part.right - part.left) / width, part.left / width
    second = replace(seen, places=tuple(shift + place * share for place in seen.places))
    held = settled(reading.part(part.start, part.end), second)
    before, after = reading.part(0, part.start), reading.part(part.end, len(reading.text))
    return Reading(
        before.text + held.text + after.text,
        before.places + held.places + after.places,
        before.certainties + held.certainties + after.certainties,
    )


def _words(text: str) -> list[tuple[int, int]]:
    """First character of each word, and the one behind its last."""
    blank = [rank for rank, sign in enumerate(text) if sign.isspace()]
    edges = zip([-1, *blank], [*blank, len(text)], strict=True)
    return [(before + 1, behind) for before, behind in edges if behind > before + 1]


def _in_threes(groups: str) -> bool:
    return all(len(group) == 3 for group in groups.split())


def _numbers(line: Gray, reading: Reading, words: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """First and last word of each number in doubt and its surroundings; those that meet are one."""
    kept: set[int] = set()
    # a number is printed in groups: words with digits that follow one another may be one
    for numeric, run in groupby(
        range(len(words)), lambda rank: any(map(str.isdecimal, reading.text[slice(*words[rank])]))
    ):
        ranks = list(run)
        first, last = ranks[0], ranks[-1]
        if numeric and reading.part(words[first][0], words[last][1]).doubted:
            first, last = max(first - 1, 0), min(last + 1, len(words) - 1)
            while (first or last + 1 < len(words)) and _length(line, reading, words[first], words[last]) < _ROOM:
                first, last = max(first - 1, 0), min(last + 1, len(words) - 1)
            kept.update(range(first, last + 1))
    runs = [[rank for _, rank in run] for _, run in groupby(enumerate(sorted(kept)), lambda pair: pair[1] - pair[0])]
    return [(run[0], run[-1]) for run in runs]


def _length(line: Gray, reading: Reading, first: tuple[int, int], last: tuple[int, int]) -> float:
    """From the first word's first character to the last word's last, in heights of the line."""
    height, width = line.shape
    return (reading.places[last[1] - 1] - reading.places[first[0]]) * width / height


def _part(line: Gray, reading: Reading, words: Sequence[tuple[int, int]]) -> Part:
    start, end = words[0][0], words[-1][1]
    left = _blank(line, *_around(reading, start)) if start else 0
    right = _blank(line, *_around(reading, end + 1)) if end < len(reading.text) else line.shape[1]
    return Part(start, end, left, max(right, left + 1))


def _around(reading: Reading, start: int) -> tuple[float, float]:
    """Where the word that starts there begins, and the one before it ends."""
    after = next((rank for rank in range(start, len(reading.text)) if not reading.text[rank].isspace()), start)
    before = next((rank for rank in range(start - 1, -1, -1) if not reading.text[rank].isspace()), 0)
    last = len(reading.text) - 1
    return reading.places[min(before, last)], reading.places[min(after, last)]


def _blank(line: Gray, before: float, after: float) -> int:
    """Middle of the widest blank between two characters: they are seen at half a character's width, no nearer."""
    height, width = line.shape
    left, right = int(before * width), max(int(after * width), int(before * width) + 1)
    light = line[:, left : right + 1].min(axis=0).astype(np.float32)
    wide = max(round(height / 6), 1)
    smooth = np.convolve(light, np.ones(wide, np.float32), "same")
    return left + round(float(np.nonzero(smooth == smooth.max())[0].mean()))
