"""Fixtures for all tiers: the person's own environment scrubbed, private servers, a migrated database a test file."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from registre.db.migrate import migrate
from tests import services

services.scrub_environment()

_TEMPLATE = "registre_template"


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
    """Delete every row but the status names and the applied migrations."""
    with connection.transaction():
        for table in (
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
        ):
            connection.execute(f"DELETE FROM {table}")
