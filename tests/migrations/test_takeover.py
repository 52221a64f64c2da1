"""Taking over the old system's database: nothing of it changes, nothing starts, and everything can be started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql as compose

from registre.db import job as jobs
from registre.db.migrate import migrate
from registre.db.pool import connect
from tests.migrations.old_system import ODD_ROWS, ORDER, OTHER_ROWS, TABLES

_OLD_TABLES = ("extraction_queue", "search_sessions", "selected_names_for_rdprm", "rdprm_searches", "worker_accounts")
#: added to an instance of the old system that had the reading columns too
_READING = """
INSERT INTO public.extraction_status VALUES (6, 'OCR en traitement');
ALTER TABLE public.extraction_queue ADD ocr_worker_id text, ADD ocr_started_at timestamptz,
  ADD ocr_completed_at timestamptz, ADD ocr_attempts integer DEFAULT 0, ADD ocr_max_attempts integer DEFAULT 3,
  ADD ocr_error text, ADD ocr_last_error_at timestamptz, ADD boosted_file_content text;
INSERT INTO public.extraction_queue (document_source, document_number, status_id, supabase_path, ocr_worker_id,
  ocr_started_at, ocr_attempts, ocr_error) VALUES
  ('index', '399-184', 6, 'index/g.pdf', 'ocr-3', '2025-10-12', 1, NULL),
  ('index', '399-185', 4, 'index/h.pdf', NULL, '2025-10-12', 3, 'Gemini: 429'),
  ('index', '399-186', 3, 'index/i.pdf', NULL, NULL, 3, 'exhausted at 3'),
  ('index', '399-187', 5, 'index/j.pdf', 'ocr-1', NULL, NULL, NULL);
