"""What a rule is given and what it answers. A rule looks, never changes anything, and ends with a safe command."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, TypeVar

from registre.db import health
from registre.db.health import Due, OpenCount, Stuck, Wait, Worker
from registre.db.pool import Connection
from registre.diagnostics import host
from registre.diagnostics.redis import Answer, probe
from registre.settings import Settings

_T = TypeVar("_T")

#: A process silent for longer is dead: three of its lines in `worker_status` are missing.
SILENCE: Final = timedelta(seconds=30)
#: On this machine one missing line is enough, where the process is missing too (its number alone proves nothing: a
#: container may have its own).
_MISSED: Final = timedelta(seconds=12)
#: Starts every process of the Procfile.
START: Final = "honcho start"
#: What the clock does each second, once, by hand.
SWEEP_BY_HAND: Final = "registre diagnose --fix"


class Level(StrEnum):
    """How bad it is; `diagnose` ends with the worst."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen. A fault also says why, what follows from it, and what to type."""

    rule: str
    level: Level
    #: what was seen, with its numbers
    evidence: str
    cause: str = ""
    consequence: str = ""
    #: safe to run as it stands
    command: str = ""
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    #: which one, where a rule looks at several: a role, a code, a stage
    about: str = ""
    #: empty: the whole installation
    environment: str = ""
    #: name of the finding that is the cause of this one
    explained_by: str = ""
    #: its sentences quote rows: not for a stranger
    private: bool = False

    @property
    def name(self) -> str:
        """`rule`, or `rule:about`."""
        return f"{self.rule}:{self.about}" if self.about else self.rule


@dataclass
class Whole:
    """What all environments share, and those that could be examined."""

    settings: Settings
    redis_url: str | None
    #: also try what takes seconds or is this machine's own: browser, memory, processes
    machine: bool
    scenes: list[Scene]
    _redis: asyncio.Future[Answer] | None = None

    async def redis(self) -> Answer | None:
        """What Redis says; None where there is none."""
        if self.redis_url is None:
            return None
        self._redis = self._redis or asyncio.ensure_future(probe(self.redis_url))
        return await self._redis

    async def alive(self, role: str) -> bool:
        """Whether a process of the role serves any environment."""
        return any([await scene.alive(role) for scene in self.scenes])

    async def open_jobs(self) -> int:
        """Jobs that are not over, in all environments."""
        return sum([await scene.open_jobs() for scene in self.scenes])


@dataclass
class Scene:
    """One environment under examination, and what several rules ask of it."""

    #: as they are in this environment
    settings: Settings
    connection: Connection
    url: str
    _asked: dict[str, asyncio.Future[Any]] = field(default_factory=dict[str, asyncio.Future[Any]])

    @property
    def name(self) -> str:
        """Of the environment."""
        return self.settings.environment

    @cached_property
    def fernet_key(self) -> bytes | None:
        """The key of the passwords, if there is one already."""
        if self.settings.secret_key:
            return self.settings.secret_key.encode()
        path = self.settings.state / "secret.key"
        return path.read_bytes().strip() if path.is_file() else None

    async def once(self, name: str, ask: Callable[[Connection], Awaitable[_T]]) -> _T:
        """Ask the database once, however many rules want to know."""
        if name not in self._asked:
            self._asked[name] = asyncio.ensure_future(ask(self.connection))
        return await self._asked[name]

    async def counts(self) -> list[OpenCount]:
        """Open jobs per kind, stage and state."""
        return await self.once("counts", health.open_counts)

    async def due(self) -> list[Due]:
        """Work that could start now."""
        return await self.once("due", health.due_work)

    async def workers(self) -> list[Worker]:
        """Every process known."""
        return await self.once("workers", health.workers)

    async def waits(self) -> list[Wait]:
        """What waits for its time."""
        return await self.once("waits", health.waits)

    async def running(self) -> list[Stuck]:
        """What is being worked on."""
        return await self.once("running", health.running_jobs)

    async def leads(self) -> bool:
        """Whether a clock leads."""
        return await self.once("leads", health.has_leader)

    async def alive(self, role: str) -> list[Worker]:
        """Processes of a role that spoke lately."""
        return [worker for worker in await self.workers() if worker.role == role and is_alive(worker)]

    async def open_jobs(self) -> int:
        """Jobs that are not over."""
        return sum(count.jobs for count in await self.counts())


def is_alive(worker: Worker) -> bool:
    """It spoke lately, not to say good-bye; and on this machine it is there and not suspended."""
    if worker.status not in {"idle", "busy", "waiting"} or worker.silence >= SILENCE:
        return False
    if not is_here(worker) or not host.PROC.is_dir():
        return True
    state = host.process_state(worker.pid)
    return state != "T" and (state not in {None, "Z"} or worker.silence < _MISSED)


def is_here(worker: Worker) -> bool:
    """It runs on this machine, as far as its name tells."""
    return worker.host == socket.gethostname()


#: Async generators of findings: at least one where something can be well, so that this is said too.
Rule = Callable[[Scene], AsyncIterator[Finding]]
WholeRule = Callable[[Whole], AsyncIterator[Finding]]


def sql(statement: str) -> str:
    """The command that runs it."""
    return f'psql "$DATABASE_URL" -c "{statement}"'


def what_does(pid: int) -> str:
    """The command that shows what a session of Postgres is doing."""
    return f"{sql('TABLE pg_stat_activity')} -x   (cherchez {pid}; puis pg_terminate_backend si personne n'en a besoin)"


def fine(rule: str, evidence: str, *, about: str = "", **data: Any) -> Finding:
    """Nothing wrong."""
    return Finding(rule, Level.OK, evidence, about=about, data=data)


def fault(
    rule: str,
    evidence: str,
    cause: str,
    consequence: str,
    command: str,
    *,
    serious: bool = True,
    about: str = "",
    private: bool = False,
    **data: Any,
) -> Finding:
    """Something wrong: a failure, or a warning where it is not `serious`."""
    level = Level.FAILURE if serious else Level.WARNING
    return Finding(rule, level, evidence, cause, consequence, command, data, about, private=private)
