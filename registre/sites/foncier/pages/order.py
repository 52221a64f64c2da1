"""From the submit to the document's viewer: similar list, plan selection, confirmation, preparation. This costs.

Whatever happens, `Till.charged` says what is proven: False until the first submit and again on every screen the site
only shows before billing, or when nothing left the browser since then; True once the viewer is seen; None in between.
Once the demand is confirmed, only the viewer or the site's own door proves anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Locator, Page

from registre.browser.actions import Landing, click, network_error, take_dialogs, translated
from registre.browser.once import SentOnce
from registre.browser.wire import always
from registre.domain.errors import (
    DocumentLate,
    InactiveLot,
    InvalidRequest,
    LayoutChanged,
    PageTimeout,
    PaperOnly,
    RegistreError,
    SimilarOnly,
)
from registre.domain.request import DocumentKind, Target, normalize_number
from registre.sites.base import Till
from registre.sites.foncier import messages, parse, selectors
from registre.sites.foncier.classify import SIGNED_OUT, PageView, Screen
from registre.sites.foncier.pages.search import SearchForm
from registre.sites.foncier.pages.view import control, obstacle, read_screen, unexpected
from registre.sites.foncier.written import amount_shown, demande_shown

#: The registry may take three minutes to prepare a document (observed 2025).
DOCUMENT: Final = timedelta(seconds=180)
#: How often a page that prepares a document is looked at when it does not reload by itself.
_LOOK_S: Final = 1.0
#: A page we do not know may be on its way to one we do.
_UNKNOWN_S: Final = 10.0
#: Screens between submit and viewer, each at most once or twice; more is a loop.
_MAX_SCREENS: Final = 8

#: What a submit is answered with before anything is billed.
_BEFORE_BILLING: Final = frozenset(
    {Screen.REFUSAL, Screen.SIMILAR, Screen.INACTIVE, Screen.SELECTION, Screen.CONFIRMATION}
)

_Step = tuple[Locator, str]


class Order:
    """One purchase under way on one page."""

    def __init__(
        self,
        page: Page,
        target: Target,
        till: Till,
        *,
        wait: timedelta = DOCUMENT,
        may_send: Callable[[], bool] = always,
    ) -> None:
        self._page = page
        self._target = target
        self._till = till
        self._wait_s = wait.total_seconds()
        self._may_send = may_send
        self._deadline = 0.0
        self._resubmitted = False
        #: the click that accepts the price has been chosen
        self._confirmed = False
        #: what was chosen and shown on the way
        self.note: dict[str, str] = {}

    async def place(self, form: SearchForm) -> None:
        """Submit the filled form and go on until the viewer is there.

        Raises:
            NotFound, SimilarOnly, PaperOnly, InactiveLot, InvalidRequest, UnexpectedMessage: the site's answer.
            DocumentLate, SessionLost, SiteUnavailable, SiteError, PageTimeout, LayoutChanged: see `Till.charged`.
        """
        self._deadline = time.monotonic() + self._wait_s
        step: _Step | None = (await form.submit_button(), "envoi de la demande")
        async with SentOnce(self._page, timeout_s=self._wait_s, may_send=self._may_send) as guard:
            for _ in range(_MAX_SCREENS):
                if step is None:
                    return
                step = await self._advance(form, guard, *step)
        raise LayoutChanged("La demande tourne en rond entre les mêmes écrans.", screen=Screen.UNKNOWN)

    async def _advance(self, form: SearchForm, guard: SentOnce, button: Locator, what: str) -> _Step | None:
        """Click, wait for a screen that decides something, and return the next click; None at the viewer."""
        left, hops, took_from = guard.left, len(guard.hops), self._page.url
        take_dialogs(self._page)
        proven, self._till.charged = self._till.charged, None
        try:
            landing = await self._click(guard, button, what)
        except BaseException:
            if guard.shut() == left:
                self._till.charged = proven
            raise
        view, screen = await self._settle(landing, guard)
        if screen is Screen.VIEWER:
            self._till.charged = True
            return None
        self._till.charged = self._proof(screen, guard.hops[hops:], took_from)
        self._note_shown(view)
        return await self._next(form, view, screen)

    async def _click(self, guard: SentOnce, button: Locator, what: str) -> Landing:
        before = guard.left
        try:
            landing = await click(self._page, button, what=what, timeout_s=self._remaining())
        except PageTimeout as exc:
            if guard.shut() == before:
                raise
            raise DocumentLate(f"{DocumentLate.message} Aucune réponse depuis: {what}.") from exc
        except RegistreError as exc:
            if guard.failure:
                raise network_error(guard.failure, what) from exc
            raise
        if not landing.moved:
            # a script on the page refused, usually with an alert
            said = " ".join(take_dialogs(self._page))
            raise messages.refusal(said) if said else LayoutChanged(f"Le clic n'a rien envoyé ({what}).")
        return landing

    async def _settle(self, landing: Landing, guard: SentOnce) -> tuple[PageView, Screen]:
        """Wait out the page that prepares the document, and pages caught half-way."""
        status = landing.status
        until_unknown = time.monotonic() + _UNKNOWN_S
        while True:
            view, screen = await read_screen(self._page, status=status)
            if screen not in {Screen.PREPARING, Screen.UNKNOWN}:
                return view, screen
            if screen is Screen.UNKNOWN and time.monotonic() >= until_unknown:
                return view, screen
            if self._page.is_closed() or time.monotonic() >= self._deadline:
                self._note_shown(view)
                raise DocumentLate(screen=screen)
            await self._look_again()
            if self._page.url.startswith("chrome-error:"):
                raise network_error(guard.failure or "connexion perdue", "préparation du document")
            status = 0

    async def _look_again(self) -> None:
        """Until the page reloads by itself, at most `_LOOK_S`."""
        async with translated("préparation du document"):
            try:
                async with asyncio.timeout(min(_LOOK_S, max(0.1, self._remaining()))):
                    await self._page.wait_for_event("domcontentloaded")
            except TimeoutError:
                return

    def _proof(self, screen: Screen, hops: Sequence[str], took_from: str) -> bool | None:
        """What a screen other than the viewer proves of the money."""
        if not self._confirmed and screen in _BEFORE_BILLING:
            return False
        # turned away before anything billable: the chain holds nothing but free pages and the door
        direct = all(_same_page(hop, took_from) or _is_free(hop) for hop in hops[1:])
        if screen in SIGNED_OUT | {Screen.MAINTENANCE, Screen.CLOSED, Screen.CHALLENGE} and direct:
            return False
        return None

    async def _next(self, form: SearchForm, view: PageView, screen: Screen) -> _Step:
        if self._confirmed and self._till.charged is None:
            # whatever it says now, it may have billed: no second click, and no refusal that would end the order
            raise obstacle(view, screen) or unexpected(view, screen, "suite de la confirmation")
        match screen:
            case Screen.SIMILAR:
                return await self._choose_similar(view)
            case Screen.SELECTION:
                return await self._choose_plan(view)
            case Screen.CONFIRMATION:
                button = await control(self._page, selectors.CONFIRM, what="bouton Confirmer", screen=screen)
                self._confirmed = True
                return button, "confirmation de la demande"
            case Screen.INACTIVE:
                return await self._continue_inactive(form, view)
            case Screen.REFUSAL:
                raise messages.refusal(parse.error_sentence(view.root))
            case Screen.FORM:
                said = " ".join(take_dialogs(self._page))
                if said:
                    self._till.charged = False
                    raise messages.refusal(said)
                raise unexpected(view, screen, "réponse à la demande")
            case _:
                raise obstacle(view, screen) or unexpected(view, screen, "réponse à la demande")

    async def _choose_similar(self, view: PageView) -> _Step:
        row = exact_row(parse.similar_rows(view.root), self._target)
        self.note["row"] = str(row.position + 1)
        if row.date:
            self.note["row_date"] = row.date.isoformat()
        await self._check_radio(row.position, listed=True)
        button = await control(self._page, selectors.SIMILAR_SUBMIT, what="bouton de la liste", screen=Screen.SIMILAR)
        return button, "choix dans la liste"

    async def _choose_plan(self, view: PageView) -> _Step:
        rows = parse.plan_rows(view.root)
        row, rule = preferred_plan(rows)
        self.note |= {"plan": row.label, "plan_row": f"{row.position + 1}/{len(rows)}", "plan_rule": rule}
        if row.date:
            self.note["plan_date"] = row.date.isoformat()
        said = parse.error_sentence(view.root)
        if said:
            self.note["message"] = said
        if await self._check_radio(row.position, listed=False):
            button = await control(self._page, selectors.PLAN_SUBMIT, what="bouton de choix", screen=Screen.SELECTION)
            return button, "choix du plan"
        return self._page.get_by_role("link", name=row.label, exact=True).first, "choix du plan"

    async def _check_radio(self, position: int, *, listed: bool) -> bool:
        """Tick the row's choice; False when the page offers links instead."""
        for kind in ("radio", "checkbox"):
            # innermost rows with one choice: the form's own criteria may hold radios too
            boxes = self._page.locator(f"tr:not(:has(tr)) input[type={kind}]")
            if listed:
                boxes = self._page.locator(f"tr:not(:has(tr)):not(:has(select)) input[type={kind}]")
            async with translated("choix d'une ligne"):
                if await boxes.count() > position:
                    await boxes.nth(position).check(timeout=10_000)
                    return True
        if listed:
            raise LayoutChanged("La liste n'a pas de choix à cocher.", screen=Screen.SIMILAR)
        return False

    async def _continue_inactive(self, form: SearchForm, view: PageView) -> _Step:
        """A plan of an inactive lot may still be had: the site repeats the form and waits for another submit."""
        said = parse.error_sentence(view.root)
        if self._target.kind is not DocumentKind.PLAN or self._resubmitted:
            raise InactiveLot(said, screen=Screen.INACTIVE)
        self._resubmitted = True
        self.note["message"] = said
        onward = selectors.CONTINUE[0](self._page)
        async with translated("lot inactif"):
            if await onward.count():
                return onward.first, "suite malgré le lot inactif"
        return await form.submit_button(), "suite malgré le lot inactif"

    def _note_shown(self, view: PageView) -> None:
        text = view.root.text
        if amount := amount_shown(text):
            self.note["amount"] = amount
        hidden = [c.attr("value") for c in view.root.find_all("input") if "demnd" in c.attr("name").lower()]
        demande = next((value for value in hidden if any(c.isdigit() for c in value)), "") or demande_shown(text)
        if demande:
            self.note["demande"] = demande

    def _remaining(self) -> float:
        return max(1.0, self._deadline - time.monotonic())


