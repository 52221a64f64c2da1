"""A stand-in for Gemini on a port, and the product's own reader in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import pytest

from registre.db.usage import Usage
from registre.limits.calls import Call
from registre.ocr.engine import pdf
from registre.ocr.gemini import models
from registre.ocr.gemini.client import Client
from registre.ocr.gemini.reader import GeminiReader
from registre.sandbox import documents
from registre.sandbox.foncier.catalogue import Catalogue, Fiche, catalogue
from registre.sandbox.gemini.app import GeminiApp, create_app
from registre.sandbox.gemini.options import KEY, Options
from registre.sandbox.server import serve

TODAY = date(2026, 11, 22)


@lru_cache(maxsize=1)
def holdings() -> Catalogue:
    """Few documents of each kind: laying out the whole catalogue takes a while."""
    whole = catalogue()
    actes = [acte for acte in whole.actes if not acte.papier][:6]
    return Catalogue(whole.fiches[:12], actes, whole.plans[:2])


def fiche(lot: str) -> Fiche:
    return next(fiche for fiche in holdings().fiches if fiche.lot == lot)


@lru_cache(maxsize=8)
def picture(lot: str, number: int = 1, dpi: int = 150):
    """A page of an index as our rasteriser sees it."""
    return pdf.render_page(documents.render(fiche(lot), demande="D-1"), number, dpi)


@dataclass
class Ledger:
    """Lets every call go and keeps what the books were told; `registre.limits` has its own tests."""

    calls: list[Call] = field(default_factory=list)

    @asynccontextmanager
    async def call(self, estimate: Usage, *, ticket: str | None = None) -> AsyncIterator[Call]:
        call = Call(estimate)
        self.calls.append(call)
        yield call


@dataclass
class Bench:
    """The stand-in's application, the reader in front of it, and the books between them."""

    app: GeminiApp
    url: str
    client: Client
    reader: GeminiReader
    ledger: Ledger

    def told(self, **changes) -> None:
        self.app.books.options = self.app.books.options.changed(changes)

    @property
    def arrivals(self) -> list[str]:
        return [arrival.outcome for arrival in self.app.books.arrivals]


@pytest.fixture(scope="session")
def library():
    """Pages are laid out once."""
    return create_app(holdings=holdings()).books.library


@pytest.fixture
async def bench(library):
    app = create_app(Options(), holdings=holdings())
    app.books.library = library
    server = await serve(app)
    client = Client(KEY, models.load().usable(None, TODAY), base_url=server.url, timeout=timedelta(seconds=30))
    ledger = Ledger()
    yield Bench(app, server.url, client, GeminiReader(client, ledger, pause=0.0), ledger)
    await client.close()
    await server.stop()
