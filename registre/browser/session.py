"""One leased account, signed in, with its browser context and page."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from registre.browser.actions import CONTROL_S, keep_dialogs, translated
from registre.domain.account import Account

#: A frozen browser does not close its contexts; it is dropped when it does not open one either.
_CLOSE_S: Final = 5.0


class Session:
    """A context of its own for one account. At most one task uses it at a time; `SessionPool` sees to it."""

    def __init__(self, account: Account, context: BrowserContext, page: Page) -> None:
        self.account = account
        self.context = context
        self.page = page
        self.signed_in = False
        #: the job it is reserved or working for
        self.job: UUID | None = None
        #: a task is using it now
        self.busy = False
        #: on the pool's clock, in seconds
        self.last_used = 0.0
        #: page or context died, or the account is not to be used on: only good for closing
        self.broken = False
        context.on("close", self._break)
        self._watch(page)

    async def close(self) -> None:
        """Close the context and with it every page; never raises for a browser already gone."""
        self.broken = True
        await close_context(self.context)

    async def renew(self) -> None:
        """Go on signed in, on a new page: what the old one still held is gone with it.

        Raises:
            BrowserLost, SiteError: the browser did not do it.
        """
        async with translated("nouvelle page"):
            for event in ("crash", "close"):
                self.page.remove_listener(event, self._break)
            for page in self.context.pages:
                await page.close()
            await self.context.unroute_all()
            self.page = await self.context.new_page()
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        keep_dialogs(page)
        # Playwright's own 30 s would outlast ours, and know less of what went wrong.
        page.set_default_timeout(CONTROL_S * 1000)
        page.on("crash", self._break)
        page.on("close", self._break)

    def _break(self, _gone: Page | BrowserContext) -> None:
        self.broken = True


async def close_context(context: BrowserContext) -> None:
    """Close a context and its pages; never raises, never waits long for a browser that is gone or frozen."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await context.close()
    except (PlaywrightError, TimeoutError):
        return
