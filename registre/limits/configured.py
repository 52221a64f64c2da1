"""The meter and the machine's leases as the settings have them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis

from registre.db import usage as ledger
from registre.db.pool import Database
from registre.domain.errors import ConfigurationError
from registre.limits.capacity import Capacity
from registre.limits.machine import machine
from registre.limits.meter import GUARD_MS, WINDOW_MS, History, Limits, Meter
from registre.settings import Settings

#: A US cent in the ledger's unit.
MICRODOLLARS_PER_CENT: Final = 10_000
#: All that can still count on the meter.
_SPAN: Final = timedelta(milliseconds=WINDOW_MS + GUARD_MS)


def limits(settings: Settings) -> Callable[[str], Limits]:
    """What each model may use, from GEMINI_LIMITS and the day's ceiling.

    Raises:
        ConfigurationError: GEMINI_LIMITS is malformed.
    """
    ceiling = settings.gemini_daily_ceiling_cents * MICRODOLLARS_PER_CENT
    usual: Limits | None = None
    own: dict[str, Limits] = {}
    for part in re.split(r"[\s,]+", settings.gemini_limits.strip()):
        found = re.fullmatch(r"(?:([\w.-]+)=)?([1-9]\d*)/([1-9]\d*)/(\d+)", part)
        if found is None:
            raise ConfigurationError(
                f"GEMINI_LIMITS: « {part} » n'est pas requêtes/jetons/jour, ni modèle=requêtes/jetons/jour "
                "(1600/6400000/0, gemini-2.5-pro=150/2000000/1000)."
            )
        given = Limits(
            requests_per_minute=int(found[2]),
            tokens_per_minute=int(found[3]),
            requests_per_day=int(found[4]),
            microdollars_per_day=ceiling,
        )
        if found[1]:
            own[found[1]] = given
        else:
            usual = given
    default = usual or Limits(microdollars_per_day=ceiling)
    return lambda model: own.get(model, default)


def meter(settings: Settings, redis: Redis, history: Callable[[str], Awaitable[History]] | None = None) -> Meter:
    """The meter of this installation's Gemini project; `history` as in `Meter`, needed by who reserves.

    Raises:
        ConfigurationError: GEMINI_LIMITS is malformed.
    """
    return Meter(redis, project=settings.gemini_project, limits=limits(settings), history=history)


def capacity(settings: Settings, redis: Redis) -> Capacity:
    """This machine's leases.

    Raises:
        ConfigurationError: SERVER_COSTS is malformed, or a reserve leaves nothing.
    """
    return Capacity(redis, machine(settings), host=settings.host)


def read_ledgers(databases: Sequence[Database]) -> Callable[[str], Awaitable[History]]:
    """What the ledgers of all environments know together; one that is away leaves the whole unknown."""

    async def read(model: str) -> History:
        calls: list[tuple[int, int, int]] = []
        requests = microdollars = 0
        for database in databases:
            async with database.connection() as connection:
                calls += await ledger.recent_calls(connection, model, span=_SPAN)
                day_requests, day_cost = await ledger.day_use(connection, model)
            requests += day_requests
            microdollars += day_cost
        return History(calls, requests, microdollars)

    return read
