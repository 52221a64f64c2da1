"""Keeps a cancellation from getting lost in a library, so that a stop stops and a time limit limits."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def heeded() -> Generator[None]:
    """A cancellation that arrives inside the block leaves it as CancelledError, whatever the block makes of it.

    Until Python 3.12 `asyncio.wait_for` returns the result, and forgets the cancellation, when both come in one turn
    of the loop (python/cpython#86296). redis-py sends every command through it (seen 2026-11-22: a cancelled loop that
    went on for ever), psycopg-pool waits for a connection in it. In our own code it is banned: `asyncio.timeout`.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
