"""What a person said of a doubtful field, as it is kept; and a field that still waits to be asked about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

#: The field of a doubt that stands in a page's text and in none of its rows.
TEXT: Final = "texte"
#: The field of a doubt about a page's header.
LOT: Final = "lot"


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word about one field. Entries stay: what was wrong is undone, not deleted."""

    id: int
    document_id: UUID
    #: the page, from 1
    number: int
    #: row of the page, from 0; None: the page's text or header
    place: int | None
    field: str
    #: reader → what it read
    readings: dict[str, Any]
    #: what the page says, as JSON; `ILLEGIBLE` where nobody can tell
    value: Any
    actor: str
    at: datetime
    #: the row or doubt as it was, as `registre.shapes` writes it
    before: dict[str, Any] | None
    #: False: a new reading of the page has no such row; open again
    laid: bool
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenDoubt:
    """A field that nobody has settled yet."""

    document_id: UUID
    kind: str
    target: dict[str, Any]
    #: pages of the document
    pages: int
    number: int
    #: row of the page, from 0; None for a doubt of its text
    place: int | None
    #: which of the page's doubts, from 0, where there is no row
    doubt: int | None
    field: str
    #: the row, or the doubt, as JSON
    item: dict[str, Any]
    #: a review whose row a new reading has lost: its id
    review: int | None
    #: what that review says, and whose it is
    value: Any
    actor: str | None
    #: how many are open in all
    found: int
