"""Real browsers, one of each kind per session, against a replica served on loopback, one per test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page

from registre.browser.actions import keep_dialogs
from registre.browser.launch import Browser
from registre.domain.account import Account
from registre.domain.job import Site
from registre.domain.request import Request, parse_request
from registre.sandbox.foncier import paths
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, Options
from registre.sandbox.server import create_app, serve
from registre.sites import adapter_for
from registre.sites.foncier.adapter import FoncierAdapter
from tests.sites.other_visit import visit as visit

KINDS = ("chromium-headless-shell", "chromium")


def executable(kind: str) -> Path | None:
    """The installed binary behind Debian's wrapper scripts, or whatever the PATH offers."""
    binary = Path("/usr/lib/chromium") / kind
    found = shutil.which(kind)
    return binary if binary.exists() else Path(found) if found else None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browsers() -> AsyncIterator[dict[str, Browser]]:
    """The installed browsers by kind; launched when first used."""
    found = {kind: Browser(path) for kind in KINDS if (path := executable(kind))}
    if not found:
        pytest.skip("no Chromium on this machine")
    yield found
    for browser in found.values():
        await browser.close()


@pytest.fixture
def browser(browsers: dict[str, Browser]) -> Browser:
    """The headless shell, else full Chromium."""
    return next(iter(browsers.values()))


class Replica:
    """A served replica and its control plane."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self.adapter = adapter_for(Site.FONCIER, url)
        self._client = client

    async def tell(self, command: str, **body: object) -> None:
        answer = await self._client.post(f"{self.url}/__ctl/{command}", json=body)
        answer.raise_for_status()

    async def options(self, **changes: object) -> None:
        await self.tell("options", **changes)

    async def fault(self, kind: str, route: str = "*", **more: object) -> None:
        await self.tell("faults", kind=kind, route=route, **more)

    async def struck(self) -> None:
        """Until every fault set has happened."""
        async with asyncio.timeout(20):
            while (await self._client.get(f"{self.url}/__ctl/state")).json()["faults"]:
                await asyncio.sleep(0.02)

    async def ledger(self) -> list[dict[str, object]]:
        return (await self._client.get(f"{self.url}/__ctl/ledger")).json()

    async def logins(self, code: str) -> dict[str, object]:
        return (await self._client.get(f"{self.url}/__ctl/logins")).json()[code]

    async def admit(self, page: Page) -> None:
        """Sign the page in without its help: the login goes by HTTP, a quarter of what the adapter's costs the browser.
        Tests of signing in, of variants and of deliveries, and the acceptance tests, go through the pages."""
        entered = account()
        async with httpx.AsyncClient(base_url=self.url, follow_redirects=True) as client:
            await client.get(paths.LOGIN)
            login = {"txtVaCodeUtils": entered.username, "txtMotPasse": entered.password}
            answer = await client.post(paths.LOGIN, data=login)
            assert answer.url.path == paths.WELCOME, answer.text
            await page.context.add_cookies(
                [{"name": name, "value": value, "url": self.url} for name, value in client.cookies.items()]
            )
        keep_dialogs(page)
        await page.goto(str(answer.url))

    async def hits(self, screen: str, method: str | None = None) -> int:
        log = (await self._client.get(f"{self.url}/__ctl/requests")).json()
        return sum(line["screen"] == screen and method in (None, line["method"]) for line in log)


@pytest_asyncio.fixture(loop_scope="session")
async def replica() -> AsyncIterator[Replica]:
    server = await serve(create_app(Options()))
    async with httpx.AsyncClient(timeout=30) as client:
        yield Replica(server.url, client)
    await server.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page in a context of its own."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


def account(number: int = 0) -> Account:
    """One of the replica's healthy accounts."""
    return Account(uuid4(), NORMAL_ACCOUNTS[number].code, NORMAL_ACCOUNTS[number].password)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(replica: Replica, page: Page) -> Page:
    """A page signed in to the replica."""
    await replica.admit(page)
    return page


def index(
    number: str = "2784195", place: str = "Montréal", cadastre: str = "Cadastre du Québec", **more: str
) -> Request:
    return order("index", number, place, cadastre=cadastre, **more)


def plan(number: str, place: str, cadastre: str = "Cadastre du Québec", **more: str) -> Request:
    return order("plan_cadastraux", number, place, cadastre=cadastre, **more)


def acte(number: str = "25616321", place: str = "Montréal", kind: str = "Acte") -> Request:
    return order("acte", number, place, acte_type=kind)


def order(source: str, number: str, place: str, **more: str) -> Request:
    return parse_request(
        {"document_source": source, "document_number": number, "circonscription_fonciere": place, **more}
    )


@pytest.fixture
def impatient(replica: Replica) -> FoncierAdapter:
    """The adapter with little patience for documents."""
    return FoncierAdapter(replica.url, document_wait=timedelta(seconds=3))
