"""One house: its database, proxies in front of every server, the replica registry, and the product's real processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chaos_lib.plan import PROCESSES, Plan
from chaos_lib.proxy import Proxy
from chaos_lib.supervisor import ROOT, Child, browsers_of, procfile, send
from registre.accounts import Vault
from registre.db.account import save_account
from registre.db.migrate import migrate
from registre.db.pool import connect
from registre.embedded import chromium, services
from registre.sandbox.foncier import paths
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS

_TEMPLATE: Final = "chaos_template"
#: Settings of whoever started us. PYTHONDONTWRITEBYTECODE among them: without bytecode a start takes twice as long.
_NOT_OURS: Final = ("REGISTRE_", "PG", "DATABASE_URL", "REDIS_URL", "OCR_", "GEMINI", "SERVER_", "SENTRY", "PYTHON")


async def find_browser() -> Path:
    """The browser executable, fetched if there is none."""
    setting = os.environ.get("REGISTRE_CHROMIUM")
    return await chromium.ensure(Path(setting) if setting else None, ROOT / ".registre" / "chromium", print)


class Servers:
    """Postgres and Redis of one lane: they outlive a run, its database does not."""

    def __init__(self) -> None:
        #: held while a server is down on purpose: a second stroke waits for its start
        self.lock = asyncio.Lock()
        self.folder = Path(tempfile.mkdtemp(prefix="registre-chaos-"))
        self.folder.chmod(0o711)
        self.state = self.folder / "servers"
        self.url = self.redis = ""
        self.postmaster = Path()

    async def open(self) -> None:
        """Start them and make the database that each run's is copied from."""
        await self.start()
        with psycopg.connect(self.url, autocommit=True) as connection:
            # Quick (no fsync: the machine does not crash here), yet what is committed survives the server's death.
            connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
            [data] = connection.execute("SHOW data_directory").fetchone() or ("",)
            self.postmaster = Path(data) / "postmaster.pid"
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        template = self.database(_TEMPLATE)
        await migrate(template)
        vault = Vault(services.secret_key(self.state))
        connection = await connect(template)
        for account in NORMAL_ACCOUNTS:
            await save_account(connection, username=account.code, secret=vault.seal(account.password), site="foncier")
        await connection.close()

    async def start(self) -> None:
        """Start what does not run; the ports stay the same."""
        found = await services.start(self.state, database_url=None, redis_url=None, throwaway=True)
        self.url, self.redis = found.database_url, found.redis_url

    async def kill_postgres(self) -> None:
        """Immediate stop: no session is told, nothing is written back."""
        pid = int(self.postmaster.read_text().split()[0])
        send([pid], signal.SIGQUIT)
        while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
            await asyncio.sleep(0.02)

    async def kill_redis(self) -> None:
        """Gone, with everything it knew."""
        send([int((self.state / "valkey" / "pid").read_text())], signal.SIGKILL)

    async def flush_redis(self) -> None:
        """Everything it knew."""
        client = Redis.from_url(self.redis, socket_timeout=2)
        with suppress(RedisError, OSError):
            await client.flushall()
        await client.aclose()

    def database(self, name: str, port: int | None = None) -> str:
        """Address of one database, through a proxy's port if given."""
        parts = conninfo_to_dict(self.url)
        at = f"127.0.0.1:{port or parts['port']}"
        return f"postgresql://{parts['user']}:{parts['password']}@{at}/{name}?sslmode=disable"

    async def copy(self, name: str) -> None:
        """A new run's database."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # pyright: ignore
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")  # pyright: ignore

    async def drop(self, name: str) -> None:
        """A finished run's database."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # pyright: ignore

    async def close(self, *, keep: bool) -> None:
        """Stop them; the folder goes unless it is evidence."""
        await services.stop(self.state)
        if not keep:
            # Root's servers keep their files where their own user can reach them, behind a link.
            for place in (*(run.resolve() for run in self.state.glob("*/run")), self.folder):
                shutil.rmtree(place, ignore_errors=True)


