"""Our scripts on the shared Redis: loaded once, one typed error when it does not answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from registre.cancellation import heeded
from registre.domain.errors import LimitsUnavailable

#: Seconds. A healthy server answers in a millisecond.
_PATIENCE_S: Final = 2.0
_GONE: Final = (RedisError, OSError, TimeoutError)


def connect(url: str) -> Redis:
    """A client that says at once when the server is away; it connects when first used."""
    # redis-py leaves its **kwargs untyped.
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        url,
        socket_timeout=_PATIENCE_S,
        socket_connect_timeout=_PATIENCE_S,
        # One more try, for a connection that broke while it lay idle: every script stands being asked twice.
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )


class Script:
    """A Lua script of this package, made of one or more files."""

    def __init__(self, redis: Redis, *names: str) -> None:
        self._redis = redis
        text = "\n".join((files("registre.limits") / name).read_text(encoding="utf-8") for name in names)
        self._script = redis.register_script(text)

    async def __call__(self, keys: Sequence[str], operation: str, asked: dict[str, Any]) -> Any:
        """Run one operation. Entries of None are left out.

        Raises:
            LimitsUnavailable: Redis is away, or refuses.
        """
        given = json.dumps({name: value for name, value in asked.items() if value is not None})
        try:
            with heeded():
                return await self._script(keys=list(keys), args=[operation, given])
        except _GONE as exc:
            raise _away(exc) from exc


async def scan(redis: Redis, pattern: str) -> list[str]:
    """Names of keys.

    Raises:
        LimitsUnavailable: Redis is away.
    """
    try:
        with heeded():
            return [str(key) async for key in redis.scan_iter(pattern)]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownVariableType]
    except _GONE as exc:
        raise _away(exc) from exc


def _away(exc: BaseException) -> LimitsUnavailable:
    reason = next(iter(str(exc).splitlines()), "") or type(exc).__name__
    return LimitsUnavailable(f"{LimitsUnavailable.message} ({reason})")
