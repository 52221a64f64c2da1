"""A private Postgres for the benchmarks, as durable as a real one, and the CPU it uses."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from registre.embedded import services


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


@contextmanager
def servers() -> Iterator[tuple[str, PostgresCpu]]:
    """Address and CPU meter of a new server; everything of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="registre-bench-"))
    folder.chmod(0o711)
    state = folder / "state"
    try:
        found = asyncio.run(services.start(state, database_url=None, redis_url=None))
        with psycopg.connect(found.database_url) as connection:
            [data] = connection.execute("SHOW data_directory").fetchone() or ("",)
        postmaster = int((Path(str(data)) / "postmaster.pid").read_text().split()[0])
        yield found.database_url, PostgresCpu(postmaster)
    finally:
        asyncio.run(services.stop(state))
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str) -> Iterator[str]:
    """An empty database."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_conninfo(server, dbname=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