class House:
    """Open it, and orders that come in are worked on by real processes."""

    def __init__(self, servers: Servers, plan: Plan, browser: Path, crashed: Callable[[str], None]) -> None:
        self.servers, self.plan = servers, plan
        self._browser, self._crashed = browser, crashed
        self.name = f"seed_{plan.seed}"
        self.folder = servers.folder / self.name
        self.ledger = self.folder / "ledger.jsonl"
        self.objects = self.folder / "objects"
        self.url = servers.database(self.name)
        self.children: dict[str, Child] = {}
        self.site_port = _free_port()
        self.proxies: dict[str, Proxy] = {}
        self.environment: dict[str, str] = {}

    async def open(self) -> None:
        """Everything but the product's processes."""
        self.folder.mkdir()
        await self.servers.copy(self.name)
        await self.servers.flush_redis()
        billing = (paths.CONFIRMATION, paths.VIEWER)
        money = tuple(f"{verb} {path}".encode() for verb in ("GET", "POST") for path in billing)
        self.proxies = {
            "postgres": Proxy(_port_of(self.servers.url), mark=(b"LISTEN",)),
            "redis": Proxy(_port_of(self.servers.redis)),
            "site": Proxy(self.site_port, mark=money),
        }
        for proxy in self.proxies.values():
            await proxy.open()
        self.environment = self._environment()
        words = [sys.executable, "-m", "registre.sandbox.server", "--port", str(self.site_port)]
        self.children["site"] = Child("site", [*words, "--ledger", str(self.ledger)], self.folder, self.environment)
        await self.wait_for_site()

    def _environment(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_OURS)}
        redis = _at_port(self.servers.redis, self.proxies["redis"].port)
        return {
            **own,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.servers.database(self.name, self.proxies["postgres"].port),
            "REDIS_URL": redis,
            "REGISTRE_STATE": str(self.servers.state),
            "REGISTRE_OBJECTS": str(self.objects),
            "REGISTRE_CHROMIUM": str(self._browser),
            "REGISTRE_BROWSER_SLOTS": "2",
            # On a machine of the default size two browsers leave no room for reading.
            "SERVER_MAX_CPU": "64",
            "SERVER_MAX_RAM": "64",
            "REGISTRE_FONCIER_URL": f"http://127.0.0.1:{self.proxies['site'].port}",
        }

    def start(self) -> None:
        """The Procfile's commands."""
        commands = procfile()
        for name, role in PROCESSES.items():
            crashes = self.plan.crashes.get(name, ())
            self.children[name] = Child(
                name, commands[role], self.folder, self.environment, crashes=crashes, crashed=self._crashed
            )

    async def wait_for_workers(self) -> None:
        """Until each has said once that it is ready: blows are for processes that are there."""
        waited = [child for name, child in self.children.items() if not name.startswith(("clock", "site"))]
        with suppress(TimeoutError):  # one told to crash before it claims anything is ready all the same
            async with asyncio.timeout(120):
                await asyncio.gather(*(child.ready.wait() for child in waited))

    async def wait_for_site(self) -> None:
        """Until the replica answers, then tell it how this run's registry behaves."""
        for _ in range(400):
            if await self.tell("options", preparation_s=self.plan.preparation_s, charge_at=self.plan.charge_at):
                return
            await asyncio.sleep(0.05)

    async def tell(self, path: str, **body: object) -> bool:
        """The replica's control plane, past the proxy; one that is down misses the word."""
        try:
            async with httpx.AsyncClient(timeout=3) as client:
                (await client.post(f"http://127.0.0.1:{self.site_port}/__ctl/{path}", json=body)).raise_for_status()
        except httpx.TransportError:
            return False
        return True

    async def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Past the proxy. Raises psycopg.Error while the server is away."""
        connection = await psycopg.AsyncConnection.connect(self.url, autocommit=True, connect_timeout=2)
        async with connection:
            cursor = await connection.execute(query, values or None)  # pyright: ignore
            return await cursor.fetchall() if cursor.description else []

    async def sql_surely(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """`sql`, as often as it takes."""
        while True:
            try:
                return await self.sql(query, *values)
            except psycopg.OperationalError:
                await asyncio.sleep(0.2)

    def pids(self) -> set[int]:
        """Of every process there was."""
        return {pid for child in self.children.values() for pid in child.pids}

    async def stop(self) -> None:
        """End every process."""
        await asyncio.gather(*(child.stop() for child in self.children.values()))
        send(browsers_of(self.pids()), signal.SIGKILL)
        for proxy in self.proxies.values():
            await proxy.close()

    async def remove(self) -> None:
        """Folder and database; a failed run's stay."""
        await self.servers.drop(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)


def _at_port(url: str, port: int) -> str:
    """The same address at another port."""
    head, _, rest = url.rpartition("@")
    return f"{head}@127.0.0.1:{port}/{rest.partition('/')[2]}"


def _port_of(url: str) -> int:
    return int(url.rpartition("@")[2].partition(":")[2].partition("/")[0])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
