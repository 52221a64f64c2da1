"""Registry accounts, one function per query of `sql/account.sql`. Passwords pass through sealed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.account import AccountLimits
from registre.domain.errors import RegistreError

_SQL = load("account")


@dataclass(frozen=True, slots=True)
class LeasedAccount:
    """An account this process holds; the password is sealed."""

    id: UUID
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Rest:
    """How long an account is left alone after a login that did not go through: four times as long each time."""

    rest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class AccountState:
    """What may be shown of an account."""

    id: UUID
    username: str
    site: str
    is_active: bool
    failures: int
    benched_code: str | None
    benched_text: str | None
    last_used: datetime | None
    #: who has it leased now
    lease_worker: str | None
    lease_until: datetime | None
    encrypted: bool
    #: not leased before; None when it does not rest
    rest_until: datetime | None
    rest_code: str | None
    orders_today: int
    cents_today: int


async def lease_account(
    connection: Connection,
    *,
    site: str,
    worker: str,
    lease: timedelta,
    max_failures: int,
    account_id: UUID | None,
    excluding: frozenset[UUID],
    limits: AccountLimits,
) -> LeasedAccount | None:
    """Take the least recently used usable account; the login about to be tried is counted."""
    values = {
        "site": site,
        "worker": worker,
        "lease": lease,
        "max_failures": max_failures,
        "account_id": account_id,
        "excluding": list(excluding),
        **asdict(limits),
    }
    async with connection.cursor(row_factory=class_row(LeasedAccount)) as cursor:
        return await (await cursor.execute(_SQL["lease_account"], values)).fetchone()


async def openings(connection: Connection, *, site: str, max_failures: int, limits: AccountLimits) -> tuple[int, int]:
    """How many accounts of the site could be used, and how many of them may still buy today."""
    values = {"site": site, "max_failures": max_failures, **asdict(limits)}
    row = await (await connection.execute(_SQL["openings"], values)).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


async def account_signed_in(connection: Connection, account_id: UUID, *, worker: str) -> None:
    """Set the count of failures to zero and end its rest."""
    await connection.execute(_SQL["account_signed_in"], {"account_id": account_id, "worker": worker})


async def account_refused(
    connection: Connection,
    account_id: UUID,
    *,
    worker: str,
    error: RegistreError,
    bench: bool,
    max_failures: int,
    rest: Rest,
) -> bool:
    """Keep the failure counted, with its reason, and put the account down to rest; False when it is now benched."""
    values = {
        "account_id": account_id,
        "worker": worker,
        "code": error.code,
        "text": error.text,
        "bench": bench,
        "max_failures": max_failures,
        **asdict(rest),
    }
    row = await (await connection.execute(_SQL["account_refused"], values)).fetchone()
    return row is not None and bool(row[0])


async def account_unsure(connection: Connection, account_id: UUID, *, worker: str, code: str, rest: Rest) -> None:
    """Put the account down to rest without counting its login."""
    values = {"account_id": account_id, "worker": worker, "code": code, **asdict(rest)}
    await connection.execute(_SQL["account_unsure"], values)


async def release_account(connection: Connection, account_id: UUID, *, worker: str, unused: bool) -> None:
    """Put the account down; `unused` takes back the login counted at the lease."""
    values = {"account_id": account_id, "worker": worker, "unused": unused}
    await connection.execute(_SQL["release_account"], values)


async def beat_accounts(
    connection: Connection, ids: Collection[UUID], *, worker: str, lease: timedelta
) -> frozenset[UUID]:
    """Extend this process's leases of these accounts; answers those it still has."""
    values = {"ids": list(ids), "worker": worker, "lease": lease}
    return frozenset(row[0] for row in await (await connection.execute(_SQL["beat_accounts"], values)).fetchall())


async def free_accounts(connection: Connection) -> list[UUID]:
    """Free the accounts of holders that stopped beating."""
    return [row[0] for row in await (await connection.execute(_SQL["free_accounts"])).fetchall()]


async def save_account(connection: Connection, *, username: str, secret: str, site: str) -> str:
    """Add an account or change its password; answers `changed` or `added`."""
    values = {"username": username, "secret": secret, "site": site}
    async with connection.transaction():
        if await (await connection.execute(_SQL["change_password"], values)).fetchone():
            return "changed"
        await connection.execute(_SQL["save_account"], values)
    return "added"


async def set_account_active(connection: Connection, *, username: str, site: str, active: bool) -> bool:
    """Bench or un-bench by hand; False when there is no such account."""
    values = {"username": username, "site": site, "active": active}
    return await (await connection.execute(_SQL["set_account_active"], values)).fetchone() is not None


async def clear_passwords(connection: Connection) -> list[LeasedAccount]:
    """Accounts of the old system whose password is in clear."""
    async with connection.cursor(row_factory=class_row(LeasedAccount)) as cursor:
        return await (await cursor.execute(_SQL["clear_passwords"])).fetchall()


async def encrypt_password(connection: Connection, account_id: UUID, *, clear: str, secret: str) -> None:
    """Replace a clear password by its sealed form."""
    values = {"account_id": account_id, "clear": clear, "secret": secret}
    await connection.execute(_SQL["encrypt_password"], values)


async def accounts(connection: Connection) -> list[AccountState]:
    """Every account, without its password."""
    async with connection.cursor(row_factory=class_row(AccountState)) as cursor:
        return await (await cursor.execute(_SQL["accounts"])).fetchall()
