"""What a stage may use, and the results it may return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from registre.browser.pool import SessionPool
from registre.db.pool import Database
from registre.domain.account import NO_LIMITS, AccountLimits
from registre.domain.job import Job
from registre.domain.reading import PdfFacts
from registre.domain.request import Target
from registre.ocr.reader import Reader
from registre.sites.base import SiteAdapter
from registre.storage.objects import Objects

if TYPE_CHECKING:
    # The SDK takes a second to load; only processes with a key need it.
    from registre.ocr.gemini.reader import GeminiReader


@dataclass(frozen=True, slots=True)
class Rules:
    """Money and freshness, as the operator set them."""

    price_cents: int
    daily_ceiling_cents: int
    index_max_age: timedelta
    #: of each account
    account: AccountLimits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Paid:
    """The paid reader, where a key is set."""

    reader: GeminiReader
    #: while it is away or out of quota: pages wait for it, or else go on with one witness
    needed: bool


def _surely(_job: Job) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class StageContext:
    """Resources of one worker process. `sessions` and `adapter` exist in browser processes only."""

    worker: str
    database: Database
    objects: Objects
    #: checks PDFs; a process of its own, so that a delivery never waits behind pages being read
    inspector: Reader
    #: reads pages
    reader: Reader
    rules: Rules
    sessions: SessionPool | None = None
    adapter: SiteAdapter | None = None
    #: the second reader of what is read from pictures; in ocr processes only
    paid: Paid | None = None
    #: False once the claim may have gone to someone else: the last thing asked before money is spent
    holds: Callable[[Job], bool] = _surely

    def site(self) -> tuple[SessionPool, SiteAdapter]:
        """The browser side; asking for it in another process is a programming error."""
        if self.sessions is None or self.adapter is None:
            raise RuntimeError("this process has no browser: the stage runs in the wrong role")
        return self.sessions, self.adapter


@dataclass(frozen=True, slots=True)
class Located:
    """fetch → download: what the registry offers. The page stays open in this process."""

    request_key: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """→ store: the bytes are paid for and safe."""

    staging_key: str
    target: Target


@dataclass(frozen=True, slots=True)
class Held:
    """→ ocr: a document we already have answers the order, at no cost."""

    document_id: UUID


@dataclass(frozen=True, slots=True)
class Stored:
    """store → ocr (a plan: → done): the object is in place and was read back."""

    target: Target
    facts: PdfFacts
    object_key: str
    path: str
    number_checked: bool | None
    #: to be deleted once the row says where the bytes are
    staging_key: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """ocr → done: every page has ended."""

    content: str
    #: the same with the slips mended that no reader of French means
    corrected: str
    searchable: str
    number_seen: bool


StageResult = Located | Staged | Held | Stored | Read
