"""The scripts on a real Redis: whoever is stopped in the middle of one stops."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from registre.limits.capacity import Capacity
from registre.limits.machine import machine
from registre.settings import read_settings

#: Turns of the loop one script takes, and some more.
_TURNS = 40


async def test_a_stop_in_whichever_turn_of_the_loop_ends_it(redis):
    capacity = Capacity(redis, machine(read_settings({})), host=uuid4().hex)
    await capacity.show()

    async def look_for_ever():
        while True:
            await capacity.show()
            await asyncio.sleep(60)

    went_on = []
    for turns in range(_TURNS):
        task = asyncio.create_task(look_for_ever())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        if (await asyncio.wait([task], timeout=2))[1]:
            went_on.append(turns)
            task.cancel()
            await asyncio.wait([task])
    assert went_on == []
