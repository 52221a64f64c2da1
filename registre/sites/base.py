"""What every registry's adapter offers the stages, and what it hands back. Sites are told apart nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Protocol

from playwright.async_api import Page

from registre.browser.wire import always
from registre.domain.account import Account
from registre.domain.job import Site
from registre.domain.request import DocumentKind, Request, Target


@dataclass(frozen=True, slots=True)
class Located:
    """What an order can be bought as, in the registry's own words."""

    #: in order of preference, at least one; the next is tried only when the site says the one before does not exist
    targets: tuple[Target, ...]
    #: what was decided on the way and is worth keeping: désignation left out, words found in the wrong field
    note: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes as the site delivered them. Not yet checked: they may be cut short or no PDF at all."""

    content: bytes
    target: Target
    #: plan chosen, number of the row, amount shown, demande, HTTP status, `transfer` when the bytes are not whole
    note: dict[str, str]


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of the site's own history of an account."""

    target_number: str
    #: date and time as the site writes them
    at: str
    amount_cents: int | None
    demande: str | None
    #: product, type and place as the line shows them, by column; for telling lines of one number apart
    shown: dict[str, str] = field(default_factory=dict[str, str])
    #: None where the line does not tell
    kind: DocumentKind | None = None
    #: `at` as a time; the day's end where only the day is shown, None where it cannot be read
    moment: datetime | None = None


def untold() -> None:
    """Nobody wants to know."""


class SiteAdapter(Protocol):
    """One registry. Pages come from a session the caller holds; one call at a time on a page."""

    site: Site

    async def sign_in(self, page: Page, account: Account, *, sending: Callable[[], None] = untold) -> None:
        """Leave the page signed in. `sending` is called just before the password leaves: from then on a try is used up.

        Raises:
            LoginFailed, AccountBenched, SiteUnavailable, Challenge, SiteError, PageTimeout, LayoutChanged.
        """
        ...

    async def locate(self, page: Page, request: Request) -> Located:
        """Fill the search form as far as it goes without submitting it. Free and repeatable.

        Raises:
            OptionNotFound, OptionAmbiguous: the site offers no such name, or several.
            SessionLost: the page is not signed in (any more).
        """
        ...

    async def buy(self, page: Page, target: Target, *, may_send: Callable[[], bool] = always) -> Delivery:
        """Order one target, wait for the document and take it. Every call may cost; never retried in here.

        `may_send` is asked, from any thread, just before each request that may cost leaves; False holds it back.

        Every exception that leaves carries `charged`: see `charged_by`.
        """
        ...

    async def purchases(self, page: Page, since: datetime) -> tuple[Purchase, ...] | None:
        """The site's own history of the signed-in account, None where the site has no such page. Free."""
        ...

    async def recover(self, page: Page, purchase: Purchase) -> Delivery | None:
        """Take again, at no cost, what the history says was paid; None when that is not offered.

        The delivery's target says what the history's line shows, which may be less than was ordered.
        """
        ...


class Till:
    """Knows, while a purchase goes on, whether money was spent; stamps it on whatever exception leaves.

    False: provably nothing was charged. True: the document was shown. None: nobody here can say.
    """

    def __init__(self) -> None:
        self.charged: bool | None = False

    def __enter__(self) -> Till:
        return self

    def __exit__(self, _kind: type[BaseException] | None, exc: BaseException | None, _tb: TracebackType | None) -> None:
        if exc is not None:
            vars(exc)["charged"] = self.charged


def charged_by(exc: BaseException) -> bool | None:
    """What an exception that left `buy` says of the money: False nothing, True charged, None unknown.

    A time limit around `buy` turns the cancellation into its own error; the mark is then on the cause.
    """
    seen: BaseException | None = exc
    while seen is not None:
        charged: bool | None = vars(seen).get("charged")
        if charged is not None:
            return charged
        seen = seen.__cause__
    return None
