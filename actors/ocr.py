"""Read the pages."""

from __future__ import annotations

from uuid import UUID

from actors.lifecycle import runtime, stage_actor
from actors.policy import run_stage
from registre.domain.job import Stage


@stage_actor
async def ocr(job_id: str, environment: str) -> None:
    """Work on the job's ocr stage if it is there to be taken; see `registre/stages/ocr.py`."""
    await run_stage(runtime(environment), Stage.OCR, UUID(job_id))
