"""Three environments served by one set of processes: each keeps to itself, and one that is away disturbs none."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from registre.domain.exits import Exit
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS
from tests import services
from tests.acceptance.conftest import ROOT, House, wait_until

#: One page each, with a text layer.
PAPERS = ("15411750", "16403429", "12228059", "12525409", "15841280", "16131998", "20545611")


class Environments:
    """The same processes and registry, seen from each environment's database."""

    def __init__(self, house: House, urls: dict[str, str]) -> None:
        self.house = house
        del house.environment["DATABASE_URL"]
        house.environment["REGISTRE_ENVIRONMENTS"] = " ".join(urls)
        house.environment["REGISTRE_BROWSER_SLOTS"] = "3"
        self._views = {name: copy.copy(house) for name in urls}
        for name, url in urls.items():
            self._views[name].url = url
            house.environment[f"DATABASE_URL_{name.upper()}"] = url

    def __getitem__(self, name: str) -> House:
        return self._views[name]

    def give_account(self, name: str, number: int) -> str:
        account = NORMAL_ACCOUNTS[number]
        self[name].add_accounts((account.code, account.password))
        return account.code

    def order(self, name: str, paper: str):
        return self[name].order("acte", paper, "Montréal", acte="Radiation")

    def wait_for_status(self, name: str, order, status: int) -> dict:
        view = self[name]
        log = self.house.folder / "browser.log"
        wait_until(lambda: view.job(order)["status_id"] == status, f"status {status}", log, 90, lambda: view.job(order))
        return view.job(order)

    def lines(self, role: str) -> list[dict]:
        """What that process has logged, as far as it is JSON."""
        log = (self.house.folder / f"{role}.log").read_text().splitlines()
        return [json.loads(line) for line in log if line.startswith("{") and line.endswith("}")]

    def told(self, role: str, environment: str) -> Counter[str]:
        """How often each event of an environment was logged."""
        return Counter(line["event"] for line in self.lines(role) if line.get("environment") == environment)


@pytest.fixture
def environments(house, servers):
    """prod and dev with tables; staging without."""
    urls = {
        "prod": house.url,
        "staging": asyncio.run(services.clone(servers.database_url)),
        "dev": asyncio.run(services.clone(servers.database_url, "registre_template")),
    }
    yield Environments(house, urls)
    house.close()
    asyncio.run(services.drop(urls["staging"]))
    asyncio.run(services.drop(urls["dev"]))


def test_each_keeps_its_rows_documents_accounts_and_charges(environments):
    house = environments.house
    house.environment |= {"OCR_PROD": "oui", "OCR_DEV": "oui"}
    _registre(house, "--env", "staging", "migrate")
    house.open_site()
    accounts = {name: environments.give_account(name, number) for number, name in enumerate(("prod", "staging", "dev"))}
    orders = {
        name: [environments.order(name, paper) for paper in papers]
        for name, papers in (("dev", PAPERS[:1]), ("staging", PAPERS[:1]), ("prod", PAPERS[:2]))
    }
    house.start("clock", "ocr", "browser")

    for name, status in (("prod", 5), ("staging", 3), ("dev", 5)):
        for order in orders[name]:
            environments.wait_for_status(name, order, status)
    # Where reading is off the order stops stored, ready to be read.
    unread = environments["staging"].job(orders["staging"][0])
    assert (unread["stage"], unread["state"], unread["error_code"]) == ("ocr", "queued", None)

    for name, placed in orders.items():
        view = environments[name]
        assert {row["id"] for row in view.all("SELECT id FROM extraction_queue")} == set(placed)
        store = house.folder / "state" / f"objects-{name}"
        paths = {row["path"] for row in view.all("SELECT path FROM registre.document")}
        assert len(paths) == len(placed)
        assert {str(file.relative_to(store)) for file in store.glob("actes/**/*.pdf")} == paths
        charges = view.all(
            "SELECT c.state, a.username FROM registre.charge c LEFT JOIN worker_accounts a ON a.id = c.account_id"
        )
        assert charges == [{"state": "have", "username": accounts[name]}] * len(placed)
        assert {row["role"] for row in view.all("SELECT role FROM worker_status")} == {"browser", "ocr", "clock"}
    assert sorted(charge["numero"] for charge in house.ledger()) == sorted([*PAPERS[:2], PAPERS[0], PAPERS[0]])

    # Every line about a job says whose it is, and who works on it.
    jobs = {str(environments[name].job(order)["id"]): name for name, placed in orders.items() for order in placed}
    for role in ("browser", "ocr"):
        about = [line for line in environments.lines(role) if "job" in line]
        assert {line["job"] for line in about} == set(jobs)
        assert all(line["environment"] == jobs[line["job"]] and "#" in line["worker"] for line in about)