"""


def _columns(connection: psycopg.Connection, table: str) -> str:
    names = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s", [table]
    )
    return ", ".join(f"{name}::text" for (name,) in names)


def _contents(connection: psycopg.Connection, columns: dict[str, str]) -> dict[str, list[str]]:
    """Rows of each table, those columns only, as text."""
    return {
        table: sorted(str(row) for row in connection.execute(f"SELECT {wanted} FROM public.{table}"))
        for table, wanted in columns.items()
    }


@pytest.fixture(scope="module")
def url(new_database: Callable[[], str]) -> str:
    return new_database()


@pytest.fixture(scope="module")
def ids() -> dict[str, UUID]:
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def taken_over(url: str, ids: dict[str, UUID]) -> tuple[dict, dict]:
    with psycopg.connect(url, autocommit=True) as old:
        old.execute(TABLES)
        old.execute(OTHER_ROWS)
        for name, odd in ODD_ROWS.items():
            row = {**ORDER, **odd}
            statement = compose.SQL("INSERT INTO public.extraction_queue ({}) VALUES ({}) RETURNING id").format(
                compose.SQL(", ").join(map(compose.Identifier, row)),
                compose.SQL(", ").join(compose.Placeholder() * len(row)),
            )
            ids[name] = old.execute(statement, list(row.values())).fetchone()[0]
        old.execute(_READING)
        columns = {table: _columns(old, table) for table in _OLD_TABLES}
        before = _contents(old, columns)
        await migrate(url)
        return before, _contents(old, columns)


@pytest.fixture
def sql(url: str, taken_over: tuple) -> Iterator[psycopg.Connection]:
    """Undone at the end of each test."""
    with psycopg.connect(url) as connection:
        yield connection
        connection.rollback()


def _job(sql: psycopg.Connection, order_id: UUID) -> tuple:
    return sql.execute("SELECT stage, state FROM registre.job WHERE order_id = %s", [order_id]).fetchone()


def _status(sql: psycopg.Connection, order_id: UUID) -> int:
    return sql.execute("SELECT status_id FROM public.extraction_queue WHERE id = %s", [order_id]).fetchone()[0]


def test_every_old_column_of_every_old_row_is_what_it_was(taken_over: tuple[dict, dict]) -> None:
    before, after = taken_over
    assert sum(len(rows) for rows in before.values()) == len(ODD_ROWS) + 4 + 5
    assert after == before


def test_each_row_is_known_as_imported_and_none_was_started(sql: psycopg.Connection) -> None:
    assert sql.execute(
        "SELECT count(*), count(*) FILTER (WHERE j.state = 'imported') FROM public.extraction_queue q "
        "LEFT JOIN registre.job j ON j.order_id = q.id"
    ).fetchone() == (len(ODD_ROWS) + 4, len(ODD_ROWS) + 4)
    assert sql.execute("SELECT count(*) FROM dramatiq.queue").fetchone() == (0,)


def test_the_columns_the_old_tables_lacked_are_there(sql: psycopg.Connection) -> None:
    sql.execute("SELECT attempts, retry_count, ocr_attempts, boosted_file_content, searchable_file_content, "
                "claude_file_id, file_id_active FROM public.extraction_queue")  # fmt: skip
    sql.execute("SELECT updated_at FROM public.rdprm_searches")
    sql.execute("SELECT site, benched_code, lease_worker, lease_until FROM public.worker_accounts")
    sql.execute("INSERT INTO public.worker_status (worker_id, status) VALUES ('new', 'stopped')")


def test_a_finished_row_without_text_is_still_readable_and_a_new_one_is_rejected(
    sql: psycopg.Connection, ids: dict[str, UUID]
) -> None:
    assert sql.execute(
        "SELECT file_content FROM public.extraction_queue WHERE id = %s", [ids["done_no_text"]]
    ).fetchone() == (None,)
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.execute("UPDATE public.extraction_queue SET status_id = 5 WHERE id = %s", [ids["stored_no_path"]])


async def test_a_sweep_leaves_imported_rows_alone(url: str, taken_over: tuple) -> None:
    connection = await connect(url)
    assert await jobs.expire_leases(connection) == []
    assert await jobs.announce_again(connection, after=timedelta(0)) == []
    await connection.close()


@pytest.mark.parametrize("name", ["failed", "cancelled", "running_dead", "stored_no_path", "no_status"])
def test_status_1_by_sql_starts_an_imported_row(sql: psycopg.Connection, ids: dict[str, UUID], name: str) -> None:
    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [ids[name]])
    assert _job(sql, ids[name]) == ("fetch", "queued")
    assert _status(sql, ids[name]) == 1
    assert sql.execute("SELECT queue_name, state FROM dramatiq.queue").fetchall() == [("fetch", "queued")]


def test_a_waiting_row_starts_when_its_status_is_written_anew(sql: psycopg.Connection, ids: dict[str, UUID]) -> None:
    sql.execute("UPDATE public.extraction_queue SET status_id = 4 WHERE id = %s", [ids["waiting"]])
    assert _job(sql, ids["waiting"])[1] == "imported"
    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [ids["waiting"]])
    assert _job(sql, ids["waiting"]) == ("fetch", "queued")


@pytest.mark.parametrize("name", list(ODD_ROWS))
def test_requeue_starts_every_imported_row_and_never_buys_what_is_stored(
    sql: psycopg.Connection, ids: dict[str, UUID], name: str
) -> None:
    order_id = ids[name]
    answer = sql.execute(
        "SELECT registre.requeue(id, 'test') FROM registre.job WHERE order_id = %s", [order_id]
    ).fetchone()[0]
    stored = "supabase_path" in ODD_ROWS[name]
    assert answer == ("store" if stored else "fetch")
    assert _job(sql, order_id) == (answer, "queued")
    assert _status(sql, order_id) == (2 if stored else 1)


@pytest.mark.parametrize("name", [name for name, odd in ODD_ROWS.items() if "supabase_path" in odd])
def test_status_1_by_sql_on_a_stored_imported_row_never_buys_it_again(
    sql: psycopg.Connection, ids: dict[str, UUID], name: str
) -> None:
    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [ids[name]])
    assert _job(sql, ids[name]) == ("store", "queued")


def test_a_stored_row_whose_object_was_not_found_is_looked_for_again_and_not_bought(
    sql: psycopg.Connection, ids: dict[str, UUID]
) -> None:
    order_id = ids["stored_bucket_key"]
    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [order_id])
    sql.execute(
        """UPDATE registre.job SET state = 'failed', error_code = 'storage_failed', error_text = 'absent'
        WHERE order_id = %s""",
        [order_id],
    )

    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [order_id])

    assert _job(sql, order_id) == ("store", "queued")


def test_a_person_may_still_buy_a_stored_imported_row_anew(sql: psycopg.Connection, ids: dict[str, UUID]) -> None:
    [answer] = sql.execute(
        "SELECT registre.requeue(id, 'test', true) FROM registre.job WHERE order_id = %s", [ids["done"]]
    ).fetchone()
    assert answer == "fetch"


def test_an_imported_row_with_a_corrected_order_is_searched_anew(sql: psycopg.Connection, ids: dict[str, UUID]) -> None:
    sql.execute(
        "UPDATE public.extraction_queue SET status_id = 1, document_number = '399-184' WHERE id = %s",
        [ids["stored_bucket_key"]],
    )
    assert _job(sql, ids["stored_bucket_key"]) == ("fetch", "queued")


def test_a_new_row_starts_right_after_the_take_over(sql: psycopg.Connection) -> None:
    [order_id] = sql.execute(
        "INSERT INTO public.extraction_queue (document_source, document_number, status_id) "
        "VALUES ('index', '1', 1) RETURNING id"
    ).fetchone()
    assert _job(sql, order_id) == ("fetch", "queued")


def test_a_new_row_without_a_status_waits_as_in_a_new_database(sql: psycopg.Connection) -> None:
    [order_id] = sql.execute(
        "INSERT INTO public.extraction_queue (document_source, document_number) VALUES ('index', '1') RETURNING id"
    ).fetchone()
    assert _job(sql, order_id) == ("fetch", "queued")


def test_clear_passwords_are_kept_for_the_command_that_encrypts_them(sql: psycopg.Connection) -> None:
    assert sql.execute("SELECT count(*) FROM public.worker_accounts WHERE password LIKE 'fernet:%'").fetchone() == (0,)
    assert sql.execute("SELECT count(*) FROM public.worker_accounts WHERE site = 'foncier'").fetchone() == (2,)
