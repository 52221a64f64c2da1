"""Who gets which session, without a browser."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from registre.browser.pool import SessionPool
from registre.domain.account import Account
from registre.domain.errors import LoginFailed, NoAccount, PageTimeout, Released, SiteUnavailable


class FakePage:
    def on(self, *_):
        pass

    def set_default_timeout(self, _):
        pass


class FakeContext:
    def __init__(self):
        self.closed = False

    def on(self, *_):
        pass

    async def new_page(self):
        return FakePage()

    async def close(self):
        self.closed = True


class FakeBrowser:
    is_running = True

    def __init__(self):
        self.contexts: list[FakeContext] = []
        self.closed = 0
        self.lost: set[FakeContext] = set()

    async def new_context(self):
        self.contexts.append(FakeContext())
        return self.contexts[-1]

    def has(self, context):
        return context not in self.lost

    async def close_unused(self):
        self.closed += 1


class Accounts:
    def __init__(self, count: int):
        self.free = [Account(uuid4(), f"21B410{n}", "x") for n in range(count)]
        self.leased: list[UUID] = []
        self.good: list[str] = []
        self.bad: list[str] = []
        self.rested: list[tuple[str, str]] = []
        self.lost: frozenset[UUID] = frozenset()

    async def lease(self, *, account=None, excluding=frozenset()):
        for entry in self.free:
            if entry.id not in excluding and account in (None, entry.id):
                self.free.remove(entry)
                self.leased.append(entry.id)
                return entry
        raise NoAccount

    async def release(self, account):
        self.leased.remove(account.id)
        self.free.append(account)

    async def signed_in(self, account):
        self.good.append(account.username)

    async def refused(self, account, error):
        self.bad.append(account.username)
        await self.release(account)

    async def unsure(self, account, code):
        self.rested.append((account.username, code))
        await self.release(account)

    async def beat(self):
        return self.lost


class Adapter:
    def __init__(self):
        self.refuse: dict[str, Exception] = {}
        self.tried: list[str] = []
        #: met before the password leaves
        self.fails_before: Exception | None = None

    async def sign_in(self, page, account, *, sending):
        self.tried.append(account.username)
        await asyncio.sleep(0)
        if self.fails_before:
            raise self.fails_before
        sending()
        if account.username in self.refuse:
            raise self.refuse[account.username]


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Bench:
    """A pool and everything around it."""

    def __init__(self, *, accounts=3, size=2):
        self.browser, self.accounts, self.adapter, self.clock = FakeBrowser(), Accounts(accounts), Adapter(), Clock()
        self.pool = SessionPool(
            self.browser,
            self.adapter,
            self.accounts,
            size=size,
            hold=timedelta(seconds=45),
            idle=timedelta(minutes=2),
            clock=self.clock,
        )


@pytest.fixture
def bench():
    return Bench()


async def test_an_idle_session_is_used_again_without_signing_in(bench):
    first = await bench.pool.acquire(uuid4())
    bench.pool.release(first)

    assert await bench.pool.acquire(uuid4()) is first
    assert bench.adapter.tried == ["21B4100"]
    assert bench.accounts.good == ["21B4100"]


async def test_a_held_session_waits_for_its_job_and_nobody_else(bench):
    job = uuid4()
    held = await bench.pool.acquire(job)
    bench.pool.hold(held, job)

    other = await bench.pool.acquire(uuid4())

    assert other is not held
    assert await bench.pool.acquire(job) is held


async def test_a_hold_that_lasted_too_long_gives_way():
    bench = Bench(size=1)
    held = await bench.pool.acquire(uuid4())
    bench.pool.hold(held, uuid4())
    bench.clock.now += 46

    assert await bench.pool.acquire(uuid4()) is held


async def test_a_refused_account_is_counted_and_the_next_one_tried(bench):
    bench.adapter.refuse["21B4100"] = LoginFailed()

    session = await bench.pool.acquire(uuid4())

    assert session.account.username == "21B4101"
    assert bench.accounts.bad == ["21B4100"]
    assert bench.browser.contexts[0].closed
    assert bench.accounts.leased == [session.account.id]


async def test_when_every_account_is_refused_each_was_tried_once_and_the_reason_is_told(bench):
    bench.adapter.refuse = {f"21B410{n}": LoginFailed() for n in range(3)}

    with pytest.raises(LoginFailed):
        await bench.pool.acquire(uuid4())

    assert sorted(bench.adapter.tried) == ["21B4100", "21B4101", "21B4102"]
    assert bench.accounts.leased == []


async def test_without_an_account_there_is_no_session():
    with pytest.raises(NoAccount):
        await Bench(accounts=0).pool.acquire(uuid4())


async def test_a_closed_site_costs_no_account_its_name(bench):
    bench.adapter.refuse["21B4100"] = SiteUnavailable()

    with pytest.raises(SiteUnavailable):
        await bench.pool.acquire(uuid4())

    assert (bench.accounts.bad, bench.accounts.leased) == ([], [])
    assert bench.browser.contexts[0].closed


async def test_a_login_without_an_answer_makes_its_account_rest_and_counts_for_nothing(bench):
    bench.adapter.refuse["21B4100"] = PageTimeout()

    with pytest.raises(PageTimeout):
        await bench.pool.acquire(uuid4())

    assert (bench.accounts.rested, bench.accounts.bad) == ([("21B4100", "page_timeout")], [])
    assert bench.browser.contexts[0].closed


async def test_a_login_that_failed_before_the_password_left_is_nothing_to_the_account(bench):
    bench.adapter.fails_before = PageTimeout()

    with pytest.raises(PageTimeout):
        await bench.pool.acquire(uuid4())

    assert (bench.accounts.rested, bench.accounts.bad, bench.accounts.leased) == ([], [], [])


async def test_a_login_that_went_through_and_could_not_be_written_down_is_no_failure(bench, monkeypatch):
    async def away(_account):
        raise OSError("no database")

    monkeypatch.setattr(bench.accounts, "signed_in", away)
    with pytest.raises(OSError, match="no database"):
        await bench.pool.acquire(uuid4())

    assert (bench.accounts.rested, bench.accounts.bad, bench.accounts.leased) == ([], [], [])
    assert bench.browser.contexts[0].closed


async def test_a_session_whose_account_went_to_someone_else_is_not_used_again(bench):
    first = await bench.pool.acquire(uuid4())
    bench.pool.release(first)
    bench.accounts.lost = frozenset({first.account.id})

    await bench.pool.beat()

    assert await bench.pool.acquire(uuid4()) is not first


async def test_the_sessions_of_a_browser_that_was_ended_go_with_it(bench):
    first = await bench.pool.acquire(uuid4())
    bench.pool.release(first)
    bench.browser.lost = {first.context}

    second = await bench.pool.acquire(uuid4())

    assert second is not first
    assert bench.pool.sessions == (second,)
    assert bench.accounts.leased == [second.account.id]


async def test_a_full_pool_makes_wait_until_a_session_is_given_back(bench):
    sessions = [await bench.pool.acquire(uuid4()) for _ in range(2)]
    waiting = asyncio.create_task(bench.pool.acquire(uuid4()))
    await asyncio.sleep(0.01)
    assert not waiting.done()

    bench.pool.release(sessions[1])

    assert await asyncio.wait_for(waiting, 1) is sessions[1]


async def test_many_tasks_never_share_a_session_nor_exceed_the_size(bench):
    at_work: set[int] = set()
    most = 0

    async def work():
        nonlocal most
        session = await bench.pool.acquire(uuid4())
        assert id(session) not in at_work
        at_work.add(id(session))
        most = max(most, len(at_work))
        await asyncio.sleep(0)
        at_work.remove(id(session))
        bench.pool.release(session)

    await asyncio.wait_for(asyncio.gather(*(work() for _ in range(20))), 5)

    assert most == 2
    assert len(bench.browser.contexts) == 2


async def test_a_cancelled_waiter_leaves_no_slot_taken(bench):
    sessions = [await bench.pool.acquire(uuid4()) for _ in range(2)]
    waiting = asyncio.create_task(bench.pool.acquire(uuid4()))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    bench.pool.release(sessions[0])

    assert await asyncio.wait_for(bench.pool.acquire(uuid4()), 1) is sessions[0]


async def test_a_sign_in_that_is_cancelled_gives_its_account_back(bench):
    started = asyncio.Event()

    async def hang(page, account, *, sending):
        started.set()
        await asyncio.Event().wait()

    bench.adapter.sign_in = hang
    opening = asyncio.create_task(bench.pool.acquire(uuid4()))
    await started.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)

    assert bench.accounts.leased == []
    assert bench.browser.contexts[0].closed


async def test_a_discarded_session_is_closed_once_and_its_account_is_free(bench):
    session = await bench.pool.acquire(uuid4())

    await bench.pool.discard(session)
    await bench.pool.discard(session)

    assert bench.browser.contexts[0].closed
    assert bench.accounts.leased == []
    assert bench.pool.sessions == ()


async def test_a_session_whose_browser_died_is_replaced(bench):
    job = uuid4()
    dead = await bench.pool.acquire(job)
    bench.pool.hold(dead, job)
    dead.broken = True

    assert await bench.pool.acquire(job) is not dead
    assert len(bench.accounts.leased) == 1


async def test_a_certain_account_is_waited_for_or_opened(bench):
    first = await bench.pool.acquire(uuid4())
    bench.pool.release(first)
    wanted = bench.accounts.free[0].id

    other = await bench.pool.acquire(uuid4(), account=wanted)
    assert other.account.id == wanted

    waiting = asyncio.create_task(bench.pool.acquire(uuid4(), account=wanted))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    bench.pool.release(other)
    assert await asyncio.wait_for(waiting, 1) is other


async def test_an_idle_session_gives_way_to_an_account_that_is_asked_for():
    bench = Bench(size=1)
    first = await bench.pool.acquire(uuid4())
    bench.pool.release(first)

    wanted = bench.accounts.free[0].id
    session = await asyncio.wait_for(bench.pool.acquire(uuid4(), account=wanted), 1)

    assert session.account.id == wanted
    assert bench.accounts.leased == [wanted]


async def test_idle_sessions_and_then_the_browser_are_closed(bench):
    session = await bench.pool.acquire(uuid4())
    bench.clock.now += 500
    await bench.pool.reap()
    assert bench.pool.sessions == (session,)

    bench.pool.release(session)
    bench.clock.now += 121
    await bench.pool.reap()

    assert bench.pool.sessions == ()
    assert bench.accounts.leased == []
    assert bench.browser.closed == 1


async def test_closing_gives_everything_back_and_turns_waiters_away():
    bench = Bench(size=1)
    await bench.pool.acquire(uuid4())
    waiting = asyncio.create_task(bench.pool.acquire(uuid4()))
    await asyncio.sleep(0.01)

    await bench.pool.close()

    with pytest.raises(Released):
        await asyncio.wait_for(waiting, 1)
    assert bench.accounts.leased == []
