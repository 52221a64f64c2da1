"""Signed-in sessions of one site, one per leased account: found, opened, held for a job's next stage, given back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from playwright.async_api import BrowserContext

from registre.browser.actions import translated
from registre.browser.launch import Browser
from registre.browser.needs import AccountPool, SignsIn
from registre.browser.session import Session, close_context
from registre.domain.account import Account
from registre.domain.errors import (
    AccountBenched,
    LoginFailed,
    NoAccount,
    RegistreError,
    Released,
)


class SessionPool:
    """At most `size` sessions at once. Safe under concurrent tasks of one event loop.

    session = await pool.acquire(job)
    pool.hold(session, job)        # keep it for the job's next stage, at most `hold`
    pool.release(session)          # anyone may have it
    await pool.discard(session)    # it is broken
    """

    def __init__(
        self,
        browser: Browser,
        adapter: SignsIn,
        accounts: AccountPool,
        *,
        size: int,
        hold: timedelta,
        idle: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._browser = browser
        self._adapter = adapter
        self._accounts = accounts
        self._size = size
        self._hold_s = hold.total_seconds()
        self._idle_s = idle.total_seconds()
        self._clock = clock
        self._sessions: list[Session] = []
        self._opening = 0
        self._closed = False
        self._changed = asyncio.Condition()
        self._notifying: set[asyncio.Task[None]] = set()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The open sessions, for reports."""
        return tuple(self._sessions)

    async def acquire(self, job_id: UUID, *, account: UUID | None = None) -> Session:
        """The session held for this job, else an idle one, else a new one; waits for a free slot.

        With `account`, only a session of that account will do. A refused login is reported to the account pool and
        the next account is tried; the same one never twice within a call.

        Raises:
            NoAccount: no account is free and none was refused.
            LoginFailed, AccountBenched: every account that could be leased was refused; the last refusal.
            Released: the pool is closing.
            RegistreError: whatever else signing in met (site closed, unreachable, challenge, browser lost).
        """
        session = await self._take_or_reserve(job_id, account)
        if session is not None:
            return session
        try:
            session = await self._open(account)
        finally:
            self._opening -= 1
            await self._notify()
        session.job, session.busy = job_id, True
        session.last_used = self._clock()
        if self._closed:
            await self._drop(session)
            raise Released
        self._sessions.append(session)
        return session

    def hold(self, session: Session, job_id: UUID) -> None:
        """Stop using the session but keep it for this job, at most the pool's `hold`."""
        self._give_back(session, job_id)

    def release(self, session: Session) -> None:
        """Stop using the session; any job may have it."""
        self._give_back(session, None)

    async def discard(self, session: Session) -> None:
        """Close a session that is no longer good and give its account back."""
        await self._drop(session)
        await self._notify()

    async def beat(self) -> None:
        """Keep the leases of the accounts in use; a session whose account may be someone else's is not used again."""
        lost = await self._accounts.beat()
        for session in self._sessions:
            session.broken |= session.account.id in lost

    async def reap(self) -> None:
        """Free holds that have lasted too long, close idle and dead sessions, and a browser nobody needs."""
        now = self._clock()
        for session in list(self._sessions):
            if session.busy:
                continue
            if session.job is not None and now - session.last_used > self._hold_s:
                session.job = None
            if self._is_broken(session) or (session.job is None and now - session.last_used > self._idle_s):
                await self._drop(session)
        if not self._sessions and not self._opening and self._browser.is_running:
            await self._browser.close_unused()
        await self._notify()

    async def close(self) -> None:
        """Close every session, give all accounts back, and turn away whoever is waiting."""
        self._closed = True
        await self._notify()
        for session in list(self._sessions):
            await self._drop(session)

    async def _take_or_reserve(self, job_id: UUID, account: UUID | None) -> Session | None:
        """A free session, or None with a slot reserved for opening one."""
        async with self._changed:
            while True:
                if self._closed:
                    raise Released
                await self._drop_broken()
                session = self._find(job_id, account)
                if session is not None:
                    session.job, session.busy = job_id, True
                    return session
                if self._may_open(account) and await self._make_room(account):
                    self._opening += 1
                    return None
                await self._wait_change()

    def _find(self, job_id: UUID, account: UUID | None) -> Session | None:
        free = [s for s in self._sessions if not s.busy and s.signed_in and not self._is_broken(s)]
        held = [s for s in free if s.job == job_id]
        idle = [s for s in free if s.job is None or self._hold_is_over(s)]
        return next(
            (s for s in [*held, *idle] if account is None or s.account.id == account),
            None,
        )

    def _may_open(self, account: UUID | None) -> bool:
        """False while the wanted account is at work here: one session an account."""
        return account is None or all(session.account.id != account for session in self._sessions)

    async def _make_room(self, account: UUID | None) -> bool:
        if len(self._sessions) + self._opening < self._size:
            return True
        idle = [s for s in self._sessions if not s.busy and (s.job is None or self._hold_is_over(s))]
        if account is None or not idle:
            return False
        # an idle session of another account gives way to the one that is asked for
        await self._drop(min(idle, key=lambda session: session.last_used))
        return True

    def _hold_is_over(self, session: Session) -> bool:
        return self._clock() - session.last_used > self._hold_s

    async def _wait_change(self) -> None:
        held = [s.last_used for s in self._sessions if not s.busy and s.job is not None]
        timeout_s = max(0.05, min(held) + self._hold_s - self._clock()) if held else None
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return  # a hold has run out: look again

    async def _open(self, wanted: UUID | None) -> Session:
        refused: frozenset[UUID] = frozenset()
        last: RegistreError | None = None
        while True:
            try:
                account = await self._accounts.lease(account=wanted, excluding=refused)
            except NoAccount as exc:
                if last is not None:
                    raise last from exc
                raise
            try:
                return await self._sign_in(account)
            except (LoginFailed, AccountBenched) as exc:
                last = exc
                refused |= {account.id}
                await self._accounts.refused(account, exc)

    async def _sign_in(self, account: Account) -> Session:
        login = _Login()
        try:
            session = await self._sign_in_page(account, login)
            await self._accounts.signed_in(account)
        except (LoginFailed, AccountBenched):
            await login.close()
            raise
        except BaseException as exc:
            await login.close()
            if login.sent and not login.accepted:
                await self._accounts.unsure(account, exc.code if isinstance(exc, RegistreError) else "released")
            else:
                await self._accounts.release(account)
            raise
        return session

    async def _sign_in_page(self, account: Account, login: _Login) -> Session:
        login.context = await self._browser.new_context()
        async with translated("ouverture de la page"):
            session = Session(account, login.context, await login.context.new_page())
        await self._adapter.sign_in(session.page, account, sending=login.note_sent)
        session.signed_in = login.accepted = True
        return session

    def _is_broken(self, session: Session) -> bool:
        return session.broken or not self._browser.has(session.context)

    async def _drop_broken(self) -> None:
        for session in [s for s in self._sessions if self._is_broken(s) and not s.busy]:
            await self._drop(session)

    async def _drop(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.remove(session)
        elif session.broken and not session.busy:
            return  # already dropped
        session.busy = False
        await session.close()
        await self._accounts.release(session.account)

    def _give_back(self, session: Session, job_id: UUID | None) -> None:
        session.busy = False
        session.job = job_id
        session.last_used = self._clock()
        # synchronous for the caller; the waiters are woken by a task that is kept until it is done
        task = asyncio.get_running_loop().create_task(self._notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class _Login:
    """How far a sign-in went."""

    def __init__(self) -> None:
        self.context: BrowserContext | None = None
        self.sent = False
        self.accepted = False

    def note_sent(self) -> None:
        """The password is about to leave."""
        self.sent = True

    async def close(self) -> None:
        """Close what it opened."""
        if self.context is not None:
            await close_context(self.context)
