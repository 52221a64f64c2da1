"""How processes start: alone, together, beside another revision, and not at all, each cause with its own exit code."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from registre.domain.exits import Exit
from tests import services
from tests.acceptance.conftest import ROOT, wait_until

SECRET = "motdepasse-invente"
HONCHO = Path(sys.executable).with_name("honcho")
ROLES = "SELECT role FROM worker_status WHERE status IN ('idle', 'busy') AND host <> 'ailleurs' ORDER BY role"


def _fail(house, role: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-P", "-m", "actors", role],
        cwd=ROOT, env={**house.environment, **environment}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _one_line(done: subprocess.CompletedProcess) -> str:
    """What is said beside the log: one sentence, and under it at most the settings that it is about; no traceback."""
    first, *more = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert first.startswith("registre: ")
    assert all(line.startswith("  ") and "File" not in line for line in more)
    return "\n".join([first, *more])


def _half(folder: Path) -> Path:
    """An installation without one of its modules."""
    half = folder / "half"
    shutil.copytree(ROOT / "actors", half / "actors", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "registre", half / "registre", ignore=shutil.ignore_patterns("__pycache__"))
    (half / "registre/pipeline.py").unlink()
    return half


def _causes(url: str, tmp_path: Path) -> dict[str, tuple[str, Exit, dict[str, str], str]]:
    parts = psycopg.conninfo.conninfo_to_dict(url)
    login = f"postgresql://{parts['user']}:{SECRET}@{parts['host']}:{parts['port']}/{parts['dbname']}"
    return {
        "unknown setting": ("ocr", Exit.SETTINGS, {"REGISTRE_SLOTS": "3"}, "REGISTRE_SLOTS"),
        "database credentials": ("ocr", Exit.DATABASE_LOGIN, {"DATABASE_URL": login}, "DATABASE_URL"),
        "database away": ("clock", Exit.DATABASE_AWAY, {"DATABASE_URL": "postgresql://u@127.0.0.1:1/d"}, "répond pas"),
        "redis missing": ("ocr", Exit.REDIS_MISSING, {"GEMINI_API_KEY": SECRET}, "REDIS_URL"),
        "insufficient capacity": (
            "browser", Exit.CAPACITY,
            {"REDIS_URL": "redis://127.0.0.1:1", "SERVER_MAX_CPU": "2", "REGISTRE_FONCIER_URL": "http://127.0.0.1:1"},
            "3 cœurs",
        ),
        "failed build": ("ocr", Exit.BUILD, {"PYTHONPATH": str(_half(tmp_path))}, "scripts/bootstrap"),
        "no browser": (
            "browser", Exit.BROWSER,
            {"REGISTRE_CHROMIUM": "/nulle/part", "REGISTRE_FONCIER_URL": "http://127.0.0.1:1"}, "REGISTRE_CHROMIUM",
        ),
    }  # fmt: skip


def test_each_cause_that_keeps_a_process_from_starting_is_one_line_and_its_own_exit_code(house, tmp_path):
    told = {}
    for cause, (role, code, environment, words) in _causes(house.url, tmp_path).items():
        done = _fail(house, role, **environment)
        assert (cause, done.returncode) == (cause, code), done.stderr
        assert words in _one_line(done), cause
        assert SECRET not in done.stderr, cause
        told[cause] = done.returncode
    assert len(set(told.values())) == len(told)
    assert house.all("SELECT worker_id FROM worker_status") == []


def test_tables_of_an_older_program_are_refused_with_both_versions(house):
    [last] = house.all("DELETE FROM registre_migration WHERE version = (SELECT max(version) FROM registre_migration) "
                       "RETURNING version")  # fmt: skip
    done = _fail(house, "clock")
    assert done.returncode == Exit.SCHEMA
    assert last["version"] in _one_line(done)
    assert house.one("SELECT max(version) AS v FROM registre_migration")["v"] in _one_line(done)


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        (("start", "clock"), ["clock"]),
        (("start", "ocr"), ["ocr"]),
        (("start", "browser"), ["browser"]),
        (("start", "-f", "Procfile.all"), ["browser", "clock", "ocr"]),
    ],
    ids=["clock", "ocr", "browser", "together"],
)
def test_each_role_starts_alone_and_all_start_together(house, words, roles):
    house.all("INSERT INTO worker_status (worker_id, status, role, host, pid, version) "
              "VALUES ('ailleurs-browser.1', 'idle', 'browser', 'ailleurs', 7, '0.0.9+abc') RETURNING 1")  # fmt: skip
    path = f"{HONCHO.parent}{os.pathsep}{os.environ['PATH']}"
    with (house.folder / "honcho.log").open("w") as log:
        honcho = subprocess.Popen(
            [HONCHO, *words, "--no-prefix", "--no-colour"],
            cwd=ROOT, env={**house.environment, "REGISTRE_FONCIER_URL": "http://127.0.0.1:1", "PATH": path},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_until(lambda: [row["role"] for row in house.all(ROLES)] == roles, str(roles),
                   house.folder / "honcho.log", seconds=90)  # fmt: skip
    finally:
        honcho.send_signal(signal.SIGTERM)
        honcho.wait(30)
    lines = (house.folder / "honcho.log").read_text().splitlines()
    warned = [json.loads(line) for line in lines if "process.other_revision" in line]
    ours = house.one("SELECT version FROM worker_status WHERE role = %s AND host <> 'ailleurs'", roles[0])["version"]
    assert {(line["theirs"], line["ours"], line["level"]) for line in warned} >= {("0.0.9+abc", ours, "warning")}
    wait_until(lambda: house.all(ROLES) == [], "them to stop")


def test_every_command_for_looking_answers_with_something(house):
    environment = {**house.environment, "REGISTRE_FONCIER_URL": "http://127.0.0.1:1"}
    redis = asyncio.run(_redis(house.folder))
    try:
        house.start("clock", **environment)
        house.order("index", "2 784 195", "Montréal", cadastre="Cadastre du Québec")
        for line in (
            "processes",
            "diagnose --host",
            "capacity",
            "status",
            "usage",
            "config",
            "migrate --show",
            "triage",
        ):
            words = line.split()
            done = subprocess.run([sys.executable, "-m", "registre", *words], cwd=ROOT, capture_output=True, text=True,
                                  env={**environment, "REDIS_URL": redis}, check=False)  # fmt: skip
            assert done.stdout.strip(), line
            # Nobody reads here, and diagnose says so.
            assert done.returncode == 0 or words[0] == "diagnose", (line, done.stdout, done.stderr)
    finally:
        asyncio.run(services.services.stop(house.folder / "redis"))


async def _redis(folder: Path) -> str:
    found = await services.services.start(folder / "redis", database_url="postgresql://u@127.0.0.1:1/d", redis_url=None)
    return found.redis_url
