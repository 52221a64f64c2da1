"""An application's connection and the program's pool to the file's database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from registre.db.pool import Database


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, size=10)
    await opened.open()
    yield opened
    await opened.close()
