"""The second reader on the bench: the stand-in on a port, the real SDK and the product's reader in front of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta

from ocr_samples import Kept, ReadSample, Recipe, read_all

from registre.db.usage import Usage
from registre.domain.reading import PageReading
from registre.domain.request import DocumentKind
from registre.limits.calls import Call
from registre.ocr.accord.witness import agree
from registre.ocr.engine.image import Gray
from registre.ocr.gemini import models
from registre.ocr.gemini.client import Client
from registre.ocr.gemini.picture import encode
from registre.ocr.gemini.reader import GeminiReader
from registre.sandbox.documents import PageTruth
from registre.sandbox.foncier.catalogue import Catalogue
from registre.sandbox.foncier.model import Acte, Fiche
from registre.sandbox.gemini.app import GeminiApp, create_app
from registre.sandbox.gemini.options import KEY, Options
from registre.sandbox.gemini.truth import page_said, row_said
from registre.sandbox.server import Server, serve

_TODAY = date(2026, 11, 22)


class _NoMeter:
    """Lets every call go: `registre.limits` has its own bench."""

    @asynccontextmanager
    async def call(self, estimate: Usage, *, ticket: str | None = None) -> AsyncGenerator[Call]:
        yield Call(estimate)


class SecondReader:
    """A stand-in that knows some documents, and the product's reader before it."""

    def __init__(self, app: GeminiApp, server: Server) -> None:
        self.app = app
        self._server = server
        model = models.load().usable(None, _TODAY)
        self._client = Client(KEY, model, base_url=server.url, timeout=timedelta(seconds=60))
        self.reader = GeminiReader(self._client, _NoMeter(), pause=0.0)

    @classmethod
    async def open(cls, recipes: Sequence[Recipe]) -> SecondReader:
        """One that recognises the sandbox's documents by their pictures; others are taught, see `teach`."""
        documents = [recipe.document for recipe in recipes if isinstance(recipe, Kept)]
        fiches = [document for document in documents if isinstance(document, Fiche)]
        actes = [document for document in documents if isinstance(document, Acte)]
        app = create_app(Options(), holdings=Catalogue(fiches, actes, []))
        return cls(app, await serve(app))

    async def close(self) -> None:
        """Close connections and the stand-in."""
        await self._client.close()
        await self._server.stop()

    async def read(self, picture: Gray, number: int, kind: DocumentKind) -> PageReading:
        """The second reading of a page."""
        return (await self.reader.read(picture, number, kind)).reading

    def teach(self, picture: Gray, name: str, truth: PageTruth) -> None:
        """Tell the stand-in what a picture shows."""
        said = page_said(truth.text, truth.header, [row_said(row) for row in truth.rows])
        self.app.books.learn(hashlib.sha256(encode(picture).data).hexdigest(), name, said)


def both_read(recipes: Sequence[Recipe]) -> Iterator[tuple[ReadSample, Sequence[PageReading]]]:
    """Each sample read offline, then by the second reader where it has pictures, and joined by the product's code."""
    taught = not any(isinstance(recipe, Kept) for recipe in recipes)
    with asyncio.Runner() as runner:
        second = runner.run(SecondReader.open(recipes))
        for done in read_all(recipes, pictures=True):
            yield done, runner.run(_joined(second, done, taught=taught))
        runner.run(second.close())


async def _joined(second: SecondReader, done: ReadSample, *, taught: bool) -> list[PageReading]:
    sample = done.sample
    joined: list[PageReading] = []
    for truth, reading, picture in zip(sample.truths, done.readings, done.pictures, strict=True):
        if picture is None:
            joined.append(reading)
            continue
        if taught:
            second.teach(picture, f"{sample.name}/{reading.number}", truth)
        joined.append(agree(reading, await second.read(picture, reading.number, sample.kind)))
    return joined
