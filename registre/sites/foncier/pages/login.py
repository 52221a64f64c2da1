"""From the entry page to being signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

from playwright.async_api import Frame, Page

from registre.browser.actions import Landing, click, fill, first_present, goto, take_dialogs, translated
from registre.domain.account import Account
from registre.domain.errors import LayoutChanged, LoginFailed, RegistreError, SessionLost
from registre.sites.foncier import messages, parse, selectors
from registre.sites.foncier.classify import FORMS, SIGNED_OUT, PageView, Screen
from registre.sites.foncier.pages.view import control, obstacle, read_screen, unexpected
from registre.sites.markup import Element

#: Pages between the entry and the login form; one is known.
_MAX_STEPS: Final = 3
#: Screens told by words that a welcome page may use as well: "maintenance dimanche", "changer le mot de passe".
_DOUBTFUL: Final = frozenset(
    {Screen.UNKNOWN, Screen.ACCOUNT, Screen.EXPIRED, Screen.MAINTENANCE, Screen.CLOSED, Screen.PREPARING}
)


async def sign_in(page: Page, account: Account, *, base_url: str, sending: Callable[[], None]) -> PageView:
    """Open the site, sign in, return the page that follows. The password is tried once; `sending` is told just before.

    Raises:
        LoginFailed, AccountBenched, SiteUnavailable, Challenge, SiteError, PageTimeout, LayoutChanged.
    """
    already = await _open_login(page, base_url)
    if already is not None:
        return already
    code = await control(page, selectors.LOGIN_CODE, what="code d'utilisateur", screen=Screen.LOGIN)
    password = await control(page, selectors.LOGIN_PASSWORD, what="mot de passe", screen=Screen.LOGIN)
    submit = await control(page, selectors.LOGIN_SUBMIT, what="bouton de connexion", screen=Screen.LOGIN)
    before, _ = await read_screen(page)
    take_dialogs(page)
    await fill(code, account.username, what="code d'utilisateur")
    await fill(password, account.password, what="mot de passe")
    sending()
    landing = await click(page, submit, what="connexion")
    return await _judge(page, landing, before.root, base_url=base_url)


async def _judge(page: Page, landing: Landing, before: Element, *, base_url: str) -> PageView:
    view, screen = await read_screen(page, status=landing.status)
    said = parse.error_sentence(view.root) or " ".join(take_dialogs(page)) or view.root.says_beyond(before)
    if screen is Screen.LOGIN and not landing.moved and not said:
        # no password left the page: nothing to hold against the account
        raise LayoutChanged("Le bouton de connexion n'a rien envoyé.", screen=screen)
    if screen is Screen.LOGIN:
        raise messages.login_refusal(said)
    if screen in _DOUBTFUL and view.status < 400 and await _proves_signed_in(page, view, screen, base_url=base_url):
        return view
    if screen is Screen.UNKNOWN and (notice := messages.account_notice(said)):
        raise notice
    if screen is Screen.EXPIRED:
        raise messages.login_refusal(view.root.text[:160])
    if screen is Screen.ENTRY:
        back = LoginFailed("Le registre est revenu à sa page d'entrée après la connexion.", screen=Screen.LOGIN)
        raise (messages.account_notice(said) if messages.states_account(said) else None) or back
    error = obstacle(view, screen)
    if error is not None:
        raise error
    if screen in {Screen.WELCOME, Screen.FORM, Screen.HISTORY} or parse.logout_link(view.root) is not None:
        return view
    raise unexpected(view, screen, "connexion")


async def _proves_signed_in(page: Page, view: PageView, screen: Screen, *, base_url: str) -> bool:
    """Whether a search form opens. Where that cannot be seen, a page that states its account's trouble is believed:
    lost with the probe, it would be met by the password again and again."""
    try:
        return await _opens_form(page, base_url)
    except RegistreError:
        if screen is not Screen.EXPIRED and not messages.states_account(view.root.text):
            raise
        return False


async def _opens_form(page: Page, base_url: str) -> bool:
    """The proof of being signed in, whatever the page shown: a search form opens. Asked in a tab of its own, free."""
    async with translated("contrôle de la connexion", screen=Screen.LOGIN):
        tab = await page.context.new_page()
    try:
        landing = await goto(tab, urljoin(base_url, selectors.INDEX_PATH), what="contrôle de la connexion")
        _, screen = await read_screen(tab, status=landing.status)
    finally:
        async with translated("contrôle de la connexion", screen=Screen.LOGIN):
            await tab.close()
    return screen in FORMS


async def _open_login(page: Page, base_url: str) -> PageView | None:
    """Reach the login form; the page shown instead when the site still knows this context's session."""
    landing = await goto(page, urljoin(base_url, selectors.ENTRY_PATH), what="page d'entrée")
    for _ in range(_MAX_STEPS):
        view, screen = await read_screen(page, status=landing.status)
        if screen is Screen.LOGIN:
            return None
        if screen is Screen.WELCOME and parse.logout_link(view.root) is not None:
            return view
        if screen is Screen.ACCOUNT:
            # nobody has signed in yet: help about accounts, not the state of this one
            screen = Screen.UNKNOWN
        error = obstacle(view, screen)
        if error is not None and not isinstance(error, SessionLost):
            raise error
        if screen not in SIGNED_OUT | {Screen.UNKNOWN}:
            raise unexpected(view, screen, "page d'entrée")
        landing = await _enter(page)
    raise LayoutChanged("La page d'entrée ne mène pas à la page de connexion.", screen=Screen.ENTRY)


async def _enter(page: Page) -> Landing:
    """Follow the way in: its address when one can be read from the page or a frame of it, else a click."""
    for frame in page.frames:
        href = await _way_in(frame)
        if href:
            return await goto(page, urljoin(frame.url, href), what="page de connexion")
    for frame in page.frames:
        found = await first_present(frame, selectors.ENTRY_CLICKS)
        if found is not None:
            return await click(page, found, what="page d'entrée")
    raise LayoutChanged("La page d'entrée n'offre aucune entrée connue.", screen=Screen.ENTRY)


async def _way_in(frame: Frame) -> str:
    async with translated("page d'entrée", screen=Screen.ENTRY):
        for selector in selectors.ENTRY_HREFS:
            found = frame.locator(selector)
            href = await found.first.get_attribute("href") if await found.count() else None
            if href and not href.lower().startswith("javascript:"):
                return href
    return ""
