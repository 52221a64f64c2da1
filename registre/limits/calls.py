"""A paid call from start to end: ceiling, place on the meter, row in the ledger; the call; what it really took.

    estimate = Usage(model=…, purpose="extract", document_id=…, page=3, input_tokens=2600, output_tokens=4000)
    async with calls.call(estimate, ticket=f"{document_id}/3") as call:
        answer = await client.generate(…)     # at once: the place is for now
        call.answered("read", model_version=…, input_tokens=…, output_tokens=…, thinking_tokens=…)

Left by an exception, the call counts as sent and keeps its estimate; its outcome is the error's code.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import structlog

from registre.db import usage as ledger
from registre.db.pool import GONE, Database
from registre.db.usage import Usage
from registre.domain.errors import DocumentCeiling, LimitsUnavailable, RegistreError
from registre.limits.meter import Meter, Reservation
from registre.limits.prices import Prices

_log = structlog.get_logger("limits")


@dataclass
class Call:
    """A call under way."""

    usage: Usage
    #: what the answer said; None until then
    answer: Usage | None = None
    left: bool = True
    throttle: tuple[timedelta | None, bool] | None = None

    def answered(
        self,
        outcome: str,
        *,
        model_version: str | None = None,
        finish_reason: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        thinking_tokens: int = 0,
    ) -> None:
        """How it ended and what it took; a figure that the answer leaves out stays as estimated."""
        self.answer = replace(
            self.usage,
            outcome=outcome,
            model_version=model_version,
            finish_reason=finish_reason,
            input_tokens=self.usage.input_tokens if input_tokens is None else input_tokens,
            output_tokens=self.usage.output_tokens if output_tokens is None else output_tokens,
            thinking_tokens=thinking_tokens,
        )

    def refused(self, outcome: str = "rate_limited", *, input_tokens: int = 0) -> None:
        """The provider refused it unread (4xx, 5xx): it was a request, and cost nothing."""
        self.answered(outcome, input_tokens=input_tokens, output_tokens=0)

    def throttled(self, delay: timedelta | None, *, until_tomorrow: bool = False) -> None:
        """The provider said 429: everyone pauses as long as it says (RetryInfo, Retry-After), else 60 s."""
        self.refused()
        self.throttle = (delay, until_tomorrow)

    def not_sent(self) -> None:
        """It provably never left: nothing is counted."""
        self.left = False


class Calls:
    """Paid calls of one environment."""

    def __init__(self, meter: Meter, database: Database, prices: Prices, *, document_ceiling: int = 0) -> None:
        """`document_ceiling` in micro-dollars; 0: none."""
        self._meter = meter
        self._database = database
        self._prices = prices
        self._document_ceiling = document_ceiling

    @asynccontextmanager
    async def call(self, estimate: Usage, *, ticket: str | None = None) -> AsyncGenerator[Call]:
        """A place for one call, on the books before it leaves; see the module.

        Raises:
            QuotaWait, ReadingCeiling, LimitsUnavailable: not now; see `Meter.reserve`.
            DocumentCeiling: this document has cost what it may.
        """
        estimate = self._priced(estimate)
        await self._check_document(estimate)
        while True:
            async with self._meter.reserve(
                estimate.model, tokens=estimate.input_tokens, microdollars=estimate.microdollars, ticket=ticket
            ) as reservation:
                row = await self._enter(estimate, reservation)
                if row is None:
                    continue
                call = Call(estimate)
                try:
                    yield call
                except RegistreError as exc:
                    if call.answer is None:
                        call.answered(exc.code)
                    raise
                finally:
                    await self._settle(row, call, reservation)
                return

    async def _enter(self, estimate: Usage, reservation: Reservation) -> int | None:
        """Write the row; None when that took so long that the place went stale."""
        try:
            async with self._database.connection() as connection:
                row = await ledger.record_usage(connection, estimate)
                if reservation.fresh:
                    return row
                await ledger.withdraw_usage(connection, row)
        except BaseException:
            reservation.release()
            raise
        reservation.release()
        return None

    async def _settle(self, row: int, call: Call, reservation: Reservation) -> None:
        if call.left:
            answer = self._priced(call.answer) if call.answer else None
            if answer:
                # What was refused unread may count over there all the same.
                reservation.settle(tokens=answer.input_tokens or None, microdollars=answer.microdollars)
        else:
            reservation.release()
            answer = None
        try:
            async with self._database.connection() as connection:
                if not call.left:
                    await ledger.withdraw_usage(connection, row)
                elif answer:
                    await ledger.settle_usage(connection, row, answer)
        except (*GONE, psycopg.Error) as exc:
            # The row says `sent` with its estimate: the books are too high rather than too low.
            _log.warning("limits.not_settled", row=row, error=str(exc).strip())
        if call.throttle:
            delay, until_tomorrow = call.throttle
            try:
                await self._meter.throttled(call.usage.model, delay, until_tomorrow=until_tomorrow)
            except LimitsUnavailable as exc:
                _log.warning("limits.pause_not_shared", model=call.usage.model, error=exc.text)

    async def _check_document(self, estimate: Usage) -> None:
        if not self._document_ceiling or estimate.document_id is None:
            return
        async with self._database.connection() as connection:
            spent = await ledger.document_cost(connection, estimate.document_id)
        if spent + estimate.microdollars > self._document_ceiling:
            figures = f"{spent / 1e6:.4f} $ dépensés, plafond {self._document_ceiling / 1e6:.2f} $"
            raise DocumentCeiling(f"{DocumentCeiling.message} ({figures})")

    def _priced(self, usage: Usage) -> Usage:
        cost = self._prices.cost(
            usage.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=usage.thinking_tokens,
        )
        return replace(usage, microdollars=cost)
