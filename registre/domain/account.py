"""A registry account as one holder has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What one account may buy between two midnights in Québec; 0: no limit."""

    daily_orders: int = 0
    daily_cents: int = 0
    #: what the next purchase is assumed to cost
    price_cents: int = 0

    def allows(self, orders: int, cents: int) -> bool:
        """True when an account that bought so much today may buy one more."""
        return not (
            (self.daily_orders and orders >= self.daily_orders)
            or (self.daily_cents and cents + self.price_cents > self.daily_cents)
        )


NO_LIMITS: Final = AccountLimits()


@dataclass(frozen=True, slots=True)
class Account:
    """A registry account as leased. The password never appears in a repr, hence not in logs."""

    id: UUID
    username: str
    password: str = field(repr=False)
