"""Private Postgres and Valkey for the tests: started at first use, one pair a worker process, stopped whatever happens.

A test file asks for an empty database or a copy of a template; see `clone`. Servers left by a killed run are ended by
the next one.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from registre.embedded import services
from registre.embedded.services import Services

_PREFIX = "registre-tests-"
_KEPT = frozenset({"REGISTRE_CHROMIUM"})  # says where this machine's browser is, not whose data to use


def scrub_environment() -> None:
    """Forget the person's own servers, accounts and keys, so no test can reach them."""
    for name in list(os.environ):
        if (
            name.startswith(("REGISTRE_", "DATABASE_URL_", "OCR_", "PG", "GEMINI_", "SERVER_")) and name not in _KEPT
        ) or name.endswith(("DATABASE_URL", "REDIS_URL", "SENTRY_DSN")):
            del os.environ[name]


@contextmanager
def running() -> Iterator[Services]:
    """Start the pair in a temporary folder; on leaving, stop it and remove the folder."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)
    (folder / "owner").write_text(str(os.getpid()))
    try:
        found = _wait(services.start(folder / "state", database_url=None, redis_url=None, throwaway=True))
        _hash_once(found.database_url)
        yield found
    finally:
        _end(folder)


def _hash_once(url: str) -> None:
    """Store the password anew, hashed once and not 4096 times: that was three quarters of what a connection cost us,
    and tests open thousands."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.info.server_version < 160_000:
            return  # has no such setting
        connection.execute("SET scram_iterations = 1")
        password = sql.Literal(connection.info.password)
        connection.execute(sql.SQL("ALTER ROLE CURRENT_USER PASSWORD {}").format(password))


async def make_template(url: str, name: str, migrate: Callable[[str], Awaitable[object]]) -> None:
    """Create database `name` on the server of `url` and let `migrate(its address)` fill it; nobody may be connected."""
    await _execute(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    await migrate(address(url, name))


async def clone(url: str, template: str = "template0") -> str:
    """Address of a new database copied from `template` (copying files is the quickest: 40-150 ms)."""
    name = f"t_{secrets.token_hex(6)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    await _execute(url, statement.format(sql.Identifier(name), sql.Identifier(template)))
    return address(url, name)


async def drop(url: str) -> None:
    """Drop the database of that address, connected or not."""
    name = urlsplit(url).path.lstrip("/")
    await _execute(address(url, "postgres"), sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def address(url: str, database: str) -> str:
    """The same server's address for another database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


async def _execute(url: str, statement: sql.Composed) -> None:
    async with await psycopg.AsyncConnection.connect(address(url, "postgres"), autocommit=True) as connection:
        await connection.execute(statement)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            owner = int((folder / "owner").read_text())
        except (OSError, ValueError):
            continue
        if folder.stat().st_uid == os.geteuid() and not Path(f"/proc/{owner}").exists():
            _end(folder)


def _end(folder: Path) -> None:
    _wait(services.stop(folder / "state"))
    shutil.rmtree(folder, ignore_errors=True)


def _wait(work):
    """Run a coroutine in a loop of its own, beside any loop this thread may already run."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
