"""Reading the screen a page is on, and the errors that any screen may turn out to be."""

from __future__ import annotations

import asyncio

from playwright.async_api import Locator, Page

from registre.browser.actions import first_present, read_html, translated
from registre.domain.errors import AccountBenched, LayoutChanged, RegistreError, SessionLost, SiteError
from registre.sites.foncier import messages
from registre.sites.foncier.classify import SIGNED_OUT, FrameView, PageView, Screen, classify
from registre.sites.foncier.selectors import Candidates, Scope


async def read_view(page: Page, *, status: int = 0) -> PageView:
    """The page as the browser holds it now, frames included."""
    frames = [frame for frame in page.frames if frame != page.main_frame and not frame.is_detached()]
    top, *below = await asyncio.gather(read_html(page.main_frame), *(read_html(frame) for frame in frames))
    views = tuple(FrameView(frame.name, frame.url, html) for frame, html in zip(frames, below, strict=True))
    return PageView(page.url, top, views, status)


async def control(scope: Scope, candidates: Candidates, *, what: str, screen: Screen) -> Locator:
    """The control, or LayoutChanged naming what is missing."""
    async with translated(what, screen=screen):
        found = await first_present(scope, candidates)
    if found is None:
        raise LayoutChanged(f"{LayoutChanged.message} Absent: {what}.", screen=screen)
    return found


def obstacle(view: PageView, screen: Screen) -> RegistreError | None:
    """The error of a screen on which nothing we came for can be done; None for a screen of the normal flow."""
    text = view.root.text
    match screen:
        case Screen.CHALLENGE:
            return messages.challenged(text)
        case Screen.MAINTENANCE | Screen.CLOSED:
            return messages.unavailable(text)
        case Screen.ERROR:
            shown = f" (HTTP {view.status})" if view.status >= 400 else ""
            return SiteError(f"{SiteError.message}{shown}", screen=screen)
        case Screen.ACCOUNT:
            return messages.account_notice(text) or AccountBenched(screen=screen)
        case _ if screen in SIGNED_OUT:
            return SessionLost("Le registre ne reconnaît plus la session.", screen=screen)
        case _:
            return None


def unexpected(view: PageView, screen: Screen, what: str) -> LayoutChanged:
    """A screen that does not belong here, named with the beginning of what it says."""
    begin = view.root.text[:160]
    return LayoutChanged(f"Écran inattendu ({screen}) pendant: {what}. « {begin} »", screen=screen)


async def read_screen(page: Page, *, status: int = 0) -> tuple[PageView, Screen]:
    """The page and the name of its screen."""
    view = await read_view(page, status=status)
    return view, classify(view)
