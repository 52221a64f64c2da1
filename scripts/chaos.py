"""Chaos: orders go through real processes while a nemesis kills, freezes and cuts off; then `chaos_check.py` judges.

A run is private (servers, replica, folder, ports). Its seed fixes what the nemesis does and when, not how the machine
schedules it. Called by `scripts/chaos`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg

from registre.accounts import Vault
from registre.browser.launch import MARKER
from registre.db.account import save_account
from registre.db.migrate import migrate
from registre.db.pool import connect
from registre.embedded import chromium, services
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS

ROOT = Path(__file__).resolve().parents[1]
NO_REDIS = "redis://127.0.0.1:1"
CADASTRE = "Cadastre du Québec"
ORDERS = (
    ("index", "2 784 195", "Montreal", CADASTRE, None),
    ("index", "2043334", "Montréal", CADASTRE, None),
    ("index", "3090415", "Saint-Jean", CADASTRE, None),
    ("acte", "25616321", "Montréal", None, "Acte"),
    ("acte", "53850", "Gaspé", None, "Acte"),  # bought as another type: the site says which by refusing
    ("acte", "25616399", "Montréal", None, "Acte"),
    ("acte", "15411750", "Montréal", None, "Radiation"),
    ("plan_cadastraux", "2784195", "Montréal", CADASTRE, None),
    ("plan_cadastraux", "2", "Deux-Montagnes", "Mirabel", None),
    ("index", "9999999", "Montréal", CADASTRE, None),  # does not exist
)
#: name in the Procfile's manner → role
WORKERS = {"browser.1": "browser", "browser.2": "browser", "ocr.1": "ocr", "clock.1": "clock", "clock.2": "clock"}
RESTART_S = 1.0
#: After the last blow every order must end within this; a retry waits 20 s at most, a look at the history 30 s.
PATIENCE_S = 300


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--runs", type=int, default=1, help="runs, with seeds counted upwards")
    parser.add_argument("--orders", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=40, help="how long the nemesis strikes")
    given = parser.parse_args()
    browser = asyncio.run(find_browser())
    for seed in range(given.seed, given.seed + given.runs):
        if not asyncio.run(Run(seed, given.orders, given.seconds, browser).go()):
            print(f"FAILED: scripts/chaos --seed {seed} --orders {given.orders} --seconds {given.seconds:g}")
            return 1
    return 0


async def find_browser() -> Path:
    setting = os.environ.get("REGISTRE_CHROMIUM")
    return await chromium.ensure(Path(setting) if setting else None, ROOT / ".registre" / "chromium", print)


class Child:
    """A process that is started again a second after it died."""

    def __init__(self, name: str, words: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.name = name
        self._words, self._folder = words, folder
        self._environment = {**environment, "HONCHO_PROCESS_NAME": name}
        self.pids: list[int] = []
        self.starts = 0
        self._process: asyncio.subprocess.Process | None = None
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            with (self._folder / f"{self.name}.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-u", *self._words, cwd=ROOT, env=self._environment, stdout=log, stderr=log
                )
            self.starts += 1
            self.pids.append(process.pid)
            self._process = process
            await process.wait()
            await asyncio.sleep(RESTART_S)

    def signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def alive(self) -> list[int]:
        return [self._process.pid] if self._process is not None and self._process.returncode is None else []

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)


class Run:
    """One house, one seed."""

    def __init__(self, seed: int, orders: int, seconds: float, browser: Path) -> None:
        self.seed, self.orders, self.seconds = seed, orders, seconds
        self.dice = random.Random(seed)
        self.folder = Path(tempfile.mkdtemp(prefix="registre-chaos-"))
        self.folder.chmod(0o711)
        self.state = self.folder / "state"
        self.ledger = self.folder / "ledger.jsonl"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.site = f"http://127.0.0.1:{self.port}"
        self.children: dict[str, Child] = {}
        self.blows: Counter[str] = Counter()
        self.waking: set[asyncio.Task[None]] = set()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("REGISTRE_", "PG", "DATABASE_URL"))},
            "REGISTRE_STATE": str(self.state),
            "REGISTRE_CHROMIUM": str(browser),
            "REGISTRE_BROWSER_SLOTS": "2",
            "REGISTRE_FONCIER_URL": self.site,
        }
        self.url = ""

    async def go(self) -> bool:
        started, good = time.monotonic(), False
        print(f"seed {self.seed}: {self.orders} orders, {self.seconds:g} s of blows, in {self.folder}", flush=True)
        try:
            await self.open()
            self.insert()
            await self.strike()
            ended = await self.settle()
            self.ask_again()
            ended = await self.settle() and ended
            good = await self.judge() and ended
        finally:
            await self.close()
        print(f"  blows {dict(sorted(self.blows.items()))}; {time.monotonic() - started:.0f} s", flush=True)
        if good:
            shutil.rmtree(self.folder, ignore_errors=True)
        return good

    async def open(self) -> None:
        self.url = (await services.start(self.state, database_url=None, redis_url=NO_REDIS)).database_url
        self.environment["DATABASE_URL"] = self.url
        await migrate(self.url)
        vault = Vault(services.secret_key(self.state))
        connection = await connect(self.url)
        for account in NORMAL_ACCOUNTS:
            await save_account(connection, username=account.code, secret=vault.seal(account.password), site="foncier")
        await connection.close()
        words = ["-m", "registre.sandbox.server", "--port", str(self.port), "--ledger", str(self.ledger)]
        self.children["site"] = Child("site", words, self.folder, self.environment)
        for name, role in WORKERS.items():
            self.children[name] = Child(name, ["-m", "actors", role], self.folder, self.environment)

    def insert(self) -> None:
        """All at once, at least a quarter of them doubles."""
        different = max(1, self.orders * 3 // 4)
        chosen = [ORDERS[n % len(ORDERS)] for n in self.dice.sample(range(len(ORDERS)), min(different, len(ORDERS)))]
        chosen += [self.dice.choice(chosen) for _ in range(self.orders - len(chosen))]
        with psycopg.connect(self.url, autocommit=True) as connection:
            for order in chosen:
                connection.execute(
                    """INSERT INTO extraction_queue
                    (document_source, document_number, circonscription_fonciere, cadastre, acte_type)
                    VALUES (%s, %s, %s, %s, %s)""",
                    order,
                )

    async def strike(self) -> None:
        await asyncio.sleep(3)  # processes need this long to be there at all
        await self.tell("options", preparation_s=2, charge_at=self.dice.choice(["viewer", "confirmer"]))
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            blow = self.dice.choice(
                [self.kill, self.kill, self.stop, self.freeze, self.freeze, self.wound, self.wound, self.wound,
                 self.kill_chromium, self.freeze_chromium, self.restart_postgres, self.kill_site]
            )  # fmt: skip
            await blow()
            await asyncio.sleep(self.dice.uniform(0.5, 3))
        if self.waking:
            await asyncio.wait(self.waking)
        await self.tell("clear")

    def count(self, what: str) -> None:
        self.blows[what] += 1

    def worker(self) -> Child:
        # browsers twice as often: that is where the money is
        return self.children[self.dice.choice([*WORKERS, "browser.1", "browser.2"])]

    async def kill(self) -> None:
        child = self.worker()
        child.signal(signal.SIGKILL)
        self.count(f"kill {child.name.split('.')[0]}")

    async def stop(self) -> None:
        child = self.worker()
        child.signal(signal.SIGTERM)
        self.count(f"term {child.name.split('.')[0]}")

    async def freeze(self) -> None:
        child = self.worker()
        self.count(f"freeze {child.name.split('.')[0]}")
        self.halt(child.alive(), self.dice.uniform(2, 14))

    async def kill_chromium(self) -> None:
        for pid in chromiums(self.pids())[:4]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.count("kill chromium")

    async def freeze_chromium(self) -> None:
        self.halt(chromiums(self.pids()), self.dice.uniform(2, 14))
        self.count("freeze chromium")

    def halt(self, pids: list[int], seconds: float) -> None:
        async def wake() -> None:
            await asyncio.sleep(seconds)
            send(pids, signal.SIGCONT)

        send(pids, signal.SIGSTOP)
        task = asyncio.create_task(wake())
        self.waking.add(task)
        task.add_done_callback(self.waking.discard)

    async def restart_postgres(self) -> None:
        self.count("postgres away")
        await services.stop(self.state)
        await asyncio.sleep(self.dice.choice([0, 2, 11]))
        await services.start(self.state, database_url=None, redis_url=NO_REDIS)

    async def kill_site(self) -> None:
        self.children["site"].signal(signal.SIGKILL)
        self.count("kill site")
        await asyncio.sleep(RESTART_S + 1.5)
        await self.tell("options", preparation_s=2)

    async def wound(self) -> None:
        """A fault of the site itself."""
        kind = self.dice.choice(["reset", "http500", "slow", "expire", "truncated", "reset delivery"])
        self.count(f"site {kind}")
        if kind in {"truncated", "reset delivery"}:
            await self.tell("faults", kind="delivery", delivery=kind.split()[0], count=self.dice.choice([1, 2]))
        else:
            await self.tell("faults", kind=kind, count=self.dice.choice([1, 2, 4]), seconds=self.dice.uniform(1, 9))

    async def tell(self, path: str, **body: object) -> None:
        """The replica's control plane; one that is down right now misses the word."""
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=3) as client:
                (await client.post(f"{self.site}/__ctl/{path}", json=body)).raise_for_status()

    async def settle(self) -> bool:
        """Until nothing moves any more; False when something still does after the patience."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url, autocommit=True) as connection:
                query = "SELECT count(*) FROM registre.job WHERE state IN ('queued', 'waiting', 'running')"
                if connection.execute(query).fetchone() == (0,):
                    return True
            await asyncio.sleep(1)
        return False

    def ask_again(self) -> None:
        """What failed is put back once, as a person would; refused purchases of unknown end stay."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute("SELECT error_code FROM registre.job WHERE state = 'failed'").fetchall()
            print(f"  failed at first: {dict(Counter(code for (code,) in found))}", flush=True)
            connection.execute(
                """UPDATE extraction_queue SET status_id = 1
                WHERE id IN (SELECT order_id FROM registre.job WHERE state = 'failed')"""
            )

    async def judge(self) -> bool:
        """The checker sees the ledger's file, the objects and the database; nothing of ours."""
        words = [str(ROOT / "scripts" / "chaos_check.py"), str(self.ledger), str(self.state / "objects"), self.url]
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        print("  " + (done.stdout + done.stderr).strip().replace("\n", "\n  "), flush=True)
        restarts = {name: child.starts - 1 for name, child in self.children.items() if child.starts > 1}
        print(f"  restarts {json.dumps(restarts)}", flush=True)
        return done.returncode == 0

    async def close(self) -> None:
        browsers = chromiums(self.pids())
        for child in self.children.values():
            await child.stop()
        send(browsers, signal.SIGCONT)
        send(browsers, signal.SIGKILL)
        await services.stop(self.state)

    def pids(self) -> set[int]:
        return {pid for child in self.children.values() for pid in child.pids}


def send(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def chromiums(owners: set[int]) -> list[int]:
    """Browser processes that one of `owners` started, dead ones' orphans included: by the mark in their environment."""
    found: list[int] = []
    marks = {f"{MARKER}={pid}".encode() for pid in owners}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if marks & set((entry / "environ").read_bytes().split(b"\0")):
                    found.append(int(entry.name))
    return sorted(found)


if __name__ == "__main__":
    sys.exit(main())
