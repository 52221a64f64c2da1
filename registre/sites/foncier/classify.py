"""Which screen is this? Decided from address and markers, several for each, since no single one is certain. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from registre.domain.text import fold
from registre.sites.foncier import messages, parse
from registre.sites.markup import Element, parse_html


class Screen(StrEnum):
    """The site's screens, as far as telling them apart changes what we do."""

    ENTRY = "entry"
    LOGIN = "login"
    WELCOME = "welcome"
    FORM = "form"
    #: a form with a message that is neither "similar" nor "inactive"
    REFUSAL = "refusal"
    SIMILAR = "similar"
    #: a form with the message about an inactive lot
    INACTIVE = "inactive"
    SELECTION = "selection"
    CONFIRMATION = "confirmation"
    PREPARING = "preparing"
    VIEWER = "viewer"
    HISTORY = "history"
    MAINTENANCE = "maintenance"
    CLOSED = "closed"
    EXPIRED = "expired"
    CHALLENGE = "challenge"
    #: locked, password expired, no card, personal question
    ACCOUNT = "account"
    ERROR = "error"
    UNKNOWN = "unknown"


#: Screens only somebody who is not signed in sees.
SIGNED_OUT: Final = frozenset({Screen.ENTRY, Screen.LOGIN, Screen.EXPIRED})
FORMS: Final = frozenset({Screen.FORM, Screen.REFUSAL, Screen.SIMILAR, Screen.INACTIVE})

_FORM_FILES: Final = ("_indx_immbl", "_reqst", "_plan_cadst")
_LOGIN_LINK: Final = re.compile(r"pf_14_06_01_reglr|13_01_01", re.IGNORECASE)
_LONG_PAGE: Final = 1500


@dataclass(frozen=True, slots=True)
class FrameView:
    """One frame below the main document."""

    name: str
    url: str
    html: str


@dataclass(slots=True)
class PageView:
    """A page as it stands: address, markup, frames, HTTP status (0 when unknown)."""

    url: str
    html: str
    frames: tuple[FrameView, ...] = ()
    status: int = 0
    root: Element = field(init=False)

    def __post_init__(self) -> None:
        self.root = parse_html(self.html)

    @property
    def path(self) -> str:
        """Path of the address in lower case: the site mixes cases."""
        return urlsplit(self.url).path.lower()


def classify(view: PageView) -> Screen:
    """Name the screen. Order matters: what stops us comes before what only resembles a page we know."""
    folded = fold(_words(view.root))
    screen = _obstacle(view, folded) or _viewer(view) or _search(view) or _around(view, folded)
    return screen or (Screen.ERROR if _failed(view, folded) else Screen.UNKNOWN)


def is_login_form(root: Element) -> bool:
    """True where a password is asked for."""
    return bool(_passwords(root))


def _passwords(root: Element) -> list[Element]:
    return [control for control in root.find_all("input") if control.attr("type").lower() == "password"]


def signed_out_inside(view: PageView) -> bool:
    """True when a frame shows the login or expiry page: the session was lost inside the viewer."""
    return any(
        classify(PageView(frame.url, frame.html)) in {Screen.LOGIN, Screen.EXPIRED, Screen.ENTRY}
        for frame in view.frames
        if frame.html
    )


def _obstacle(view: PageView, folded: str) -> Screen | None:
    """Pages that may stand in for any other."""
    if _is_challenge(view, folded):
        return Screen.CHALLENGE
    if is_login_form(view.root):
        # two password fields: the site wants a new one, which is a person's business
        return Screen.LOGIN if len(_passwords(view.root)) == 1 else Screen.ACCOUNT
    if len(folded) > _LONG_PAGE or _has_form(view) or parse.logout_link(view.root) is not None:
        return Screen.ERROR if view.status >= 500 else None
    if _asks_question(view.root):
        return Screen.ACCOUNT
    if messages.EXPIRED.search(folded):
        return Screen.EXPIRED
    if _links_to_login(view.root):
        # an entry page may announce its next maintenance
        return None
    if messages.CLOSED.search(folded):
        return Screen.CLOSED
    if messages.MAINTENANCE.search(folded):
        return Screen.MAINTENANCE
    if view.status == 503:
        return Screen.MAINTENANCE
    return Screen.ERROR if _failed(view, folded) else None


