"""A cancellation that a library loses still ends what was cancelled."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from registre.cancellation import heeded


async def _forget() -> str:
    """As asyncio.wait_for does until Python 3.12 when the result comes in the same turn."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    return "answer"


async def _swallow() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ConnectionError from None


@pytest.mark.parametrize("library", [_forget, _swallow])
async def test_it_is_raised_behind_a_library_that_lost_it(library):
    async def ask():
        with heeded():
            await library()
        await asyncio.sleep(60)

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_a_time_limit_around_it_is_told_as_one():
    async def ask():
        async with asyncio.timeout(0.01):
            with heeded():
                await _forget()

    with pytest.raises(TimeoutError):
        await ask()


async def test_what_was_cancelled_before_is_not_cancelled_again():
    async def clean_up():
        try:
            await asyncio.sleep(60)
        finally:
            with heeded():
                await asyncio.sleep(0)
            done.append(True)

    done: list[bool] = []
    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert done == [True]


async def test_answers_and_errors_pass():
    with heeded():
        assert await asyncio.sleep(0, "answer") == "answer"
    with pytest.raises(ConnectionError), heeded():
        raise ConnectionError
