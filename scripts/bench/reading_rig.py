"""Scanned papers of every density, and the reading of them in one process with a clock on each step."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from registre.domain.request import DocumentKind
from registre.ocr import page
from registre.ocr.engine import image, networks, rapid
from registre.ocr.engine.weights import UnknownWeightsError
from registre.sandbox.documents import render, truth
from registre.sandbox.documents.paint import paint
from registre.sandbox.documents.scan import scanned
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.catalogue import catalogue
from registre.sandbox.foncier.model import Scan

#: Where the time goes, in the order of the table; the rest is sums and rules over words.
STEPS = ("render", "straighten", "find", "lines", "rest")
_SCAN = Scan(dpi=300, rotation=-0.3, noise=6, blur=0.5)
#: Where the timed functions are called from, and the step they belong to.
_CLOCKS: tuple[tuple[Any, str, str], ...] = (
    (page, "render_page", "render"),
    (image, "straighten", "straighten"),
    (networks.Finder, "boxes", "find"),
    (networks.LineReader, "read", "lines"),
    (networks, "cut_out", "lines"),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One document: its PDF, and which of its pages to read."""

    name: str
    kind: DocumentKind
    data: bytes
    pages: Sequence[int]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page took."""

    document: str
    page: int
    plain: bool
    #: CPU seconds by step
    steps: dict[str, float]
    #: of the process after the page, and its highest so far
    rss_mb: float
    peak_mb: float

    @property
    def cpu_s(self) -> float:
        return sum(self.steps.values())


def papers(pages: int) -> list[Paper]:
    """The long acte first."""
    held = catalogue()
    actes = sorted((acte for acte in held.actes if not acte.papier), key=lambda acte: acte.pages)
    # no longer than asked for: it is scanned whole
    acte = next((acte for acte in actes if acte.pages >= pages), actes[-1])
    found = [_acte(replace(acte, scan=_SCAN), pages)]
    for layout in ("modern", "old"):
        fiches = [fiche for fiche in held.fiches if fiche.layout == layout]
        longest = max(fiches, key=lambda fiche: len(truth(fiche)))
        count = min(len(truth(longest)), 4)
        data = render(replace(longest, scan=_SCAN), demande="D-1")
        found.append(Paper(f"index {layout}", DocumentKind.INDEX, data, range(1, count + 1)))
    sparse = min((f for f in held.fiches if f.layout == "modern" and len(f.inscriptions) > 1), key=_rows)
    data = render(replace(sparse, scan=_SCAN), demande="D-1")
    found.append(Paper("index, sparse", DocumentKind.INDEX, data, [1]))
    found += [Paper(f"index, {rows} rows", DocumentKind.INDEX, _dense(rows), [1]) for rows in (25, 54)]
    return found


def _acte(acte: Any, pages: int) -> Paper:
    return Paper("acte", DocumentKind.ACTE, render(acte, demande="D-1"), range(1, min(pages, acte.pages) + 1))


def _rows(fiche: Any) -> int:
    return len(fiche.inscriptions)


def _dense(rows: int) -> bytes:
    """One page, a line a row."""
    pick = random.Random(rows)
    sheet = Sheet(612, 1008) if rows > 40 else Sheet(1008, 612)
    size, leading = (8.0, 16.0) if rows > 40 else (8.5, 19.0)
    columns = {"Date": 30, "Numéro": 100, "Nature de l'acte": 180, "Nom des parties": 290, "Radiations": 490}
    sheet.text(sheet.width / 2, 38, "Index des immeubles", "Helvetica-Bold", 14, anchor="centre")
    for title, x in columns.items():
        sheet.text(x + 3, 70, title, "Helvetica-Bold", size)
    known = [row for fiche in catalogue().fiches for row in fiche.inscriptions if row.nature and row.parties]
    number, y = 4_000_000, 70.0
    for rank in range(rows):
        y += leading
        number += pick.randint(1000, 90_000)
        row = pick.choice(known)
        radiation = f"T {pick.randint(10, 29)} {pick.randint(100, 999)} {pick.randint(100, 999)}"
        date = f"{1985 + rank // 2}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}"
        cells = [date, f"{number:,}".replace(",", " "), (row.nature or "")[:22], row.parties[0].nom[:32], radiation]
        for x, text in zip(columns.values(), cells, strict=True):
            sheet.text(x + 3, y, text, "Helvetica", size)
        sheet.rule(30, y + 5, sheet.width - 30, y + 5)
    for x in (*columns.values(), sheet.width - 30):
        sheet.rule(x, 60, x, y + 5)
    return scanned(paint([sheet], "rows"), _SCAN, f"{rows}")


def cost_of(documents: Sequence[Paper], plain: bool) -> list[Cost]:
    """Read every page in this process, with the weights as they come if `plain`."""
    if plain:
        networks.cut_down = _as_they_come
    rapid.read_words(np.full((400, 400), 255, np.uint8))  # what a process does once is no page's cost
    spent: dict[str, float] = {}
    for owner, name, step in _CLOCKS:
        setattr(owner, name, _clocked(getattr(owner, name), step, spent))
    return [cost for paper in documents for cost in _pages(paper, plain, spent)]


def _as_they_come(weights: bytes) -> bytes:
    raise UnknownWeightsError("plain")


def _pages(paper: Paper, plain: bool, spent: dict[str, float]) -> Iterator[Cost]:
    for number in paper.pages:
        spent.clear()
        with _clock("rest", spent):
            page.read(paper.data, number, paper.kind)
        spent["rest"] -= sum(seconds for step, seconds in spent.items() if step != "rest")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield Cost(paper.name, number, plain, dict(spent), _rss_mb(), peak)


def _clocked(function: Callable[..., Any], step: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        with _clock(step, spent):
            return function(*args, **kwargs)

    return timed


@contextmanager
def _clock(step: str, spent: dict[str, float]) -> Iterator[None]:
    start = time.process_time()
    yield
    spent[step] = spent.get(step, 0.0) + time.process_time() - start


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
