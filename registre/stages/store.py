"""store: the evidence. Promotes staged bytes to their final places and verifies them there. Safe to repeat."""

from __future__ import annotations

import structlog

from registre.crash import crash_point
from registre.db import charge as charges
from registre.db import job as jobs
from registre.domain.errors import StorageFailed
from registre.domain.job import Job
from registre.domain.request import Request, Target, number_in, parse_request
from registre.stages.context import StageContext, Stored
from registre.storage.keys import object_key, readable_key, stored_key

_log = structlog.get_logger("store")


async def run(job: Job, context: StageContext) -> Stored:
    """Write the content-addressed object and its readable alias, both read back and compared by hash.

    Raises:
        StorageFailed: the store did not take or give back the bytes; they stay in staging.
        BadPdf: an object of the old system is no PDF.
    """
    async with context.database.connection() as connection:
        bought = await charges.open_charge(connection, job.id)
    if bought is None or bought.staging_key is None:
        target, content = await _adopt(job, context)
        staging_key = None
    else:
        target, staging_key = bought.target, bought.staging_key
        content = await context.objects.get(staging_key)
    facts = await context.inspector.inspect(content)
    key = object_key(facts.sha256)
    bucket, name = readable_key(target, facts.sha256)
    for place in (key, f"{bucket}/{name}"):
        if await context.objects.find(place) != content:
            await context.objects.put(place, content)
            crash_point("after_object_write")
    checked = number_in(target.number, facts.text) if facts.text.strip() else None
    return Stored(target, facts, key, f"{bucket}/{name}", checked, staging_key)


async def tidy(result: Stored, context: StageContext) -> None:
    """Remove the staged copy once the row says where the bytes are. What is left behind costs only space."""
    if result.staging_key is None:
        return
    try:
        await context.objects.delete(result.staging_key)
    except StorageFailed as exc:
        _log.warning("staging.left", key=result.staging_key, error=exc.text)


async def _adopt(job: Job, context: StageContext) -> tuple[Target, bytes]:
    """A row taken over from the old system: its PDF lies where `supabase_path` says."""
    request = parse_request(job.request)
    path = None
    if job.order_id is not None:
        async with context.database.connection() as connection:
            path = await jobs.order_path(connection, job.order_id)
    content = None if path is None else await context.objects.find(stored_key(path, request.kind))
    if content is None:
        raise StorageFailed(f"Aucun document à l'emplacement {path or 'attendu'}.")
    return _as_ordered(request), content


def _as_ordered(request: Request) -> Target:
    return Target(
        request.kind,
        request.number,
        request.circonscription,
        request.cadastre,
        request.designation_secondaire,
        request.type_acte,
    )
