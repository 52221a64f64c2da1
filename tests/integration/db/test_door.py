"""The door: what an application writes into the public row starts, stops or repeats the work, at once."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from registre.db.pool import Database
from registre.domain.errors import Fenced
from registre.domain.job import Stage, State
from tests.integration.db.orders import (
    INDEX,
    TARGET,
    TROUBLE,
    add_document,
    advance,
    claim,
    claimed,
    delay,
    finish,
    job_row,
    messages,
    place,
    ripen,
    status,
    to_stage,
)

_MINIMAL = "INSERT INTO public.extraction_queue (document_source, document_number) VALUES (%s, %s) RETURNING id"


def test_a_minimal_insert_has_its_job_its_message_and_its_event(sql: psycopg.Connection) -> None:
    [order_id] = sql.execute(_MINIMAL, ["index", "399-184"]).fetchone()
    [job_id] = sql.execute("SELECT id FROM registre.job WHERE order_id = %s", [order_id]).fetchone()
    job = job_row(sql, job_id)
    assert (job["stage"], job["state"], job["attempts"], job["max_attempts"]) == ("fetch", "queued", 0, 3)
    assert job["request"]["document_number"] == "399-184"
    assert messages(sql, job_id) == [("fetch", "queued")]
    assert sql.execute("SELECT name, actor FROM registre.event WHERE job_id = %s", [job_id]).fetchall() == [
        ("job.queued", "postgres")
    ]
    assert status(sql, order_id) == 1


def test_a_rolled_back_insert_leaves_no_job_and_no_message(sql: psycopg.Connection) -> None:
    with sql.transaction(force_rollback=True):
        place(sql)
    counts = "SELECT (SELECT count(*) FROM registre.job), (SELECT count(*) FROM dramatiq.queue)"
    assert sql.execute(counts).fetchone() == (0, 0)


def test_the_message_is_announced_at_commit_and_not_before(database_url: str, sql: psycopg.Connection) -> None:
    with psycopg.connect(database_url, autocommit=True) as listener:
        listener.execute('LISTEN "dramatiq.fetch.enqueue"')
        with sql.transaction():
            place(sql)
            assert list(listener.notifies(timeout=0.2)) == []
        [notify] = listener.notifies(timeout=5, stop_after=1)
    assert notify.payload == ""


def test_a_thousand_rows_in_one_statement_are_a_thousand_jobs(sql: psycopg.Connection) -> None:
    sql.execute(
        "INSERT INTO public.extraction_queue (document_source, document_number) "
        "SELECT 'index', n::text FROM generate_series(1, 1000) n"
    )
    assert sql.execute(
        "SELECT count(*), count(DISTINCT m.message -> 'args' ->> 0) FROM registre.job j "
        "JOIN dramatiq.queue m ON m.message -> 'args' ->> 0 = j.id::text AND m.queue_name = 'fetch'"
    ).fetchone() == (1000, 1000)


@pytest.mark.parametrize(
    "columns",
    [
        {"document_source": "", "document_number": ""},
        {"document_source": "jugement"},
        {"document_number": "'; DROP TABLE registre.job; --"},
        {"document_number": "9" * 5000},
        {"circonscription_fonciere": "é" * 20_000},
        {"circonscription_fonciere": None, "cadastre": None},
        {"max_attempts": 0},
        {"max_attempts": -5},
        {"max_attempts": None},
        {"attemtps": 99},
        {"acte_type": "\\u0000 \" ' \n\t"},
        {"status_id": 1, "worker_id": "someone", "error_message": "old"},
    ],
)
def test_a_bad_order_is_taken_and_becomes_a_job_that_can_be_judged(sql: psycopg.Connection, columns: dict) -> None:
    order_id, job_id = place(sql, **columns)
    assert status(sql, order_id) == 1
    assert job_row(sql, job_id)["max_attempts"] >= 1
    assert messages(sql, job_id) == [("fetch", "queued")]


@pytest.mark.parametrize("written", [2, 3, 4, 6])
def test_a_row_inserted_in_another_status_is_not_started_until_it_is_set_to_1(
    sql: psycopg.Connection, written: int
) -> None:
    [order_id] = sql.execute(
        "INSERT INTO public.extraction_queue (document_source, document_number, status_id) VALUES ('index', '1', %s) "
        "RETURNING id",
        [written],
    ).fetchone()
    assert sql.execute("SELECT count(*) FROM registre.job").fetchone() == (0,)
    sql.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [order_id])
    [job_id] = sql.execute("SELECT id FROM registre.job WHERE order_id = %s", [order_id]).fetchone()
    assert messages(sql, job_id) == [("fetch", "queued")]


def test_an_edit_that_is_no_change_of_status_starts_nothing(sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    sql.execute("UPDATE public.extraction_queue SET status_id = 1, cadastre = 'X' WHERE id = %s", [order_id])
    sql.execute("UPDATE public.extraction_queue SET file_id_active = true WHERE id = %s", [order_id])
    assert len(messages(sql, job_id)) == 1
    assert job_row(sql, job_id)["fence"] == 0


async def _fail(database: Database, job_id: UUID, stage: Stage) -> None:
    await finish(database, await claimed(database, job_id, stage), State.FAILED, trouble=TROUBLE)


def _set(sql: psycopg.Connection, order_id: UUID, wanted: int, **columns: object) -> None:
    for name, value in columns.items():
        sql.execute(f"UPDATE public.extraction_queue SET {name} = %s WHERE id = %s", [value, order_id])
    sql.execute("UPDATE public.extraction_queue SET status_id = %s WHERE id = %s", [wanted, order_id])


async def test_status_1_after_a_failed_search_searches_again(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await _fail(database, job_id, Stage.FETCH)
    assert status(sql, order_id) == 4
    _set(sql, order_id, 1)
    job = job_row(sql, job_id)
    assert (job["stage"], job["state"], job["attempts"], job["error_code"]) == ("fetch", "queued", 0, None)
    assert (status(sql, order_id), messages(sql, job_id)[-1]) == (1, ("fetch", "queued"))


async def test_status_1_after_a_failed_reading_only_reads_again(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.OCR)
    await _fail(database, job_id, Stage.OCR)
    _set(sql, order_id, 1)
    assert (job_row(sql, job_id)["stage"], job_row(sql, job_id)["state"]) == ("ocr", "queued")
    assert status(sql, order_id) == 3
    assert messages(sql, job_id)[-1] == ("ocr", "queued")


async def test_status_1_after_a_failed_storing_only_stores_again(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.STORE)
    sql.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, state, amount_cents, staging_key, paid_at) "
        "VALUES (%s, 'k', %s, 'paid', 150, 'staging/x.pdf', now())",
        [job_id, Jsonb(TARGET.to_json())],
    )
    await _fail(database, job_id, Stage.STORE)
    _set(sql, order_id, 1)
    assert (job_row(sql, job_id)["stage"], job_row(sql, job_id)["state"]) == ("store", "queued")
    assert status(sql, order_id) == 2


async def test_an_edited_order_starts_anew_with_the_new_words(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.OCR)
    await _fail(database, job_id, Stage.OCR)
    _set(sql, order_id, 1, document_number="399-185")
    job = job_row(sql, job_id)
    assert (job["stage"], job["state"], job["document_id"]) == ("fetch", "queued", None)
    assert job["request"]["document_number"] == "399-185"


async def test_status_1_on_a_running_row_is_undone(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH)
    _set(sql, order_id, 1)
    assert status(sql, order_id) == 2
    assert job_row(sql, job_id)["fence"] == job.fence
    await advance(database, job, Stage.DOWNLOAD)


async def test_status_1_on_a_waiting_row_starts_it_now(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.OCR)
    await delay(database, await claimed(database, job_id, Stage.OCR), 600)
    assert status(sql, order_id) == 3
    _set(sql, order_id, 1)
    assert (job_row(sql, job_id)["state"], job_row(sql, job_id)["not_before"]) == ("queued", None)
    assert await claimed(database, job_id, Stage.OCR)


async def test_status_4_cancels_a_waiting_row_for_good(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    _set(sql, order_id, 4)
    assert job_row(sql, job_id)["state"] == "cancelled"
    [text] = sql.execute("SELECT error_message FROM public.extraction_queue WHERE id = %s", [order_id]).fetchone()
    assert "postgres" in text
    assert await claim(database, job_id, Stage.FETCH) is None


async def test_status_4_on_a_running_row_overtakes_its_holder(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    job = await claimed(database, job_id, Stage.FETCH)
    _set(sql, order_id, 4)
    with pytest.raises(Fenced):
        await advance(database, job, Stage.DOWNLOAD)
    assert (status(sql, order_id), job_row(sql, job_id)["state"]) == (4, "cancelled")


@pytest.mark.parametrize("money", ["intent", "paid", "unproven"])
async def test_status_4_with_money_on_the_table_is_undone(
    database: Database, sql: psycopg.Connection, money: str
) -> None:
    order_id, job_id = place(sql)
    await claimed(database, job_id, Stage.FETCH)
    sql.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, state, amount_cents) VALUES (%s, 'k', '{}', %s, 1)",
        [job_id, money],
    )
    _set(sql, order_id, 4)
    assert (status(sql, order_id), job_row(sql, job_id)["state"]) == (2, "running")


async def test_status_4_on_a_finished_row_is_undone(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql, document_source="plan_cadastraux")
    await to_stage(database, sql, job_id, Stage.STORE)
    job = await claimed(database, job_id, Stage.STORE)
    async with database.connection() as connection:
        document_id = await add_document(connection)
    await finish(database, job, State.DONE, document_id=document_id)
    assert status(sql, order_id) == 5
    _set(sql, order_id, 4)
    assert (status(sql, order_id), job_row(sql, job_id)["state"]) == (5, "done")


async def test_what_a_program_writes_over_a_running_row_never_stays_untrue(
    database: Database, sql: psycopg.Connection
) -> None:
    """Statuses 2, 3, 5 and 6 are ours to write; the next step of the job says the truth again."""
    order_id, job_id = place(sql, document_source="plan_cadastraux")
    job = await claimed(database, job_id, Stage.FETCH)
    _set(sql, order_id, 3)
    await advance(database, job, Stage.DOWNLOAD)
    assert status(sql, order_id) == 2


@pytest.fixture
def clerk(database_url: str, sql: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A role that may use the public table and knows nothing of our schemas."""
    sql.execute("DO $$ BEGIN CREATE ROLE registre_test_clerk; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql.execute("GRANT SELECT, INSERT, UPDATE ON public.extraction_queue TO registre_test_clerk")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET ROLE registre_test_clerk")
        yield connection


