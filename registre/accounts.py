"""The team's registry accounts: one holder at a time, least recently used first, benched after two bad logins."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from cryptography.fernet import Fernet, InvalidToken

from registre.db import account as db
from registre.db import charge as charges
from registre.db.account import Rest
from registre.db.pool import GONE, Connection, Database
from registre.domain.account import NO_LIMITS, Account, AccountLimits
from registre.domain.errors import (
    AccountBenched,
    CeilingReached,
    ChargeUnproven,
    ConfigurationError,
    NoAccount,
    RegistreError,
)
from registre.domain.job import Site

#: Logins tried with one password before a person must look; the registry locks accounts, and a locked account is an
#: outage (owner's rule).
MAX_FAILURES: Final = 2
#: After a login that did not go through: 5 s, 20 s, 80 s, 320 s, then 10 min each time, until one does.
_REST: Final = Rest(timedelta(seconds=5), timedelta(minutes=10))
_PREFIX: Final = "fernet:"

_log = structlog.get_logger("accounts")


class Vault:
    """Encrypts and opens passwords. The key never leaves the process."""

    def __init__(self, key: bytes) -> None:
        try:
            self._fernet = Fernet(key)
        except ValueError as exc:
            raise ConfigurationError("REGISTRE_SECRET_KEY n'est pas une clé Fernet (44 caractères base64).") from exc

    def seal(self, password: str) -> str:
        """Text to store."""
        return _PREFIX + self._fernet.encrypt(password.encode()).decode()

    def open(self, sealed: str) -> str:
        """The password; raises ConfigurationError when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed.removeprefix(_PREFIX).encode()).decode()
        except InvalidToken as exc:
            raise ConfigurationError(
                "Les mots de passe ont été chiffrés avec une autre clé: rétablissez REGISTRE_SECRET_KEY."
            ) from exc


class Accounts:
    """Leases accounts of one site to this process; implements the browser's `AccountPool`."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        site: Site,
        worker: str,
        lease: timedelta,
        limits: AccountLimits = NO_LIMITS,
    ) -> None:
        self._database = database
        self._vault = vault
        self._site = site
        self._worker = worker
        self._lease = lease
        self._limits = limits
        #: accounts that signed in since they were leased
        self._tried: set[UUID] = set()
        #: accounts this process holds and keeps
        self._held: set[UUID] = set()

    async def lease(self, *, account: UUID | None = None, excluding: frozenset[UUID] = frozenset()) -> Account:
        """The least recently used free account, or the one asked for.

        Raises:
            NoAccount: none is free, rested, healthy and encrypted.
            CeilingReached: all have bought what they may today.
            AccountBenched, ChargeUnproven: the one asked for will not be free by itself: benched, or gone.
        """
        async with self._database.connection() as connection:
            leased = await db.lease_account(
                connection,
                site=self._site,
                worker=self._worker,
                lease=self._lease,
                max_failures=MAX_FAILURES,
                account_id=account,
                excluding=excluding,
                limits=self._limits,
            )
            if leased is None and account is None:
                await self._look_at_ceilings(connection)
            if leased is None and account is not None and account not in excluding:
                await self._explain(connection, account)
        if leased is None:
            raise NoAccount
        self._held.add(leased.id)
        self._tried.discard(leased.id)
        return Account(leased.id, leased.username, self._vault.open(leased.password))

    async def beat(self) -> frozenset[UUID]:
        """Extend the leases of the accounts held; answers those that are no longer ours."""
        asked = frozenset(self._held)
        async with self._database.connection() as connection:
            kept = await db.beat_accounts(connection, asked, worker=self._worker, lease=self._lease)
        lost = (asked - kept) & self._held
        self._held -= lost
        return lost

    async def _look_at_ceilings(self, connection: Connection) -> None:
        usable, open_ = await db.openings(connection, site=self._site, max_failures=MAX_FAILURES, limits=self._limits)
        if usable and not open_:
            raise CeilingReached(
                "Chaque compte a acheté ce qu'il peut pour aujourd'hui.", wait=await charges.until_midnight(connection)
            )

    async def _explain(self, connection: Connection, account: UUID) -> None:
        """Only the account that paid can look into its history; one that cannot be used needs a person."""
        state = next((state for state in await db.accounts(connection) if state.id == account), None)
        if state is None:
            raise ChargeUnproven("Le compte qui a peut-être payé ce document n'existe plus.")
        usable = state.is_active and state.encrypted and state.failures < MAX_FAILURES
        if not usable and state.lease_worker is None:
            raise AccountBenched(
                f"Le compte « {state.username} » est écarté; lui seul peut revoir ce qu'il a peut-être payé."
            )

    async def signed_in(self, account: Account) -> None:
        """The password is good: the count of failures starts again."""
        async with self._database.connection() as connection:
            await db.account_signed_in(connection, account.id, worker=self._worker)
        self._tried.add(account.id)

    async def refused(self, account: Account, error: RegistreError) -> None:
        """The site refused this login: it stays counted, the second one benches the account. Gives it back."""
        self._tried.discard(account.id)
        self._held.discard(account.id)
        async with self._database.connection() as connection:
            active = await db.account_refused(
                connection,
                account.id,
                worker=self._worker,
                error=error,
                bench=isinstance(error, AccountBenched),
                max_failures=MAX_FAILURES,
                rest=_REST,
            )
        _log.warning("account.refused", account=str(account.id), code=error.code, benched=not active)

    async def unsure(self, account: Account, code: str) -> None:
        """Its password left and nobody knows what the site made of it: it rests, uncounted, and is given back."""
        self._held.discard(account.id)
        try:
            async with self._database.connection() as connection:
                await db.account_unsure(connection, account.id, worker=self._worker, code=code, rest=_REST)
        except GONE as exc:
            _log.warning("account.rest_unwritten", account=str(account.id), error=str(exc).strip())

    async def release(self, account: Account) -> None:
        """Give the account back. A login that never reached the site is not counted. Without a database the lease
        ends by itself."""
        unused = account.id not in self._tried
        self._tried.discard(account.id)
        self._held.discard(account.id)
        try:
            async with self._database.connection() as connection:
                await db.release_account(connection, account.id, worker=self._worker, unused=unused)
        except GONE as exc:
            _log.warning("account.release_unwritten", account=str(account.id), error=str(exc).strip())
