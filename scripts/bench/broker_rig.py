"""Databases, messages and worker processes of either broker, for `scripts/bench/broker`."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from bench_servers import database
from dramatiq_pg.schema import generate_init_sql

from registre.db.migrate import migrate

_PROGRAM = Path(__file__).with_name("broker_worker.py")
_BROKERS = "application_name IN ('registre-broker', 'dramatiq-pg') AND datname = current_database()"


class Line(NamedTuple):
    """One line a worker wrote."""

    word: str
    name: str
    pid: int
    #: seconds since the message was made
    age: float


class Rig:
    """One database, its worker processes, and what they wrote."""

    def __init__(self, kind: str, url: str, folder: Path) -> None:
        self.kind = kind
        self.url = url
        self._log = folder / "log"
        self.sql = psycopg.connect(url, autocommit=True)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, *, threads: int = 4, slots: int = 8, prefetch: int = 0, queues: str = "work"
    ) -> subprocess.Popen[bytes]:
        """A worker process; returns at once. `slots`: what ours holds; `prefetch`: stock, 0 being twice its threads."""
        command = [sys.executable, str(_PROGRAM), self.kind, self.url, str(self._log), queues, str(threads), str(slots)]
        quiet = subprocess.DEVNULL
        env = {**os.environ, "dramatiq_queue_prefetch": str(prefetch)}
        process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
        self.processes.append(process)
        return process

    def fill(self, count: int, actor: str = "note", *rest: float, queue: str = "work", age_s: float = 0.0) -> None:
        """`count` messages in one statement, numbered, as if made `age_s` ago; not announced."""
        self.sql.execute(
            "INSERT INTO dramatiq.queue (queue_name, message_id, state, message) "
            "SELECT %(queue)s, id, 'queued', jsonb_build_object('queue_name', %(queue)s::text, "
            "  'actor_name', %(actor)s::text, 'args', jsonb_build_array(n::text, %(sent)s::float8) || %(rest)s::jsonb, "
            "  'kwargs', '{}'::jsonb, 'options', '{}'::jsonb, 'message_id', id, 'message_timestamp', n) "
            "FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, %(count)s) n) made",
            {
                "queue": queue,
                "actor": f"{queue}.{actor}",
                "sent": time.time() - age_s,
                "rest": str(list(rest)),
                "count": count,
            },
        )

    def empty(self) -> None:
        """No messages, no lines."""
        self.sql.execute("TRUNCATE dramatiq.queue")
        self._log.unlink(missing_ok=True)

    def written(self) -> int:
        """How many lines there are; cheap."""
        return self._log.read_bytes().count(b"\n") if self._log.exists() else 0

    def lines(self, word: str | None = None) -> list[Line]:
        text = self._log.read_text().splitlines() if self._log.exists() else []
        lines = [Line(w, n, int(p), float(a)) for w, n, p, a in (line.split() for line in text)]
        return [line for line in lines if word in (None, line.word)]

    def starts(self) -> Counter[str]:
        """How often each nap began."""
        return Counter(line.name for line in self.lines("start"))

    def wait(self, condition: Callable[[], object], seconds: float = 120, pause: float = 0.02) -> bool:
        """Until it holds; False when it does not within that time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(pause)
        return True

    def ready(self) -> None:
        """All processes have begun."""
        self.wait(lambda: len(self.lines("ready")) >= len(self.processes))

    def connections(self) -> int:
        return self._count(f"SELECT count(*) FROM pg_stat_activity WHERE {_BROKERS}")

    def advisory_locks(self) -> int:
        return self._count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")

    def rss_mb(self, name: str = "VmHWM") -> float:
        """The largest of the processes: peak (VmHWM) or now (VmRSS)."""
        return max(_status_kb(process.pid, name) for process in self.processes) / 1024

    def stop(self) -> None:
        """Kill the processes."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()

    def close(self) -> None:
        self.stop()
        self.sql.close()

    def _count(self, statement: str) -> int:
        [count] = self.sql.execute(statement).fetchone() or (0,)  # pyright: ignore[reportArgumentType]
        return count


@contextmanager
def rig(kind: str, server: str) -> Iterator[Rig]:
    """A new database with that broker's table."""
    folder = Path(tempfile.mkdtemp(prefix="registre-bench-"))
    try:
        with database(server) as url:
            if kind == "stock":
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(generate_init_sql())
            else:
                asyncio.run(migrate(url))
            made = Rig(kind, url, folder)
            try:
                yield made
            finally:
                made.close()
    finally:
        shutil.rmtree(folder)


def _status_kb(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0
