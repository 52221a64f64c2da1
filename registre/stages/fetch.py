"""fetch: everything before money. Repeatable at no cost."""

from __future__ import annotations

from uuid import UUID

from registre.db import charge as charges
from registre.db import job as jobs
from registre.domain.errors import BeingBought, Refused, SessionLost
from registre.domain.job import Job
from registre.domain.request import Request, parse_request
from registre.stages.browsing import browsing
from registre.stages.context import Held, Located, StageContext, Staged
from registre.stages.recovery import staged_already, wait_for_proof


async def run(job: Job, context: StageContext) -> Located | Held | Staged:
    """Check the order, see whether it is already answered, else find it on the site without submitting anything.

    Raises:
        Refused: the order cannot be placed, or the site offers no such name.
        Deferred: another order for the same is under way; no account; site closed.
    """
    request = parse_request(job.request)
    async with context.database.connection() as connection:
        await jobs.note_request_key(connection, job, request.key)
        bought = await charges.open_charge(connection, job.id)
    if bought is None and (held := await _held(job, request, context)):
        return held
    if bought is not None and (staged := await staged_already(bought, context)):
        return staged
    if bought is not None:
        wait_for_proof(bought)
    # Only the account that may have paid can look into its own history.
    account = bought.account_id if bought else None
    try:
        return await _locate_again(job, request, account, context)
    except Refused:
        if bought is None:
            raise
        # What was bought is looked up even if the site no longer offers it.
        return Located(request.key, job.targets or (bought.target,))


async def _locate_again(job: Job, request: Request, account: UUID | None, context: StageContext) -> Located:
    try:
        return await _locate(job, request, account, context)
    except SessionLost:
        # The site forgets idle sessions: once, that is a new login and not a failed try.
        return await _locate(job, request, account, context)


async def _locate(job: Job, request: Request, account: UUID | None, context: StageContext) -> Located:
    _, adapter = context.site()
    async with browsing(job, context, account=account, keep=True) as session:
        located = await adapter.locate(session.page, request)
    return Located(request.key, located.targets)


async def _held(job: Job, request: Request, context: StageContext) -> Held | None:
    if job.fresh:
        return None
    async with context.database.connection() as connection:
        twin = await jobs.find_twin(connection, job, request.key, max_age=context.rules.index_max_age)
    if twin is None:
        return None
    if twin.document_id is None:
        raise BeingBought
    return Held(twin.document_id)
