"""A page before it is a PDF: texts, lines and shapes with the truth they carry. Origin top left, unit the point."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from reportlab.pdfbase import pdfmetrics  # pyright: ignore[reportMissingTypeStubs]

from registre.domain.reading import Inscription

#: Spaces that must not end a line: inside `29 123 456`, before a unit, after T or P of a radiation.
_GLUED: Final = re.compile(r"(?<=\d) (?=\d{3}(?!\d))|(?<=\d) (?=[$%]|m\b|m²)|(?<=\b[TP]) (?=\d)")
_NBSP: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Text:
    """One printed run. `y` is the baseline."""

    x: float
    y: float
    text: str
    font: str
    size: float
    #: what follows it in reading order, a space or a line end
    after: str
    #: degrees, counter-clockwise, around (x, y)
    angle: float = 0.0
    #: points added to each space, for justified prose
    word_space: float = 0.0
    #: written by an unsteady hand rather than printed
    written: bool = False


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points; closed and filled where asked."""

    points: tuple[tuple[float, float], ...]
    width: float
    closed: bool = False
    #: 0 black to 1 white
    fill: float | None = None
    dash: tuple[float, float] | None = None


@dataclass(slots=True)
class Sheet:
    """One page under construction."""

    width: float
    height: float
    texts: list[Text] = field(default_factory=list[Text])
    strokes: list[Stroke] = field(default_factory=list[Stroke])
    header: dict[str, str] = field(default_factory=dict[str, str])
    rows: list[Inscription] = field(default_factory=list[Inscription])

    def text(
        self,
        x: float,
        y: float,
        text: str,
        font: str,
        size: float,
        *,
        after: str = "\n",
        anchor: str = "left",
        angle: float = 0.0,
        word_space: float = 0.0,
        written: bool = False,
    ) -> None:
        """Print a run; `anchor` says which end of it `x` is (left, centre, right; unrotated text only)."""
        if not text:
            return
        if anchor != "left":
            x -= text_width(text, font, size) * (0.5 if anchor == "centre" else 1.0)
        self.texts.append(Text(x, y, text, font, size, after, angle, word_space, written))

    def rule(self, x1: float, y1: float, x2: float, y2: float, width: float = 0.5) -> None:
        """Draw a straight line."""
        self.strokes.append(Stroke(((x1, y1), (x2, y2)), width))

    def box(
        self, x: float, y: float, width: float, height: float, line: float = 0.5, fill: float | None = None
    ) -> None:
        """Draw a rectangle whose top left corner is (x, y)."""
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        self.strokes.append(Stroke(corners, line, closed=True, fill=fill))

    def reading(self) -> str:
        """Everything printed, in reading order."""
        return "".join(run.text + run.after for run in self.texts).strip()


def text_width(text: str, font: str, size: float) -> float:
    """Printed width in points."""
    return sum(_advance(letter, font) for letter in text) * size


@lru_cache(maxsize=2048)
def _advance(letter: str, font: str) -> float:
    return float(pdfmetrics.stringWidth(letter, font, 1))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def wrap(text: str, font: str, size: float, width: float) -> list[str]:
    """Break at spaces into lines no wider than `width`; amounts and grouped numbers stay whole."""
    lines: list[str] = []
    line: list[str] = []
    used = 0.0
    space = text_width(" ", font, size)
    for word in _GLUED.sub(_NBSP, text).split(" "):
        needed = text_width(word, font, size)
        if line and used + space + needed > width:
            lines.append(" ".join(line))
            line, used = [], 0.0
        used += needed + (space if line else 0.0)
        line.append(word)
    lines.append(" ".join(line))
    return [line.replace(_NBSP, " ") for line in lines if line]
