"""A signed-in session for the length of a stage: snapshots on failure, one new login when the site forgot us."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from registre.browser.once import is_sealed
from registre.browser.session import Session
from registre.browser.snapshot import take_snapshot
from registre.domain.errors import (
    BrowserLost,
    Challenge,
    PageTimeout,
    Refused,
    RegistreError,
    SessionLost,
    SiteError,
    SiteUnreachable,
    StorageFailed,
)
from registre.domain.job import Job
from registre.stages.context import StageContext
from registre.storage.keys import snapshot_key

#: After these the page is in an unknown state or the browser is gone: the session is not used again.
_BREAKS = (BrowserLost, SessionLost, PageTimeout, SiteError, SiteUnreachable, Challenge)

_log = structlog.get_logger("browsing")


@asynccontextmanager
async def browsing(
    job: Job, context: StageContext, *, account: UUID | None = None, keep: bool = False
) -> AsyncGenerator[Session, None]:
    """The job's session: the one held for it, else an idle or a new one.

    `keep` leaves the page open for the job's next stage when all went well.
    """
    sessions, _ = context.site()
    session = await sessions.acquire(job.id, account=account)
    try:
        yield session
    except RegistreError as exc:
        if not isinstance(exc, Refused):
            await _keep_snapshot(job, context, session, exc)
        if isinstance(exc, _BREAKS) or is_sealed(session.page):
            await sessions.discard(session)
        else:
            sessions.release(session)
        raise
    except BaseException:
        # Cancelled or a bug: nobody knows what the page shows.
        await sessions.discard(session)
        raise
    if keep:
        sessions.hold(session, job.id)
    else:
        sessions.release(session)


async def _keep_snapshot(job: Job, context: StageContext, session: Session, exc: RegistreError) -> None:
    """Best effort: a missing picture must not hide the error it would have shown."""
    snapshot = await take_snapshot(session.page)
    exc.evidence = {"page.html": f"<!-- {snapshot.url} -->\n{snapshot.html}".encode()}
    if snapshot.png:
        exc.evidence["page.png"] = snapshot.png
    key = snapshot_key(job.id, job.fence, "html")
    try:
        for name, content in exc.evidence.items():
            await context.objects.put(snapshot_key(job.id, job.fence, name.partition(".")[2]), content)
    except StorageFailed as failed:
        _log.warning("snapshot.lost", error=failed.text)
        return
    exc.snapshot = key
