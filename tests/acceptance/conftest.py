"""A whole house: migrated database, replica registry in its own process, real worker processes, all on free ports."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from registre.accounts import Vault
from registre.db.account import save_account
from registre.db.pool import connect
from registre.embedded import chromium
from registre.embedded.services import secret_key
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS
from tests import services

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def pytest_collection_modifyitems(items):
    """Whole processes on a loaded machine take minutes where they usually take seconds; a hung test still ends."""
    for item in items:
        if "acceptance" in item.path.parts and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def browser_path():
    setting = os.environ.get("REGISTRE_CHROMIUM")
    return asyncio.run(chromium.ensure(Path(setting) if setting else None, ROOT / ".registre" / "chromium", print))


@pytest.fixture
def house(servers, browser_path, tmp_path):
    url = asyncio.run(services.clone(servers.database_url, "registre_template"))
    made = House(url, tmp_path, browser_path)
    try:
        yield made
    finally:
        made.close()
        asyncio.run(services.drop(url))


class House:
    """What a test drives: SQL as any application writes it, processes as the Procfile starts them."""

    def __init__(self, url: str, folder: Path, browser: Path) -> None:
        self.url = url
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": url,
            "REGISTRE_STATE": str(folder / "state"),
            "REGISTRE_CHROMIUM": str(browser),
            "REGISTRE_BROWSER_SLOTS": "2",
            "PYTHONPATH": str(ROOT),
        }
        (folder / "state").mkdir()
        self.processes: dict[str, subprocess.Popen] = {}
        self.site = ""
        #: by address; several houses may share them
        self._connections: dict[str, psycopg.Connection] = {}

    def open_site(self, port: int = 0) -> None:
        """Start the replica; its ledger file outlives it."""
        self._spawn(
            "site", "-m", "registre.sandbox.server", "--port", str(port), "--ledger", str(self.folder / "ledger")
        )
        log = self.folder / "site.log"
        wait_until(lambda: log.read_text().startswith("http"), "the replica's address")
        self.site = log.read_text().splitlines()[0].strip()
        self.environment["REGISTRE_FONCIER_URL"] = self.site

    def start(self, *roles: str, **environment: str) -> None:
        """Start workers and wait until they are ready."""
        for role in roles:
            self._spawn(role, "-m", "actors", role, **environment)
        for role in roles:
            log = self.folder / f"{role}.log"
            ready = "clock.leading" if role == "clock" else "worker_ready"
            wait_until(lambda log=log, ready=ready: ready in log.read_text(), f"{role} to be ready", log)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(20)

    def add_accounts(self, *pairs: tuple[str, str]) -> None:
        async def save():
            vault = Vault(secret_key(self.folder / "state"))
            connection = await connect(self.url)
            for code, password in pairs or [(a.code, a.password) for a in NORMAL_ACCOUNTS]:
                await save_account(connection, username=code, secret=vault.seal(password), site="foncier")
            await connection.close()

        asyncio.run(save())

    def order(self, source: str, number: str, place: str, *, cadastre: str | None = None, acte: str | None = None):
        """Insert a row as any application would; answers its id."""
        return self.one(
            """INSERT INTO extraction_queue
              (document_source, document_number, circonscription_fonciere, cadastre, acte_type)
            VALUES (%s, %s, %s, %s, %s) RETURNING id""",
            source,
            number,
            place,
            cadastre,
            acte,
        )["id"]

    def one(self, query: str, *values: object) -> dict:
        return self.all(query, *values)[0]

    def all(self, query: str, *values: object) -> list[dict]:
        """Rows of one statement. On a connection that stays: tests that wait ask twenty times a second."""
        try:
            return self._ask(query, values)
        except psycopg.OperationalError:
            before = self._connections.pop(self.url, None)
            if before is None or not before.closed:
                raise
            return self._ask(query, values)  # it was cut, or the server restarted, since we last asked

    def _ask(self, query: str, values: tuple[object, ...]) -> list[dict]:
        if self.url not in self._connections:
            # no plan is kept: a deployment changes tables
            self._connections[self.url] = psycopg.connect(
                self.url, autocommit=True, row_factory=dict_row, prepare_threshold=None
            )
        cursor = self._connections[self.url].execute(query, values or None)
        return cursor.fetchall() if cursor.description else []

    def job(self, order) -> dict:
        return self.one(
            """SELECT j.*, q.status_id, q.supabase_path, q.file_content, q.error_message
            FROM registre.job j JOIN extraction_queue q ON q.id = j.order_id WHERE q.id = %s""",
            order,
        )

    def wait_for(self, order, *states: str, seconds: float = 240) -> dict:
        """The job once it is in one of these states."""
        wait_until(
            lambda: self.job(order)["state"] in states,
            f"{states}",
            self.folder / "browser.log",
            seconds,
            lambda: self.job(order),
        )
        return self.job(order)

    def history(self, order) -> list[int]:
        """The public statuses the row went through, repeats dropped."""
        rows = self.all(
            """SELECT (data ->> 'status_to')::int AS status FROM registre.event
            WHERE job_id = (SELECT id FROM registre.job WHERE order_id = %s) AND data ? 'status_to' ORDER BY id""",
            order,
        )
        seen = [row["status"] for row in rows]
        return [status for n, status in enumerate(seen) if n == 0 or seen[n - 1] != status]

    def ledger(self) -> list[dict]:
        """What the registry has charged."""
        file = self.folder / "ledger"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def tell_site(self, path: str, **body: object) -> dict:
        """The replica's control plane."""
        if path in {"state", "ledger", "logins", "requests", "sessions"}:
            return httpx.get(f"{self.site}/__ctl/{path}").raise_for_status().json()
        return httpx.post(f"{self.site}/__ctl/{path}", json=body).raise_for_status().json()

    def close(self) -> None:
        for name in list(self.processes):
            process = self.processes.pop(name)
            process.kill()
            process.wait(10)
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _spawn(self, name: str, *words: str, **environment: str) -> None:
        with (self.folder / f"{name}.log").open("w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-u", *words],
                cwd=ROOT,
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_us,
            )


def die_with_us() -> None:
    """Between fork and exec: a process of ours ends when the tests are killed, and with it its browser."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_until(condition, what: str, log: Path | None = None, seconds: float = 180, state=None) -> None:
    """Poll until true; a failure shows what the process said last."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    tail = log.read_text()[-3000:] if log and log.exists() else ""
    pytest.fail(f"waited {seconds} s for {what}; now {state() if state else ''}\n{tail}")
