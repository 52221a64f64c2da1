"""Filling the three search forms. Nothing here submits: on this site a single match is billed at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin

from playwright.async_api import Locator, Page

from registre.browser.actions import choose, fill, first_present, goto, translated
from registre.domain.errors import LayoutChanged, OptionNotFound
from registre.domain.option import Option
from registre.domain.request import DocumentKind, Target, normalize_number
from registre.sites.foncier import parse, selectors
from registre.sites.foncier.classify import FORMS, Screen
from registre.sites.foncier.pages.view import control, obstacle, read_screen, unexpected
from registre.sites.foncier.selectors import Candidates
from registre.sites.markup import parse_html

_PATHS: Final = {
    DocumentKind.INDEX: selectors.INDEX_PATH,
    DocumentKind.ACTE: selectors.ACTE_PATH,
    DocumentKind.PLAN: selectors.PLAN_PATH,
}


class SearchForm:
    """One of the three forms on a signed-in page."""

    def __init__(self, page: Page, kind: DocumentKind, *, base_url: str) -> None:
        self._page = page
        self._kind = kind
        self._url = urljoin(base_url, _PATHS[kind])

    async def open(self) -> None:
        """Load the form, empty.

        Raises:
            SessionLost, SiteUnavailable, SiteError, SiteUnreachable, PageTimeout, Challenge, LayoutChanged.
        """
        landing = await goto(self._page, self._url, what="formulaire de recherche")
        await self._check(landing.status)

    async def circonscriptions(self) -> list[Option]:
        """What the form offers."""
        return await self._options(selectors.CIRCONSCRIPTION, "circonscription foncière")

    async def cadastres(self) -> list[Option]:
        """What the form offers for the circonscription chosen."""
        return await self._options(selectors.CADASTRE, "cadastre")

    async def designations(self) -> list[Option]:
        """What the form offers for the cadastre chosen; empty where there is no such list."""
        select = await first_present(self._page, selectors.DESIGNATION)
        return await _options_of(select) if select is not None else []

    async def types(self) -> list[Option]:
        """Types of document the acte form offers."""
        return await self._options(selectors.TYPE_ACTE, "type de document")

    async def choose_circonscription(self, option: Option) -> None:
        """Choose; the site posts the form back and then shows its cadastres."""
        await self._choose(selectors.CIRCONSCRIPTION, option.value, "circonscription foncière")

    async def choose_cadastre(self, option: Option) -> None:
        """Choose; the site posts the form back and then shows its désignations."""
        await self._choose(selectors.CADASTRE, option.value, "cadastre")

    async def choose_designation(self, option: Option | None) -> None:
        """Choose, or go back to none."""
        select = await first_present(self._page, selectors.DESIGNATION)
        if select is None:
            if option is not None:
                raise LayoutChanged("La liste des désignations secondaires a disparu.", screen=Screen.FORM)
            return
        value = option.value if option else await _blank_value(select)
        if value is not None:
            await self._choose(selectors.DESIGNATION, value, "désignation secondaire")

    async def choose_type(self, option: Option) -> None:
        """Choose the type of document."""
        await self._choose(selectors.TYPE_ACTE, option.value, "type de document")

    async def fill_number(self, number: str) -> None:
        """Type the number, and make sure the page kept it (its script may space the digits)."""
        candidates = selectors.INSCRIPTION if self._kind is DocumentKind.ACTE else selectors.LOT
        box = await control(self._page, candidates, what="numéro", screen=Screen.FORM)
        await fill(box, number, what="numéro")
        async with translated("numéro"):
            await box.blur()
            kept = await box.input_value()
        if normalize_number(kept) != normalize_number(number):
            raise LayoutChanged(f"Le formulaire n'a pas gardé le numéro {number}.", screen=Screen.FORM)

    async def holds(self, target: Target) -> bool:
        """True when this page is the form, filled for exactly this target."""
        page = self._page
        view, screen = await read_screen(page)
        if screen is not Screen.FORM or view.path != _PATHS[self._kind].lower():
            return False
        wanted: list[tuple[Candidates, str | None]] = [(selectors.CIRCONSCRIPTION, target.circonscription)]
        if self._kind is DocumentKind.ACTE:
            wanted.append((selectors.TYPE_ACTE, target.type_acte))
            number = selectors.INSCRIPTION
        else:
            wanted += [(selectors.CADASTRE, target.cadastre), (selectors.DESIGNATION, target.designation_secondaire)]
            number = selectors.LOT
        for candidates, name in wanted:
            if await self._selected(candidates) != name:
                return False
        box = await first_present(page, number)
        if box is None:
            return False
        async with translated("numéro"):
            return normalize_number(await box.input_value()) == normalize_number(target.number)

    async def submit_button(self) -> Locator:
        """The button that orders. Clicking it is the purchase."""
        candidates = selectors.ACTE_SUBMIT if self._kind is DocumentKind.ACTE else selectors.LOT_SUBMIT
        return await control(self._page, candidates, what="bouton de recherche", screen=Screen.FORM)

    async def _options(self, candidates: Candidates, what: str) -> list[Option]:
        return await _options_of(await control(self._page, candidates, what=what, screen=Screen.FORM))

    async def _choose(self, candidates: Candidates, value: str, what: str) -> None:
        select = await control(self._page, candidates, what=what, screen=Screen.FORM)
        landing = await choose(self._page, select, value, what=what)
        if landing.moved:
            await self._check(landing.status)
        select = await control(self._page, candidates, what=what, screen=Screen.FORM)
        async with translated(what):
            chosen = await select.input_value()
        if chosen != value:
            raise LayoutChanged(f"Le formulaire n'a pas gardé le choix ({what}).", screen=Screen.FORM)

    async def _check(self, status: int) -> None:
        view, screen = await read_screen(self._page, status=status)
        error = obstacle(view, screen)
        if error is not None:
            raise error
        if screen not in FORMS:
            raise unexpected(view, screen, "formulaire de recherche")

    async def _selected(self, candidates: Candidates) -> str | None:
        """Label of the choice made in a dropdown; None for a blank choice or no dropdown."""
        select = await first_present(self._page, candidates)
        if select is None:
            return None
        async with translated("liste de choix"):
            value = await select.input_value()
        return next((option.label for option in await _options_of(select) if option.value == value), None)


async def _options_of(select: Locator) -> list[Option]:
    async with translated("liste de choix"):
        markup = str(await select.evaluate("(element) => element.outerHTML"))
    return [option for found in parse_html(markup).find_all("select") for option in parse.options(found)]


async def _blank_value(select: Locator) -> str | None:
    """Value of the entry that stands for none: one that is not a real choice."""
    async with translated("liste de choix"):
        markup = str(await select.evaluate("(element) => element.outerHTML"))
    for found in parse_html(markup).find_all("select"):
        real = {option.value for option in parse.options(found)}
        return next((o.attr("value") for o in found.find_all("option") if o.attr("value") not in real), None)
    return None


def option_named(name: str, options: Sequence[Option], *, what: str) -> Option:
    """The option with exactly this label: a target is written in the registry's own words.

    Raises:
        OptionNotFound: the list has changed since the target was located.
    """
    for option in options:
        if option.label == name:
            return option
    raise OptionNotFound(f"{what} « {name} » n'est plus offert par le registre.", screen=Screen.FORM)
