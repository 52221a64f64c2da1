"""Which page of which document a picture shows, and which part of it: the stand-in's eyes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from registre.sandbox.documents import latest, sheets_of
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.catalogue import Catalogue
from registre.sandbox.foncier.model import Acte, Document, Fiche
from registre.sandbox.gemini import likeness
from registre.sandbox.gemini.likeness import CELL, COARSE, Map

#: A picture less like every page than this shows none of them. Measured on all indexes: its own page 0.87 to 0.96,
#: the likest other one 0.57 to 0.77, more only where both are nearly empty.
_SAME: Final = 0.82
#: A picture this much like a page shows it: the other kinds are not looked at.
_SURE: Final = 0.86
#: A part of a page shown before may be less like it than a whole page is, if no other page is more so by this.
_PART: Final = 0.5
_NEAR: Final = 0.05
_RECENT: Final = 12
#: Pages compared closely, after a glance at all.
_SHORTLIST: Final = 8
#: Pictures whose page is remembered.
_REMEMBERED: Final = 512


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the catalogue."""

    #: kind, circonscription, number and page, for the books
    key: str
    document: Document
    #: from 1
    number: int
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class View:
    """The part of a page that a picture shows, in points from its top."""

    page: Page
    top: float
    bottom: float

    @property
    def whole(self) -> bool:
        """Whether all of the page is in it."""
        return self.top < CELL * COARSE and self.bottom > self.page.sheet.height - CELL * COARSE


