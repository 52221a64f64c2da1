"""An application deletes the row of its order: never bought if it was not yet, brought to its end if it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from registre.db import charge as charges
from registre.db import job as jobs
from registre.db.pool import Database
from registre.domain.errors import Fenced
from registre.domain.job import Stage, State
from tests.integration.db.orders import (
    INDEX,
    TARGET,
    TROUBLE,
    add_document,
    claimed,
    delay,
    finish,
    job_row,
    place,
    read_page,
    ripen,
    to_stage,
)


@pytest.fixture
def clerk(database_url: str, sql: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A role that may delete rows of the public table and knows nothing of our schemas."""
    sql.execute("DO $$ BEGIN CREATE ROLE registre_test_eraser; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql.execute("GRANT SELECT, DELETE ON public.extraction_queue TO registre_test_eraser")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET ROLE registre_test_eraser")
        yield connection


def _delete(sql: psycopg.Connection, order_id: UUID) -> None:
    sql.execute("DELETE FROM public.extraction_queue WHERE id = %s", [order_id])


async def test_a_deleted_order_that_was_not_bought_is_cancelled_and_its_history_kept(
    database: Database, sql: psycopg.Connection
) -> None:
    for stage in (None, Stage.FETCH, Stage.DOWNLOAD):
        order_id, job_id = place(sql)
        job = None
        if stage is not None:
            await to_stage(database, sql, job_id, stage)
            job = await claimed(database, job_id, stage)
        _delete(sql, order_id)
        row = job_row(sql, job_id)
        assert (row["state"], row["order_id"], row["worker"]) == ("cancelled", None, None)
        assert "effacée" in row["error_text"]
        assert row["request"]["document_number"] == INDEX["document_number"]
        if job is not None:  # whoever works on it is overtaken, and can no longer buy
            async with database.connection() as connection:
                assert not await charges.intend_charge(connection, job, TARGET, account_id=None, amount_cents=1)
                with pytest.raises(Fenced):
                    await jobs.finish_job(connection, job, State.FAILED, trouble=TROUBLE)
    assert sql.execute("SELECT count(*) FROM registre.event WHERE name = 'job.order_deleted'").fetchone() == (3,)


@pytest.mark.parametrize("money", ["intent", "paid", "unproven"])
async def test_a_deleted_order_whose_purchase_is_under_way_goes_on_to_its_document(
    database: Database, sql: psycopg.Connection, money: str
) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.DOWNLOAD)
    job = await claimed(database, job_id, Stage.DOWNLOAD)
    async with database.connection() as connection:
        await charges.intend_charge(connection, job, TARGET, account_id=None, amount_cents=150)
    sql.execute("UPDATE registre.charge SET state = %s", [money])
    _delete(sql, order_id)
    assert job_row(sql, job_id)["state"] == "running"
    sql.execute("UPDATE registre.charge SET state = 'paid'")
    async with database.transaction() as connection:
        await jobs.advance_job(connection, job, Stage.STORE, staging_key="staging/1.pdf")
    stored = await claimed(database, job_id, Stage.STORE)
    async with database.transaction() as connection:
        document_id = await add_document(connection)
        await charges.settle_charge(connection, job_id, document_id)
        await jobs.advance_job(connection, stored, Stage.OCR, document_id=document_id)
        await read_page(connection, document_id, 1)
    await finish(database, await claimed(database, job_id, Stage.OCR), State.DONE)
    assert job_row(sql, job_id)["state"] == "done"


async def test_a_delete_that_meets_a_purchase_being_written_lets_it_go_on(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.DOWNLOAD)
    job = await claimed(database, job_id, Stage.DOWNLOAD)

    async def delete() -> None:
        async with database.connection() as connection:
            await connection.execute("DELETE FROM public.extraction_queue WHERE id = %s", [order_id])

    async with database.transaction() as buying:
        await charges.intend_charge(buying, job, TARGET, account_id=None, amount_cents=150)
        deleting = asyncio.create_task(delete())
        await asyncio.wait({deleting}, timeout=0.3)
        assert not deleting.done()
    await deleting
    assert job_row(sql, job_id)["state"] == "running"


async def test_deleting_finished_or_imported_orders_changes_nothing_that_is_known(
    database: Database, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    await finish(database, await claimed(database, job_id, Stage.FETCH), State.FAILED, trouble=TROUBLE)
    _delete(sql, order_id)
    assert job_row(sql, job_id)["state"] == "failed"
    order_id, job_id = place(sql)
    sql.execute("UPDATE registre.job SET state = 'imported', stage = 'ocr' WHERE id = %s", [job_id])
    _delete(sql, order_id)
    assert job_row(sql, job_id)["state"] == "cancelled"


def test_a_clerk_may_delete_its_order_without_rights_on_our_tables(
    clerk: psycopg.Connection, sql: psycopg.Connection
) -> None:
    order_id, job_id = place(sql)
    clerk.execute("DELETE FROM public.extraction_queue WHERE id = %s", [order_id])
    assert job_row(sql, job_id)["state"] == "cancelled"


async def test_a_job_whose_row_was_deleted_can_be_put_back_to_work(database: Database, sql: psycopg.Connection) -> None:
    order_id, job_id = place(sql)
    _delete(sql, order_id)
    assert sql.execute("SELECT registre.requeue(%s, 'test')", [job_id]).fetchone() == ("fetch",)
    await delay(database, await claimed(database, job_id, Stage.FETCH))
    ripen(sql, job_id)
    assert sql.execute("SELECT registre.cancel(%s, 'test')", [job_id]).fetchone() == ("cancelled",)
