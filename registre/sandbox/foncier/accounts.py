"""Who may sign in: passwords, bad tries, locks, and a count of every login attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from registre.sandbox.foncier.options import Account

Outcome = Literal["ok", "bad", "locked", "expired", "no_card", "question"]


@dataclass(slots=True)
class LoginCount:
    """Login attempts on one code, known or not."""

    attempts: int = 0
    failures: int = 0
    #: failures since the last success; at the limit the account locks
    bad_in_a_row: int = 0


class AccountBook:
    """The accounts as they are now."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = {account.code: account for account in accounts}
        self.locked = {account.code for account in accounts if "locked" in account.flags}
        self.counts: dict[str, LoginCount] = {account.code: LoginCount() for account in accounts}

    def find(self, code: str | None) -> Account | None:
        """The account of this code."""
        return self._accounts.get(code or "")

    def attempt(self, code: str, password: str, *, lock_after: int) -> Outcome:
        """Judge one login and count it; the `lock_after`-th bad one in a row locks the account."""
        count = self.counts.setdefault(code, LoginCount())
        count.attempts += 1
        account = self._accounts.get(code)
        if account is None:
            count.failures += 1
            return "bad"
        if code in self.locked:
            count.failures += 1
            return "locked"
        if password != account.password:
            count.failures += 1
            count.bad_in_a_row += 1
            if count.bad_in_a_row < lock_after:
                return "bad"
            self.locked.add(code)
            return "locked"
        count.bad_in_a_row = 0
        if "expired" in account.flags:
            return "expired"
        if "no_card" in account.flags:
            return "no_card"
        return "question" if "question" in account.flags else "ok"

    def lock(self, code: str) -> None:
        """Lock by hand.

        Raises:
            KeyError: no such account.
        """
        self.locked.add(self._accounts[code].code)

    def unlock(self, code: str) -> None:
        """Unlock and forget the bad tries.

        Raises:
            KeyError: no such account.
        """
        self.locked.discard(self._accounts[code].code)
        self.counts[code].bad_in_a_row = 0

    def shown(self) -> dict[str, dict[str, object]]:
        """Per code: attempts, failures, lock and flags; never a password."""
        return {
            code: {
                **asdict(count),
                "locked": code in self.locked,
                "flags": sorted(self._accounts[code].flags) if code in self._accounts else [],
            }
            for code, count in self.counts.items()
        }
