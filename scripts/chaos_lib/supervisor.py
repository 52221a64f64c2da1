"""Starts the Procfile's own commands, and starts again what dies, as a service manager does."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from registre.browser.launch import MARKER

ROOT: Final = Path(__file__).resolve().parents[2]
_RESTART_S: Final = 1.0


def procfile() -> dict[str, list[str]]:
    """Role → command."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    return {name.strip(): shlex.split(command) for name, command in pairs}


class Child:
    """A process that is started again a second after it died. Its words go through us, so that a disk it finds full
    is not the disk of its log."""

    def __init__(
        self,
        name: str,
        words: list[str],
        folder: Path,
        environment: dict[str, str],
        *,
        crashes: Iterable[str] = (),
        crashed: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self.name = name
        self.starts = 0
        self.pids: list[int] = []
        self.ready = asyncio.Event()
        self._words, self._log = words, folder / f"{name}.log"
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
        self._environment = {**environment, "HONCHO_PROCESS_NAME": name, "PYTHONUNBUFFERED": "1", "PATH": path}
        self._crashes, self._crashed = list(crashes), crashed
        self._process: asyncio.subprocess.Process | None = None
        self._struck = False
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            point = self._crashes.pop(0) if self._crashes else None
            extra = {"REGISTRE_CRASH": point} if point else {}
            process = await asyncio.create_subprocess_exec(
                *self._words,
                cwd=ROOT,
                env={**self._environment, **extra},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            self._struck = False
            self.starts += 1
            self.pids.append(process.pid)
            self._process = process
            await self._copy(process)
            if await process.wait() == -signal.SIGKILL and point and not self._struck:
                self._crashed(point.partition(":")[0])
            await asyncio.sleep(_RESTART_S)

    async def _copy(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with self._log.open("ab", buffering=0) as log:
            while chunk := await process.stdout.read(65_536):
                log.write(chunk)
                if b"worker_ready" in chunk:
                    self.ready.set()

    def pid(self) -> int | None:
        """Its number while it lives."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    def signal(self, number: int) -> bool:
        """False when there was nobody."""
        pid = self.pid()
        if pid is None:
            return False
        self._struck = self._struck or number == signal.SIGKILL
        send([pid], number)
        return True

    async def stop(self) -> None:
        """For good."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        send([self.pid() or 0], signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()


def send(pids: Iterable[int], number: int) -> None:
    """Signal those that are still there."""
    for pid in pids:
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def browsers_of(owners: Iterable[int]) -> list[int]:
    """Browser processes one of `owners` started, orphans included: by the mark in their environment."""
    found: list[int] = []
    marks = {f"{MARKER}={pid}".encode() for pid in owners}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if marks & set((entry / "environ").read_bytes().split(b"\0")):
                    found.append(int(entry.name))
    return sorted(found)
