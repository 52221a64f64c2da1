"""A fresh migrated database per test module, cloned from a template on the server at REGISTRE_TEST_SERVER."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from psycopg.conninfo import make_conninfo

from registre.db.migrate import migrate
from registre.db.pool import Database

SERVER = os.environ.get("REGISTRE_TEST_SERVER", "postgresql://postgres@127.0.0.1:55432/postgres")
TABLES = (
    "registre.event, registre.page, registre.charge, registre.attempt, registre.job, registre.document, "
    "dramatiq.queue, public.extraction_queue, public.worker_accounts, public.worker_status"
)


@contextmanager
def created(template: str | None = None) -> Iterator[str]:
    """The address of a new database that is dropped at the end."""
    name = f"t_{uuid4().hex[:12]}"
    source = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}{source}")
        try:
            yield make_conninfo(SERVER, dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def template_name() -> Iterator[str]:
    with created() as url:
        asyncio.run(migrate(url))
        yield psycopg.conninfo.conninfo_to_dict(url)["dbname"]


@pytest.fixture(scope="module")
def database_url(template_name: str) -> Iterator[str]:
    with created(template_name) as url:
        yield url


@pytest.fixture
def empty_tables(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in TABLES.split(", "):
            connection.execute(f"DELETE FROM {table}")


@pytest_asyncio.fixture
async def database(database_url: str, empty_tables: None) -> AsyncIterator[Database]:
    opened = Database(database_url, size=10)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def sql(database_url: str, empty_tables: None) -> Iterator[psycopg.Connection]:
    """An application's own connection: autocommit, rows as tuples."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection
