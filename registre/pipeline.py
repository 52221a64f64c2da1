"""START HERE. One order from its row to its text: the stages in order, who runs them, how long, how often.

    INSERT / CLI ──trigger──▶ fetch ────▶ download ────▶ store ────▶ ocr ────▶ done
                              free steps  the purchase   evidence    reading
    process                   browser     browser        ocr         ocr

Follow one job:
  1. `migrations/0004_create_door.sql`  a row in `extraction_queue` becomes a job and a message, in one transaction
  2. `actors/<stage>.py`                one actor a stage; each calls
  3. `actors/policy.py`                 claim → work → verdict → hand off, every write fenced
  4. `registre/stages/<stage>.py`       the work itself: takes the claimed job, returns a result, enqueues nothing
  5. `registre/db/sql/job.sql`          every change of state, one `UPDATE … RETURNING` each
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from registre.domain.job import Stage


@dataclass(frozen=True, slots=True)
class StagePlan:
    """How one stage runs."""

    stage: Stage
    #: which process of the Procfile works on it
    role: str
    #: the whole stage, waits included; past it the work is cancelled and counts as a failed try
    budget: timedelta
    #: what follows when it succeeds; None ends the job
    next: Stage | None
    #: the process goes straight on with `next`: the page it needs is open there
    goes_on: bool = False


#: In order. The document alone may take the registry 3 minutes (observed 2025), hence download's budget.
PLAN: Final = {
    Stage.FETCH: StagePlan(Stage.FETCH, "browser", timedelta(minutes=3), Stage.DOWNLOAD, goes_on=True),
    Stage.DOWNLOAD: StagePlan(Stage.DOWNLOAD, "browser", timedelta(minutes=8), Stage.STORE),
    Stage.STORE: StagePlan(Stage.STORE, "ocr", timedelta(minutes=2), Stage.OCR),
    Stage.OCR: StagePlan(Stage.OCR, "ocr", timedelta(minutes=30), None),
}

#: Readings of actes stand in a queue of their own, beside that of the stage: slots are divided between the two.
ACTE_QUEUE: Final = "ocr_acte"

#: Seconds to wait after failure 1, 2, 3 …; the last one repeats (owner's document S0 §2).
BACKOFF: Final = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20))

#: A claim lives this long past its last heartbeat; longer than any stall of a healthy process.
LEASE: Final = timedelta(seconds=8)
#: How often a process refreshes the leases it holds.
HEARTBEAT: Final = timedelta(seconds=2)
#: How often the clock looks for expired leases and lost messages.
SWEEP: Final = timedelta(seconds=1)
#: A queued job whose message has not been taken for this long is announced again.
REANNOUNCE: Final = timedelta(seconds=30)

#: Between fetch and download the job is its process's alone for this long: the page it needs is open there.
HOLD: Final = timedelta(seconds=5)
#: How old an unsettled intent must be before the site's history counts as proof that it was not paid: longer than a
#: request sent by a process that died can still be on its way.
PROOF_WAIT: Final = timedelta(seconds=30)
#: A session without work for this long is closed (the registry expires idle sessions; observed 2025-08).
IDLE: Final = timedelta(minutes=2)


def backoff(attempt: int) -> timedelta:
    """Nominal wait after the `attempt`-th failed try, counted from 1."""
    return BACKOFF[min(attempt, len(BACKOFF)) - 1]
