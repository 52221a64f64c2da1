"""The account's own history of consultations, where the site has one. Reading it costs nothing.

No such page was ever recorded on the real site: it is looked for by the words of its link and of its table's header.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urljoin

from playwright.async_api import Page

from registre.browser.actions import goto
from registre.domain.request import DocumentKind, Target, TypeActe
from registre.domain.text import fold
from registre.sites.base import Purchase
from registre.sites.foncier import parse, selectors
from registre.sites.foncier.classify import PageView, Screen
from registre.sites.foncier.pages.view import obstacle, read_screen, unexpected

#: Wordings that say the document was paid and is shown again; anything else might be a new purchase.
_AGAIN: Final = re.compile(r"de nouveau|a nouveau|revoir|reafficher|sans frais|gratuit|deja paye|retelecharger")
_COSTS: Final = re.compile(r"commander|acheter|\$|facture")
#: The site's clock and ours may differ by this much.
_SKEW: Final = timedelta(minutes=2)


async def open_history(page: Page, *, base_url: str) -> PageView | None:
    """Go to the history page; None when nothing on the signed-in pages leads to one.

    Raises:
        SessionLost, SiteUnavailable, SiteError, SiteUnreachable, PageTimeout, Challenge, LayoutChanged.
    """
    landing = await goto(page, urljoin(base_url, selectors.INDEX_PATH), what="page du registre")
    view, screen = await read_screen(page, status=landing.status)
    error = obstacle(view, screen)
    if error is not None:
        raise error
    if screen is Screen.UNKNOWN:
        raise unexpected(view, screen, "historique des consultations")
    address = parse.history_link(view.root)
    if not address and (home := parse.home_link(view.root)):
        landing = await goto(page, urljoin(view.url, home), what="page d'accueil")
        view, screen = await read_screen(page, status=landing.status)
        address = parse.history_link(view.root)
        error = None if address else obstacle(view, screen)
        if error is not None:
            raise error
    if not address:
        return None
    landing = await goto(page, urljoin(view.url, address), what="historique des consultations")
    view, screen = await read_screen(page, status=landing.status)
    if landing.status == 404:
        return None
    error = obstacle(view, screen)
    if error is not None:
        raise error
    if parse.history_rows(view.root) is None:
        raise unexpected(view, screen, "historique des consultations")
    return view


def free_link(rows: list[parse.HistoryRow], purchase: Purchase) -> parse.HistoryRow | None:
    """The line of a purchase, if it offers its document again in words that say it is not a new purchase."""
    for row in rows:
        same = row.purchase.demande == purchase.demande if purchase.demande else row.purchase.at == purchase.at
        if not same or row.purchase.target_number != purchase.target_number:
            continue
        words = fold(row.link_text)
        if row.link_href and _AGAIN.search(words) and not _COSTS.search(row.link_text.lower()):
            return row
    return None


def made_since(row: parse.HistoryRow, since: datetime) -> bool:
    """True for a line of that moment or later, and for one whose moment cannot be read."""
    return row.at is None or row.at >= since - _SKEW


def shown_target(row: parse.HistoryRow) -> Target:
    """The target as far as the history's line tells it."""
    cells = row.cells
    product = fold(f"{cells.get('produit', '')} {cells.get('type', '')}")
    kind = DocumentKind.PLAN if "plan" in product else DocumentKind.INDEX if "index" in product else DocumentKind.ACTE
    types = {fold(entry): entry for entry in TypeActe}
    return Target(
        kind=kind,
        number=row.purchase.target_number,
        circonscription=cells.get("circonscription", ""),
        cadastre=cells.get("cadastre") or None,
        designation_secondaire=cells.get("designation") or None,
        type_acte=types.get(fold(cells.get("type", ""))) if kind is DocumentKind.ACTE else None,
    )
