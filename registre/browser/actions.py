"""Waiting, filling, clicking, choosing, with named timeouts; Playwright's errors become the domain's here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from playwright.async_api import Dialog, Frame, Locator, Page, Request, Response
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from registre.domain.errors import (
    BrowserLost,
    LayoutChanged,
    PageTimeout,
    RegistreError,
    SiteError,
    SiteUnreachable,
)

#: Title of the page that carries the browser from the first address of a chain to its last.
CROSSING_TITLE: Final = "registre: suite"
#: A page of the site: forms arrived after 12 s in production, 40 s is the slowest we accept.
PAGE_S: Final = 60.0
#: A control on a page that has already arrived.
CONTROL_S: Final = 10.0
#: Whatever has no limit of its own: Playwright waits for ever for a browser that is frozen or half dead.
CALL_S: Final = 20.0
#: What Playwright's own limits get on top before ours: theirs know more of what went wrong.
_GRACE_S: Final = 5.0
#: A click or choice starts its navigation at once; without one after this, there is none.
START_S: Final = 2.0

_GONE = re.compile(
    r"has been closed|Target crashed|Page crashed|Target closed|Connection closed|browser has disconnected",
    re.I,
)
_UNREACHABLE = re.compile(
    r"ERR_(NAME_NOT_RESOLVED|CONNECTION_REFUSED|ADDRESS_UNREACHABLE|INTERNET_DISCONNECTED|CONNECTION_TIMED_OUT"
    r"|NETWORK_CHANGED|CERT_\w+|SSL_\w+)"
)
#: Marks the document that was there before an action, so that the next one is known to be another.
_MARK = "() => document.documentElement.setAttribute('data-registre', 'avant')"
_NEXT = (
    "(crossing) => document.readyState !== 'loading' && document.title !== crossing"
    " && !document.documentElement.hasAttribute('data-registre')"
)
_DIALOGS: WeakKeyDictionary[Page, list[str]] = WeakKeyDictionary()


@dataclass(slots=True)
class Landing:
    """What an action did to the page's main document."""

    #: a navigation began
    moved: bool = False
    #: HTTP status of the last main document; 0 when none answered
    status: int = 0
    #: network fault in Chromium's words
    failure: str | None = None
    #: addresses of the chain, in order
    hops: list[str] = field(default_factory=list[str])


@asynccontextmanager
async def translated(what: str, *, screen: str | None = None, limit_s: float = CALL_S) -> AsyncGenerator[None]:
    """Turn Playwright's errors inside the block into domain errors; `what` says what was being done.

    Raises:
        PageTimeout, SiteError, SiteUnreachable, BrowserLost, LayoutChanged. A block that lasts longer than `limit_s`
        has no browser any more.
    """
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            yield
    except PlaywrightError as exc:
        raise _domain_error(exc, what, screen) from exc
    except TimeoutError as exc:
        if not limit.expired():
            raise
        raise BrowserLost(f"Le navigateur ne répond pas ({what}).", screen=screen) from exc


def _domain_error(exc: PlaywrightError, what: str, screen: str | None) -> RegistreError:
    text = str(exc)
    first = (text.strip().splitlines() or [""])[0]
    if _GONE.search(text):
        return BrowserLost(f"Le navigateur s'est arrêté ({what}).", screen=screen)
    if isinstance(exc, PlaywrightTimeout):
        return PageTimeout(f"Délai dépassé: {what}.", screen=screen)
    if "net::" in text:
        return network_error(first, what, screen=screen)
    if "strict mode violation" in text or "not an HTML" in text or "is not a <" in text:
        return LayoutChanged(f"Élément inattendu ({what}): {first}", screen=screen)
    return SiteError(f"La page a été perdue ({what}): {first}", screen=screen)


def network_error(failure: str, what: str, *, screen: str | None = None) -> RegistreError:
    """The domain's error for a network fault in Chromium's words (`net::ERR_…`)."""
    cls = SiteUnreachable if _UNREACHABLE.search(failure) else SiteError
    return cls(f"{cls.message} ({what}: {failure})", screen=screen)


def keep_dialogs(page: Page) -> None:
    """Accept every dialog (alert, confirm) of the page from now on and keep its text. Repeatable."""
    if page in _DIALOGS:
        return
    texts: list[str] = []
    _DIALOGS[page] = texts

    async def accept(dialog: Dialog) -> None:
        texts.append(dialog.message)
        try:
            await dialog.accept()
        except PlaywrightError:
            return  # the page left before we could answer

    page.on("dialog", accept)


def take_dialogs(page: Page) -> tuple[str, ...]:
    """Texts of the dialogs shown since the last call."""
    texts = _DIALOGS.get(page, [])
    taken = tuple(texts)
    texts.clear()
    return taken


