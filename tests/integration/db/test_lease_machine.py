"""A job's lease against its model: one holder, fences that only grow, the overtaken refused, deaths counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registre.db import job as jobs
from registre.db.pool import Connection
from registre.domain.errors import Fenced
from registre.domain.job import Job, Stage, State
from tests.conftest import empty
from tests.integration.db.machines import World, play
from tests.integration.db.orders import LEASE, TROUBLE, job_row, place, ripen

DEATHS = 3
WORKERS = st.sampled_from(["w1", "w2", "w3"])


@dataclass
class Known:
    """The model."""

    state: str = "queued"
    fence: int = 0
    holder: str | None = None
    beats: bool = False
    deaths: int = 0


class Lease(RuleBasedStateMachine):
    """Three workers, one job."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.run, self.sql, self.database = world.run, world.sql, world.database
        empty(self.sql)
        self.job_id = place(self.sql, max_attempts=DEATHS)[1]
        self.model = Known()
        #: every claim that was ever answered, by worker
        self.claims: list[tuple[str, Job]] = []

    @rule(worker=WORKERS)
    def claim(self, worker: str) -> None:
        ripen(self.sql, self.job_id)
        job = self.run(self._claim(worker))
        assert (job is not None) == (self.model.state in {"queued", "waiting"})
        if job is not None:
            assert job.fence == self.model.fence + 1
            self.model.state, self.model.holder, self.model.beats = "running", worker, True
            self.model.fence = job.fence
            self.claims.append((worker, job))

    @precondition(lambda self: self.model.state == "running")
    @rule(worker=WORKERS)
    def beat(self, worker: str) -> None:
        kept = self.run(self._beat(worker))
        holds = self.model.state == "running" and self.model.holder == worker
        assert kept == ({self.job_id: self.model.fence} if holds else {})
        self.model.beats |= holds

    @precondition(lambda self: self.model.state == "running")
    @rule()
    def the_lease_runs_out(self) -> None:
        self.sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        self.model.beats = False

    @precondition(lambda self: self.model.state == "running")
    @rule()
    def sweep(self) -> None:
        found = self.run(self._sweep())
        dead = self.model.state == "running" and not self.model.beats
        assert len(found) == dead
        if dead:
            self.model.deaths += 1
            self.model.state = "failed" if self.model.deaths >= DEATHS else "queued"
            self.model.holder = None

    @precondition(lambda self: self.claims)
    @rule(which=st.sampled_from([0, 0, 1, 2]), how=st.sampled_from(["later", "later", "fail", "hand over"]))
    def a_holder_of_whatever_time_writes(self, which: int, how: str) -> None:
        _, job = self.claims[-1 - which % len(self.claims)]
        holds = self.model.state == "running" and job.fence == self.model.fence
        try:
            self.run(self._write(job, how))
        except Fenced:
            assert not holds
            return
        assert holds
        self.model.state, self.model.holder = {"later": "waiting", "fail": "failed", "hand over": "queued"}[how], None
        self.model.deaths = 0 if how == "hand over" else self.model.deaths

    @precondition(lambda self: self.model.state != "queued")
    @rule()
    def a_person_requeues(self) -> None:
        [answer] = self.sql.execute("SELECT registre.requeue(%s, 'person')", [self.job_id]).fetchone()
        if answer == str(Stage.OCR) or answer in {"fetch", "store"}:
            self.model.state, self.model.deaths, self.model.fence = "queued", 0, self.model.fence + 1
        else:
            assert self.model.state in {"queued", "running"}

    @invariant()
    def table_and_model_agree(self) -> None:
        row = job_row(self.sql, self.job_id)
        known = self.model
        assert (row["state"], row["fence"], row["worker"], row["crashes"]) == (
            known.state, known.fence, known.holder, known.deaths,
        )  # fmt: skip

    @invariant()
    def at_most_one_try_is_open(self) -> None:
        query = "SELECT count(*) FROM registre.attempt WHERE job_id = %s AND ended_at IS NULL"
        assert self.sql.execute(query, [self.job_id]).fetchone()[0] == (self.model.state == "running")

    async def _claim(self, worker: str) -> Job | None:
        stage = Stage(job_row(self.sql, self.job_id)["stage"])
        async with self.database.connection() as connection:
            return await jobs.claim_job(connection, self.job_id, stage, worker=worker, lease=LEASE)

    async def _beat(self, worker: str) -> dict:
        async with self.database.connection() as connection:
            return await jobs.beat_jobs(connection, [self.job_id], worker=worker, lease=LEASE)

    async def _sweep(self) -> list:
        async with self.database.connection() as connection:
            return await jobs.expire_leases(connection)

    async def _write(self, job: Job, how: str) -> None:
        async with self.database.connection() as connection:
            await _written(connection, job, how)


async def _written(connection: Connection, job: Job, how: str) -> None:
    if how == "later":
        await jobs.delay_job(connection, job, timedelta(seconds=5), TROUBLE, spent=False)
    elif how == "fail":
        await jobs.finish_job(connection, job, State.FAILED, trouble=TROUBLE)
    else:
        await jobs.advance_job(connection, job, Stage.STORE)


def test_whatever_happens_a_job_has_one_holder_and_a_growing_fence(database_url: str) -> None:
    play(database_url, Lease, examples=15, steps=50)
