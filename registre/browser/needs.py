"""What the session pool needs of others: leased accounts, and a site to sign in to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from playwright.async_api import Page

from registre.domain.account import Account
from registre.domain.errors import RegistreError


class AccountPool(Protocol):
    """Leases of a site's accounts, shared by all processes. Decides how often a password may be tried."""

    async def lease(self, *, account: UUID | None = None, excluding: frozenset[UUID] = frozenset()) -> Account:
        """Take an account nobody else has: that very one when given, none of `excluding`.

        Raises:
            NoAccount: none is free.
            AccountBenched, ChargeUnproven: the one given will not be free by itself.
        """
        ...

    async def release(self, account: Account) -> None:
        """Give it back."""
        ...

    async def beat(self) -> frozenset[UUID]:
        """Keep what was leased and not given back; answers the accounts that someone else may have by now."""
        ...

    async def signed_in(self, account: Account) -> None:
        """Its password was accepted: forget earlier failures."""
        ...

    async def refused(self, account: Account, error: RegistreError) -> None:
        """The site refused it: count, bench it at the limit or when it needs a person, and give it back."""
        ...

    async def unsure(self, account: Account, code: str) -> None:
        """Its password left and nobody knows what the site made of it: let it rest, and give it back."""
        ...


class SignsIn(Protocol):
    """The part of a site's adapter the pool needs."""

    async def sign_in(self, page: Page, account: Account, *, sending: Callable[[], None]) -> None:
        """Leave the page signed in, or raise. `sending` is called just before the password leaves."""
        ...
