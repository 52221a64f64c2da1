"""Two orders of one document, workers that die between any two steps, a registry that forgets, a person who meddles.

The model: the registry bills the document once, and once more for each time a person said to buy anew.
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registre.db import charge as charges
from registre.db import job as jobs
from registre.db.pool import Database
from registre.domain.errors import Deferred, NeedsPerson, RegistreError, SiteError
from registre.domain.job import Job, Stage, State
from registre.domain.reading import PdfFacts
from registre.domain.request import DocumentKind, Target
from registre.sites.base import Delivery, Purchase, Till
from registre.stages import browsing, download, reconcile
from registre.stages.context import Rules, StageContext, Staged
from registre.storage.objects import Objects
from tests.conftest import empty
from tests.integration.db.machines import World, play
from tests.integration.db.orders import PLAN, add_document, claimed, delay, finish, job_row, place, ripen

DOCUMENT = Target(DocumentKind.PLAN, "2784195", "Montréal", "Cadastre du Québec")
POINTS = ("never", "intent", "before_send", "sending", "billed", "paid", "staged")


#: Where the worker dies, whether the site's answer comes and names the demande, and the minutes that pass then.
LIVES = st.tuples(st.sampled_from(POINTS), st.booleans(), st.booleans(), st.sampled_from([2, 2, 0]))


class Death(BaseException):
    """The process was killed: nothing of it does anything any more."""


class Life:
    """One worker process: dies where it is told to, and then reaches neither database nor store."""

    def __init__(self, ends_at: str) -> None:
        self._ends_at = ends_at
        self._dead = False

    def reach(self, point: str) -> None:
        self._dead |= point == self._ends_at
        if self._dead:
            raise Death


class Mortal:
    """The database and the object store as that process has them."""

    def __init__(self, life: Life, database: Database, objects: Objects) -> None:
        self._life, self._database, self._objects = life, database, objects

    @asynccontextmanager
    async def connection(self):
        self._life.reach("")
        async with self._database.connection() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self):
        self._life.reach("")
        async with self._database.transaction() as connection:
            yield connection

    async def insist(self, work):
        self._life.reach("")
        done = await self._database.insist(work)
        self._life.reach("paid")
        return done

    async def find(self, key: str) -> bytes | None:
        self._life.reach("")
        return await self._objects.find(key)

    async def put(self, key: str, content: bytes) -> None:
        self._life.reach("")
        await self._objects.put(key, content)
        self._life.reach("staged")


class Registry:
    """Bills what is sent to it, whether or not its answer arrives."""

    def __init__(self, sql: psycopg.Connection) -> None:
        self._sql = sql
        self.lines: list[Purchase] = []
        self.billed: list[UUID] = []
        self.tells_history = True
        self.answers = True
        self.tells_demande = True
        self.life = Life("never")

    async def buy(self, _page: object, target: Target, *, may_send) -> Delivery:
        with Till() as till:
            self.life.reach("before_send")
            assert may_send()
            till.charged = None
            self.life.reach("sending")
            [charge] = self._sql.execute("SELECT id FROM registre.charge WHERE state = 'intent'").fetchone()
            now = datetime.now(UTC)
            self.billed.append(charge)
            self.lines.append(Purchase(target.number, f"{now}", 150, f"D{len(self.lines)}", {}, target.kind, now))
            self.life.reach("billed")
            if not self.answers:
                raise SiteError
            till.charged = True
            note = {"demande": self.lines[-1].demande} if self.tells_demande else {}
            return Delivery(b"%PDF", target, note)

    async def purchases(self, _page: object, _since: datetime) -> tuple[Purchase, ...] | None:
        return tuple(self.lines) if self.tells_history else None

    async def recover(self, _page: object, _purchase: Purchase) -> Delivery | None:
        return Delivery(b"%PDF", DOCUMENT, {})


class Page:
    """Nothing to see."""


class Sessions:
    """Always one at hand."""

    def __init__(self, account: UUID) -> None:
        self._account = account

    async def acquire(self, _job: UUID, *, account: UUID | None = None):
        return SimpleNamespace(
            account=SimpleNamespace(id=account or self._account, username="u", password="p"), page=Page(), broken=False
        )

    def release(self, _session: object) -> None:
        return

    async def discard(self, _session: object) -> None:
        return


class Money(RuleBasedStateMachine):
    """What may happen."""

    def __init__(self, world: World, objects: Objects) -> None:
        super().__init__()
        self.run, self.sql, self.database, self.objects = world.run, world.sql, world.database, objects
        empty(self.sql)
        self.account = uuid4()
        self.registry = Registry(self.sql)
        self.orders = [place(self.sql, **PLAN, max_attempts=99)[1] for _ in range(2)]
        self.decided = 0

    @rule(life=LIVES)
    def the_first_order_is_worked_on(self, life: tuple[str, bool, bool, int]) -> None:
        self._live(0, *life)

    @rule(life=LIVES)
    def the_second_order_is_worked_on(self, life: tuple[str, bool, bool, int]) -> None:
        self._live(1, *life)

    def _live(self, which: int, ends_at: str, answers: bool, tells_demande: bool, minutes: int) -> None:
        """One worker's visit; then its lease ends if it died, and time passes."""
        self.registry.answers, self.registry.tells_demande = answers, tells_demande
        self.registry.life = Life(ends_at)
        order, other = self.orders[which], self.orders[1 - which]
        self.run(self._work(order if self._waits(order) else other))
        self.sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        self.run(self._sweep())
        self.sql.execute("UPDATE registre.charge SET intent_at = intent_at - %s * interval '1 min'", [minutes])
        self.sql.execute(
            "UPDATE registre.attempt SET started_at = started_at - %s * interval '1 min', "
            "ended_at = ended_at - %s * interval '1 min'",
            [minutes, minutes],
        )

    @rule(tells=st.sampled_from([True, True, False]))
    def history_comes_and_goes(self, tells: bool) -> None:
        self.registry.tells_history = tells

    @rule(which=st.sampled_from([0, 1]), anew=st.booleans())
    def a_person_decides(self, which: int, anew: bool) -> None:
        done = job_row(self.sql, self.orders[which])["state"] == "done"
        open_ = self._count("state IN ('intent', 'paid', 'unproven') AND job_id = %s", self.orders[which])
        [answer] = self.sql.execute("SELECT registre.requeue(%s, 'person', %s)", [self.orders[which], anew]).fetchone()
        self.decided += bool(anew and answer == "fetch" and (open_ or done))

    @rule()
    def the_ledgers_are_compared(self) -> None:
        self.run(self._compare())

    @precondition(lambda self: self._count("state IN ('intent', 'paid', 'unproven')"))
    @rule(which=st.sampled_from([0, 1]))
    def an_order_is_cancelled(self, which: int) -> None:
        self.sql.execute("SELECT registre.cancel(%s, 'person')", [self.orders[which]])

    @invariant()
    def never_billed_twice_by_itself(self) -> None:
        assert len(self.registry.billed) <= 1 + self.decided

    @invariant()
    def nothing_billed_is_held_for_free(self) -> None:
        assert not self._count("state = 'void' AND NOT note ? 'settled_by' AND id = ANY(%s)", self.registry.billed)

    @invariant()
    def one_open_purchase_at_most(self) -> None:
        assert self._count("state IN ('intent', 'paid', 'unproven')") <= 1

    def _count(self, condition: str, *values: object) -> int:
        query = f"SELECT count(*) FROM registre.charge WHERE {condition}"
        return self.sql.execute(query, values or None).fetchone()[0]

    def _waits(self, job_id: UUID) -> bool:
        return job_row(self.sql, job_id)["state"] in {"queued", "waiting"}

    async def _sweep(self) -> None:
        async with self.database.connection() as connection:
            await jobs.expire_leases(connection)

    async def _compare(self) -> None:
        lines = await self.registry.purchases(None, datetime.now(UTC))
        if lines is None:
            return
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        async with self.database.connection() as connection:
            ours = await charges.booked(connection, self.account, since=long_ago)
            for found in reconcile.compare(ours, lines, since=long_ago):
                await reconcile.settle(connection, found, actor="person")

    async def _work(self, job_id: UUID) -> None:
        if not self._waits(job_id):
            return
        ripen(self.sql, job_id)
        if job_row(self.sql, job_id)["stage"] == "fetch":
            fetched = await claimed(self.database, job_id, Stage.FETCH)
            async with self.database.connection() as connection:
                await jobs.advance_job(connection, fetched, Stage.DOWNLOAD, targets=[DOCUMENT])
        if job_row(self.sql, job_id)["stage"] != "download":
            return
        job = await claimed(self.database, job_id, Stage.DOWNLOAD)
        try:
            result = await download.run(job, self._context())
        except Death:
            return
        except RegistreError as exc:
            await self._fail(job, exc)
            return
        async with self.database.transaction() as connection:
            document = (
                result.document_id if not isinstance(result, Staged) else await add_document(connection, DOCUMENT)
            )
            if isinstance(result, Staged):
                await charges.settle_charge(connection, job.id, document)
            await jobs.finish_job(connection, job, State.DONE, document_id=document)

    async def _fail(self, job: Job, exc: RegistreError) -> None:
        if isinstance(exc, NeedsPerson):
            await finish(self.database, job, State.FAILED, trouble=jobs.Trouble("person", exc.code, exc.text))
        else:
            await delay(self.database, job, spent=not isinstance(exc, Deferred))

    def _context(self) -> StageContext:
        mortal = Mortal(self.registry.life, self.database, self.objects)
        return StageContext(
            worker="w1",
            database=mortal,
            objects=mortal,
            inspector=SimpleNamespace(inspect=_inspect),
            reader=None,
            rules=Rules(150, 0, timedelta(hours=24)),
            sessions=Sessions(self.account),
            adapter=self.registry,
        )


async def _inspect(content: bytes) -> PdfFacts:
    return PdfFacts(len(content), hashlib.sha256(content).hexdigest(), 1, "")


async def _no_snapshot(*_args: object) -> None:
    return


def test_a_document_is_billed_once_whoever_dies_wherever(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines: list[Money] = []

    def begin(world: World) -> Money:
        machines.append(Money(world, Objects(str(tmp_path))))
        return machines[-1]

    monkeypatch.setattr(browsing, "_keep_snapshot", _no_snapshot)
    monkeypatch.setattr(download, "crash_point", lambda _name: machines[-1].registry.life.reach("intent"))
    play(database_url, begin, examples=25)
    assert any(machine.registry.billed for machine in machines)
