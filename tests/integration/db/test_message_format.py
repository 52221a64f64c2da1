"""`registre.enqueue` writes what dramatiq-pg's own broker writes, and its table is dramatiq-pg's own table."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest
from dramatiq.message import Message
from dramatiq_pg import PostgresBroker
from dramatiq_pg.schema import generate_init_sql
from psycopg2.pool import ThreadedConnectionPool

from tests import services

_ROW = "SELECT queue_name, state::text, message, result, result_ttl FROM dramatiq.queue WHERE message_id = %s"


def _comparable(row: tuple) -> tuple:
    """Without what is new in each message; an eta becomes its distance from the message's time, in seconds."""
    queue, state, message, result, ttl = row
    options = dict(message["options"])
    if "eta" in options:
        options["eta"] = round((options["eta"] - message["message_timestamp"]) / 1000)
    message = {**message, "options": options, "message_id": "id", "message_timestamp": "time"}
    return queue, state, message, result, ttl


@pytest.mark.parametrize("delay_s", [0, 90])
@pytest.mark.parametrize("priority", [0, -5])
def test_our_message_is_the_one_the_stock_broker_writes(
    database_url: str, sql: psycopg.Connection, delay_s: int, priority: int
) -> None:
    job_id = uuid4()
    broker = PostgresBroker(pool=ThreadedConnectionPool(0, 2, database_url), results=False)
    options = {"broker_priority": priority} if priority else {}
    stock = broker.enqueue(
        Message("fetch", "fetch", (str(job_id),), {}, options), delay=delay_s * 1000 if delay_s else None
    )
    [ours] = sql.execute(
        "SELECT registre.enqueue('fetch', %s, %s * interval '1 s', NULL, %s)", [job_id, delay_s, priority]
    ).fetchone()
    rows = [sql.execute(_ROW, [message_id]).fetchone() for message_id in (stock.message_id, ours)]
    assert _comparable(rows[1]) == _comparable(rows[0])
    assert rows[1][2]["message_id"] == str(ours)
    now = sql.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()[0]
    assert abs(rows[1][2]["message_timestamp"] - float(now)) < 60_000


def test_dramatiq_decodes_our_message(sql: psycopg.Connection) -> None:
    job_id = uuid4()
    sql.execute("SELECT registre.enqueue('ocr', %s)", [job_id])
    [text] = sql.execute("SELECT message::text FROM dramatiq.queue").fetchone()
    message = Message.decode(text.encode())
    assert (message.queue_name, message.actor_name, message.args) == ("ocr", "ocr", (str(job_id),))


def test_the_table_has_every_column_of_the_stock_schema(servers, sql: psycopg.Connection) -> None:
    columns = (
        "SELECT column_name, udt_schema || '.' || udt_name, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'dramatiq' AND table_name = 'queue'"
    )
    states = "SELECT enum_range(NULL::dramatiq.state)::text"
    url = asyncio.run(services.clone(servers.database_url))
    with psycopg.connect(url, autocommit=True) as stock:
        stock.execute(generate_init_sql())
        assert set(stock.execute(columns).fetchall()) <= set(sql.execute(columns).fetchall())
        assert stock.execute(states).fetchone() == sql.execute(states).fetchone()
    asyncio.run(services.drop(url))
