"""Postgres and Redis of one state folder: started together, found again, stopped. A given address steps in for ours.

STATE/services.json   what the last start answered (mode 600: addresses hold passwords)
STATE/secret.key      key of the account passwords
STATE/lock            held while starting and stopping
STATE/postgres, STATE/valkey
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import psycopg

from registre.domain.errors import ConfigurationError
from registre.embedded import postgres, valkey
from registre.embedded.state import create_private, locked, make_folder, write_private

_ALIVE_PATIENCE_S: Final = 5


@dataclass(frozen=True)
class Services:
    """Where the two servers are, and which of them are ours."""

    database_url: str
    redis_url: str
    embedded_postgres: bool
    embedded_redis: bool


@dataclass(frozen=True)
class Alive:
    """Which of the two answered a real connection just now."""

    postgres: bool
    redis: bool


async def start(
    state: Path,
    *,
    database_url: str | None,
    redis_url: str | None,
    postgres_bin: Path | None = None,
    throwaway: bool = False,
) -> Services:
    """Start what no address was given for, or find it running; remember the answer in the state folder.

    Safe to repeat and to race. `throwaway` gives up durability for speed; for tests only.

    Raises:
        ConfigurationError: a server cannot be found or started; names the address to give instead.
    """
    state = make_folder(state)
    async with locked(state):
        services = Services(
            database_url=database_url
            or await postgres.start(state / "postgres", binaries=postgres_bin, throwaway=throwaway),
            redis_url=redis_url or await valkey.start(state / "valkey"),
            embedded_postgres=not database_url,
            embedded_redis=not redis_url,
        )
        write_private(state / "services.json", json.dumps(asdict(services), indent=1))
    return services


async def stop(state: Path) -> list[str]:
    """Stop the servers of that folder; return the names of those that ran. Everything committed stays."""
    state = state.absolute()
    if not state.exists():
        return []
    async with locked(state):
        stopped = {
            "valkey": await valkey.stop(state / "valkey"),
            "postgres": await postgres.stop(state / "postgres"),
        }
    return [name for name, did_run in stopped.items() if did_run]


def known(state: Path) -> Services | None:
    """What the last start answered; None before the first. Says nothing about what runs now: see `alive`.

    Raises:
        ConfigurationError: the file is another user's or damaged.
    """
    path = state / "services.json"
    try:
        return Services(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (PermissionError, ValueError, TypeError) as exc:
        raise ConfigurationError(f"{path} est illisible ({exc}); registre up l'écrit de nouveau.") from exc


async def alive(services: Services) -> Alive:
    """Try a real connection to both, at most five seconds each, at the same time."""
    database, redis = await asyncio.gather(
        _is_postgres_alive(services.database_url), valkey.ping(services.redis_url, patience_s=_ALIVE_PATIENCE_S)
    )
    return Alive(database, redis)


async def _is_postgres_alive(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=_ALIVE_PATIENCE_S):
            return True
    except psycopg.Error:
        return False


def secret_key(state: Path) -> bytes:
    """The key that encrypts account passwords (Fernet: 32 bytes in URL-safe base64), made at the first call.

    Losing the file loses the passwords stored under it; they must then be entered again.
    """
    new = base64.urlsafe_b64encode(os.urandom(32)).decode()
    return create_private(make_folder(state) / "secret.key", new).encode()
