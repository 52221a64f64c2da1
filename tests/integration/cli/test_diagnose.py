"""diagnose before there is anything to diagnose, and its queries against the migrated schema."""

from __future__ import annotations

import re

import psycopg
import pytest

from registre.db import health
from registre.db.queries import load


def _faults(document):
    return {finding["rule"]: finding for finding in document["findings"] if finding["level"] != "ok"}


async def test_an_empty_installation_names_every_missing_part_with_its_command(registre, database_url):
    found = _faults(registre("diagnose", json=True, exit_code=2))

    assert {"site_url", "redis", "accounts", "clock", "workers"} <= set(found)
    assert all(finding["command"] and finding["cause"] and finding["consequence"] for finding in found.values())


async def test_a_folder_where_nothing_was_started_is_told_to_start(registre, tmp_path):
    empty = {"DATABASE_URL": "", "REGISTRE_STATE": str(tmp_path / "nulle-part")}

    document = registre("diagnose", json=True, env=empty, exit_code=2)

    assert (document["first"], document["findings"][0]["command"]) == ("database", "registre up")


def test_every_query_is_understood_by_the_migrated_schema(database_url):
    """A query that no scene reaches must not be wrong all the same."""
    wrong = (psycopg.errors.SyntaxError, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable,
             psycopg.errors.UndefinedFunction)  # fmt: skip

    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in ("report", "health", "mend", "order"):
            for name, text in load(table).items():
                if text.startswith("ALTER"):
                    continue
                try:
                    connection.execute(f"EXPLAIN {text}", dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
                except wrong as exc:
                    pytest.fail(f"{table}.{name}: {exc}")
                except psycopg.Error:
                    continue  # a null where none may be: the query itself was understood


async def test_the_health_functions_answer_on_an_empty_database(connection):
    assert await health.due_work(connection) == []
    assert await health.endings(connection) == []
    assert await health.exhausted_jobs(connection) == (0, None)
