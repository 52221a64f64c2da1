"""Accounts: one holder at a time, least recently used first, two refusals and a person must look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from cryptography.fernet import Fernet

from registre.accounts import Accounts, Vault
from registre.db import account as db
from registre.db.pool import Database
from registre.domain.account import NO_LIMITS
from registre.domain.errors import AccountBenched, ConfigurationError, LoginFailed, NoAccount
from registre.domain.job import Site

VAULT = Vault(Fernet.generate_key())


@pytest.fixture
def pool(database: Database) -> Callable[[str], Accounts]:
    return lambda worker: Accounts(database, VAULT, site=Site.FONCIER, worker=worker, lease=timedelta(seconds=8))


def _add(sql: psycopg.Connection, *names: str, password: str = "inventé") -> None:
    for name in names:
        sql.execute(
            "INSERT INTO public.worker_accounts (username, password) VALUES (%s, %s)", [name, VAULT.seal(password)]
        )


def _failures(sql: psycopg.Connection, name: str) -> tuple[int, bool]:
    return sql.execute(
        "SELECT failure_count, is_active FROM public.worker_accounts WHERE username = %s", [name]
    ).fetchone()


def _wake(sql: psycopg.Connection) -> None:
    """Let every rest be over."""
    sql.execute("UPDATE public.worker_accounts SET rest_until = now() - interval '1 ms' WHERE rest_until IS NOT NULL")


async def test_twenty_holders_at_once_hold_twenty_accounts(pool, sql: psycopg.Connection) -> None:
    _add(sql, *(f"30I{n:04}" for n in range(20)))
    leased = await asyncio.gather(*(pool(f"w{n}").lease() for n in range(20)))
    assert len({account.id for account in leased}) == 20
    with pytest.raises(NoAccount):
        await pool("one more").lease()


async def test_never_used_comes_first_then_least_recently_used(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", "b", "c")
    for name, hours in (("a", 1), ("b", 5)):
        sql.execute(
            "UPDATE public.worker_accounts SET last_used = now() - %s * interval '1 h' WHERE username = %s",
            [hours, name],
        )
    assert [(await pool("w").lease()).username for _ in range(3)] == ["c", "b", "a"]


async def test_the_password_is_opened_for_the_holder_and_sealed_in_the_table(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", password="mot de passe inventé")
    assert (await pool("w").lease()).password == "mot de passe inventé"
    [stored] = sql.execute("SELECT password FROM public.worker_accounts").fetchone()
    assert stored.startswith("fernet:")
    assert "inventé" not in stored


async def test_a_password_sealed_with_another_key_names_the_setting(sql: psycopg.Connection, pool) -> None:
    sealed = Vault(Fernet.generate_key()).seal("x")
    sql.execute("INSERT INTO public.worker_accounts (username, password) VALUES ('a', %s)", [sealed])
    with pytest.raises(ConfigurationError, match="REGISTRE_SECRET_KEY"):
        await pool("w").lease()


async def test_a_clear_text_password_is_never_leased(pool, sql: psycopg.Connection) -> None:
    sql.execute("INSERT INTO public.worker_accounts (username, password) VALUES ('old', 'clair')")
    with pytest.raises(NoAccount):
        await pool("w").lease()


async def test_a_login_is_counted_before_it_is_tried_and_given_back_when_it_was_not(
    pool, sql: psycopg.Connection
) -> None:
    _add(sql, "a")
    accounts = pool("w")
    account = await accounts.lease()
    assert _failures(sql, "a") == (1, True)
    await accounts.release(account)
    assert _failures(sql, "a") == (0, True)
    assert (await pool("other").lease()).id == account.id


async def test_a_crash_during_a_login_keeps_it_counted(pool, sql: psycopg.Connection, database: Database) -> None:
    _add(sql, "a")
    await pool("dies").lease()
    sql.execute("UPDATE public.worker_accounts SET lease_until = now() - interval '1 ms'")
    async with database.connection() as connection:
        assert len(await db.free_accounts(connection)) == 1
    assert _failures(sql, "a") == (1, True)
    await pool("w").lease()


async def test_the_second_refusal_benches_the_account_for_ever(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a")
    accounts = pool("w")
    for active in (True, False):
        account = await accounts.lease()
        await accounts.refused(account, LoginFailed())
        await accounts.release(account)
        assert _failures(sql, "a")[1] is active
        _wake(sql)
    sql.execute("UPDATE public.worker_accounts SET last_used = now() - interval '1 year'")
    with pytest.raises(NoAccount):
        await accounts.lease()
    assert sql.execute("SELECT benched_code FROM public.worker_accounts").fetchone() == ("auth_failed",)


async def test_a_locked_account_is_benched_at_once(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a")
    accounts = pool("w")
    await accounts.refused(await accounts.lease(), AccountBenched())
    assert _failures(sql, "a") == (1, False)


async def test_a_good_login_starts_the_count_again(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a")
    accounts = pool("w")
    for error in (LoginFailed(), None, LoginFailed(), None):
        account = await accounts.lease()
        if error:
            await accounts.refused(account, error)
        else:
            await accounts.signed_in(account)
        await accounts.release(account)
        _wake(sql)
    assert _failures(sql, "a") == (0, True)
    assert sql.execute("SELECT benched_code FROM public.worker_accounts").fetchone() == (None,)


async def test_an_expired_lease_is_taken_over_and_its_old_holder_changes_nothing(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a")
    old, new = pool("old"), pool("new")
    account = await old.lease()
    with pytest.raises(NoAccount):
        await new.lease()
    sql.execute("UPDATE public.worker_accounts SET lease_until = now() - interval '1 ms'")
    assert (await new.lease()).id == account.id
    before = sql.execute("SELECT * FROM public.worker_accounts").fetchall()
    await old.refused(account, LoginFailed())
    await old.signed_in(account)
    await old.release(account)
    assert sql.execute("SELECT * FROM public.worker_accounts").fetchall() == before


async def test_a_beating_lease_is_kept_and_not_freed(pool, sql: psycopg.Connection, database: Database) -> None:
    _add(sql, "a", "b")
    alive = pool("alive")
    await alive.lease()
    await pool("dead").lease()
    sql.execute("UPDATE public.worker_accounts SET lease_until = now() - interval '1 ms'")
    await alive.beat()
    async with database.connection() as connection:
        assert len(await db.free_accounts(connection)) == 1
    assert sql.execute("SELECT lease_worker FROM public.worker_accounts WHERE lease_worker IS NOT NULL").fetchall() == [
        ("alive",)
    ]


async def test_the_account_asked_for_is_leased_or_none(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", "b")
    wanted: UUID = sql.execute("SELECT id FROM public.worker_accounts WHERE username = 'b'").fetchone()[0]
    assert (await pool("w1").lease(account=wanted)).id == wanted
    with pytest.raises(NoAccount):
        await pool("w2").lease(account=wanted)


async def test_encrypting_clear_passwords_makes_them_usable(pool, sql: psycopg.Connection, database: Database) -> None:
    sql.execute("INSERT INTO public.worker_accounts (username, password) VALUES ('old', 'clair inventé')")
    async with database.connection() as connection:
        [clear] = await db.clear_passwords(connection)
        await db.encrypt_password(connection, clear.id, clear=clear.password, secret=VAULT.seal(clear.password))
        assert await db.clear_passwords(connection) == []
    assert (await pool("w").lease()).password == "clair inventé"


async def test_a_person_reactivates_a_benched_account_with_a_clean_count(
    pool, sql: psycopg.Connection, database: Database
) -> None:
    _add(sql, "a")
    accounts = pool("w")
    account = await accounts.lease()
    await accounts.refused(account, AccountBenched())
    await accounts.release(account)
    async with database.connection() as connection:
        assert await db.set_account_active(connection, username="a", site="foncier", active=True)
        assert not await db.set_account_active(connection, username="zz", site="foncier", active=True)
    assert _failures(sql, "a") == (0, True)
    await accounts.lease()


async def test_saving_an_account_again_changes_its_password_and_clears_its_bench(
    sql: psycopg.Connection, database: Database
) -> None:
    async with database.connection() as connection:
        assert await db.save_account(connection, username="a", secret=VAULT.seal("1"), site="foncier") == "added"
        sql.execute("UPDATE public.worker_accounts SET is_active = false, failure_count = 2, benched_code = 'x'")
        assert await db.save_account(connection, username="a", secret=VAULT.seal("2"), site="foncier") == "changed"
        [state] = await db.accounts(connection)
    assert (state.is_active, state.failures, state.benched_code, state.encrypted) == (True, 0, None, True)


async def test_an_account_just_refused_is_passed_over_for_another(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", "b")
    accounts = pool("w")
    refused = await accounts.lease()
    await accounts.release(refused)
    assert (await accounts.lease(excluding=frozenset({refused.id}))).id != refused.id
    with pytest.raises(NoAccount):
        await accounts.lease(excluding=frozenset({refused.id}))


async def test_jobs_of_another_site_never_wait_for_this_sites_accounts(
    pool, sql: psycopg.Connection, database: Database
) -> None:
    _add(sql, "a")
    sql.execute("INSERT INTO public.worker_accounts (username, password, site) VALUES ('a', 'fernet:x', 'req')")
    await pool("w").lease()
    with pytest.raises(NoAccount):
        await pool("w").lease()
    async with database.connection() as connection:
        leased = await db.lease_account(
            connection, site="req", worker="w", lease=timedelta(seconds=8), max_failures=2, account_id=None,
            excluding=frozenset(), limits=NO_LIMITS,
        )  # fmt: skip
    assert leased is not None


async def test_a_holder_learns_which_accounts_it_has_lost(pool, sql: psycopg.Connection) -> None:
    _add(sql, "a", "b")
    holder = pool("holder")
    lost, kept = await holder.lease(), await holder.lease()
    assert await holder.beat() == frozenset()
    sql.execute("UPDATE public.worker_accounts SET lease_worker = 'other' WHERE id = %s", [lost.id])
    assert await holder.beat() == {lost.id}
    assert await holder.beat() == frozenset()
    await holder.release(kept)
    assert await holder.beat() == frozenset()


async def test_fifty_at_once_for_one_account_on_ten_connections_one_has_it(
    database: Database, sql: psycopg.Connection
) -> None:
    _add(sql, "a")
    for _ in range(20):
        answers = await asyncio.gather(*(_try(database, f"w{n}") for n in range(50)))
        assert sum(answers) == 1
        sql.execute("UPDATE public.worker_accounts SET lease_worker = NULL, lease_until = NULL, failure_count = 0")


async def _try(database: Database, worker: str) -> bool:
    async with database.connection() as connection:
        leased = await db.lease_account(
            connection, site="foncier", worker=worker, lease=timedelta(seconds=8), max_failures=2, account_id=None,
            excluding=frozenset(), limits=NO_LIMITS,
        )  # fmt: skip
    return leased is not None
