"""Accounts that rest after a bad login, and what each may buy in a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from cryptography.fernet import Fernet

from registre.accounts import Accounts, Vault
from registre.db import account as db
from registre.db.pool import Database
from registre.domain.account import AccountLimits
from registre.domain.errors import CeilingReached, LoginFailed, NoAccount
from registre.domain.job import Site
from tests.integration.db.orders import place

VAULT = Vault(Fernet.generate_key())


@pytest.fixture
def pool(database: Database) -> Callable[[str], Accounts]:
    return lambda worker: Accounts(database, VAULT, site=Site.FONCIER, worker=worker, lease=timedelta(seconds=8))


def _add(sql: psycopg.Connection, *names: str) -> None:
    for name in names:
        sql.execute("INSERT INTO public.worker_accounts (username, password) VALUES (%s, %s)", [name, VAULT.seal("x")])


def _failures(sql: psycopg.Connection, name: str) -> tuple[int, bool]:
    return sql.execute(
        "SELECT failure_count, is_active FROM public.worker_accounts WHERE username = %s", [name]
    ).fetchone()


def _wake(sql: psycopg.Connection) -> None:
    """Let every rest be over."""
    sql.execute("UPDATE public.worker_accounts SET rest_until = now() - interval '1 ms' WHERE rest_until IS NOT NULL")


def _rest_s(sql: psycopg.Connection) -> float | None:
    """Seconds of the rest that was just begun."""
    return sql.execute(
        "SELECT extract(epoch FROM rest_until - updated_at)::float FROM public.worker_accounts"
    ).fetchone()[0]


async def test_an_account_rests_longer_after_each_login_without_an_answer_until_one_is_good(
    pool, sql: psycopg.Connection
) -> None:
    _add(sql, "a")
    accounts, rests = pool("w"), []
    for _ in range(5):
        await accounts.unsure(await accounts.lease(), "page_timeout")
        rests.append(_rest_s(sql))
        with pytest.raises(NoAccount):
            await accounts.lease()
        assert _failures(sql, "a") == (0, True)
        _wake(sql)
    assert rests == [5, 20, 80, 320, 600]
    account = await accounts.lease()
    await accounts.signed_in(account)
    await accounts.release(account)
    await accounts.unsure(await accounts.lease(), "page_timeout")
    assert _rest_s(sql) == 5


async def test_a_refused_account_rests_and_another_one_is_leased_meanwhile(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", "b")
    accounts = pool("w")
    refused = await accounts.lease()
    await accounts.refused(refused, LoginFailed())
    other = await accounts.lease()
    assert other.id != refused.id
    await accounts.release(other)
    with pytest.raises(NoAccount):  # also for the order that needs this very one
        await accounts.lease(account=refused.id)


@pytest.mark.parametrize("way", ["enable", "password"])
async def test_a_person_ends_a_rest(pool, sql: psycopg.Connection, database: Database, way: str) -> None:
    _add(sql, "a")
    accounts = pool("w")
    await accounts.refused(await accounts.lease(), LoginFailed())
    async with database.connection() as connection:
        if way == "enable":
            await db.set_account_active(connection, username="a", site="foncier", active=True)
        else:
            await db.save_account(connection, username="a", secret=VAULT.seal("2"), site="foncier")
    await accounts.lease()


# --- what an account may buy in a day


def _bought(sql: psycopg.Connection, name: str, *states: str, cents: int = 150, days_ago: int = 0) -> None:
    """Purchases of this account, one an order."""
    for state in states:
        _, job_id = place(sql)
        sql.execute(
            "INSERT INTO registre.charge (job_id, document_key, target, account_id, amount_cents, state, intent_at, "
            "document_id) SELECT %s, gen_random_uuid()::text, '{}', id, %s, %s, now() - %s * interval '1 day', "
            "CASE WHEN %s = 'have' THEN (SELECT id FROM registre.document LIMIT 1) END "
            "FROM public.worker_accounts WHERE username = %s",
            [job_id, cents, state, days_ago, state, name],
        )


@pytest.mark.parametrize(
    ("limits", "free"),
    [
        (AccountLimits(daily_orders=2, price_cents=150), "b"),
        (AccountLimits(daily_cents=449, price_cents=150), "b"),
        (AccountLimits(daily_orders=3, daily_cents=450, price_cents=150), "a"),
    ],
)
async def test_an_account_that_has_bought_its_share_is_left_alone_for_today(
    database: Database, sql: psycopg.Connection, limits: AccountLimits, free: str
) -> None:
    _add(sql, "a", "b")
    sql.execute("UPDATE public.worker_accounts SET last_used = now() WHERE username = 'b'")
    _bought(sql, "a", "intent", "paid", "void", "void")
    _bought(sql, "a", "paid", days_ago=2)
    assert (await _limited(database, limits).lease()).username == free


async def test_when_every_account_has_bought_its_share_the_order_waits_until_midnight_in_quebec(
    database: Database, sql: psycopg.Connection
) -> None:
    _add(sql, "a", "b")
    accounts = _limited(database, AccountLimits(daily_orders=1))
    _bought(sql, "a", "paid")
    busy = await accounts.lease()
    with pytest.raises(NoAccount):  # one could still buy, but is at work
        await accounts.lease()
    await accounts.release(busy)
    _bought(sql, "b", "unproven")
    with pytest.raises(CeilingReached) as waits:
        await accounts.lease()
    [left] = sql.execute("SELECT registre.midnight() + interval '1 day' - now()").fetchone()
    assert abs(waits.value.delay - left) < timedelta(minutes=61)  # a day of 23 or 25 hours
    # looking into its history costs nothing
    [wanted] = sql.execute("SELECT id FROM public.worker_accounts WHERE username = 'a'").fetchone()
    assert (await accounts.lease(account=wanted)).id == wanted


def _limited(database: Database, limits: AccountLimits) -> Accounts:
    return Accounts(database, VAULT, site=Site.FONCIER, worker="w", lease=timedelta(seconds=8), limits=limits)


async def test_what_is_shown_of_an_account_tells_its_day_and_its_rest(
    pool, sql: psycopg.Connection, database: Database
) -> None:
    _add(sql, "a")
    _bought(sql, "a", "paid", "intent", "void")
    await pool("w").unsure(await pool("w").lease(), "page_timeout")
    async with database.connection() as connection:
        [state] = await db.accounts(connection)
    assert (state.orders_today, state.cents_today, state.rest_code) == (2, 300, "page_timeout")
    assert state.rest_until is not None
    _wake(sql)
    async with database.connection() as connection:
        [state] = await db.accounts(connection)
    assert state.rest_until is None
