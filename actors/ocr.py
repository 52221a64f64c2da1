"""Read the pages."""

from __future__ import annotations

from uuid import UUID

import dramatiq

from actors.lifecycle import runtime
from actors.policy import run_stage
from registre.domain.job import Stage


@dramatiq.actor(queue_name=Stage.OCR.value, max_retries=0)
async def ocr(job_id: str) -> None:
    """Work on the job's ocr stage if it is there to be taken; see `registre/stages/ocr.py`."""
    await run_stage(runtime(), Stage.OCR, UUID(job_id))
