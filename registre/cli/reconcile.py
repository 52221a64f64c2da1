"""charges --reconcile: signs in with each account, like a worker, and compares its invoice history with our ledger."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from registre.accounts import Accounts
from registre.browser.pool import SessionPool
from registre.browser.session import Session
from registre.db import account as accounts_db
from registre.db import charge as charges
from registre.db import migrate
from registre.db.account import AccountState
from registre.db.pool import GONE, Database
from registre.domain.errors import NoAccount, Refused, RegistreError, SiteUnavailable, SiteUnreachable
from registre.domain.job import Site
from registre.installation import database_url
from registre.pipeline import HEARTBEAT, HOLD, IDLE, LEASE
from registre.process import Web, open_web
from registre.settings import Settings
from registre.stages.reconcile import CLOCK_SLACK, Finding, compare, settle

#: How long after its last work a process keeps an account.
PATIENCE: Final = IDLE + timedelta(seconds=30)
_LOOK_S: Final = 2.0
#: After these no other account gets further.
_CLOSED: Final = (SiteUnavailable, SiteUnreachable)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one account."""

    account: str
    #: None: its history could not be read
    findings: tuple[Finding, ...] | None
    #: why not
    trouble: RegistreError | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to look at."""

    since: datetime
    #: how long to wait for an account that a process holds
    patience: timedelta
    tell: Callable[[str], None]


async def reconcile(settings: Settings, plan: Plan) -> list[Checked]:
    """Every active account of the site, one after the other. Changes nothing but the accounts' leases and logins.

    Raises:
        ConfigurationError: no database, no browser, no address of the site.
    """
    async with AsyncExitStack() as stack:
        database = Database(database_url(settings), size=2)
        await database.open()
        stack.push_async_callback(database.close)
        async with database.connection() as connection:
            await migrate.require_current(connection)
            states = [state for state in await accounts_db.accounts(connection) if state.site == Site.FONCIER]
            orphans = await charges.without_account(connection, since=plan.since)
        web = await open_web(settings, stack)
        sessions = await stack.enter_async_context(_sessions(database, web))
        checked = await _each(states, database, sessions, web, plan)
    if orphans:
        checked.append(Checked("(compte effacé)", None, Refused(f"Achats d'un compte qui n'existe plus: {orphans}.")))
    return checked


async def settle_proven(database_url: str, checked: list[Checked], *, actor: str) -> list[Finding]:
    """Write down what is proven; answers what was written."""
    database = Database(database_url, size=1)
    await database.open()
    try:
        async with database.connection() as connection:
            return [
                finding
                for each in checked
                for finding in each.findings or ()
                if finding.settles is not None and await settle(connection, finding, actor=actor)
            ]
    finally:
        await database.close()


async def _each(
    states: list[AccountState], database: Database, sessions: SessionPool, web: Web, plan: Plan
) -> list[Checked]:
    checked: list[Checked] = []
    closed: RegistreError | None = None
    for state in states:
        plan.tell(f"{state.username}: historique du registre…")
        trouble = closed or _unusable(state)
        if trouble is None:
            try:
                checked.append(await _one(state, database, sessions, web, plan))
            except RegistreError as exc:
                trouble = exc
                closed = exc if isinstance(exc, _CLOSED) else None
        if trouble is not None:
            checked.append(Checked(state.username, None, trouble))
    return checked


async def _one(state: AccountState, database: Database, sessions: SessionPool, web: Web, plan: Plan) -> Checked:
    session = await _acquire(sessions, state.id, plan.patience)
    try:
        async with database.connection() as connection:
            ours = await charges.booked(connection, state.id, since=plan.since)
        theirs = await web.adapter.purchases(session.page, plan.since - CLOCK_SLACK)
    finally:
        await sessions.discard(session)
    if theirs is None:
        return Checked(state.username, None, Refused("Le registre n'offre pas d'historique à ce compte."))
    return Checked(state.username, compare(ours, theirs, since=plan.since))


async def _acquire(sessions: SessionPool, account: UUID, patience: timedelta) -> Session:
    until = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            return await sessions.acquire(uuid4(), account=account)
        except NoAccount as exc:
            if asyncio.get_running_loop().time() >= until:
                raise NoAccount("Un processus tient ce compte, ou le compte se repose.") from exc
            await asyncio.sleep(_LOOK_S)


def _unusable(state: AccountState) -> RegistreError | None:
    """A benched account is not signed in with: whoever benched it would not want that."""
    if state.is_active and state.encrypted:
        return None
    return Refused(f"Compte écarté: {state.benched_text or state.benched_code or 'mot de passe en clair'}.")


@asynccontextmanager
async def _sessions(database: Database, web: Web) -> AsyncGenerator[SessionPool]:
    """One session at a time, its account's lease kept alive meanwhile."""
    worker = f"{socket.gethostname()}-charges.{os.getpid()}#{uuid4().hex[:6]}"
    accounts = Accounts(database, web.vault, site=Site.FONCIER, worker=worker, lease=LEASE)
    sessions = SessionPool(web.browser, web.adapter, accounts, size=1, hold=HOLD, idle=IDLE)
    heart = asyncio.create_task(_beat(sessions))
    try:
        yield sessions
    finally:
        heart.cancel()
        await sessions.close()


async def _beat(sessions: SessionPool) -> None:
    while True:
        # without a database the lease ends by itself, and with it this account's turn
        with suppress(*GONE):
            await sessions.beat()
        await asyncio.sleep(HEARTBEAT.total_seconds())


def beginning(first: datetime | None) -> datetime:
    """From when to compare: our first purchase, the site's clock allowed for; without one, a month."""
    now = datetime.now(UTC)
    return now - timedelta(days=30) if first is None else first - CLOCK_SLACK
