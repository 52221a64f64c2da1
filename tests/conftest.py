"""Fixtures for all tiers: the person's own environment scrubbed, private servers, a migrated database a test file."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from registre.db.migrate import migrate
from tests import services

services.scrub_environment()
# Playwright's driver starts in two thirds of the CPU when node finds its own bytecode; every browser has a driver.
os.environ.setdefault("NODE_COMPILE_CACHE", str(Path(__file__).parents[1] / ".registre" / "node"))

# How fast examples come is the machine's affair: the first text of a fresh clone took 6 s beside three others.
settings.register_profile("registre", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("registre")

_TEMPLATE = "registre_template"
_TESTS = Path(__file__).parent
_FILLED = (
    "registre.event",
    "registre.usage",
    "registre.attempt",
    "registre.charge",
    "registre.job",
    "registre.page",
    "registre.document",
    "dramatiq.queue",
    "public.extraction_queue",
    "public.rdprm_searches",
    "public.selected_names_for_rdprm",
    "public.req_companies",
    "public.search_sessions",
    "public.worker_accounts",
    "public.worker_status",
)
#: About what one test takes, in seconds, by the longest of these names that its place begins with.
_COST = {
    "": 0.02,
    "integration": 0.4,
    "integration/ocr": 3,
    "migrations": 1,
    "sites": 3,
    "acceptance": 25,
    "acceptance/test_chaos": 100,
    "acceptance/test_deploy": 60,
}


def pytest_collection_modifyitems(items):
    """The file that takes longest first: the workers end together, and those that wait for processes (acceptance)
    stand in turn with those that compute (browsers, readers)."""
    costs = Counter()
    for item in items:
        costs[item.path] += _cost(item.path.relative_to(_TESTS).as_posix())
    items.sort(key=lambda item: -costs[item.path])


def _cost(place):
    return _COST[max((name for name in _COST if place.startswith(name)), key=len)]


@pytest.fixture(scope="session")
def servers():
    """Postgres and Valkey of this pytest process."""
    with services.running() as found:
        asyncio.run(services.make_template(found.database_url, _TEMPLATE, migrate))
        yield found


@pytest.fixture(scope="module")
def module_database(servers):
    """A migrated database for one test file."""
    url = asyncio.run(services.clone(servers.database_url, _TEMPLATE))
    yield url
    asyncio.run(services.drop(url))


@pytest.fixture
def database_url(module_database):
    """The file's database, emptied before each test (deleting is the quickest reset)."""
    with psycopg.connect(module_database, autocommit=True) as connection:
        empty(connection)
    return module_database


@pytest.fixture
def sql(database_url):
    """A plain connection to it: autocommit, rows as tuples."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def empty(connection: psycopg.Connection) -> None:
    """Delete every row but the status names and the applied migrations; one round trip, one transaction."""
    connection.execute("; ".join(f"DELETE FROM {table}" for table in _FILLED))