def exact_row(rows: Sequence[parse.SimilarRow], target: Target) -> parse.SimilarRow:
    """The digital document with exactly the number asked for (and not of another type).

    Raises:
        PaperOnly: it is in the list, on paper.
        SimilarOnly: it is not in the list, or more than once; the text names what is.
    """
    wanted = normalize_number(target.number)
    exact = [row for row in rows if wanted in row.numbers and row.type_acte in (None, target.type_acte)]
    digital = [row for row in exact if not row.is_paper]
    if len(digital) == 1:
        return digital[0]
    if exact and not digital:
        raise PaperOnly(f"Le document {target.number} n'existe que sur papier.", screen=Screen.SIMILAR)
    offered = ", ".join(
        f"{row.number} ({row.type_acte or '?'}{', papier' if row.is_paper else ''})" for row in rows[:12]
    )
    raise SimilarOnly(f"{SimilarOnly.message} Proposés: {offered}.", screen=Screen.SIMILAR)


def preferred_plan(rows: Sequence[parse.PlanRow]) -> tuple[parse.PlanRow, str]:
    """The plan to take and the rule that chose it: the only one, the most recent date, else the last."""
    if not rows:
        raise InvalidRequest("Le registre n'offre aucun plan pour ce lot.", screen=Screen.SELECTION)
    if len(rows) == 1:
        return rows[0], "seul"
    dated = [(row.date, row.position, row) for row in rows if row.date]
    if len(dated) < len(rows):
        return rows[-1], "dernier de la liste"
    latest = max(dated, key=lambda entry: entry[:2])
    return latest[2], "date la plus récente"


def _same_page(url: str, other: str) -> bool:
    return urlsplit(url).path.lower() == urlsplit(other).path.lower()


def _is_free(url: str) -> bool:
    """Addresses that bill nothing by being shown: entry, login, plan selection, confirmation."""
    path = urlsplit(url).path.lower().rstrip("/")
    return path in {"", "/sirf"} or any(part in path for part in ("14_06_01", "selct_plan_cadst", "confr_demnd"))
