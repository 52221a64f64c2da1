"""One leased account, signed in, with its browser context and page."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from playwright.async_api import BrowserContext, Page
from playwright.async_api import Error as PlaywrightError

from registre.browser.actions import keep_dialogs
from registre.domain.account import Account

_CLOSE_S: Final = 10.0


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
        #: page or context died; only good for closing
        self.broken = False
        keep_dialogs(page)
        page.on("crash", self._break)
        page.on("close", self._break)
        context.on("close", self._break)

    async def close(self) -> None:
        """Close the context and with it every page; never raises for a browser already gone."""
        self.broken = True
        try:
            await asyncio.wait_for(self.context.close(), _CLOSE_S)
        except (PlaywrightError, TimeoutError):
            return

    def _break(self, _gone: Page | BrowserContext) -> None:
        self.broken = True
