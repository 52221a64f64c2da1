"""The chain of migrations: from nothing to head, once each, whoever runs it, never on a database it does not know."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import psycopg
import pytest

from registre.db import migrate as module
from registre.db.migrate import migrate, migrations, newer, pending, require_current
from registre.db.pool import connect
from registre.domain.errors import ConfigurationError
from registre.domain.exits import Exit
from registre.domain.job import PublicStatus, Stage, State

FOLDER = Path(module.__file__).resolve().parents[2] / "migrations"
VERSIONS = [migration.version for migration in migrations()]
REQUIRED = {
    "extraction_queue",
    "extraction_status",
    "search_sessions",
    "req_companies",
    "rdprm_searches",
    "selected_names_for_rdprm",
    "worker_accounts",
    "worker_status",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


def query(url: str, text: str, *values: object) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(text, values or None).fetchall()


async def test_an_empty_database_comes_to_head_with_every_table_of_the_contract(empty_url: str) -> None:
    assert await migrate(empty_url) == VERSIONS
    tables = {name for (name,) in query(empty_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert tables >= REQUIRED
    assert query(empty_url, "SELECT to_regclass('dramatiq.queue') IS NOT NULL") == [(True,)]
    assert query(empty_url, "SELECT version FROM public.registre_migration ORDER BY applied_at") == [
        (version,) for version in VERSIONS
    ]


async def test_a_second_run_applies_nothing_and_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    before = query(empty_url, "SELECT * FROM public.registre_migration ORDER BY version")
    assert await migrate(empty_url) == []
    assert query(empty_url, "SELECT * FROM public.registre_migration ORDER BY version") == before


async def test_four_runs_at_once_apply_each_migration_once(empty_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))
    assert sorted(version for versions in done for version in versions) == sorted(VERSIONS)


async def test_an_edited_migration_is_refused_by_name(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder)
    edited = next(folder.glob("0002*.sql"))
    edited.write_text(edited.read_text() + "\n-- one more line")
    with pytest.raises(ConfigurationError, match=edited.stem):
        await migrate(empty_url, folder)


async def test_the_release_before_runs_on_the_tables_of_the_next(empty_url: str, folder: Path) -> None:
    (folder / "9999_come_from_the_future.sql").write_text("SELECT 1;")
    await migrate(empty_url, folder)
    assert await migrate(empty_url) == []
    connection = await connect(empty_url)
    await require_current(connection)
    assert await pending(connection) == []
    assert await newer(connection) == ["9999_come_from_the_future"]
    await connection.close()


async def test_a_database_that_went_another_way_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder)
    (folder / "9998_ours.sql").write_text("SELECT 1;")
    query(empty_url, "INSERT INTO public.registre_migration (version, sha256) VALUES ('9999_theirs', 'x') RETURNING 1")
    with pytest.raises(ConfigurationError, match="9999_theirs"):
        await migrate(empty_url, folder)


async def test_an_older_database_is_refused_with_both_versions(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder)
    query(empty_url, f"DELETE FROM public.registre_migration WHERE version = '{VERSIONS[-1]}' RETURNING 1")
    connection = await connect(empty_url)
    with pytest.raises(ConfigurationError, match=VERSIONS[-1]) as caught:
        await require_current(connection)
    await connection.close()
    assert VERSIONS[-2] in caught.value.text
    assert caught.value.exits is Exit.SCHEMA


async def test_a_migration_that_fails_leaves_nothing_of_itself_and_what_came_before_it(
    empty_url: str, folder: Path
) -> None:
    broken = folder / "9999_break.sql"
    broken.write_text("CREATE TABLE public.half (id int);\nSELECT 1 / 0;")
    with pytest.raises(psycopg.Error):
        await migrate(empty_url, folder)
    assert query(empty_url, "SELECT to_regclass('public.half') IS NULL") == [(True,)]
    assert await migrate(empty_url) == []
    broken.write_text("CREATE TABLE public.half (id int);")
    assert await migrate(empty_url, folder) == ["9999_break"]


async def test_what_is_pending_is_told_before_between_and_after(empty_url: str, folder: Path) -> None:
    connection = await connect(empty_url)
    assert await pending(connection) == VERSIONS
    await migrate(empty_url)
    assert await pending(connection) == []
    (folder / "9999_come_next.sql").write_text("SELECT 1;")
    assert await pending(connection, folder) == ["9999_come_next"]
    await connection.close()


def test_a_folder_without_migrations_is_an_incomplete_installation(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        migrations(tmp_path)


def test_versions_count_up_without_a_gap_and_each_file_says_whether_old_workers_may_run() -> None:
    assert [int(version[:4]) for version in VERSIONS] == list(range(1, len(VERSIONS) + 1))
    for path in FOLDER.iterdir():
        assert re.fullmatch(r"\d{4}_[a-z][a-z_]+\.sql", path.name)
        assert path.read_text().startswith("-- Safe while old workers run")


async def test_the_tables_know_the_same_words_as_the_program(empty_url: str) -> None:
    await migrate(empty_url)
    names = dict(query(empty_url, "SELECT id, name FROM public.extraction_status"))
    assert names == {
        1: "En attente",
        2: "En traitement",
        3: "Complété",
        4: "Erreur",
        5: "Extraction Complété",
        6: "OCR en traitement",
    }
    assert set(names) == {status.value for status in PublicStatus}
    for column, words in (("stage", Stage), ("state", State)):
        [(check,)] = query(
            empty_url,
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
            f"job_{column}_check",
        )
        assert set(re.findall(r"'(\w+)'", check)) == {word.value for word in words}


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        (
            "INSERT INTO extraction_queue (document_source, document_number, status_id) VALUES ('index', '1', 7)",
            psycopg.errors.ForeignKeyViolation,
        ),
        (
            "INSERT INTO extraction_queue (document_source, document_number, status_id) VALUES ('acte', '1', 5)",
            psycopg.errors.CheckViolation,
        ),
        ("INSERT INTO public.worker_status (worker_id, status) VALUES ('w', 'asleep')", psycopg.errors.CheckViolation),
    ],
)
async def test_a_write_against_the_contract_is_rejected(empty_url: str, statement: str, error: type) -> None:
    await migrate(empty_url)
    with psycopg.connect(empty_url) as connection, pytest.raises(error):
        connection.execute(statement)


async def test_the_anonymous_role_reads_no_account_and_no_worker(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE anon; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        connection.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon")
        await migrate(empty_url)
        connection.execute("SET ROLE anon")
        for table in ("worker_accounts", "worker_status"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT * FROM public.{table}")
