"""The connection pool, and how the driver's errors become ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

import psycopg
import tenacity
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from registre.cancellation import heeded
from registre.domain.errors import ConfigurationError
from registre.domain.exits import Exit

Connection = AsyncConnection[tuple[Any, ...]]

#: Driver errors that mean the server is away or going away; whoever waits may try again.
GONE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
#: What Postgres says to somebody it does not let in.
_REFUSED: Final = ("password authentication", "no password supplied", 'role "', "pg_hba.conf")


_T = TypeVar("_T")


class Database:
    """A small pool of autocommit connections; `transaction()` groups statements.

    `prepare_threshold` is off so that a transaction pooler in front of Postgres works.
    """

    def __init__(self, url: str, *, size: int = 6) -> None:
        self.url = url
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            open=False,
            timeout=10,
            max_idle=60,
            # short: within one attempt the waits double, and the next caller begins a new one
            reconnect_timeout=4,
            check=AsyncConnectionPool.check_connection,
            kwargs={"autocommit": True, "prepare_threshold": None, "application_name": "registre"},
        )

    async def open(self) -> None:
        """Connect, or say in one sentence why not."""
        try:
            await (await connect(self.url)).close()
            await self._pool.open()
        except GONE as exc:
            raise away(exc) from exc

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """One autocommit connection."""
        async with AsyncExitStack() as stack:
            with heeded():
                connection = await stack.enter_async_context(self._pool.connection())
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """One connection inside one transaction."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def insist(self, work: Callable[[Connection], Awaitable[_T]], *, seconds: float = 20) -> _T:
        """Run `work` in a transaction, again while the server is away: a restart takes a second or two.

        For facts that must not be lost (money, hand-offs). `work` must stand being run twice: a commit whose answer
        was lost looks like a failure.
        """
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(GONE),
            wait=tenacity.wait_fixed(0.5),
            stop=tenacity.stop_after_delay(seconds),
            reraise=True,
        ):
            with attempt:
                async with self.transaction() as connection:
                    return await work(connection)
        raise AssertionError("tenacity returns or raises")  # pragma: no cover


async def connect(url: str) -> Connection:
    """One connection outside any pool, for what must own its session (advisory locks, LISTEN, migrations)."""
    return await AsyncConnection.connect(
        url, autocommit=True, prepare_threshold=None, connect_timeout=10, application_name="registre"
    )


def away(exc: BaseException) -> ConfigurationError:
    """Why Postgres cannot be used, in one sentence and with the exit code of that cause."""
    reason = _first_line(exc)
    if any(words in str(exc) for words in _REFUSED):
        text, exits = f"Postgres refuse l'accès ({reason}). Corrigez DATABASE_URL.", Exit.DATABASE_LOGIN
    else:
        text = f"Postgres ne répond pas ({reason}). Lancez « registre up » ou corrigez DATABASE_URL."
        exits = Exit.DATABASE_AWAY
    return ConfigurationError(text, exits=exits)


def _first_line(exc: BaseException) -> str:
    return next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
