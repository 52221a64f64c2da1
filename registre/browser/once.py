"""Requests that may cost money: each leaves exactly once, or provably not at all.

What may be charged is stopped before the network, sent by us (see `wire.py`), and the page is given the answer. Whoever
gives up shuts the gate first: what has not left by then never will. The page stays shut with it, because Chromium
sends by itself whatever it still holds once nobody stops its requests any more (measured on 156).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import urldefrag
from weakref import WeakSet

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Request, Route

from registre.browser.actions import CROSSING_TITLE, translated
from registre.browser.wire import Answer, Asking, always
from registre.domain.errors import Refused, RegistreError

_CROSSING: Final = "<html><head><title>{title}</title><script>location.replace({url})</script></head></html>"
#: Headers of an answer that no longer hold once its body is handed over whole.
_HOP_HEADERS: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "set-cookie"})
#: What a page is made of; asking for it orders nothing.
_PARTS: Final = frozenset({"image", "stylesheet", "script", "font", "media", "texttrack", "manifest"})
#: What was cut off is answered within milliseconds.
_LET_GO_S: Final = 5.0
_READS: Final = frozenset({"GET", "HEAD"})
_SEALED: WeakSet[Page] = WeakSet()


def is_sealed(page: Page) -> bool:
    """True once a purchase on it was given up: no request leaves it any more, it is only good for closing."""
    return page in _SEALED


class _Gate:
    """Counts what leaves and, once shut, lets nothing more pass. Asked from the threads that send."""

    def __init__(self, may_send: Callable[[], bool]) -> None:
        self._may_send = may_send
        self._lock = threading.Lock()
        self._shut = False
        self.left = 0

    def passes(self) -> bool:
        with self._lock:
            if self._shut or not self._may_send():
                return False
            self.left += 1
            return True

    def shut(self) -> int:
        with self._lock:
            self._shut = True
            return self.left


class SentOnce:
    """While entered, what the page sends reaches the server exactly once, or not at all when `may_send` says no: asked
    from a thread, with nothing but the sending left to do. A page's parts pass uncounted.

    async with SentOnce(page, timeout_s=180) as guard:
        before = guard.left
        await button.click()
        …
        guard.shut() == before   # from now on: proven, nothing has left since
    guard.hops   # addresses asked, in order

    Given up, or left by an exception other than the site's refusal, the page is sealed (see `is_sealed`).
    """

    def __init__(self, page: Page, *, timeout_s: float, may_send: Callable[[], bool] = always) -> None:
        self._page = page
        self._timeout_s = timeout_s
        self._gate = _Gate(may_send)
        self._arrivals: dict[str, Answer] = {}
        self._asking = Asking()
        self._held = 0
        self._given_up = False
        self.hops: list[str] = []
        #: the last network fault, as the server or the connection gave it
        self.failure: str | None = None

    @property
    def left(self) -> int:
        """Requests that were let go so far, the browser's own included."""
        return self._gate.left

    def shut(self) -> int:
        """Let nothing more leave, for good; answers how many have left. The page ends sealed."""
        self._given_up = True
        return self._gate.shut()

    async def __aenter__(self) -> SentOnce:
        async with translated("surveillance des envois"):
            await self._page.context.route("**/*", self._handle)
        return self

    async def __aexit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        self._gate.shut()
        self._asking.cut_off()
        settled = exc is None or isinstance(exc, Refused)
        if self._given_up or not (settled and await self._let_go()):
            _SEALED.add(self._page)

    async def _let_go(self) -> bool:
        """Stop watching once nothing is held any more; False when the page could not be freed."""
        try:
            async with translated("fin de la surveillance des envois", limit_s=_LET_GO_S):
                while self._held:
                    await asyncio.sleep(0.01)
                await self._page.context.unroute("**/*", self._handle)
        except RegistreError:
            return False
        return True

    async def _handle(self, route: Route) -> None:
        request = route.request
        carries = request.method not in _READS or self._moves_page(request)
        self._held += carries
        try:
            if carries:
                await self._answer(route, request)
            elif request.resource_type in _PARTS or self._gate.passes():
                await route.fallback()
            else:
                await route.abort()
        except PlaywrightError as exc:
            self.failure = self.failure or str(exc)
        finally:
            self._held -= carries

    def _moves_page(self, request: Request) -> bool:
        try:
            return request.is_navigation_request() and request.frame == self._page.main_frame
        except PlaywrightError:
            return False  # the first request of a new window has no frame yet

    async def _answer(self, route: Route, request: Request) -> None:
        stored = self._arrivals.pop(urldefrag(request.url).url, None) if request.method == "GET" else None
        if stored is not None:
            await fulfil(route, stored)
            return
        self.hops.append(request.url)
        answer = await self._asking.ask(
            self._page.context,
            request,
            timeout_s=self._timeout_s,
            may_send=self._gate.passes,
        )
        self.hops.extend(answer.hops[1:])
        self.failure = answer.error
        if answer.status == 0:
            await route.abort("connectionreset")
        elif len(answer.hops) == 1 or not request.is_navigation_request():
            await fulfil(route, answer)
        else:
            self._arrivals[answer.url] = answer
            quoted = '"' + answer.url.replace("\\", "%5C").replace('"', "%22").replace("<", "%3C") + '"'
            body = _CROSSING.format(title=CROSSING_TITLE, url=quoted)
            await route.fulfill(status=200, content_type="text/html", body=body)


async def fulfil(route: Route, answer: Answer) -> None:
    """Hand an answer to the browser as the server gave it; its cookies are already in the context."""
    headers = {name: value for name, value in answer.headers if name.lower() not in _HOP_HEADERS}
    await route.fulfill(status=answer.status, headers=headers, body=answer.content)
