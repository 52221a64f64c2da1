"""The scripts on a real Redis: whoever is stopped in the middle of one stops."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from registre.limits.capacity import Capacity
from registre.limits.machine import machine
from registre.settings import read_settings
from tests.integration.stopping import ends_in


async def test_a_stop_in_whichever_turn_of_the_loop_ends_it(redis):
    capacity = Capacity(redis, machine(read_settings({})), host=uuid4().hex)
    await capacity.show()

    async def look_for_ever():
        while True:
            await capacity.show()
            await asyncio.sleep(60)

    # more turns than one script takes
    assert all([await ends_in(asyncio.create_task(look_for_ever()), turn) for turn in range(40)])
