"""What each result writes, with the job's next step, in one transaction."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from registre.db import charge as charges
from registre.db import document as documents
from registre.db import job as jobs
from registre.db.pool import Connection
from registre.domain.job import Job, Stage, State
from registre.domain.request import DocumentKind
from registre.pipeline import HOLD, PLAN
from registre.stages.context import Held, Located, Read, Staged, StageResult, Stored


async def hand_off(connection: Connection, worker: str, job: Job, result: StageResult) -> Stage | None:
    """Commit the result and the next step together; answers the next stage. Raises Fenced."""
    match result:
        case Located(request_key, targets):
            await jobs.advance_job(
                connection,
                job,
                Stage.DOWNLOAD,
                request_key=request_key,
                targets=targets,
                hold_worker=worker,
                hold=HOLD,
            )
            return PLAN[Stage.FETCH].next
        case Staged(staging_key):
            await jobs.advance_job(connection, job, Stage.STORE, staging_key=staging_key)
            return Stage.STORE
        case Held(document_id):
            return await _read_or_finish(connection, job, document_id, job.kind)
        case Stored():
            document_id = await documents.add_document(
                connection,
                result.target,
                result.facts,
                object_key=result.object_key,
                path=result.path,
                number_checked=result.number_checked,
            )
            await charges.settle_charge(connection, job.id, document_id)
            return await _read_or_finish(connection, job, document_id, job.kind)
        case Read():
            if job.order_id is not None:
                await documents.write_content(
                    connection,
                    job.order_id,
                    content=result.content,
                    corrected=result.corrected,
                    searchable=result.searchable,
                )
            if job.document_id is not None:
                await documents.note_number_checked(connection, job.document_id, seen=result.number_seen)
            await jobs.finish_job(connection, job, State.DONE)
            return None
    assert_never(result)


async def _read_or_finish(connection: Connection, job: Job, document_id: UUID, kind: str) -> Stage | None:
    """A plan is finished once stored; the others are read."""
    if kind == DocumentKind.PLAN:
        await jobs.finish_job(connection, job, State.DONE, document_id=document_id)
        return None
    await jobs.advance_job(connection, job, Stage.OCR, document_id=document_id)
    return Stage.OCR
