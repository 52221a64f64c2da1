"""The connection pool on a real Postgres: whoever is stopped while waiting for a connection stops."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from registre.db.pool import Database
from tests.integration.stopping import ends_in


@pytest.fixture
async def single(database_url):
    database = Database(database_url, size=1)
    await database.open()
    yield database
    await database.close()


async def test_a_stop_in_whichever_turn_of_the_loop_ends_the_wait(single):
    async def wait_for_ever():
        while True:
            async with single.connection() as connection:
                await connection.execute("SELECT 1")
            await asyncio.sleep(60)

    ended = []
    for turn in range(20):
        async with AsyncExitStack() as held:
            await held.enter_async_context(single.connection())
            task = asyncio.create_task(wait_for_ever())
            await asyncio.sleep(0.01)
        ended.append(await ends_in(task, turn))
    assert all(ended)
    async with single.connection() as connection:  # none was lost either
        await connection.execute("SELECT 1")
