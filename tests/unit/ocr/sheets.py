"""Synthetic words for the table tests: a page written as rows of (x, text) with a fixed pitch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from registre.ocr.engine.words import Sheet, Word

#: Width of a character and height of a line of the imaginary type.
PITCH, HEIGHT, LEADING = 5.0, 10.0, 12.0

MODERN_X = (30, 110, 190, 330, 410, 640, 830, 910)
MODERN = tuple(
    zip(
        MODERN_X,
        (
            "Date de présentation", "Numéro", "Nature de l'acte", "Qualité", "Nom des parties", "Remarques",
            "Avis d'adresse", "Radiations",
        ),
        strict=True,
    )
)  # fmt: skip
OLD = (
    (30, "Noms des parties"),
    (300, "Titre de l'acte"),
    (450, "Date"),
    (520, "No"),
    (600, "Remarques et avis d'adresse"),
    (850, "Radiations"),
)

Cells = Sequence[tuple[float, str]]


def words_at(y: float, cells: Cells, confidence: float = 0.99) -> list[Word]:
    """Words of one line, each cell's text starting at its x."""
    words: list[Word] = []
    for x, text in cells:
        for piece in text.split(" "):
            if piece:
                words.append(Word(piece, x, y, x + PITCH * len(piece), y + HEIGHT, confidence))
            x += PITCH * (len(piece) + 1)
    return words


def sheet(
    lines: Iterable[Cells | None],
    *,
    confidence: float = 0.99,
    verticals: tuple[float, ...] = (),
    horizontals: tuple[float, ...] = (),
) -> Sheet:
    """A page with these lines under one another; None is half a line of white."""
    words: list[Word] = []
    y = 20.0
    for cells in lines:
        if cells is None:
            y += LEADING / 2
            continue
        words += words_at(y, cells, confidence)
        y += LEADING
    return Sheet(tuple(words), 1008, 612, verticals, horizontals)


def modern(*texts: str | None) -> Cells:
    """One line of a modern table, column by column; None or nothing leaves a cell empty."""
    return [(x, text) for x, text in zip(MODERN_X, texts, strict=False) if text]