class _Shelf:
    """Pages of one size, with their coarse maps."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self.pages: list[Page] = []
        self._maps: list[Map] = []
        self._fine: dict[int, Map] = {}
        self._stack: Map | None = None

    def add(self, page: Page) -> None:
        self.pages.append(page)
        self._maps.append(likeness.coarse(likeness.drawn(page.sheet)))
        self._stack = None

    def best(self, fine: Map) -> tuple[float, View] | None:
        """The page and place most like `fine`, which is as wide as these pages: a glance at all, then a closer look."""
        if self._stack is None:
            self._stack = np.stack(self._maps)
        glance = likeness.coarse(fine)
        if glance.shape[0] < 2 or glance.shape[0] > self._stack.shape[1] + 1:
            return None
        glance = glance[: self._stack.shape[1], : self._stack.shape[2]]
        around = ((index, start * COARSE) for index, start in self._glance(glance))
        found = [self._closely(fine, index, start - COARSE, start + COARSE) for index, start in around]
        return max(found, key=lambda item: item[0])

    def best_of(self, fine: Map, pages: Container[str]) -> tuple[float, View] | None:
        """The same among the pages of those keys, every place looked at closely."""
        chosen = [index for index, page in enumerate(self.pages) if page.key in pages]
        found = [self._closely(fine, index, 0, round(self.height / CELL)) for index in chosen]
        return max(found, key=lambda item: item[0], default=None)

    def _glance(self, glance: Map) -> Iterator[tuple[int, int]]:
        """Page and first coarse row of the likeliest places, a page once."""
        assert self._stack is not None  # noqa: S101  stacked by the caller
        stack = self._stack
        tall = glance.shape[0]
        query = glance - glance.mean()
        starts = range(stack.shape[1] - tall + 1)
        scores = np.empty((len(starts), len(self.pages)), dtype=np.float32)
        for start in starts:
            window = stack[:, start : start + tall]
            window = window - window.mean(axis=(1, 2), keepdims=True)
            scale = np.sqrt((window * window).sum(axis=(1, 2)) * (query * query).sum()) + 1e-6
            scores[start] = (window * query).sum(axis=(1, 2)) / scale
        likeliest = scores.argmax(axis=0)
        order = np.argsort(-scores.max(axis=0))[:_SHORTLIST]
        for index in order.tolist():
            yield index, int(likeliest[index])

    def _closely(self, fine: Map, index: int, first: int, last: int) -> tuple[float, View]:
        """How like page `index` is, at the best place from row `first` to row `last` of its fine map."""
        page = self.pages[index]
        whole = self._fine.get(index)
        if whole is None:
            whole = self._fine[index] = likeness.drawn(page.sheet)
        tall = min(fine.shape[0], whole.shape[0])
        best, place = -1.0, 0
        for top in range(max(first, 0), min(last, whole.shape[0] - tall) + 1):
            score = likeness.correlation(fine[:tall], whole[top : top + tall])
            if score > best:
                best, place = score, top
        best = max(best, likeness.alike(fine[:tall], whole[place : place + tall]))
        return best, View(page, place * CELL, (place + tall) * CELL)


class Library:
    """Every page of a catalogue, looked up by picture. CPU work: up to some 100 ms a new picture.

    The pages of a document kind are laid out when the first picture of their size comes: 0.5 s for all indexes, some
    15 s for all actes.
    """

    def __init__(self, holdings: Catalogue) -> None:
        self._holdings = holdings
        self._shelves: dict[str, list[_Shelf]] = {}
        self._seen: OrderedDict[str, View | None] = OrderedDict()
        self._recent: OrderedDict[str, Page] = OrderedDict()

    def find(self, picture: bytes, kinds: tuple[str, ...]) -> View | None:
        """What the picture shows, among documents of `kinds`; None where it is no page of ours.

        Raises:
            ValueError: the bytes are no picture.
        """
        name = hashlib.sha256(picture).hexdigest() + "/".join(kinds)
        if name not in self._seen:
            self._seen[name] = self._find(picture, kinds)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[name]

    def _find(self, picture: bytes, kinds: tuple[str, ...]) -> View | None:
        width, height = likeness.size_of(picture)
        best: tuple[float, View] | None = None
        known: tuple[float, View] | None = None
        for shelf in self._candidates(width / max(height, 1), kinds):
            fine = likeness.pictured(picture, round(shelf.width / CELL))
            best = _likelier(best, shelf.best(fine))
            known = _likelier(known, shelf.best_of(fine, self._recent))
            if best is not None and best[0] >= _SURE:
                break
        if best is not None and known is not None and known[0] >= max(_PART, best[0] - _NEAR):
            # a small part of a page has little to be told by: it is most likely of one that was just shown
            best = known
        elif best is None or best[0] < _SAME:
            return None
        page = best[1].page
        self._recent[page.key] = page
        self._recent.move_to_end(page.key)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        return best[1]

    def _candidates(self, ratio: float, kinds: tuple[str, ...]) -> Iterator[_Shelf]:
        """Shelves whose pages are at least as tall as the picture."""
        documents: dict[str, Sequence[Document]] = {
            "index": self._holdings.fiches,
            "plan": self._holdings.plans,
            "acte": self._holdings.actes,
        }
        for kind in kinds:
            for shelf in self._laid_out(kind, documents[kind]):
                own = shelf.width / shelf.height
                if ratio > own * 0.98:
                    yield shelf

    def _laid_out(self, kind: str, documents: Sequence[Document]) -> list[_Shelf]:
        if kind not in self._shelves:
            shelves: dict[tuple[float, float], _Shelf] = {}
            for document in documents:
                for page in pages_of(document):
                    size = (page.sheet.width, page.sheet.height)
                    shelves.setdefault(size, _Shelf(*size)).add(page)
            self._shelves[kind] = list(shelves.values())
        return self._shelves[kind]


def _likelier(one: tuple[float, View] | None, other: tuple[float, View] | None) -> tuple[float, View] | None:
    if one is None or other is None:
        return one or other
    return other if other[0] > one[0] else one


def pages_of(document: Document) -> list[Page]:
    """A document's pages, as they are drawn without a demand's number."""
    version = None if isinstance(document, Fiche | Acte) else latest(document)
    number = document.numero if isinstance(document, Acte) else document.lot
    kind = type(document).__name__.lower()
    return [
        Page(f"{kind}/{document.circonscription}/{number}/{rank}", document, rank, sheet)
        for rank, sheet in enumerate(sheets_of(document, version), start=1)
    ]


def row_spans(sheet: Sheet) -> list[tuple[float, float]]:
    """Where each row of a sheet's table stands, from its top to its bottom, in points.

    A row begins above the run that prints its number, or its first words where it has none.
    """
    tops: list[float] = []
    cursor = 0
    for row in sheet.rows:
        wanted = row.numero or ""
        words = (row.remarques or row.nature or row.date or "").split(" ")[0]
        for index in range(cursor, len(sheet.texts)):
            text = sheet.texts[index].text
            # not `T 12 345 678`: a row may cite the number of the next
            if (wanted and text.replace(" ", "") == wanted) or (not wanted and words and text.startswith(words)):
                cursor = index + 1
                tops.append(sheet.texts[index].y - sheet.texts[index].size)
                break
        else:
            tops.append(tops[-1] if tops else 0.0)
    last = max((run.y for run in sheet.texts[cursor:]), default=sheet.height)
    bottoms = [*tops[1:], max(min(last, sheet.height), tops[-1] if tops else 0.0) + 4.0]
    return list(zip(tops, bottoms, strict=True)) if tops else []
