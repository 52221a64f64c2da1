"""A server process that outlives us: under whom it runs, how it is detached, recognised and ended.

Linux only: a process is recognised by its arguments in /proc, so a number re-used after a reboot is not mistaken.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registre.domain.errors import ConfigurationError

#: asyncio kills the child of a transport it collects, so the server is the child of a shell that ends at once.
_DETACH: Final = 'umask 077; "$@" </dev/null >>"$0" 2>&1 & echo $!'

#: Below the range from which outgoing connections take their ports, so a stopped server finds its own free again.
_PORTS: Final = range(15000, 32000)


@dataclass(frozen=True, slots=True)
class Identity:
    """Under whom a server runs. The default is whoever we are."""

    #: user and group to become; only root can
    user: int | None = None
    group: int | None = None
    #: a command that starts the real one in another light
    prefix: tuple[str, ...] = ()


async def run(
    identity: Identity,
    *command: str,
    folder: Path = Path("/"),
    environment: Mapping[str, str] | None = None,
    patience_s: float = 120.0,
) -> tuple[int, str]:
    """Run to the end; return exit code and everything printed. A command that cannot start answers 127.

    Past `patience_s` it is killed with its children, and answers 124.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *identity.prefix,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=_environment() if environment is None else environment,
            start_new_session=True,
            user=identity.user,
            group=identity.group,
            extra_groups=None if identity.user is None else [],
        )
    except OSError as exc:
        return 127, str(exc)
    try:
        async with asyncio.timeout(patience_s):
            output, _ = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return 124, f"{command[0]}: rien après {patience_s:.0f} s"
    return process.returncode or 0, output.decode(errors="replace")


async def launch(identity: Identity, *command: str, log: Path) -> int:
    """Start a server of its own session that appends to `log`; return its process number."""
    process = await asyncio.create_subprocess_exec(
        *identity.prefix,
        "/bin/sh",
        "-c",
        _DETACH,
        str(log),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        cwd="/",
        env=_environment(),
        start_new_session=True,
        user=identity.user,
        group=identity.group,
        extra_groups=None if identity.user is None else [],
    )
    output, _ = await process.communicate()
    return int(output)


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PG* and locale variables would change what the server does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def is_running(pid: int, mark: Path) -> bool:
    """Whether that process lives and has `mark` among its arguments. A zombie has no arguments left."""
    try:
        return os.fsencode(mark) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


async def end(pid: int, mark: Path, *signals: signal.Signals, patience_s: float = 30.0) -> bool:
    """Signal the process and wait until it is gone; each further signal is sent when patience ends.

    Returns whether there was anything to end.
    """
    if not is_running(pid, mark):
        return False
    loop = asyncio.get_running_loop()
    for number in signals:
        os.kill(pid, number)
        deadline = loop.time() + patience_s
        while loop.time() < deadline:
            if not is_running(pid, mark):
                return True
            await asyncio.sleep(0.01)
    raise ConfigurationError(f"Le processus {pid} ne s'arrête pas; arrêtez-le, puis recommencez.")


def is_free(port: int) -> bool:
    """Whether nothing listens there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(kept: Path) -> int:
    """The port written in `kept` if it is still free, else another free one."""
    try:
        port = int(kept.read_text())
    except (FileNotFoundError, ValueError):
        port = 0
    tries = 0
    while port not in _PORTS or not is_free(port):
        tries += 1
        if tries > 1000:
            raise ConfigurationError("Aucun port libre sur 127.0.0.1; donnez DATABASE_URL et REDIS_URL.")
        port = random.choice(_PORTS)  # noqa: S311 - which port is no secret
    return port


def tail(log: Path, since: int = 0) -> str:
    """What the log says from byte `since` on, at most its last 4 kB."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(since, log.stat().st_size - 4096))
        return file.read().decode(errors="replace")


def rotate(log: Path, limit: int = 10_000_000) -> int:
    """Put a log past `limit` bytes aside as `.1`; return the size of the one that goes on."""
    if not log.exists():
        return 0
    if log.stat().st_size > limit:
        log.replace(log.with_suffix(".1"))
        return 0
    return log.stat().st_size
