"""What a rule is given and what it answers. A rule looks, never changes anything, and ends with a safe command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from registre.db import health, report
from registre.db.health import Due, Worker
from registre.db.pool import Connection
from registre.db.report import Count
from registre.settings import Settings

#: A process silent for longer is dead: three of its lines in `worker_status` are missing.
SILENCE: Final = timedelta(seconds=30)


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


@dataclass
class Scene:
    """The installation under examination, and what several rules ask of it."""

    settings: Settings
    connection: Connection
    redis_url: str | None
    #: also try what takes seconds: the browser, the disk
    host: bool = False
    _seen: dict[str, Any] = field(default_factory=dict[str, Any])

    @cached_property
    def fernet_key(self) -> bytes | None:
        """The key of the passwords, if there is one already."""
        if self.settings.secret_key:
            return self.settings.secret_key.encode()
        path = self.settings.state / "secret.key"
        return path.read_bytes().strip() if path.is_file() else None

    async def counts(self) -> list[Count]:
        """Jobs per kind, stage and state."""
        if "counts" not in self._seen:
            self._seen["counts"] = await report.count_jobs(self.connection)
        return self._seen["counts"]

    async def due(self) -> list[Due]:
        """Work that could start now."""
        if "due" not in self._seen:
            self._seen["due"] = await health.due_work(self.connection)
        return self._seen["due"]

    async def workers(self) -> list[Worker]:
        """Every process known."""
        if "workers" not in self._seen:
            self._seen["workers"] = await health.workers(self.connection)
        return self._seen["workers"]

    async def alive(self, role: str) -> list[Worker]:
        """Processes of a role that spoke lately."""
        return [
            worker
            for worker in await self.workers()
            if worker.role == role and worker.status in {"idle", "busy"} and worker.silence < SILENCE
        ]

    async def open_jobs(self) -> int:
        """Jobs that are not over."""
        return sum(count.jobs for count in await self.counts() if count.state in {"queued", "waiting", "running"})


#: An async generator of findings: at least one, so that what is well is said too.
Rule = Callable[[Scene], AsyncIterator[Finding]]
