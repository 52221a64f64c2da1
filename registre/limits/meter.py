"""The shared meter of a paid reader: reserve before the call, settle after it. `meter.lua` decides; this file asks.

async with meter.reserve("gemini-2.5-flash", tokens=2600, microdollars=1800) as reservation:
    answer = await ask(...)          # within a second of entering, or `reservation.fresh` turns False
    reservation.settle(tokens=answer.prompt_tokens, microdollars=cost)
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import structlog
from redis.asyncio import Redis

from registre.domain.errors import LimitsUnavailable, QuotaWait, ReadingCeiling
from registre.limits.redis import Script, scan

#: The provider's minute.
WINDOW_MS: Final = 60_000
#: A call reaches the provider at most this long after it was admitted. Half is ours to send it, half the network's.
GUARD_MS: Final = 1_000
#: Longer waits than this are not worth holding a slot for: the job is handed back.
PATIENCE: Final = timedelta(seconds=4)
#: A call not settled by then belongs to a dead process.
LEASE: Final = timedelta(seconds=60)

_WHY: Final = {
    "requests": "requêtes par minute",
    "tokens": "jetons par minute",
    "day_requests": "requêtes du jour",
    "day_microdollars": "plafond du jour",
    "pause": "pause demandée par le fournisseur ou état perdu",
    "smoothing": "étalement",
    "unknown": "état perdu, le grand livre est relu",
}
_log = structlog.get_logger("limits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one model of the project may use; 0 a day: no limit."""

    requests_per_minute: int = 1_600
    tokens_per_minute: int = 6_400_000
    requests_per_day: int = 0
    #: the whole project's ceiling, all models together
    microdollars_per_day: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows."""

    #: the last minute's, as (age in tenths of a second, requests, input tokens)
    calls: list[tuple[int, int, int]]
    #: this model's requests and the whole project's money since the provider's midnight
    day_requests: int
    day_microdollars: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """The meter's state as of now; spans in milliseconds."""

    known: bool = False
    seeded: bool = False
    requests: int = 0
    tokens: int = 0
    day_requests: int = 0
    microdollars: int = 0
    day_ends_in: int = 0
    pause: int = 0
    slow: int = 0
    #: calls under way, and callers with a place in the queue
    held: int = 0
    waiting: int = 0
    #: since the state was made: calls of dead processes, 429s told, calls settled, calls taken back
    expired: int = 0
    throttled: int = 0
    settled: int = 0
    released: int = 0


@dataclass
class Reservation:
    """One call's place. What is said last counts; nothing said: it was sent, and took what was estimated."""

    id: str
    asked_at: float
    guard_ms: int
    _operation: str = "settle"
    _actual: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def fresh(self) -> bool:
        """Whether the call may still leave. Past half the guard it could arrive in a minute that does not expect it."""
        return (time.monotonic() - self.asked_at) * 1000 < self.guard_ms / 2

    def settle(self, *, tokens: int | None = None, microdollars: int | None = None) -> None:
        """What it really took; None where the answer does not say, then the estimate stays."""
        given = {"tokens": tokens, "microdollars": microdollars}
        self._operation, self._actual = "settle", {name: value for name, value in given.items() if value is not None}

    def release(self) -> None:
        """It provably never left."""
        self._operation, self._actual = "release", {}

    def outcome(self) -> tuple[str, dict[str, int]]:
        """Operation and figures for the script."""
        return self._operation, self._actual


