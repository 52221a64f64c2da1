# pyright: basic
# psycopg2 ships no types.
"""Connections on which no answer is waited for without end, whatever the network or the server does."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from queue import LifoQueue
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_WRITE, quote_ident

from registre.broker import timing

Row = tuple[Any, ...]

#: The server is away, going away, or has not answered in time.
GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


class Silent(psycopg2.OperationalError):
    """No answer in time. The statement may have been carried out."""


class Link:
    """One connection in autocommit. Statements are interpolated here, so a transaction pooler may stand in between."""

    def __init__(self, url: str) -> None:
        self._raw = psycopg2.connect(
            url,
            async_=True,
            application_name="registre-broker",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
        self._wait(timing.CONNECT_S)

    def execute(self, sql: str, values: dict[str, Any] | None = None) -> list[Row]:
        """Rows of the last statement in `sql`; all statements in it are one transaction.

        Raises:
            Silent: no answer within ANSWER_S; the link is closed.
        """
        cursor = self._raw.cursor()
        cursor.execute(sql, values)
        self._wait(timing.ANSWER_S)
        return cursor.fetchall() if cursor.description else []

    def listen(self, channel: str) -> None:
        self.execute(f"LISTEN {quote_ident(channel, self._raw)}")

    def fileno(self) -> int:
        return self._raw.fileno()

    def heard(self) -> list[str]:
        """Channels on which a NOTIFY came since the last call. Raises what GONE names when the connection broke."""
        self._raw.poll()
        channels = [notify.channel for notify in self._raw.notifies]
        self._raw.notifies.clear()
        return channels

    def close(self) -> None:
        self._raw.close()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (state := self._raw.poll()) != POLL_OK:
            left = end - time.monotonic()
            if left <= 0:
                self._raw.close()
                raise Silent(f"no answer within {seconds:g} s")
            poller = select.poll()
            poller.register(self._raw.fileno(), select.POLLOUT if state == POLL_WRITE else select.POLLIN)
            poller.poll(left * 1000)


class Links:
    """A few links to one server, each made when first needed. Whoever finds none free waits."""

    def __init__(self, url: str, *, most: int = 4, connect: Callable[[str], Link] = Link) -> None:
        self._url = url
        self._most = most
        self._connect = connect
        self._fill()

    def execute(self, sql: str, values: dict[str, Any] | None = None) -> list[Row]:
        """Run on any link; one that broke is not kept."""
        if self._pid != os.getpid():
            # The parent's connections; psycopg2 drops them here without ending them there.
            self._fill()
        link = self._free.get()
        try:
            link = link or self._connect(self._url)
            rows = link.execute(sql, values)
        except BaseException:
            if link is not None:
                link.close()
            self._free.put(None)
            raise
        self._free.put(link)
        return rows

    def close(self) -> None:
        """Close what is open; a later call opens anew."""
        for _ in range(self._most):
            link = self._free.get()
            if link is not None:
                link.close()
        self._fill()

    def _fill(self) -> None:
        self._pid = os.getpid()
        self._free: LifoQueue[Link | None] = LifoQueue()
        for _ in range(self._most):
            self._free.put(None)
