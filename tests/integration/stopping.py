"""Stops a task as its process would: one cancellation, and it must be enough."""

from __future__ import annotations

import asyncio


async def ends_in(task: asyncio.Task[None], turn: int) -> bool:
    """Whether cancelling once, so many turns of the loop from now, ends it. It has ended when this returns."""
    for _ in range(turn):
        await asyncio.sleep(0)
    task.cancel()
    _, going = await asyncio.wait([task], timeout=2)
    if going:
        task.cancel()
        await asyncio.wait([task])
    return not going
