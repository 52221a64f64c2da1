"""The demonstration: private servers, the replica registry, real workers from the Procfile, orders in, documents out.

Every run has its own state folder and free ports, so that runs never disturb each other. Called by `scripts/demo`.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
from demo_report import console, one, report
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registre.domain.errors import RegistreError
from registre.embedded import chromium, services

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
#: Orders that nothing moves any more; the demo ends when all are here.
FINAL = ("done", "refused", "failed", "cancelled")
#: Beyond this something is wrong, and the table says what.
PATIENCE_S = 480

HEADER = (
    "document_source",
    "document_number",
    "circonscription_fonciere",
    "cadastre",
    "designation_secondaire",
    "acte_type",
)
ORDERS = (
    # index: spaces and accents as people type them, a scan, old lots, two districts with names easily confused
    ("index", "2 784 195", "Montreal", "Cadastre du Quebec", "", ""),
    ("index", "1425100", "Montréal", "Cadastre du Québec", "", ""),
    ("index", "2043334", "Montréal", "Cadastre du Québec", "", ""),
    ("index", "1358-176", "Montréal", "Cité de Montréal (quartier Sainte-Marie)", "", ""),
    ("index", "856", "Shefford", "Canton d'Ely", "", ""),
    ("index", "3090415", "Saint-Jean", "Cadastre du Québec", "", ""),
    # the cadastre's name stands in the wrong column: found by the order's own words
    ("index", "24A", "Terrebonne", "Cadastre du Québec", "Rang 5 Canton Abercrombie Paroisse de Saint-Hippolyte", ""),
    ("index", "5432077", "Gaspé", "Cadastre du Québec", "", ""),
    ("acte", "25616321", "Montréal", "", "", "Acte"),
    ("acte", "11917758", "Saint-Anne-des-Monts", "", "", "Acte"),
    ("acte", "53850", "Gaspé", "", "", "Acte"),  # it is an « Acte divers »
    ("acte", "25616399", "Montréal", "", "", "Acte"),
    ("acte", "25616400", "Montréal", "", "", "Acte"),  # in a list of similar numbers, the exact one is bought
    ("acte", "6012417", "Montréal", "", "", "Avis d'adresse"),
    ("acte", "15411750", "Montréal", "", "", "Radiation"),
    ("acte", "13075851", "Montréal", "", "", "Acte"),
    ("plan_cadastraux", "2784195", "Montréal", "Cadastre du Québec", "", ""),
    ("plan_cadastraux", "2", "Deux-Montagnes", "Mirabel", "", ""),  # selection, then confirmation
    ("plan_cadastraux", "2626043", "Montréal", "Cadastre du Québec", "", ""),  # three versions: the most recent
    ("plan_cadastraux", "399-184", "Chambly", "Paroisse de Saint-Bruno", "", ""),
    # what must cost nothing
    ("index", "9999999", "Montréal", "Cadastre du Québec", "", ""),  # does not exist
    ("index", "2 784 195", "Montréal", "Cadastre du Québec", "", ""),  # the first one again
    ("acte", "25616500", "Montréal", "", "", "Acte"),  # only similar numbers
)
#: One order as any other program would place it.
RAW_INSERT = """INSERT INTO extraction_queue (document_source, document_number, circonscription_fonciere, cadastre)
VALUES ('index', '4567890', 'Laval', 'Cadastre du Québec')"""
#: What Gemini's stand-in reads wrong on purpose: one number, date or radiation in twelve.
MISREADS = {"mistakes": [{"kind": "digit_swap", "rate": 0.08, "fields": ["numero", "date", "radiations"]}]}


def main() -> int:
    keep = sys.argv[1:] == ["--keep"]
    if sys.argv[1:] and not keep:
        console.print("usage: scripts/demo [--keep]")
        return 2
    started = time.monotonic()
    state = new_state()
    try:
        with everything_running(state) as (url, gemini):
            submit(state)
            wait(url)
            ok = report(url, state, gemini, registre, started)
            if keep:
                console.print("\nTout reste en marche; Ctrl-C arrête.")
                wait_for_interrupt()
    except RegistreError as exc:
        console.print(f"[red]{exc.text}")
        return 1
    except KeyboardInterrupt:
        console.print("Arrêté.")
        return 130
    return 0 if ok else 1


def new_state() -> Path:
    """A folder of this run's own; the three last ones are kept to look at."""
    base = ROOT / ".registre" / "demo"
    base.mkdir(parents=True, exist_ok=True)
    for old in sorted(base.iterdir())[:-2]:
        known = old / "running"
        if not (known.exists() and Path(f"/proc/{known.read_text()}").exists()):
            asyncio.run(services.stop(old))
            shutil.rmtree(old, ignore_errors=True)
    state = base / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    state.mkdir()
    (state / "running").write_text(str(os.getpid()))
    return state


