"""Real worker processes against the file's database, and what they did."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from psycopg.types.json import Jsonb

_PROGRAM = Path(__file__).with_name("worker_process.py")
_ROOT = Path(__file__).resolve().parents[3]


class Line(NamedTuple):
    """One line a worker wrote."""

    word: str
    name: str
    pid: int
    at: float


class Bench:
    """Worker processes, one database, one log."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log
        self.sql = psycopg.connect(url, autocommit=True)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, slots: dict[str, int] | None = None, **constants: float) -> subprocess.Popen[bytes]:
        """A worker process; returns once it works."""
        settings = [f"{name}={value}" for name, value in constants.items()]
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), self.url, str(self.log), json.dumps(slots or {"work": 4}), *settings],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        self.processes.append(process)
        self.wait(lambda: any(line.word == "ready" and line.pid == process.pid for line in self.lines()))
        return process

    def send(self, actor: str, *args: object, priority: int = 0, delay: float = 0) -> str:
        """Enqueue by our SQL function; the actor's queue is the first part of its name."""
        queue = actor.split(".")[0]
        with self.sql.transaction():
            [message_id] = self.sql.execute(
                "SELECT registre.enqueue(%s, gen_random_uuid(), %s * interval '1 s', NULL, %s)",
                [queue, delay, priority],
            ).fetchone()
            self.sql.execute(
                "UPDATE dramatiq.queue SET message = message || %s WHERE message_id = %s",
                [Jsonb({"actor_name": actor, "args": args}), message_id],
            )
        return str(message_id)

    def fill(self, actor: str, count: int, *args: object) -> None:
        """`count` messages in one statement, named by number; announced at the end."""
        queue = actor.split(".")[0]
        self.sql.execute(
            "INSERT INTO dramatiq.queue (queue_name, message_id, state, message) "
            "SELECT %s, id, 'queued', jsonb_build_object('queue_name', %s::text, 'actor_name', %s::text, 'args', "
            "  jsonb_build_array(n::text) || %s, 'kwargs', '{}'::jsonb, 'options', '{}'::jsonb, 'message_id', id, "
            "  'message_timestamp', n) FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, %s) n) made",
            [queue, queue, actor, Jsonb(args), count],
        )
        self.sql.execute(f'NOTIFY "dramatiq.{queue}.enqueue"')

    def lines(self) -> list[Line]:
        """What was written so far, in order of time."""
        if not self.log.exists():
            return []
        parts = [text.split() for text in self.log.read_text().splitlines()]
        return sorted((Line(w, n, int(p), float(t)) for w, n, p, t in parts), key=lambda line: line.at)

    def runs(self, word: str = "ran") -> Counter[str]:
        """How often each name was written with `word`."""
        return Counter(line.name for line in self.lines() if line.word == word)

    def states(self) -> dict[str, int]:
        """How many messages are in each state."""
        return dict(self.sql.execute("SELECT state::text, count(*) FROM dramatiq.queue GROUP BY state").fetchall())

    def wait(self, condition: Callable[[], object], seconds: float = 40) -> None:
        """Until it holds; fails when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"never happened; messages {self.states()}, wrote {self.lines()[-5:]}")
            time.sleep(0.05)

    def drained(self) -> bool:
        """Every message has ended."""
        return not set(self.states()) & {"queued", "consumed"}

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.sql.close()


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(database_url, tmp_path / "runs.log")
    yield made
    made.close()
