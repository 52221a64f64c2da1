"""PDF bytes of demands: rendered once off the loop, kept while there is room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from registre.sandbox.foncier.catalogue import Document, PlanVersion
from registre.sandbox.foncier.demand import Demand

#: `render(document, number of the demand, chosen plan)`; deterministic, so that an evicted PDF comes back the same.
Render = Callable[[Document, str, PlanVersion | None], bytes]

#: Some actes are 20 MB.
_ROOM_BYTES: Final = 64 * 1024 * 1024


class PdfCache:
    """The most recently delivered PDFs, up to a total size."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    async def get(self, demand: Demand) -> bytes:
        """The demand's PDF; identical at every call."""
        async with demand.rendering:
            body = self._kept.get(demand.number)
            if body is None:
                body = await asyncio.to_thread(self._render, demand.document, demand.number, demand.version)
                self._kept[demand.number] = body
            self._kept.move_to_end(demand.number)
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _ROOM_BYTES:
                self._kept.popitem(last=False)
        return body
