"""Buy the document. Normally the process that fetched goes on by itself; a message comes only after a crash."""

from __future__ import annotations

from uuid import UUID

from actors.lifecycle import runtime, stage_actor
from actors.policy import run_stage
from registre.domain.job import Stage


@stage_actor
async def download(job_id: str, environment: str) -> None:
    """Work on the job's download stage if it is there to be taken; see `registre/stages/download.py`."""
    await run_stage(runtime(environment), Stage.DOWNLOAD, UUID(job_id))
