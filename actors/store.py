"""Put the bytes in their final place, with evidence."""

from __future__ import annotations

from uuid import UUID

from actors.lifecycle import runtime, stage_actor
from actors.policy import run_stage
from registre.domain.job import Stage


@stage_actor
async def store(job_id: str, environment: str) -> None:
    """Work on the job's store stage if it is there to be taken; see `registre/stages/store.py`."""
    await run_stage(runtime(environment), Stage.STORE, UUID(job_id))
