"""The paid reader of a process: its client, its place on the shared meter, its books in each environment's database."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog

from registre.db.pool import Database
from registre.domain.errors import ConfigurationError, LimitsUnavailable
from registre.domain.exits import Exit
from registre.installation import redis_url
from registre.limits import configured, prices
from registre.limits.calls import Calls
from registre.limits.configured import MICRODOLLARS_PER_CENT, read_ledgers
from registre.limits.meter import History
from registre.limits.redis import connect
from registre.ocr.gemini.configured import open_reader
from registre.ocr.gemini.reader import GeminiReader
from registre.settings import Settings
from registre.stages.context import Paid

_log = structlog.get_logger("limits")


class PaidReading:
    """Opens what reading with Gemini needs, once a process.

    Raises:
        ConfigurationError: a table is malformed, or there is no Redis to count on.
    """

    def __init__(self, settings: Settings, *, environments: int) -> None:
        address = redis_url(settings)
        if address is None:
            raise ConfigurationError(
                "GEMINI_API_KEY est donnée sans Redis, qui compte le quota: REDIS_URL, ou registre up.",
                exits=Exit.REDIS_MISSING,
            )
        self._settings = settings
        self._prices = prices.load(settings.gemini_prices)
        self._environments = environments
        self._databases: list[Database] = []
        self._redis = connect(address)
        self._meter = configured.meter(settings, self._redis, self._history)
        self._readers: list[GeminiReader] = []

    def of(self, database: Database) -> Paid:
        """The reader of one environment, with that environment's books.

        Raises:
            ConfigurationError: the model is unknown or retired.
        """
        self._databases.append(database)
        ceiling = self._settings.gemini_document_ceiling_cents * MICRODOLLARS_PER_CENT
        calls = Calls(self._meter, database, self._prices, document_ceiling=ceiling)
        reader = open_reader(self._settings, calls, datetime.now(UTC).date())
        assert reader is not None  # noqa: S101  built only where there is a key
        self._readers.append(reader)
        limits = configured.limits(self._settings)(reader.model)
        _log.info(
            "limits.ready",
            model=reader.model,
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
        )
        return Paid(reader, needed=self._settings.gemini_away == "wait")

    async def close(self) -> None:
        """Close the connections."""
        for reader in self._readers:
            await reader.close()
        await self._redis.aclose()

    async def _history(self, model: str) -> History:
        """What the books of all environments know; one that never opened leaves the last minute unknown."""
        if len(self._databases) < self._environments:
            raise LimitsUnavailable("Un environnement n'est pas ouvert: ses appels de la dernière minute manquent.")
        return await read_ledgers(self._databases)(model)
