"""The document viewer: finding the save link, in the page or its frames, and taking the document once."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from playwright.async_api import Frame, Locator, Page

from registre.browser.actions import first_present, translated
from registre.browser.capture import Capture, capture_document
from registre.domain.errors import DocumentLate, LayoutChanged, PageTimeout, SessionLost, SiteError
from registre.sites.foncier import selectors
from registre.sites.foncier.classify import PageView, Screen, classify, is_login_form, signed_out_inside
from registre.sites.foncier.pages.view import read_view

#: The menu frame may arrive this long after the frameset.
_MENU_S: Final = 30.0
_LOOK_S: Final = 0.5
#: A volumineux acte of 20 MB over a slow line.
_TRANSFER: Final = timedelta(seconds=120)


async def save_document(page: Page) -> tuple[Capture, str]:
    """Click the save link; return what came and the demand's number if the link names it.

    Raises:
        SessionLost: a frame, or the document's own address, shows the login page.
        SiteError: the document's address answers with an error.
        DocumentLate: nothing came.
        LayoutChanged: there is no save link.
    """
    link = await _find_link(page)
    async with translated("lien de sauvegarde", screen=Screen.VIEWER):
        href = await link.get_attribute("href") or ""
    try:
        capture = await capture_document(page, lambda: link.click(timeout=10_000), timeout=_TRANSFER)
    except PageTimeout as exc:
        raise DocumentLate(screen=Screen.VIEWER) from exc
    _check(capture)
    return capture, _demande(urljoin(page.url, href))


async def _find_link(page: Page) -> Locator:
    deadline = time.monotonic() + _MENU_S
    while True:
        # frames that have not loaded yet have no link yet: the top page first, then the menu, then any other
        frames = sorted(page.frames, key=lambda frame: (frame != page.main_frame, frame.name != selectors.MENU_FRAME))
        for frame in frames:
            found = await _link_in(frame)
            if found is not None:
                return found
        view = await read_view(page)
        if signed_out_inside(view):
            raise SessionLost("La session a été perdue dans la visionneuse.", screen=Screen.VIEWER)
        if _all_here(view) or time.monotonic() > deadline:
            raise LayoutChanged("La visionneuse n'offre pas de lien de sauvegarde.", screen=Screen.VIEWER)
        await asyncio.sleep(_LOOK_S)


async def _link_in(frame: Frame) -> Locator | None:
    if frame.is_detached():
        return None
    return await first_present(frame, selectors.SAVE)


def _all_here(view: PageView) -> bool:
    """The menu has arrived, with everything but the link."""
    menus = [frame for frame in view.frames if frame.name == selectors.MENU_FRAME]
    return bool(menus) and all("</a>" in frame.html.lower() for frame in menus)


def _check(capture: Capture) -> None:
    if capture.is_pdf:
        return
    if capture.status >= 400:
        raise SiteError(f"Le registre a répondu HTTP {capture.status} à la place du document.", screen=Screen.VIEWER)
    if capture.status == 0 and not capture.content:
        raise SiteError(f"La connexion a été perdue pendant le document ({capture.error}).", screen=Screen.VIEWER)
    if b"<" in capture.content[:200] and b"html" in capture.content[:2000].lower():
        view = PageView(capture.url, capture.content.decode("latin-1"))
        if is_login_form(view.root) or classify(view) in {Screen.LOGIN, Screen.EXPIRED, Screen.ENTRY}:
            raise SessionLost(
                "Le registre a répondu par sa page de connexion au lieu du document.", screen=Screen.VIEWER
            )


def _demande(href: str) -> str:
    query = dict(parse_qsl(urlsplit(href).query))
    return next(
        (value for name, value in query.items() if name.lower() in {"no", "demnd", "nodemnd", "txtnodemnd"}), ""
    )