def test_one_that_is_away_disturbs_no_other_and_comes_back_without_a_restart(environments):
    house = environments.house
    house.open_site()
    for number, name in enumerate(("prod", "dev")):
        environments.give_account(name, number)
    house.start("clock", "ocr", "browser")  # although staging has no tables yet
    environments.wait_for_status("prod", environments.order("prod", PAPERS[0]), 3)
    assert environments.told("browser", "staging")["environment.not_open"] == 1

    _registre(house, "--env", "staging", "migrate")
    environments.give_account("staging", 2)
    environments.wait_for_status("staging", environments.order("staging", PAPERS[1]), 3)

    roles = ("browser", "ocr", "clock")
    before = {role: environments.told(role, "staging") for role in roles}

    def changes(role: str) -> tuple[int, int]:
        since = environments.told(role, "staging") - before[role]
        return since["environment.away"], since["environment.back"]

    with _away(environments["staging"].url) as staging:
        for role in roles:
            wait_until(lambda role=role: changes(role) == (1, 0), f"{role} to notice")
        [waiting] = staging.execute(
            """INSERT INTO extraction_queue (document_source, document_number, circonscription_fonciere, acte_type)
            VALUES ('acte', %s, 'Montréal', 'Radiation') RETURNING id""",
            [PAPERS[2]],
        ).fetchone()
        for name in ("prod", "dev"):
            environments.wait_for_status(name, environments.order(name, PAPERS[3]), 3)
    environments.wait_for_status("staging", waiting, 3)

    for role in roles:
        # One line a change, however long it lasted.
        wait_until(lambda role=role: changes(role) == (1, 1), f"{role} to go on")
        process = house.processes[role]
        house.kill(role, 15)
        assert process.returncode == 0
    for name in ("prod", "staging", "dev"):
        assert {row["status"] for row in environments[name].all("SELECT status FROM worker_status")} == {"stopped"}
    _stopped_in_order(environments.lines("browser"))


@pytest.mark.parametrize("role", ["browser", "clock"])
def test_when_none_opens_the_process_says_why_and_ends(environments, role):
    house = environments.house
    missing = services.address(house.url, "no_such_database")
    several = {**house.environment, "REGISTRE_FONCIER_URL": "http://127.0.0.1:1", "DATABASE_URL_PROD": missing}
    del several["DATABASE_URL_DEV"]
    several["REGISTRE_ENVIRONMENTS"] = "prod staging"
    ended = _run(several, "actors", role)
    assert ended.returncode == Exit.DATABASE_AWAY
    told = _sentences(ended)
    assert told[0] == "registre: Aucun environnement ne s'ouvre:"
    assert told[1].startswith("  prod: Postgres ne répond pas")
    assert told[2].startswith("  staging: La base n'a pas les migrations 0001")

    alone = {name: value for name, value in several.items() if "_STAGING" not in name and "_PROD" not in name}
    del alone["REGISTRE_ENVIRONMENTS"]
    ended = _run({**alone, "DATABASE_URL": missing}, "actors", role)
    assert ended.returncode == Exit.DATABASE_AWAY
    assert _sentences(ended)[0].startswith("registre: Postgres ne répond pas")
    assert "Traceback" not in ended.stderr


def _stopped_in_order(lines: list[dict]) -> None:
    events = [line["event"] for line in lines]
    order = ["process.polling_stopped", "process.heartbeat_stopped", "process.browser_closed", "process.marked_stopped"]
    assert [event for event in events if event in order] == order
    assert "stage.start" not in events[events.index("process.polling_stopped") :]


@contextmanager
def _away(url: str):
    """Refuse connections to the database and cut those there are but one, which is handed over."""
    name = url.rpartition("/")[2].partition("?")[0]
    with (
        psycopg.connect(services.address(url, "postgres"), autocommit=True) as server,
        psycopg.connect(url, autocommit=True) as mine,
    ):
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            [name, mine.info.backend_pid],
        )
        yield mine
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def _sentences(ended: subprocess.CompletedProcess) -> list[str]:
    """What is said to a person, between the log's lines."""
    return [line for line in ended.stderr.splitlines() if not line.startswith("{")]


def _registre(house: House, *words: str) -> None:
    ended = _run(house.environment, "registre", *words)
    assert ended.returncode == 0, ended.stderr


def _run(environment: dict[str, str], module: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=Path(ROOT),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