@contextmanager
def everything_running(state: Path) -> Iterator[tuple[str, str]]:
    """Servers, replicas and workers; all stopped on leaving. Yields addresses: of the database, of the stand-in."""
    processes: list[subprocess.Popen[str]] = []
    try:
        step("Navigateur")
        browser = asyncio.run(find_browser())
        step("Postgres et Redis privés")
        os.environ.update({"REGISTRE_STATE": str(state), "REGISTRE_CHROMIUM": str(browser)})
        registre("up")
        step("Registre foncier (réplique) et Gemini (doublure)")
        ledger = str(state / "ledger.jsonl")
        words = ("sandbox", "--port", "0", "--gemini-port", "0", "--ledger", ledger, "--json")
        sandbox = start("sandbox", state, str(BIN / "registre"), *words)
        processes.append(sandbox)
        told = announced(state / "sandbox.log", sandbox)
        gemini: str = told["gemini"]["url"]
        os.environ["REGISTRE_FONCIER_URL"] = told["url"]
        os.environ.update({"GEMINI_BASE_URL": gemini, "GEMINI_API_KEY": told["gemini"]["key"]})
        tell(gemini, MISREADS)
        accounts = "\n".join(f"{account['username']},{account['password']}" for account in told["accounts"])
        registre("accounts", "import", "-", text=accounts)
        step("Processus du Procfile (honcho)")
        processes.append(start("honcho", state, str(BIN / "honcho"), "start", "-d", str(ROOT)))
        known = services.known(state)
        assert known is not None
        yield known.database_url, gemini
    finally:
        for process in reversed(processes):
            stop(process)
        asyncio.run(services.stop(state))
        (state / "running").unlink(missing_ok=True)


async def find_browser() -> Path:
    return await chromium.ensure(
        Path(given) if (given := os.environ.get("REGISTRE_CHROMIUM")) else None,
        ROOT / ".registre" / "chromium",
        lambda line: console.print(f"  {line}", highlight=False),
    )


def step(text: str) -> None:
    console.print(f"[bold]▸[/] {text}", highlight=False)


def registre(*words: str, text: str | None = None) -> str:
    """Run the command line as a person would; its words are shown when it fails."""
    done = subprocess.run([BIN / "registre", *words], input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RegistreError(f"registre {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def start(name: str, state: Path, *words: str) -> subprocess.Popen[str]:
    """Start a program of its own process group, its output in the state folder."""
    command = [sys.executable, *words] if words[0].startswith("-") else list(words)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    with (state / f"{name}.log").open("w") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )


def announced(log: Path, process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the sandbox prints when it is ready."""
    for _ in range(300):
        with suppress(json.JSONDecodeError):
            return json.loads(log.read_text())
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RegistreError(f"La réplique n'a pas démarré: {log.read_text()[-500:]}")


def tell(gemini: str, options: Mapping[str, object]) -> None:
    """Set the stand-in's options."""
    body = json.dumps(options).encode()
    with urlopen(Request(f"{gemini}/__ctl/options", body, {"Content-Type": "application/json"}), timeout=10):
        pass


def stop(process: subprocess.Popen[str]) -> None:
    """Ask, then insist; its children with it."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(12)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def submit(state: Path) -> None:
    orders = state / "orders.csv"
    with orders.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(ORDERS)
    step(f"{len(ORDERS)} demandes par « registre submit --file », une par INSERT")
    registre("submit", "--file", str(orders))
    known = services.known(state)
    assert known is not None
    with psycopg.connect(known.database_url, autocommit=True) as connection:
        connection.execute(RAW_INSERT)


def wait(url: str) -> None:
    """Show progress until every order has ended."""
    columns = (TextColumn("  {task.description:<12}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=console)
    names = {"bought": "achetées", "stored": "conservées", "ended": "terminées"}
    deadline = time.monotonic() + PATIENCE_S
    with bar, psycopg.connect(url, autocommit=True) as connection:
        total = one(connection, "SELECT count(*) FROM registre.job")
        tasks = {key: bar.add_task(text, total=total) for key, text in names.items()}
        while time.monotonic() < deadline:
            over = "(SELECT count(*) FROM registre.job WHERE state IN ('refused', 'failed', 'cancelled'))"
            bar.update(
                tasks["bought"],
                completed=one(
                    connection,
                    f"""SELECT {over} + (SELECT count(*) FROM registre.job
                WHERE state NOT IN ('refused', 'failed', 'cancelled') AND (stage IN ('store', 'ocr')))""",
                ),
            )
            bar.update(
                tasks["stored"],
                completed=one(
                    connection,
                    f"""SELECT {over} + (SELECT count(*) FROM registre.job
                WHERE state NOT IN ('refused', 'failed', 'cancelled') AND document_id IS NOT NULL)""",
                ),
            )
            ended = one(connection, "SELECT count(*) FROM registre.job WHERE state = ANY(%s)", list(FINAL))
            bar.update(tasks["ended"], completed=ended)
            if ended == total:
                return
            time.sleep(0.3)
    console.print(f"[red]Après {PATIENCE_S} s, {total - ended} demande(s) en cours; « registre diagnose »:")
    console.print(subprocess.run([BIN / "registre", "diagnose"], text=True, capture_output=True, check=False).stdout)


def wait_for_interrupt() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