def _failed(view: PageView, folded: str) -> bool:
    return view.status >= 400 or view.url.startswith("chrome-error:") or bool(messages.SERVER_ERROR.search(folded))


def _is_challenge(view: PageView, folded: str) -> bool:
    sources = [element.attr("src").lower() for element in view.root.find_all("iframe", "script")]
    widget = any(re.search(r"captcha|challenges\.cloudflare|turnstile", source) for source in sources)
    return widget or (len(folded) <= _LONG_PAGE and bool(messages.CHALLENGE.search(folded)))


def _asks_question(root: Element) -> bool:
    fields = {element.attr("name").lower(): element for element in root.find_all("input")}
    flag = next((element for name, element in fields.items() if "afichquestident" in name), None)
    asked = flag is not None and flag.attr("value").strip().upper() in {"O", "Y", "1"}
    return asked or ("identification personnelle" in fold(root.text) and bool(fields))


def _viewer(view: PageView) -> Screen | None:
    if any("Docmn" in frame.url or frame.name.lower() in {"menu", "page"} for frame in view.frames):
        return Screen.VIEWER
    frames = view.root.find_all("frame", "iframe")
    if any(frame.attr("name").lower() in {"menu", "page"} or "Docmn" in frame.attr("src") for frame in frames):
        return Screen.VIEWER
    return Screen.VIEWER if parse.has_save_link(view.root) else None


def _search(view: PageView) -> Screen | None:
    """The search forms and the two pages that may follow them."""
    if "confr_demnd" in view.path or _has_confirm(view.root):
        return Screen.CONFIRMATION if _has_confirm(view.root) else None
    if "selct_plan_cadst" in view.path:
        return Screen.SELECTION if parse.plan_rows(view.root) else None
    if not _has_form(view):
        return None
    sentence = parse.error_sentence(view.root)
    if parse.similar_rows(view.root) and (not sentence or messages.is_similar(sentence)):
        return Screen.SIMILAR
    if not sentence:
        return Screen.FORM
    return Screen.INACTIVE if messages.is_inactive(sentence) else Screen.REFUSAL


def _around(view: PageView, folded: str) -> Screen | None:
    """Entry, preparation, account notices, history, welcome."""
    if messages.PREPARING.search(folded) or _reloads_itself(view.root):
        return Screen.PREPARING
    signed_in = parse.logout_link(view.root) is not None or _links_to_forms(view.root)
    if parse.history_rows(view.root) is not None:
        return Screen.HISTORY
    if signed_in:
        return Screen.WELCOME
    if _is_entry(view):
        return Screen.ENTRY
    return Screen.ACCOUNT if messages.states_account(_words(view.root)) else None


def _reloads_itself(root: Element) -> bool:
    return any(meta.attr("http-equiv").lower() == "refresh" for meta in root.find_all("meta"))


def _is_entry(view: PageView) -> bool:
    if _links_to_login(view.root):
        return True
    pictures = [image.attr("alt") + image.attr("src") for image in view.root.find_all("img")]
    return any("Consultez le Registre foncier" in text or "entree_bandeau" in text for text in pictures) or (
        view.path.rstrip("/") == "/sirf" and bool(view.root.find_all("frame", "iframe"))
    )


def _links_to_login(root: Element) -> bool:
    return any(_LOGIN_LINK.search(link.attr("href")) for link in root.find_all("a", "area"))


def _links_to_forms(root: Element) -> bool:
    hrefs = [link.attr("href").lower() for link in root.find_all("a", "area")]
    return any(name in href for href in hrefs for name in _FORM_FILES)


def _has_form(view: PageView) -> bool:
    """A search form is recognised by its controls, whatever its address."""
    if any(name in view.path for name in _FORM_FILES) and view.root.find_all("select"):
        return "selct" not in view.path
    names = {control.attr("name") or control.attr("id") for control in view.root.find_all("select", "input")}
    return "selCircnFoncr" in names


def _has_confirm(root: Element) -> bool:
    return any(
        control.attr("id") == "btnConfr"
        or control.attr("name") == "btnConfr"
        or fold(control.attr("value")) == "confirmer"
        for control in root.find_all("input", "button")
    )


def _words(root: Element) -> str:
    titles = " ".join(title.text for title in root.find_all("title"))
    bodies = root.find_all("body")
    return f"{titles} {bodies[0].text if bodies else root.text}"
