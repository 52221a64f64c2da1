"""Real worker processes against the file's database, and what they did."""

from __future__ import annotations

import asyncio
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

from tests import services
from tests.integration.broker.rigs import Rig

_PROGRAM = Path(__file__).with_name("worker_process.py")
_ROOT = Path(__file__).resolve().parents[3]


class Line(NamedTuple):
    """One line a worker wrote."""

    word: str
    name: str
    pid: int
    at: float
    environment: str


class Bench:
    """Worker processes, one log, and a database for each environment; `url` and `sql` are the first one's."""

    def __init__(self, urls: dict[str, str], log: Path) -> None:
        self.urls = urls
        self.url = next(iter(urls.values()))
        self.log = log
        self.sqls = {name: psycopg.connect(url, autocommit=True) for name, url in urls.items()}
        self.sql = next(iter(self.sqls.values()))
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        slots: dict[str, int] | None = None,
        *,
        through: dict[str, str] | None = None,
        only: dict[str, list[str]] | None = None,
        **constants: float,
    ) -> subprocess.Popen[bytes]:
        """A worker process; returns once it works. `through`: other addresses for some environments; `only`: the
        queues that are claimed there."""
        sources = [[name, (through or {}).get(name, url), (only or {}).get(name)] for name, url in self.urls.items()]
        settings = [f"{name}={value}" for name, value in constants.items()]
        arguments = [json.dumps(sources), str(self.log), json.dumps(slots or {"work": 4}), *settings]
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), *arguments], cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}
        )
        self.processes.append(process)
        self.wait(lambda: any(line.word == "ready" and line.pid == process.pid for line in self.lines()))
        return process

    def send(self, actor: str, *args: object, priority: int = 0, delay: float = 0, to: str | None = None) -> str:
        """Enqueue by our SQL function; the actor's queue is the first part of its name."""
        queue = actor.split(".")[0]
        sql = self.sqls[to] if to else self.sql
        with sql.transaction():
            [message_id] = sql.execute(
                "SELECT registre.enqueue(%s, gen_random_uuid(), %s * interval '1 s', NULL, %s)",
                [queue, delay, priority],
            ).fetchone()
            sql.execute(
                "UPDATE dramatiq.queue SET message = message || %s WHERE message_id = %s",
                [Jsonb({"actor_name": actor, "args": args}), message_id],
            )
        return str(message_id)

    def fill(self, actor: str, count: int, *args: object, to: str | None = None) -> None:
        """`count` messages in one statement, named by number; announced at the end."""
        queue = actor.split(".")[0]
        sql = self.sqls[to] if to else self.sql
        sql.execute(
            "INSERT INTO dramatiq.queue (queue_name, message_id, state, message) "
            "SELECT %s, id, 'queued', jsonb_build_object('queue_name', %s::text, 'actor_name', %s::text, 'args', "
            "  jsonb_build_array(n::text) || %s, 'kwargs', '{}'::jsonb, 'options', '{}'::jsonb, 'message_id', id, "
            "  'message_timestamp', n) FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, %s) n) made",
            [queue, queue, actor, Jsonb(args), count],
        )
        sql.execute(f'NOTIFY "dramatiq.{queue}.enqueue"')

    def let_go(self) -> None:
        """End every `hold`."""
        self.log.with_name(f"{self.log.name}.go").touch()

    def lines(self) -> list[Line]:
        """What was written so far, in order of time."""
        if not self.log.exists():
            return []
        parts = [text.split() for text in self.log.read_text().splitlines()]
        return sorted((Line(w, n, int(p), float(t), e) for w, n, p, t, e in parts), key=lambda line: line.at)

    def runs(self, word: str = "ran") -> Counter[str]:
        """How often each name was written with `word`."""
        return Counter(line.name for line in self.lines() if line.word == word)

    def served(self, word: str = "ran") -> list[str]:
        """The environments of what was written with `word`, in order."""
        return [line.environment for line in self.lines() if line.word == word]

    def states(self, of: str | None = None) -> dict[str, int]:
        """How many messages are in each state."""
        sql = self.sqls[of] if of else self.sql
        return dict(sql.execute("SELECT state::text, count(*) FROM dramatiq.queue GROUP BY state").fetchall())

    def wait(self, condition: Callable[[], object], seconds: float = 40) -> None:
        """Until it holds; fails when it never does."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"never happened; messages {self.states()}, wrote {self.lines()[-5:]}")
            time.sleep(0.05)

    def drained(self) -> bool:
        """Every message of every environment has ended."""
        return all(not set(self.states(name)) & {"queued", "consumed"} for name in self.urls)

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        for sql in self.sqls.values():
            sql.close()


@pytest.fixture
def bench(database_url: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench({"test": database_url}, tmp_path / "runs.log")
    yield made
    made.close()


@pytest.fixture(scope="module")
def three_databases(servers) -> Iterator[dict[str, str]]:
    """Prod, staging and dev, for one test file."""
    template = "registre_template"
    urls = {n: asyncio.run(services.clone(servers.database_url, template)) for n in ("prod", "staging", "dev")}
    yield urls
    for url in urls.values():
        asyncio.run(services.drop(url))


@pytest.fixture
def three(three_databases: dict[str, str], tmp_path: Path) -> Iterator[Bench]:
    """Three environments in order of priority, emptied."""
    made = Bench(three_databases, tmp_path / "runs.log")
    for sql in made.sqls.values():
        sql.execute("DELETE FROM dramatiq.queue")
    yield made
    made.close()


@pytest.fixture
def rigs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Makes brokers in this process, of either kind: `rigs(kind, slots, url)`."""
    monkeypatch.setattr("dramatiq_pg.broker.randint", lambda *_: 1)
    made: list[Rig] = []

    def make(kind: str, slots: dict[str, int], url: str = database_url, *, results: bool = False) -> Rig:
        made.append(Rig(kind, url, slots, results=results))
        return made[-1]

    yield make
    for rig in made:
        rig.close()
