"""Catching a delivered document with one server hit, however the site delivers it.

Attachment, inline, new tab, script or sibling frame, headless shell or full Chromium: the request is stopped before
the network, sent once by us, its bytes kept, and the browser is told that nothing follows (204), so that neither a
viewer nor a download nor a second request happens.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from playwright.async_api import Download, Page, Route
from playwright.async_api import Error as PlaywrightError

from registre.browser.actions import translated
from registre.browser.once import fulfil
from registre.browser.wire import Answer, Asking
from registre.crash import crash_point
from registre.domain.errors import PageTimeout, RegistreError

#: After an HTML page instead of a document, how long to wait for the document it may lead to.
SETTLE: Final = timedelta(seconds=3)
#: What was cut off is answered within milliseconds.
_LET_GO_S: Final = 5.0
#: Requests that can carry a document; the page's own parts pass untouched.
_CARRIERS: Final = frozenset({"document", "other"})
_PDF: Final = b"%PDF"
#: A PDF's signature may follow a little noise (ISO 32000, implementation note 13).
_HEAD: Final = 1024


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes as they arrived, whole or not, PDF or not."""

    content: bytes
    #: HTTP status; 0 when the connection broke before an answer, or for a document the page made itself
    status: int
    content_type: str
    url: str
    #: why the transfer is not whole; None when it is
    error: str | None = None

    @property
    def is_pdf(self) -> bool:
        """True when the bytes begin like a PDF. Says nothing of its end."""
        return _PDF in self.content[:_HEAD]


async def capture_document(
    page: Page,
    trigger: Callable[[], Awaitable[object]],
    *,
    timeout: timedelta,
    settle: timedelta = SETTLE,
) -> Capture:
    """Run `trigger` (usually a click) and return what it delivers. Pop-ups it opens are closed.

    An address is asked once; nothing is asked any more once a document is there. A broken transfer, an error
    status or an HTML page come back as they are.

    Raises:
        PageTimeout: nothing at all arrived in time.
        BrowserLost, LayoutChanged: the trigger could not run.
    """
    catcher = _Catcher(page, timeout.total_seconds())
    popups: list[Page] = []

    def on_popup(popup: Page) -> None:
        popups.append(popup)
        popup.on("download", catcher.on_download)

    context = page.context
    context.on("page", on_popup)
    page.on("download", catcher.on_download)
    try:
        async with translated("sauvegarde du document"):
            await context.route("**/*", catcher.handle)
            await trigger()
        return await catcher.wait(settle.total_seconds())
    finally:
        page.remove_listener("download", catcher.on_download)
        context.remove_listener("page", on_popup)
        await _clean(page, catcher, popups)


async def _clean(page: Page, catcher: _Catcher, popups: list[Page]) -> None:
    catcher.asking.cut_off()
    for popup in popups:
        try:
            await popup.close()
        except PlaywrightError:
            continue
    try:
        async with translated("fin de la sauvegarde", limit_s=_LET_GO_S):
            # what is still held would be sent once more, by the browser itself
            while catcher.in_flight:
                await asyncio.sleep(0.01)
            await page.context.unroute("**/*", catcher.handle)
    except RegistreError:
        return  # the context is gone and its routes with it


class _Catcher:
    def __init__(self, page: Page, timeout_s: float) -> None:
        self._page = page
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self.asking = Asking()
        self._asked: set[tuple[str, str]] = set()
        self.in_flight = 0
        self._html: Capture | None = None
        self._found: asyncio.Future[Capture] = asyncio.get_running_loop().create_future()

    async def wait(self, settle_s: float) -> Capture:
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    try:
                        async with asyncio.timeout(settle_s):
                            return await asyncio.shield(self._found)
                    except TimeoutError:
                        if self._html is not None and not self.in_flight:
                            return self._html
        except TimeoutError as exc:
            if self._html is not None:
                return self._html
            raise PageTimeout("Le document n'a pas été livré à temps.") from exc

    async def handle(self, route: Route) -> None:
        if route.request.resource_type not in _CARRIERS or not route.request.url.startswith("http"):
            await route.fallback()
            return
        self.in_flight += 1
        try:
            # one at a time: a link that both opens a window and navigates asks twice for the same document
            async with self._lock:
                await self._take(route)
        except PlaywrightError:
            return  # the page that asked is gone; whatever arrived is kept
        finally:
            self.in_flight -= 1

    async def _take(self, route: Route) -> None:
        request = route.request
        asked = (request.method, request.url)
        if self._found.done() or asked in self._asked:
            await route.fulfill(status=204)
            return
        self._asked.add(asked)
        answer = await self.asking.ask(self._page.context, request, timeout_s=self._timeout_s)
        capture = Capture(
            answer.content,
            answer.status,
            answer.header("content-type"),
            _last(answer),
            answer.error,
        )
        if _is_page(answer):
            self._html = capture
            await fulfil(route, replace(answer, content=_framed(answer.content)))
            return
        crash_point("mid_download")
        self._keep(capture)
        await route.fulfill(status=204)

    async def on_download(self, download: Download) -> None:
        """A document the page made itself (blob): the only kind the route does not see."""
        try:
            path = await download.path()
        except PlaywrightError:
            return
        content = await asyncio.to_thread(Path(path).read_bytes)
        self._keep(Capture(content, 0, "", download.url))

    def _keep(self, capture: Capture) -> None:
        if not self._found.done():
            self._found.set_result(capture)


def _framed(html: bytes) -> bytes:
    """The page with its plug-in elements as frames: the headless shell has no plug-in, and would never ask."""
    html = re.sub(rb"<embed\b", b"<iframe", html, flags=re.IGNORECASE)
    return re.sub(rb"<object\b([^>]*?)\sdata=", rb"<iframe\1 src=", html, flags=re.IGNORECASE)


def _last(answer: Answer) -> str:
    return answer.hops[-1] if answer.hops else answer.url


def _is_page(answer: Answer) -> bool:
    """An HTML page shown in earnest: not a broken transfer, an error status, or bytes that are a PDF after all."""
    return (
        answer.error is None
        and 200 <= answer.status < 400
        and "html" in answer.header("content-type").lower()
        and "attachment" not in answer.header("content-disposition").lower()
        and _PDF not in answer.content[:_HEAD]
    )