async def goto(page: Page, url: str, *, what: str, timeout_s: float = PAGE_S) -> Landing:
    """Open an address and wait for its document.

    Raises:
        PageTimeout, SiteError, SiteUnreachable, BrowserLost.
    """
    async with translated(what, limit_s=timeout_s + _GRACE_S):
        response = await page.goto(url, wait_until="domcontentloaded", timeout=timeout_s * 1000)
    return Landing(moved=True, status=response.status if response else 0, hops=[page.url])


async def first_present(
    scope: Page | Frame | Locator,
    candidates: Sequence[Callable[[Page | Frame | Locator], Locator]],
) -> Locator | None:
    """The first candidate of which the page holds exactly one visible match, else the first match of any, else None."""
    fallback: Locator | None = None
    async with translated("recherche d'un élément de la page"):
        for candidate in candidates:
            found = candidate(scope)
            count = await found.count()
            if count == 1 and await found.is_visible():
                return found
            if count and fallback is None:
                fallback = found.first
    return fallback


async def fill(control: Locator, value: str, *, what: str) -> None:
    """Replace a text field's value.

    Raises:
        PageTimeout, LayoutChanged, BrowserLost.
    """
    async with translated(what):
        await control.fill(value, timeout=CONTROL_S * 1000)


async def follow(
    page: Page,
    action: Callable[[], Awaitable[object]],
    *,
    what: str,
    timeout_s: float = PAGE_S,
    start_s: float = START_S,
) -> Landing:
    """Run an action that may replace the main document, and wait until the new one can be read.

    Playwright returns from a choice or click before the navigation it causes has begun (measured: 0.13 s against
    1.5 s), hence the mark on the old document and the wait for one without it. Without any navigation request
    within `start_s`, `moved` is False and the page is as it was.

    Raises:
        PageTimeout, SiteError, SiteUnreachable, BrowserLost.
    """
    landing = Landing()
    begun = asyncio.Event()

    def on_request(request: Request) -> None:
        if request.is_navigation_request() and request.frame == page.main_frame:
            landing.moved = True
            landing.hops.append(request.url)
            begun.set()

    def on_response(response: Response) -> None:
        if response.request.is_navigation_request() and response.frame == page.main_frame:
            landing.status = response.status

    def on_failed(request: Request) -> None:
        if request.is_navigation_request() and request.frame == page.main_frame:
            landing.failure = request.failure

    page.on("request", on_request)
    page.on("response", on_response)
    page.on("requestfailed", on_failed)
    try:
        async with translated(what):
            await page.evaluate(_MARK)
            await action()
        await _wait_begun(begun, start_s)
        async with translated(what, limit_s=timeout_s + _GRACE_S):
            if landing.moved:
                await page.wait_for_function(_NEXT, arg=CROSSING_TITLE, timeout=timeout_s * 1000, polling=50)
            else:
                await page.evaluate("() => document.documentElement.removeAttribute('data-registre')")
    finally:
        page.remove_listener("request", on_request)
        page.remove_listener("response", on_response)
        page.remove_listener("requestfailed", on_failed)
    if page.url.startswith("chrome-error:"):
        raise network_error(landing.failure or "connexion perdue", what)
    return landing


async def _wait_begun(begun: asyncio.Event, start_s: float) -> None:
    try:
        async with asyncio.timeout(start_s):
            await begun.wait()
    except TimeoutError:
        return  # no navigation: the caller sees `moved` False


async def choose(page: Page, select: Locator, value: str, *, what: str) -> Landing:
    """Choose an option by value; when the choice posts the form back, wait for the new document.

    A choice already made changes nothing and costs no round trip.

    Raises:
        PageTimeout, SiteError, SiteUnreachable, BrowserLost, LayoutChanged.
    """
    async with translated(what):
        if await select.input_value(timeout=CONTROL_S * 1000) == value:
            return Landing()
        posts_back = bool(await select.evaluate("(element) => element.onchange !== null"))
    return await follow(
        page,
        lambda: select.select_option(value=value, timeout=CONTROL_S * 1000),
        what=what,
        # a handler added by script cannot be seen: leave it a moment to begin
        start_s=START_S if posts_back else START_S / 4,
    )


async def click(page: Page, control: Locator, *, what: str, timeout_s: float = PAGE_S) -> Landing:
    """Click, and wait for the next document if the click leads to one.

    Raises:
        PageTimeout, SiteError, SiteUnreachable, BrowserLost, LayoutChanged.
    """
    return await follow(
        page,
        lambda: control.click(timeout=CONTROL_S * 1000),
        what=what,
        timeout_s=timeout_s,
    )


async def read_html(frame: Frame, *, timeout_s: float = CONTROL_S) -> str:
    """A frame's markup as the browser holds it now; empty for a frame that is gone or never settles."""
    try:
        async with asyncio.timeout(timeout_s):
            return await frame.content()
    except (PlaywrightError, TimeoutError):
        return ""
