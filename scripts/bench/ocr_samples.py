"""Documents to read and what they say: the sandbox's, by layout and degradation; and their reading, in processes."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Protocol

from registre.domain.reading import PageReading
from registre.domain.request import DocumentKind
from registre.ocr.engine.image import Gray
from registre.ocr.page import read_with_picture
from registre.sandbox.documents import PageTruth, render, truth
from registre.sandbox.foncier.catalogue import catalogue
from registre.sandbox.foncier.model import Acte, Fiche, Scan

DEMANDE = "D-100200"


@dataclass(frozen=True, slots=True)
class Sample:
    """One document to read, and what each of its pages says."""

    group: str
    name: str
    kind: DocumentKind
    data: bytes
    truths: tuple[PageTruth, ...]


class Recipe(Protocol):
    """What a sample is made from; cheap to pass to another process."""

    @property
    def group(self) -> str:
        """Layout and degradation."""
        ...

    def make(self) -> Sample:
        """The document; the same recipe gives the same bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A document of the sandbox."""

    group: str
    document: Fiche | Acte

    def make(self) -> Sample:
        """Its PDF; the demand's line stands beside the title where no order is the right one: not in the truth."""
        document = self.document
        number = document.lot if isinstance(document, Fiche) else document.numero
        kind = DocumentKind.INDEX if isinstance(document, Fiche) else DocumentKind.ACTE
        data = render(document, demande=DEMANDE)
        return Sample(self.group, f"{document.circonscription} {number}", kind, data, truth(document))


def kept(limit: int, kind: str | None) -> Iterator[Kept]:
    """Up to `limit` of the sandbox's documents of each layout and degradation."""
    registry = catalogue()
    documents: list[Fiche | Acte] = []
    if kind != "acte":
        documents += registry.fiches
    if kind != "index":
        documents += [acte for acte in registry.actes if not acte.papier]
    taken: dict[str, int] = {}
    for document in documents:
        group = f"{document.layout if isinstance(document, Fiche) else 'acte'}, {_degradation(document.scan)}"
        taken[group] = taken.get(group, 0) + 1
        if not limit or taken[group] <= limit:
            yield Kept(group, document)


def _degradation(scan: Scan | None) -> str:
    if scan is None:
        return "born digital"
    extras = [f"{scan.rotation:+.1f}°", f"noise {scan.noise:.0f}", *([f"blur {scan.blur}"] if scan.blur else [])]
    return f"{scan.dpi} dpi {'bitonal ' if scan.bitonal else ''}{' '.join(extras)}"


@dataclass(slots=True)
class ReadSample:
    """A sample and what the offline reader made of it."""

    sample: Sample
    readings: list[PageReading] = field(default_factory=list[PageReading])
    #: straight and upright, as the second reader gets it; None where the text layer was read
    pictures: list[Gray | None] = field(default_factory=list[Gray | None])
    cpu_s: float = 0.0
    rss_mb: float = 0.0


def read_all(recipes: Sequence[Recipe], *, pictures: bool = False) -> Iterator[ReadSample]:
    """Read each sample offline, on all processors, in order."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_read, recipes, [pictures] * len(recipes))


def _read(recipe: Recipe, pictures: bool) -> ReadSample:
    sample = recipe.make()
    found = ReadSample(sample)
    for number in range(1, len(sample.truths) + 1):
        start = time.process_time()
        reading, picture = read_with_picture(sample.data, number, sample.kind)
        found.cpu_s += time.process_time() - start
        found.readings.append(reading)
        found.pictures.append(picture if pictures else None)
    found.rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found
