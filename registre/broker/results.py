# pyright: basic
# dramatiq and dramatiq-pg ship no types.
"""Results of actors, for whoever wants them; the pipeline does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dramatiq.results import ResultBackend
from dramatiq.results.backend import Missing
from dramatiq_pg.results import PostgresBackend
from dramatiq_pg.utils import tidy4json
from psycopg2.extras import Json

from registre.broker.link import Links
from registre.db.queries import load

_SQL = load("broker")


class JobResults(PostgresBackend):
    """dramatiq-pg's column, read by polling. The stock backend sends the result as a NOTIFY (lost above 8 kB), waits on
    a connection that it has given back, and answers failures as if they were results."""

    get_result = ResultBackend.get_result

    def __init__(self, links_of: Callable[[Any], Links]) -> None:
        """`links_of` finds the source that a message belongs to."""
        ResultBackend.__init__(self)
        self._links_of = links_of

    def build_message_key(self, message: Any) -> Any:
        return self._links_of(message), str(message.message_id)

    def _get(self, key: tuple[Links, str]) -> Any:
        links, message_id = key
        rows = links.execute(_SQL["get_result"], {"message_id": message_id})
        return rows[0][0] if rows else Missing

    def _store(self, key: tuple[Links, str], result: Any, ttl: int) -> None:
        links, message_id = key
        links.execute(_SQL["store_result"], {"message_id": message_id, "result": Json(tidy4json(result)), "ttl": ttl})
