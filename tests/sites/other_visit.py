"""A browser at the second land registry, and what its tests ask of every purchase."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pypdfium2
import pytest
import pytest_asyncio
from playwright.async_api import Page

from registre.browser.launch import Browser
from registre.domain.account import Account
from registre.domain.errors import NotFound, RegistreError
from registre.domain.request import Request
from registre.sites.base import Delivery, charged_by
from registre.sites.foncier.adapter import FoncierAdapter
from tests.sites.other_replica import ACCOUNT, OtherReplica, serve
from tests.sites.other_replica_pages import Quirks


class Visit:
    """A fresh browser page at a registry with some quirks."""

    def __init__(self, site: OtherReplica, page: Page) -> None:
        self.site = site
        self.page = page
        self.adapter = FoncierAdapter(site.url, document_wait=timedelta(seconds=10))

    async def sign_in(self, password: str | None = None) -> None:
        code, right = ACCOUNT
        await self.adapter.sign_in(self.page, Account(uuid4(), code, password or right))

    async def buy(self, request: Request) -> Delivery:
        """What a job does: the next target only when the site says the one before does not exist."""
        located = await self.adapter.locate(self.page, request)
        for target in located.targets[:-1]:
            try:
                return await self.adapter.buy(self.page, target)
            except NotFound:
                continue
        return await self.adapter.buy(self.page, located.targets[-1])

    async def refused(self, request: Request, error: type[RegistreError]) -> RegistreError:
        """Buy, expecting this error; nothing may have been charged or sent."""
        with pytest.raises(error) as caught:
            await self.buy(request)
        assert charged_by(caught.value) is False
        assert self.site.ledger == []
        assert self.site.hits == 0
        return caught.value

    def once(self, product: str, line: str, delivery: Delivery) -> None:
        """One purchase, of this document, charged once and fetched once."""
        assert self.site.ledger == [(ACCOUNT[0], product, line)]
        assert self.site.hits == 1
        text = pypdfium2.PdfDocument(delivery.content)[0].get_textpage().get_text_bounded()
        assert line in text


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Visit]]]:
    """visit(Quirks(...)) → a Visit, signed out; visit(..., signed=True) → signed in."""
    async with AsyncExitStack() as stack:

        async def start(quirks: Quirks | None = None, *, signed: bool = True) -> Visit:
            site = await stack.enter_async_context(serve(OtherReplica(quirks or Quirks())))
            context = await browser.new_context()
            stack.push_async_callback(context.close)
            there = Visit(site, await context.new_page())
            if signed:
                await there.sign_in()
            return there

        yield start
