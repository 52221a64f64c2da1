"""Stages, states and the public status of a job. The transitions live in SQL, each one fenced."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, NewType
from uuid import UUID

from registre.domain.request import Target

JobId = NewType("JobId", UUID)


class Site(StrEnum):
    """The registries."""

    FONCIER = "foncier"


class Stage(StrEnum):
    """Where a job stands; also the name of the actor that works on it."""

    FETCH = "fetch"
    DOWNLOAD = "download"
    STORE = "store"
    OCR = "ocr"


class State(StrEnum):
    """What a job is doing within its stage."""

    #: a message is on its way
    QUEUED = "queued"
    #: until `not_before`, for a reason in `error_code`
    WAITING = "waiting"
    #: claimed; the lease is beating
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    #: taken over from the old system, untouched until a command says otherwise
    IMPORTED = "imported"


#: Nothing moves a job out of these but a person's requeue.
FINAL_STATES = frozenset({State.DONE, State.REFUSED, State.FAILED, State.CANCELLED})


class PublicStatus(IntEnum):
    """`extraction_status` of the existing contract; names as in its table."""

    EN_ATTENTE = 1
    EN_TRAITEMENT = 2
    COMPLETE = 3
    ERREUR = 4
    EXTRACTION_COMPLETE = 5
    OCR_EN_TRAITEMENT = 6


class ChargeState(StrEnum):
    """A purchase's life. Only `void` may be followed by another purchase of the same document."""

    #: written before the click that may pay
    INTENT = "intent"
    #: the site showed or delivered it: money is gone
    PAID = "paid"
    #: the document is stored and verified
    HAVE = "have"
    #: proven unpaid
    VOID = "void"
    #: a person must say
    UNPROVEN = "unproven"

    #: paid, nothing usable came, and a person chose to buy anew
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its holder sees it: valid while `fence` is the row's fence."""

    id: JobId
    order_id: UUID | None
    kind: str
    stage: Stage
    fence: int
    #: tries of this stage, this one included; fetch and download share one count
    attempts: int
    max_attempts: int
    #: the public row's order columns, by name
    request: dict[str, Any]
    #: what the registry offers for it, best first, once located
    targets: tuple[Target, ...]
    document_id: UUID | None
    staging_key: str | None
    fresh: bool
    priority: int
    #: pages to read again and how, while a person's wish is open: `{"pages": [1, 3] | None, "engine": …}`
    reread: dict[str, Any] | None = None