class Meter:
    """The meter of one project. Any number of processes share it through Redis.

    `history` reads the ledger when Redis lost its state; without it, or when it fails, the lost minute counts as full.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        project: str = "default",
        limits: Callable[[str], Limits],
        history: Callable[[str], Awaitable[History]] | None = None,
        patience: timedelta = PATIENCE,
        lease: timedelta = LEASE,
        window_ms: int = WINDOW_MS,
        guard_ms: int = GUARD_MS,
    ) -> None:
        self._redis = redis
        self._run = Script(redis, "pacific.lua", "meter.lua")
        self._project = project
        self._limits = limits
        self._history = history
        self._patience = patience
        self._lease = lease
        self._window_ms = window_ms
        self._guard_ms = guard_ms

    @asynccontextmanager
    async def reserve(
        self, model: str, *, tokens: int, microdollars: int = 0, ticket: str | None = None
    ) -> AsyncGenerator[Reservation]:
        """A place for one call of at most `tokens` input tokens; waits a few seconds for it if need be.

        A `ticket` that stays the same over tries (document and page) keeps its place in the queue while its job waits.

        Raises:
            QuotaWait: it would take longer than our patience; says exactly how long.
            ReadingCeiling: the day's money is spent.
            LimitsUnavailable: Redis is away.
        """
        reservation = await self._admitted(model, tokens, microdollars, ticket)
        try:
            yield reservation
        finally:
            await self._hand_in(model, reservation)

    async def throttled(self, model: str, delay: timedelta | None = None, *, until_tomorrow: bool = False) -> None:
        """The provider said 429: everyone pauses as long as it says (else 60 s), then goes at half rate for a while."""
        delay_ms = None if delay is None else int(delay.total_seconds() * 1000)
        await self._ask(model, "throttle", delay=delay_ms, day=until_tomorrow)
        _log.warning("limits.throttled", model=model, delay_ms=delay_ms, until_tomorrow=until_tomorrow)

    async def gauge(self, model: str) -> Gauge:
        """How full it is."""
        return Gauge(**json.loads(await self._ask(model, "show")))

    async def models(self) -> list[str]:
        """Models of this project that have a meter. Raises LimitsUnavailable."""
        scope = f"gemini:{{{self._project}}}:"
        found = await scan(self._redis, f"{scope}*:state")
        return sorted(key.removeprefix(scope).removesuffix(":state") for key in found)

    async def _admitted(self, model: str, tokens: int, microdollars: int, ticket: str | None) -> Reservation:
        identity = uuid4().hex
        until = time.monotonic() + self._patience.total_seconds()
        while True:
            asked_at = time.monotonic()
            answer = await self._ask(
                model,
                "reserve",
                id=identity,
                ticket=ticket or identity,
                keeps=ticket is not None,
                tokens=max(1, tokens),
                microdollars=microdollars,
                patience=max(0, int((until - asked_at) * 1000)),
                lease=int(self._lease.total_seconds() * 1000),
            )
            if answer[0] == "seed":
                await self._seed(model)
            elif answer[0] == "wait":
                wait = answer[1] / 1000
                if asked_at + wait > until:
                    raise _refusal(model, wait, answer[2])
                await asyncio.sleep(wait)
            else:
                reservation = Reservation(identity, asked_at, self._guard_ms)
                if reservation.fresh:
                    return reservation
                # This process was stalled: what it got is of no use any more.
                reservation.release()
                await self._hand_in(model, reservation)
                identity = uuid4().hex

    async def _seed(self, model: str) -> None:
        """Give a meter that lost its state what the ledger knows."""
        history: History | None = None
        if self._history is not None:
            try:
                history = await self._history(model)
            except Exception as exc:  # noqa: BLE001  whatever is wrong with the ledger: then the minute counts as full
                _log.warning("limits.ledger_away", model=model, error=str(exc).strip())
        if history is None:
            await self._ask(model, "seed", known=False)
        else:
            await self._ask(
                model,
                "seed",
                known=True,
                calls=history.calls,
                day_requests=history.day_requests,
                microdollars=history.day_microdollars,
            )
        _log.info("limits.begun", model=model, from_ledger=history is not None)

    async def _hand_in(self, model: str, reservation: Reservation) -> None:
        operation, actual = reservation.outcome()
        try:
            await self._ask(model, operation, id=reservation.id, **actual)
        except LimitsUnavailable as exc:
            # The answer is worth more than its place: that one ends by itself.
            _log.warning("limits.not_handed_in", model=model, operation=operation, error=exc.text)

    async def _ask(self, model: str, operation: str, **asked: Any) -> Any:
        limits = self._limits(model)
        given = {
            "window": self._window_ms,
            "guard": self._guard_ms,
            "requests_limit": limits.requests_per_minute,
            "tokens_limit": limits.tokens_per_minute,
            "day_requests_limit": limits.requests_per_day,
            "day_microdollars_limit": limits.microdollars_per_day,
        }
        return await self._run(self._keys(model), operation, {**given, **asked})

    def _keys(self, model: str) -> list[str]:
        # The braces keep all of them in one slot of a clustered Redis.
        scope = f"gemini:{{{self._project}}}"
        parts = ("state", "window", "leases", "held", "waiting", "asked")
        return [*(f"{scope}:{model}:{part}" for part in parts), f"{scope}:spend"]


def _refusal(model: str, wait_s: float, why: str) -> QuotaWait:
    kind = ReadingCeiling if why == "day_microdollars" else QuotaWait
    wait = timedelta(seconds=wait_s)
    return kind(f"{kind.message} {model}: {_WHY.get(why, why)}, encore {wait_s:.0f} s.", wait=wait)
