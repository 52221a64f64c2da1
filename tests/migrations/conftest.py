"""Empty databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests import services


@pytest.fixture(scope="module")
def new_database(servers) -> Iterator[Callable[[], str]]:
    """Makes databases nothing has been done to; they go when the file's tests end."""
    made: list[str] = []

    def make() -> str:
        made.append(asyncio.run(services.clone(servers.database_url)))
        return made[-1]

    yield make
    for url in made:
        asyncio.run(services.drop(url))


@pytest.fixture
def empty_url(new_database: Callable[[], str]) -> str:
    """A database nothing has been done to."""
    return new_database()
