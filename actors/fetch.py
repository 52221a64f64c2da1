"""Find the document on the site, up to the point before money is spent."""

from __future__ import annotations

from uuid import UUID

from actors.lifecycle import runtime, stage_actor
from actors.policy import run_stage
from registre.domain.job import Stage


@stage_actor
async def fetch(job_id: str, environment: str) -> None:
    """Work on the job's fetch stage if it is there to be taken; see `registre/stages/fetch.py`."""
    await run_stage(runtime(environment), Stage.FETCH, UUID(job_id))
