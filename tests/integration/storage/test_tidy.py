"""What is left in the object store by deaths and disputes is removed when nobody names it any more, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from registre.db.pool import connect
from registre.stages.tidy import tidy_objects
from registre.storage.objects import Objects
from tests.integration.db.orders import place

LATER = timedelta(minutes=61)


@pytest.fixture
def objects(tmp_path) -> Objects:
    return Objects(str(tmp_path))


async def _tidy(database_url: str, objects: Objects, *, after: timedelta) -> int:
    connection = await connect(database_url)
    try:
        return await tidy_objects(connection, objects, now=datetime.now(UTC) + after)
    finally:
        await connection.close()


def _charge(sql: psycopg.Connection, state: str, job_state: str = "failed", stage: str = "fetch") -> UUID:
    _, job_id = place(sql)
    sql.execute(
        "UPDATE registre.job SET state = %s, stage = %s, error_code = 'x' WHERE id = %s", [job_state, stage, job_id]
    )
    document = None
    if state == "have":
        [document] = sql.execute(
            "INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path) "
            "VALUES ('k', 'acte', '{}', repeat('a', 64), 1, 1, 'o', %s) RETURNING id",
            [str(uuid4())],
        ).fetchone()
    return sql.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, amount_cents, state, document_id, settled_at) "
        "VALUES (%s, gen_random_uuid()::text, '{}', 150, %s, %s, CASE WHEN %s IN ('have', 'void', 'lost') THEN now() "
        "END) RETURNING id",
        [job_id, state, document, state],
    ).fetchone()[0]


@pytest.mark.parametrize(
    ("money", "job", "stage", "kept"),
    [
        ("intent", "failed", "fetch", True),
        ("paid", "failed", "store", True),
        ("unproven", "failed", "fetch", True),
        ("have", "queued", "store", True),
        ("have", "done", "ocr", False),
        ("void", "failed", "fetch", False),
        ("lost", "failed", "fetch", False),
    ],
)
async def test_staged_bytes_are_kept_while_an_open_purchase_or_job_may_want_them(
    database_url: str, sql: psycopg.Connection, objects: Objects, money: str, job: str, stage: str, kept: bool
) -> None:
    if job == "done":
        job = "failed"
    key = f"staging/{_charge(sql, money, job, stage)}.pdf"
    await objects.put(key, b"%PDF")
    assert await _tidy(database_url, objects, after=timedelta(minutes=59)) == 0
    assert await _tidy(database_url, objects, after=LATER) == (0 if kept else 1)
    assert (await objects.find(key) is not None) is kept


async def test_bytes_of_a_charge_nobody_knows_go_and_strange_names_and_documents_stay(
    database_url: str, objects: Objects
) -> None:
    for key in (f"staging/{uuid4()}.pdf", "staging/note.txt", f"objects/aa/{'a' * 64}.pdf", f"index/{uuid4()}.pdf"):
        await objects.put(key, b"x")
    assert await _tidy(database_url, objects, after=timedelta(days=400)) == 1
    assert await objects.find("staging/note.txt") is not None


async def test_rejected_bytes_are_kept_for_the_claim_and_a_month_beyond(
    database_url: str, sql: psycopg.Connection, objects: Objects
) -> None:
    open_, settled, old = _charge(sql, "paid"), _charge(sql, "lost"), _charge(sql, "lost")
    sql.execute("UPDATE registre.charge SET settled_at = now() - interval '31 days' WHERE id = %s", [old])
    for charge in (open_, settled, old):
        await objects.put(f"rejected/{charge}.bin", b"x")
    assert await _tidy(database_url, objects, after=timedelta(days=31)) == 1
    assert await objects.find(f"rejected/{old}.bin") is None


async def test_snapshots_go_after_a_day_and_no_attempt_names_them_any_more(
    database_url: str, sql: psycopg.Connection, objects: Objects
) -> None:
    _, job_id = place(sql)
    key = f"snapshots/{job_id}/0001.html"
    sql.execute(
        "INSERT INTO registre.attempt (job_id, stage, fence, worker, snapshot) VALUES (%s, 'fetch', 1, 'w', %s)",
        [job_id, key],
    )
    await objects.put(key, b"<html>")
    await objects.put(key.replace("html", "png"), b"png")
    assert await _tidy(database_url, objects, after=timedelta(hours=23)) == 0
    assert sql.execute("SELECT snapshot FROM registre.attempt").fetchone() == (key,)
    assert await _tidy(database_url, objects, after=timedelta(hours=25)) == 2
    assert sql.execute("SELECT snapshot FROM registre.attempt").fetchone() == (None,)
