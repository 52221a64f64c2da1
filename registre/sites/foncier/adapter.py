"""The land registry's adapter: which pages in which order.

    sign_in     entry → login → welcome
    locate      form by its address → circonscription ⟲ cadastre ⟲ désignation → number            free
    ────────────────────────────────────────────────────────────────────────────────── money below
    buy         submit → [similar list | plan selection] → [confirmation] → [preparing] → viewer → save
    purchases   index form → (welcome) → history, where there is one                               free
    recover     history → document again → save                                                    free

Changes seen on the site:
    2025-09-04  plan selection and confirmation pages met; similar actes share the error cell
    2025-10-15  search forms take more than 10 s to arrive
    2025-10-29  a désignation that is not offered must not stop an order
    2026-05     login fields are txtVaCodeUtils and txtMotPasse (third-party report)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from playwright.async_api import Page

from registre.browser.actions import goto, keep_dialogs
from registre.browser.capture import Capture
from registre.browser.wire import always
from registre.domain.account import Account
from registre.domain.errors import InvalidRequest, LayoutChanged, OptionNotFound
from registre.domain.job import Site
from registre.domain.option import Option, match_option
from registre.domain.request import DocumentKind, Request, Target, TypeActe
from registre.sites.base import Delivery, Located, Purchase, Till, untold
from registre.sites.foncier import fallback, parse
from registre.sites.foncier.classify import Screen
from registre.sites.foncier.fallback import Candidate
from registre.sites.foncier.pages import login
from registre.sites.foncier.pages.history import free_link, made_since, open_history, shown_target
from registre.sites.foncier.pages.order import DOCUMENT, Order
from registre.sites.foncier.pages.search import SearchForm, option_named
from registre.sites.foncier.pages.view import read_screen
from registre.sites.foncier.pages.viewer import save_document

#: Combinations of cadastre and désignation tried for one order, the one ordered included.
MAX_PAIRS: Final = 3


@dataclass(frozen=True, slots=True)
class _Pair:
    cadastre: Option
    designation: Option | None
    #: words of the désignation that no list offers
    left_out: str = ""


class FoncierAdapter:
    """Implements `SiteAdapter`. Holds no state of any session."""

    site = Site.FONCIER

    def __init__(self, base_url: str, *, document_wait: timedelta = DOCUMENT) -> None:
        self._base_url = base_url.rstrip("/") + "/"
        self._document_wait = document_wait

    async def sign_in(self, page: Page, account: Account, *, sending: Callable[[], None] = untold) -> None:
        """See `SiteAdapter.sign_in`. The password is tried once."""
        keep_dialogs(page)
        await login.sign_in(page, account, base_url=self._base_url, sending=sending)

    async def locate(self, page: Page, request: Request) -> Located:
        """See `SiteAdapter.locate`. Leaves the form filled for the first target.

        For an acte the other types follow as further targets; for an index or plan, the combinations that the order's
        words name when cadastre and désignation were written in each other's field.
        """
        keep_dialogs(page)
        form = self._form(page, request.kind)
        await form.open()
        offered = await form.circonscriptions()
        place = match_option(request.circonscription, offered, what="Circonscription foncière")
        await form.choose_circonscription(place)
        if request.kind is DocumentKind.ACTE:
            return await self._locate_acte(form, request, place)
        return await self._locate_lot(form, request, place)

    async def buy(self, page: Page, target: Target, *, may_send: Callable[[], bool] = always) -> Delivery:
        """See `SiteAdapter.buy`. Never clicks twice for one thing; the bytes come back even when they are no PDF."""
        keep_dialogs(page)
        with Till() as till:
            form = self._form(page, target.kind)
            if not await form.holds(target):
                await self._fill(form, target)
            order = Order(page, target, till, wait=self._document_wait, may_send=may_send)
            await order.place(form)
            capture, demande = await save_document(page)
            note = order.note | _facts(capture) | ({"demande": demande} if demande else {})
            return Delivery(capture.content, target, note)

    async def purchases(self, page: Page, since: datetime) -> tuple[Purchase, ...] | None:
        """See `SiteAdapter.purchases`."""
        keep_dialogs(page)
        view = await open_history(page, base_url=self._base_url)
        if view is None:
            return None
        rows = parse.history_rows(view.root) or []
        return tuple(row.purchase for row in rows if made_since(row, since))

    async def recover(self, page: Page, purchase: Purchase) -> Delivery | None:
        """See `SiteAdapter.recover`. A confirmation page on the way would mean a new purchase: None then."""
        keep_dialogs(page)
        view = await open_history(page, base_url=self._base_url)
        row = free_link(parse.history_rows(view.root) or [], purchase) if view else None
        if view is None or row is None:
            return None
        await goto(page, urljoin(view.url, row.link_href), what="document déjà payé")
        _, screen = await read_screen(page)
        if screen is not Screen.VIEWER:
            return None
        capture, demande = await save_document(page)
        note = _facts(capture) | {"demande": demande or purchase.demande or "", "recovered": "historique"}
        return Delivery(capture.content, shown_target(row), note)

    def _form(self, page: Page, kind: DocumentKind) -> SearchForm:
        return SearchForm(page, kind, base_url=self._base_url)

    async def _locate_acte(self, form: SearchForm, request: Request, place: Option) -> Located:
        if request.type_acte is None:
            raise InvalidRequest("Le type d'acte manque.")
        offered = await form.types()
        await form.choose_type(match_option(request.type_acte, offered, what="Type de document"))
        await form.fill_number(request.number)
        given = Target(request.kind, request.number, place.label, type_acte=request.type_acte)
        others = [kind for kind in TypeActe if kind is not request.type_acte and _offers(offered, kind)]
        return Located((given, *(given.with_type(kind) for kind in others)))

    async def _locate_lot(self, form: SearchForm, request: Request, place: Option) -> Located:
        pairs = await self._pairs(form, request)
        first = pairs[0]
        await form.choose_cadastre(first.cadastre)
        await form.choose_designation(first.designation)
        await form.fill_number(request.number)
        note: dict[str, str] = {}
        if first.left_out:
            note["designation_left_out"] = first.left_out
        if len(pairs) > 1:
            note["pairs"] = " | ".join(_shown(pair) for pair in pairs)
        return Located(tuple(_target(request, place, pair) for pair in pairs), note)

    async def _pairs(self, form: SearchForm, request: Request) -> list[_Pair]:
        """What the order's words can mean, likeliest first: as written, then with misplaced words put right."""
        wanted, designation = request.cadastre or "", request.designation_secondaire or ""
        offered = await form.cadastres()
        named = fallback.candidates(wanted, designation, offered)
        found: list[_Pair] = []
        written: Option | None = None
        try:
            written = fallback.choose_cadastre(wanted, offered)
        except OptionNotFound:
            if not named:
                raise
        if written is not None:
            wordings = next((c.designations for c in named if c.cadastre == written), (designation,))
            found.append(await self._pair(form, Candidate(written, wordings), designation))
        others = [candidate for candidate in named if candidate.cadastre != written]
        explored = [await self._pair(form, candidate, designation) for candidate in others]
        # one whose désignation is offered explains more of the order's words
        explored.sort(key=lambda pair: pair.designation is None)
        explained = " ".join(pair.designation.label for pair in explored if pair.designation)
        kept = [pair for pair in explored if pair.designation or not fallback.is_named(pair.cadastre, explained)]
        return _distinct([*found, *kept])[:MAX_PAIRS]

    async def _pair(self, form: SearchForm, candidate: Candidate, designation: str) -> _Pair:
        await form.choose_cadastre(candidate.cadastre)
        wordings = [words for words in candidate.designations if words]
        if not wordings:
            return _Pair(candidate.cadastre, None)
        chosen = fallback.match_designation(wordings, await form.designations())
        return _Pair(candidate.cadastre, chosen, "" if chosen else designation)

    async def _fill(self, form: SearchForm, target: Target) -> None:
        await form.open()
        offered = await form.circonscriptions()
        await form.choose_circonscription(
            option_named(target.circonscription, offered, what="Circonscription foncière")
        )
        if target.kind is DocumentKind.ACTE:
            kind = target.type_acte or TypeActe.ACTE
            await form.choose_type(match_option(kind, await form.types(), what="Type de document"))
        else:
            cadastre = option_named(target.cadastre or "", await form.cadastres(), what="Cadastre")
            await form.choose_cadastre(cadastre)
            name, offered = target.designation_secondaire, await form.designations()
            await form.choose_designation(option_named(name, offered, what="Désignation secondaire") if name else None)
        await form.fill_number(target.number)
        if not await form.holds(target):
            raise LayoutChanged("Le formulaire ne garde pas ce qui y est écrit.", screen=Screen.FORM)


def _target(request: Request, place: Option, pair: _Pair) -> Target:
    designation = pair.designation.label if pair.designation else None
    return Target(request.kind, request.number, place.label, pair.cadastre.label, designation)


def _offers(options: Sequence[Option], kind: TypeActe) -> bool:
    try:
        match_option(kind, options, what="Type de document")
    except OptionNotFound:
        return False
    return True


def _distinct(pairs: Sequence[_Pair]) -> list[_Pair]:
    seen: dict[tuple[Option, Option | None], _Pair] = {}
    for pair in pairs:
        seen.setdefault((pair.cadastre, pair.designation), pair)
    return list(seen.values())


def _shown(pair: _Pair) -> str:
    return f"{pair.cadastre.label} + {pair.designation.label}" if pair.designation else pair.cadastre.label


def _facts(capture: Capture) -> dict[str, str]:
    facts = {"http_status": str(capture.status), "content_type": capture.content_type}
    return facts | {"transfer": capture.error} if capture.error else facts
