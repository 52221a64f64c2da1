"""The one place where a stage is claimed, run, judged and handed off. The only `except Exception` of the workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import uniform
from typing import Final, assert_never
from uuid import UUID

import structlog

from actors.handoff import hand_off
from registre import sentry
from registre.crash import crash_point
from registre.db import job as jobs
from registre.db import usage
from registre.db.job import Trouble
from registre.db.pool import GONE
from registre.domain.errors import (
    BrowserLost,
    DatabaseAway,
    Deferred,
    Fenced,
    NoAccount,
    RegistreError,
    Released,
    StageTimeout,
)
from registre.domain.job import Job, Site, Stage, State
from registre.domain.verdict import Verdict
from registre.pipeline import LEASE, PLAN, backoff
from registre.runtime import Running, Runtime
from registre.stages import download, fetch, ocr, store
from registre.stages.context import StageContext, StageResult, Stored

_log = structlog.get_logger("policy")

#: A page that is not the one we know gets one more look; a bug of ours two more tries.
_TRIES: Final = {Verdict.DRIFT: 2, Verdict.BUG: 3}
#: What we must provide ourselves, and how often in a row its want costs no try.
_INFRASTRUCTURE: Final = (BrowserLost.code, DatabaseAway.code)
_FREE_STUMBLES: Final = 5
#: A site that is closed or an account that is busy is asked again a little later each time, up to this factor.
_MAX_PATIENCE: Final = 4

_WORK: Final[dict[Stage, Callable[[Job, StageContext], Awaitable[StageResult]]]] = {
    Stage.FETCH: fetch.run,
    Stage.DOWNLOAD: download.run,
    Stage.STORE: store.run,
    Stage.OCR: ocr.run,
}


async def run_stage(runtime: Runtime, stage: Stage, job_id: UUID) -> None:
    """Take the job if it is there to be taken, and go straight on where the plan says so."""
    following: Stage | None = stage
    with (
        runtime.visit(),
        structlog.contextvars.bound_contextvars(
            environment=runtime.environment.name, worker=runtime.worker, job=str(job_id), site=Site.FONCIER
        ),
    ):
        while following is not None:
            with structlog.contextvars.bound_contextvars(stage=following):
                following = await _run_one(runtime, following, job_id)


async def _run_one(runtime: Runtime, stage: Stage, job_id: UUID) -> Stage | None:
    held_until = time.monotonic() + LEASE.total_seconds()
    try:
        job = await _claim(runtime, stage, job_id)
    except GONE as exc:
        # Nothing was taken, or under a lease that nobody beats: the clock announces the job again.
        _log.warning("job.unclaimed", error=str(exc).strip())
        return None
    if job is None:
        return None
    with structlog.contextvars.bound_contextvars(attempt=job.attempts):
        _tell(job, "claimed")
        if runtime.stopping:
            # The stop came while the claim was under way.
            await _settle(runtime, job, Released())
            return None
        return await _run_claimed(runtime, job, held_until)


async def _claim(runtime: Runtime, stage: Stage, job_id: UUID) -> Job | None:
    insist, worker, ocr = runtime.database.insist, runtime.worker, runtime.environment.ocr
    if runtime.stopping:
        # The message is spent; leave the job one for whoever is still working.
        await insist(lambda connection: jobs.announce(connection, job_id, stage, worker=worker))
        return None
    crash_point("before_claim")
    job = await insist(
        lambda connection: jobs.claim_job(connection, job_id, stage, worker=worker, lease=LEASE, ocr=ocr)
    )
    if job is None:
        _log.debug("job.claim_lost")
    else:
        crash_point("after_claim")
    return job


async def _run_claimed(runtime: Runtime, job: Job, held_until: float) -> Stage | None:
    """Run one claimed stage to a committed end; answers the stage this process goes on with."""
    task = asyncio.create_task(_work(runtime, job, runtime.running.get(job.id)))
    running = runtime.running[job.id] = Running(task, job.fence, held_until)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Cancelled from outside (shutdown, or the job is no longer ours): the task settles itself first.
        task.cancel()
        return await task
    finally:
        if runtime.running.get(job.id) is running:
            del runtime.running[job.id]


async def _work(runtime: Runtime, job: Job, older: Running | None) -> Stage | None:
    began = time.monotonic()
    _tell(job, "processing", "stage.start")
    try:
        if older is not None:
            # Stalled so long that our own job came back to us: its former work ends before this one begins.
            older.fenced = True
            older.task.cancel()
            await asyncio.wait({older.task})
        result = await _bounded(runtime, job)
        crash_point("before_commit")
        following = await runtime.database.insist(lambda connection: hand_off(connection, runtime.worker, job, result))
    except Fenced:
        await _drop(runtime, job)
        return None
    except asyncio.CancelledError:
        mine = runtime.running.get(job.id)
        if mine is None or mine.fenced or mine.fence != job.fence:
            await _drop(runtime, job)
        else:
            await _settle(runtime, job, Released())
        return None
    except RegistreError as exc:
        await _settle(runtime, job, exc)
        return None
    except GONE as exc:
        _log.warning("stage.database_away", error=str(exc).strip())
        await _settle(runtime, job, DatabaseAway())
        return None
    except Exception as exc:  # noqa: BLE001  the edge: whatever else happens ends as a verdict on the row
        await _settle(runtime, job, exc)
        return None
    if isinstance(result, Stored):
        await store.tidy(result, runtime.context)
    runtime.completed += 1
    if job.stage is Stage.OCR:
        await _tell_read(runtime, job, time.monotonic() - began)
    else:
        _log.info("stage.done", next=following)
    return following if PLAN[job.stage].goes_on and following is PLAN[job.stage].next else None


def _tell(job: Job, moment: str, otherwise: str | None = None) -> None:
    """A reading is told in three words: claimed, processing, completed. Other stages have theirs."""
    if job.stage is Stage.OCR:
        _log.info(f"ocr.{moment}", number=job.request.get("document_number"))
    elif otherwise is not None:
        _log.info(otherwise)


async def _tell_read(runtime: Runtime, job: Job, seconds: float) -> None:
    """The third word, with what it took."""
    tokens = None
    try:
        async with runtime.database.connection() as connection:
            tokens = await usage.job_tokens(connection, job.id, job.document_id)
    except GONE as exc:
        _log.debug("ocr.tokens_unknown", error=str(exc).strip())
    number = job.request.get("document_number")
    _log.info("ocr.completed", number=number, duration_s=round(seconds, 3), tokens=tokens)


async def _bounded(runtime: Runtime, job: Job) -> StageResult:
    try:
        async with asyncio.timeout(PLAN[job.stage].budget.total_seconds()):
            return await _WORK[job.stage](job, runtime.context)
    except TimeoutError as exc:
        raise StageTimeout from exc


async def _settle(runtime: Runtime, job: Job, error: Exception) -> None:
    """Write the verdict. Fenced by the claim, insisted on while the database restarts."""
    verdict = error.verdict if isinstance(error, RegistreError) else Verdict.BUG
    code = error.code if isinstance(error, RegistreError) else "bug"
    text = error.text if isinstance(error, RegistreError) else f"{type(error).__name__}: {error}"
    screen = error.screen if isinstance(error, RegistreError) else None
    snapshot = error.snapshot if isinstance(error, RegistreError) else None
    trouble = Trouble(verdict, code, text[:2000], screen, snapshot)
    failed = False
    try:
        failed = await _write_verdict(runtime, job, error, verdict, trouble)
    except Fenced:
        await _drop(runtime, job)
    except GONE as exc:
        # The lease expires and the sweeper returns the job; nothing else can be done without a database.
        _log.error("stage.unsettled", code=code, error=str(exc).strip())
    quiet = verdict in {Verdict.REFUSE, Verdict.DEFER, Verdict.RETRY, Verdict.INFRA}
    _log.log(
        20 if quiet else 40,
        "stage.failed",
        verdict=verdict,
        code=code,
        text=text,
        exc_info=error if verdict is Verdict.BUG else None,
    )
    if failed:
        runtime.failed += 1
        sentry.report(
            error,
            job_id=str(job.id),
            kind=job.kind,
            site=Site.FONCIER,
            stage=job.stage,
            environment=runtime.environment.name,
        )


async def _write_verdict(runtime: Runtime, job: Job, error: Exception, verdict: Verdict, trouble: Trouble) -> bool:
    """True when the job has failed for a technical reason: that is what someone is told about."""
    insist = runtime.database.insist
    match verdict:
        case Verdict.REFUSE:
            await insist(lambda connection: jobs.finish_job(connection, job, State.REFUSED, trouble=trouble))
            return False
        case Verdict.DEFER:
            delay = _patience(error, job)
            await insist(lambda connection: jobs.delay_job(connection, job, delay, trouble, spent=False))
            return False
        case Verdict.INFRA if (stumbles := await _stumbles(runtime, job)) < _FREE_STUMBLES:
            delay = _jittered(backoff(stumbles + 1))
            await insist(lambda connection: jobs.delay_job(connection, job, delay, trouble, spent=False))
            return False
        case Verdict.RETRY | Verdict.INFRA | Verdict.DRIFT | Verdict.BUG:
            if job.attempts >= min(_TRIES.get(verdict, job.max_attempts), job.max_attempts):
                await insist(lambda connection: jobs.finish_job(connection, job, State.FAILED, trouble=trouble))
                return True
            delay = _jittered(backoff(job.attempts))
            await insist(lambda connection: jobs.delay_job(connection, job, delay, trouble, spent=True))
            return False
        case Verdict.PERSON:
            await insist(lambda connection: jobs.finish_job(connection, job, State.FAILED, trouble=trouble))
            return True
    assert_never(verdict)


async def _stumbles(runtime: Runtime, job: Job) -> int:
    return await runtime.database.insist(lambda connection: jobs.count_stumbles(connection, job, _INFRASTRUCTURE))


def _jittered(nominal: timedelta) -> timedelta:
    return nominal * uniform(0.5, 1)  # noqa: S311  not a secret


def _patience(error: Exception, job: Job) -> timedelta:
    delay = error.delay if isinstance(error, Deferred) else timedelta(seconds=30)
    return delay * uniform(1, _MAX_PATIENCE) if isinstance(error, NoAccount) else delay  # noqa: S311


async def _drop(runtime: Runtime, job: Job) -> None:
    """Overtaken: whoever has the job now decides, and this result is nobody's."""
    _log.warning("stage.fenced", fence=job.fence)
    try:
        async with runtime.database.connection() as connection:
            await jobs.note_fenced(connection, job, worker=runtime.worker)
    except GONE as exc:
        _log.warning("stage.fence_unnoted", error=str(exc).strip())