def test_a_role_with_rights_on_the_public_table_alone_orders_cancels_and_repeats(
    clerk: psycopg.Connection, sql: psycopg.Connection
) -> None:
    [order_id] = clerk.execute(_MINIMAL, ["index", "1"]).fetchone()
    for wanted, state in ((4, "cancelled"), (1, "queued")):
        clerk.execute("UPDATE public.extraction_queue SET status_id = %s WHERE id = %s", [wanted, order_id])
        assert sql.execute("SELECT state FROM registre.job WHERE order_id = %s", [order_id]).fetchone() == (state,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        clerk.execute("SELECT * FROM registre.job")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        clerk.execute("SELECT registre.cancel(gen_random_uuid(), 'me')")


def test_a_role_that_only_inserts_needs_no_other_right(database_url: str, sql: psycopg.Connection) -> None:
    sql.execute("DO $$ BEGIN CREATE ROLE registre_test_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql.execute("GRANT INSERT ON public.extraction_queue TO registre_test_writer")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET ROLE registre_test_writer")
        connection.execute("INSERT INTO extraction_queue (document_source, document_number) VALUES ('acte', '1')")
    assert sql.execute("SELECT count(*) FROM dramatiq.queue").fetchone() == (1,)


def test_a_clerks_search_path_cannot_redirect_the_door(clerk: psycopg.Connection, sql: psycopg.Connection) -> None:
    clerk.execute("CREATE TEMP TABLE extraction_queue (id int)")
    clerk.execute("SET search_path = pg_temp, public")
    clerk.execute(_MINIMAL, ["index", "1"])
    assert sql.execute("SELECT count(*) FROM registre.job").fetchone() == (1,)


async def test_an_order_corrected_while_it_waits_is_searched_in_its_new_words(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    sql.execute("UPDATE public.extraction_queue SET document_number = '399-184' WHERE id = %s", [order_id])
    assert (await claimed(database, job_id, Stage.FETCH)).request["document_number"] == "399-184"
    sql.execute("UPDATE public.extraction_queue SET document_number = '399-185' WHERE id = %s", [order_id])
    assert job_row(sql, job_id)["request"]["document_number"] == "399-184"


async def test_an_order_with_money_on_the_table_keeps_the_words_it_was_bought_in(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    await delay(database, await claimed(database, job_id, Stage.FETCH))
    sql.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, amount_cents) VALUES (%s, 'k', '{}', 1)", [job_id]
    )
    sql.execute("UPDATE public.extraction_queue SET document_number = '399-184' WHERE id = %s", [order_id])
    ripen(sql, job_id)
    assert (await claimed(database, job_id, Stage.FETCH)).request["document_number"] == INDEX["document_number"]
