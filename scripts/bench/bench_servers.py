"""A private Postgres for the benchmarks, as durable as a real one, and the CPU it uses."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from registre.embedded import postgres, services


class PostgresCpu:
    """CPU seconds of a server: its live processes and those that have ended."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster

    def seconds(self) -> float:
        """Since the server started."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(stat.parent.name) == self._postmaster:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self._postmaster:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A private Postgres."""

    url: str
    cpu: PostgresCpu
    _state: Path
    _postmaster: int

    def restart(self) -> None:
        """End it at once, as a crash does, and start it again at the same address."""
        os.kill(self._postmaster, signal.SIGQUIT)
        while Path(f"/proc/{self._postmaster}").exists():
            time.sleep(0.05)
        if asyncio.run(postgres.start(self._state / "postgres")) != self.url:
            raise SystemExit("the server came back at another address")
        self._postmaster = _postmaster(self.url)


@contextmanager
def server() -> Iterator[Server]:
    """A new server; everything of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="registre-bench-"))
    folder.chmod(0o711)
    state = folder / "state"
    try:
        url = asyncio.run(services.start(state, database_url=None, redis_url=None)).database_url
        number = _postmaster(url)
        yield Server(url, PostgresCpu(number), state, number)
    finally:
        asyncio.run(services.stop(state))
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def servers() -> Iterator[tuple[str, PostgresCpu]]:
    """Address and CPU meter of a new server."""
    with server() as made:
        yield made.url, made.cpu


def _postmaster(url: str) -> int:
    with psycopg.connect(url) as connection:
        [data] = connection.execute("SHOW data_directory").fetchone() or ("",)
    return int((Path(str(data)) / "postmaster.pid").read_text().split()[0])


@contextmanager
def database(server: str) -> Iterator[str]:
    """An empty database. The server may be restarted meanwhile."""
    name = f"bench_{secrets.token_hex(4)}"
    _execute(server, f"CREATE DATABASE {name}")
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType]
