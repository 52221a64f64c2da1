"""The queue of `review`: doubtful fields of one document or of all, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from registre.cli.context import opened
from registre.db import review as reviews
from registre.db.pool import Connection
from registre.domain.review import OpenDoubt
from registre.settings import Settings

#: Doubts looked up at once among all documents.
_AHEAD: Final = 100


@dataclass
class Queue:
    """What is open, the most critical first, but for what the person passed over."""

    settings: Settings
    document_id: UUID | None
    page: int | None
    #: of the one field that is asked about
    name: str | None
    skipped: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])
    #: documents and fields to come: finding them among all documents takes a while, asking each of them does not
    _ahead: list[tuple[UUID, str]] = field(default_factory=list[tuple[UUID, str]])

    async def next(self) -> OpenDoubt | None:
        """The first that is open now; None when nothing is."""
        async with opened(self.settings) as connection:
            while True:
                if not self._ahead:
                    found = await self._open(connection, self.document_id, self.name, _AHEAD)
                    self._ahead = list(dict.fromkeys((item.document_id, item.field) for item in found))
                if not self._ahead:
                    return None
                found = await self._open(connection, *self._ahead[0], 1)
                if found:
                    return found[0]
                del self._ahead[0]

    async def left(self) -> int:
        """How many are open, those passed over included."""
        async with opened(self.settings) as connection:
            found = await reviews.open_doubts(
                connection, document_id=self.document_id, number=self.page, field=self.name, limit=1
            )
        return found[0].found if found else 0

    async def _open(
        self, connection: Connection, document_id: UUID | None, name: str | None, limit: int
    ) -> list[OpenDoubt]:
        found = await reviews.open_doubts(
            connection, document_id=document_id, number=self.page, field=name, limit=limit + len(self.skipped)
        )
        return [item for item in found if key_of(item) not in self.skipped]


def key_of(item: OpenDoubt) -> tuple[Any, ...]:
    """What it is known by while others are settled: where a doubt stands among its page's changes with that."""
    what = tuple(item.item.get(name) for name in ("raw", "numero", "near", "read", "other"))
    return (item.document_id, item.number, item.place, item.field, item.review, what)
