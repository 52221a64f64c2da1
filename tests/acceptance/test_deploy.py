"""Deployments of a copy of this program: new for old with orders under way, the way back, restarts, and a boot."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from chaos_lib.plan import text_documents
from chaos_lib.run import INSERT

from tests.acceptance.conftest import ROOT, wait_until

OVER = "SELECT count(*) FROM registre.job WHERE state IN ('done', 'failed', 'refused', 'cancelled')"


class Installation:
    """A clone of its own, of what is in this working tree, and the folder that it deploys to."""

    def __init__(self, house) -> None:
        self.house = house
        self.clone = house.folder / "clone"
        self.folder = house.folder / "to"
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        for name in filter(None, files.decode().split("\0")):
            if not name.startswith("tests/") and (ROOT / name).exists():
                (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.clone / name)
        self.git("init", "--quiet")
        (self.clone / ".git/info/exclude").write_text(".venv\n")
        (self.clone / ".venv").symlink_to(ROOT / ".venv")
        self.commit()

    def git(self, *words: str) -> str:
        author = ["-c", "user.name=essai", "-c", "user.email=essai@exemple.invalid"]
        return subprocess.run(
            ["git", *author, *words], cwd=self.clone, capture_output=True, text=True, check=True
        ).stdout.strip()

    def commit(self) -> str:
        """Commit what is there; answers the revision that processes will tell."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "x")
        return self.git("rev-parse", "HEAD")[:10]

    def deploy(self, *words: str) -> subprocess.CompletedProcess:
        environment = {k: v for k, v in self.house.environment.items() if k != "PYTHONPATH"}
        return subprocess.run(
            ["scripts/deploy", "--to", self.folder, "--units", "supervisor", *words],
            cwd=self.clone, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def supervised(self) -> list[int]:
        pid = self.folder / "run/supervisord.pid"
        return [int(pid.read_text())] if pid.exists() else []

    def revisions(self) -> dict[str, str]:
        rows = self.house.all(
            "SELECT role, version FROM worker_status WHERE status IN ('idle', 'busy', 'waiting') ORDER BY role"
        )
        return {row["role"]: row["version"].partition("+")[2] for row in rows}


#: supervisord leaves its parent; whoever reads here to the end saw the tests end, killed or not.
_GUARD = 'read -r _; pid=$(cat run/supervisord.pid) && grep -q "$PWD" /proc/$pid/cmdline && kill $pid'


@pytest.fixture
def installation(house):
    made = Installation(house)
    made.folder.mkdir()
    # A session of its own: what ends the tests' whole group must not end it.
    with subprocess.Popen(["sh", "-c", _GUARD], cwd=made.folder, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          start_new_session=True):  # fmt: skip
        yield made
        made.deploy("--stop")
        # the embedded Redis of its folder, which outlives every process that used it
        subprocess.run([sys.executable, "-m", "registre", "down"], cwd=ROOT, env=house.environment, check=True)


def order_and_wait_for_work(house, rows: list) -> None:
    """Place these and return while they are under way."""
    for row in rows:
        house.all(INSERT, *row)
    wait_until(lambda: house.all("SELECT id FROM registre.job WHERE state = 'running'"), "work under way")


def test_a_deployment_under_load_and_its_way_back_lose_and_double_nothing(house, installation):
    house.open_site()
    house.tell_site("options", preparation_s=2)
    house.add_accounts()
    rows = list(islice(text_documents(), 10))
    first = installation.git("rev-parse", "HEAD")[:10]
    done = installation.deploy("--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert installation.revisions() == dict.fromkeys(("browser", "clock", "ocr"), first)

    (installation.clone / "migrations/9999_grow.sql").write_text("CREATE TABLE registre.grown (id integer);")
    second = installation.commit()
    order_and_wait_for_work(house, rows[:5])
    done = installation.deploy("--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert installation.revisions() == dict.fromkeys(("browser", "clock", "ocr"), second)
    [*_, inventory] = sorted((installation.folder / "inventory").iterdir())
    told = {file.stem: json.loads(file.read_text()) for file in inventory.iterdir()}
    assert {process["role"] for process in told["processes"]["processes"]} == {"browser", "clock", "ocr"}
    assert told["schema"]["environments"]["dev"]["missing"] == ["9999_grow"]
    assert house.url not in json.dumps(told)

    order_and_wait_for_work(house, rows[5:])
    done = installation.deploy("--rollback")
    assert done.returncode == 0, done.stdout + done.stderr
    # The release before runs on the tables that the later one made.
    assert installation.revisions() == dict.fromkeys(("browser", "clock", "ocr"), first)

    wait_until(lambda: house.one(OVER)["count"] == 10, "all orders", house.folder / "state/logs/browser.1.log")
    assert house.all("SELECT state, count(*) FROM registre.job GROUP BY state") == [{"state": "done", "count": 10}]
    bought = [charge["numero"] for charge in house.ledger()]
    assert len(bought) == len(set(bought)) == house.one("SELECT count(*) FROM registre.document")["count"] == 10


def test_what_dies_comes_back_after_a_pause_and_everything_after_a_boot(house, installation):
    done = installation.deploy("--quick", "--role", "clock")
    assert done.returncode == 0, done.stdout + done.stderr
    pid = "SELECT pid, started_at FROM worker_status WHERE role = 'clock' AND status = 'busy'"
    before = house.one(pid)

    os.kill(before["pid"], signal.SIGKILL)
    wait_until(lambda: house.one(pid)["pid"] != before["pid"], "the clock to come back")
    assert (house.one(pid)["started_at"] - before["started_at"]).total_seconds() > 4
    assert house.one("SELECT count(*) FROM registre.event WHERE name = 'process.restarted'")["count"] == 1

    after = house.one(pid)
    for number in (*installation.supervised(), after["pid"]):
        os.kill(number, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{after['pid']}").exists(), "the machine to stop")
    subprocess.run([installation.folder / "bin/start"], check=True, env={"PATH": os.environ["PATH"]})
    wait_until(lambda: house.one(pid)["pid"] != after["pid"], "the clock after the boot")

    again = installation.deploy("--quick", "--role", "clock")
    assert again.returncode == 0, again.stdout + again.stderr
    assert len(list((installation.folder / "releases").iterdir())) == 1


def test_the_first_failing_step_ends_it_with_its_name_and_nothing_is_replaced(house, installation):
    (installation.clone / "actors/roles.py").write_text("from nowhere import nothing\n")
    installation.commit()
    done = installation.deploy("--quick", "--role", "clock")
    assert done.returncode == 15
    assert "étape « installer » échouée" in done.stderr
    assert list((installation.folder / "releases").iterdir()) == []
    assert house.all("SELECT worker_id FROM worker_status") == []
