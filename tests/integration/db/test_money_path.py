"""Dying, pausing, losing the database or being cancelled around the purchase: nothing twice, nothing stuck unseen."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.fernet import Fernet

from actors import policy
from actors.handoff import hand_off
from registre import runtime as runtime_module
from registre.accounts import Accounts, Vault
from registre.db import account as accounts_db
from registre.db import charge as charges
from registre.db import job as jobs
from registre.db.account import save_account
from registre.db.pool import Database
from registre.domain import errors
from registre.domain.account import AccountLimits
from registre.domain.job import Job, Site, Stage, State
from registre.domain.reading import PdfFacts
from registre.domain.request import DocumentKind
from registre.runtime import Running, Runtime
from registre.sites.base import Delivery, Purchase
from registre.stages import download, fetch, recovery, store
from registre.stages.context import Held, Located, Rules, StageContext
from registre.storage.keys import staging_key
from registre.storage.objects import Objects
from tests.integration.db.orders import (
    LEASE,
    TARGET,
    TROUBLE,
    add_document,
    claimed,
    delay,
    finish,
    job_row,
    place,
    ripen,
    to_stage,
)

RULES = Rules(150, 0, timedelta(hours=24))


async def _downloading(database: Database, sql: psycopg.Connection) -> Job:
    _, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.DOWNLOAD)
    return await claimed(database, job_id, Stage.DOWNLOAD)


async def _intend(database: Database, job: Job, account_id: UUID | None = None) -> charges.Charge:
    async with database.connection() as connection:
        await charges.intend_charge(connection, job, TARGET, account_id=account_id, amount_cents=150)
        charge = await charges.open_charge(connection, job.id)
    assert charge is not None
    return charge


def _context(database: Database, **fields) -> StageContext:
    blank = {"worker": "w1", "database": database, "objects": None, "inspector": None, "reader": None, "rules": RULES}
    return StageContext(**{**blank, **fields})


# --- what an order leaves behind


@pytest.mark.parametrize("money", ["intent", "paid"])
async def test_a_purchase_that_nobody_works_on_any_more_is_shown_to_a_person_and_not_waited_for(
    database: Database, sql: psycopg.Connection, money: str
) -> None:
    first = await _downloading(database, sql)
    await _intend(database, first)
    sql.execute("UPDATE registre.charge SET state = %s", [money])
    second = await _downloading(database, sql)
    with pytest.raises(errors.BeingBought):
        await download._already(second, TARGET, _context(database))
    await finish(database, first, State.FAILED, trouble=TROUBLE)
    with pytest.raises(errors.ChargeUnproven):
        await download._already(second, TARGET, _context(database))


async def test_a_cancel_that_meets_a_purchase_being_written_comes_too_late(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _downloading(database, sql)
    async with database.transaction() as buying:
        await charges.intend_charge(buying, job, TARGET, account_id=None, amount_cents=150)
        cancelling = asyncio.create_task(_cancel(database, job.id))
        await asyncio.wait({cancelling}, timeout=0.3)
    assert await cancelling == "too_late"
    assert job_row(sql, job.id)["state"] == "running"


async def _cancel(database: Database, job_id: UUID) -> str:
    async with database.connection() as connection:
        return await jobs.cancel_job(connection, job_id, actor="test")


async def test_what_was_bought_is_looked_up_even_if_the_site_no_longer_offers_it(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    job = await _downloading(database, sql)
    await _intend(database, job)
    await delay(database, job)
    ripen(sql, job.id)
    sql.execute("UPDATE registre.charge SET intent_at = intent_at - interval '1 min'")
    sql.execute(
        "UPDATE registre.attempt SET started_at = started_at - interval '2 min', ended_at = ended_at - interval '1 min'"
    )

    async def gone(*_args: object) -> Located:
        raise errors.NotFound

    monkeypatch.setattr(fetch, "_locate", gone)
    again = await claimed(database, job.id, Stage.FETCH)
    located = await fetch.run(again, _context(database, objects=Objects(str(tmp_path))))
    assert located == Located(located.request_key, (TARGET,))


# --- the account of an open purchase


@pytest.fixture
def pool(database: Database):
    vault = Vault(Fernet.generate_key())
    made = Accounts(database, vault, site=Site.FONCIER, worker="w1", lease=LEASE)
    return SimpleNamespace(accounts=made, vault=vault)


async def _account(pool, database: Database, sql: psycopg.Connection) -> UUID:
    async with database.connection() as connection:
        await save_account(connection, username="a", secret=pool.vault.seal("x"), site="foncier")
    return sql.execute("SELECT id FROM public.worker_accounts").fetchone()[0]


@pytest.mark.parametrize("change", ["is_active = false", "failure_count = 2"])
async def test_a_benched_account_that_is_needed_ends_in_an_error_that_names_it(
    pool, database: Database, sql: psycopg.Connection, change: str
) -> None:
    wanted = await _account(pool, database, sql)
    sql.execute(f"UPDATE public.worker_accounts SET {change}")
    with pytest.raises(errors.AccountBenched, match="« a »"):
        await pool.accounts.lease(account=wanted)


async def test_a_deleted_account_that_is_needed_is_for_a_person(pool, database: Database) -> None:
    with pytest.raises(errors.ChargeUnproven):
        await pool.accounts.lease(account=uuid4())


async def test_an_account_at_work_elsewhere_is_waited_for(pool, database: Database, sql: psycopg.Connection) -> None:
    wanted = await _account(pool, database, sql)
    await pool.accounts.lease()
    sql.execute("UPDATE public.worker_accounts SET failure_count = 2")
    with pytest.raises(errors.NoAccount):
        await pool.accounts.lease(account=wanted)


async def test_an_account_leased_by_a_request_whose_answer_was_lost_is_not_kept_for_ever(
    pool, database: Database, sql: psycopg.Connection
) -> None:
    await _account(pool, database, sql)
    lost = Accounts(database, pool.vault, site=Site.FONCIER, worker="w1", lease=LEASE)
    await lost.lease()
    sql.execute("UPDATE public.worker_accounts SET lease_until = now() - interval '1 ms'")
    await pool.accounts.beat()
    async with database.connection() as connection:
        assert len(await accounts_db.free_accounts(connection)) == 1


async def test_giving_an_account_back_without_a_database_hides_no_other_error_and_ends_its_lease(
    pool, database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _account(pool, database, sql)
    leased = await pool.accounts.lease()

    def away() -> None:
        raise psycopg.OperationalError("server closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr(database, "connection", away)
        await pool.accounts.release(leased)
    sql.execute("UPDATE public.worker_accounts SET lease_until = now() - interval '1 ms'")
    await pool.accounts.beat()
    assert sql.execute("SELECT lease_until < now() FROM public.worker_accounts").fetchone() == (True,)


# --- paused, overtaken, and going on


async def test_a_process_that_gets_its_own_job_again_stops_the_old_work_first(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job_id = place(sql)
    lives: list[str] = []
    started = asyncio.Event()

    async def work(job: Job, _context: object):
        lives.append(f"start {job.fence}")
        try:
            if job.fence == 1:
                started.set()
                await asyncio.sleep(30)
        finally:
            lives.append(f"end {job.fence}")
        raise errors.NotFound

    monkeypatch.setitem(policy._WORK, Stage.FETCH, work)
    runtime = _runtime(database)
    first = asyncio.create_task(policy.run_stage(runtime, Stage.FETCH, job_id))
    await started.wait()
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
    async with database.connection() as connection:
        await jobs.expire_leases(connection)
    await policy.run_stage(runtime, Stage.FETCH, job_id)
    await first
    assert lives == ["start 1", "end 1", "start 2", "end 2"]
    assert (job_row(sql, job_id)["state"], runtime.running) == ("refused", {})


def _runtime(database: Database, **fields) -> Runtime:
    context = _context(database, **fields)
    return Runtime(SimpleNamespace(name="dev", ocr=True), "browser", context, database, worker="w1", name="slot")


async def test_closing_a_hung_browser_does_not_stop_the_heart(
    database: Database, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "HEARTBEAT", timedelta(milliseconds=20))
    hung = asyncio.Event()

    async def reap() -> None:
        hung.set()
        await asyncio.sleep(30)

    runtime = _runtime(database, sessions=SimpleNamespace(reap=reap, beat=hung.wait))
    runtime.start_beating()
    await hung.wait()
    job = await claimed(database, place(sql)[1], Stage.FETCH)
    runtime.running[job.id] = Running(asyncio.create_task(asyncio.sleep(30)), job.fence)
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
    for _ in range(100):
        await asyncio.sleep(0.02)
        if sql.execute("SELECT lease_until > now() FROM registre.job").fetchone() == (True,):
            break
    else:
        pytest.fail("no beat while the session pool hangs")
    runtime.running.pop(job.id).task.cancel()
    await runtime.stop_beating()


async def test_who_has_not_beaten_for_a_lease_no_longer_holds_the_job(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await claimed(database, place(sql)[1], Stage.FETCH)
    runtime = _runtime(database)
    task = asyncio.create_task(asyncio.sleep(30))
    assert not runtime.holds(job)
    running = runtime.running[job.id] = Running(task, job.fence)
    assert not runtime.holds(job)
    await runtime.beat()
    assert runtime.holds(job)
    assert not runtime.holds(replace(job, fence=job.fence + 1))
    running.held_until -= LEASE.total_seconds()
    assert not runtime.holds(job)
    task.cancel()


async def test_an_intent_is_old_enough_only_when_its_writer_has_been_gone_long_enough(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _downloading(database, sql)
    await _intend(database, job)
    sql.execute(
        "UPDATE registre.charge SET intent_at = intent_at - interval '2 min';"
        "UPDATE registre.attempt SET started_at = started_at - interval '3 min'"
    )
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms'")
    async with database.connection() as connection:
        await jobs.expire_leases(connection)
        charge = await charges.open_charge(connection, job.id)
        assert charge.age < timedelta(seconds=30)
        sql.execute("UPDATE registre.attempt SET ended_at = ended_at - interval '1 min'")
        charge = await charges.open_charge(connection, job.id)
        assert timedelta(seconds=59) < charge.age < timedelta(seconds=100)


async def test_a_young_intent_waits_just_long_enough_and_disturbs_no_page_meanwhile(
    database: Database, sql: psycopg.Connection, tmp_path
) -> None:
    job = await _downloading(database, sql)
    await _intend(database, job)
    await delay(database, job)
    ripen(sql, job.id)
    sql.execute("UPDATE registre.charge SET intent_at = intent_at - interval '20 s'")
    sql.execute("UPDATE registre.attempt SET ended_at = ended_at - interval '20 s'")
    again = await claimed(database, job.id, Stage.FETCH)
    with pytest.raises(errors.SettlingCharge) as waits:  # there is no browser to ask
        await fetch.run(again, _context(database, objects=Objects(str(tmp_path))))
    assert timedelta(seconds=1) < waits.value.delay <= timedelta(seconds=10)


# --- the site's history, and bytes without a database


async def test_a_purchase_of_the_same_number_but_another_product_is_not_taken_for_ours(
    database: Database, sql: psycopg.Connection
) -> None:
    charge = await _intend(database, await _downloading(database, sql))
    index, plan, unsaid = (
        Purchase("2784195", "2026-05-01 10:00", 150, demande, kind=kind)
        for demande, kind in (("77", DocumentKind.INDEX), ("78", DocumentKind.PLAN), ("79", None))
    )
    context = _context(database)
    assert await recovery._match(charge, (plan, index), context) == index
    assert await recovery._match(charge, (unsaid,), context) == unsaid
    with pytest.raises(errors.ChargeUnproven):
        await recovery._match(charge, (plan,), context)


async def test_delivered_bytes_are_kept_even_when_the_database_is_away(
    database: Database, sql: psycopg.Connection, tmp_path
) -> None:
    charge = await _intend(database, await _downloading(database, sql))

    class Away(Database):
        async def insist(self, *_args: object, **_named: object):
            raise psycopg.OperationalError("server closed the connection")

    async def inspect(content: bytes) -> PdfFacts:
        return PdfFacts(len(content), "a" * 64, 1, "")

    objects = Objects(str(tmp_path))
    context = _context(Away(database.url), objects=objects, inspector=SimpleNamespace(inspect=inspect))
    with pytest.raises(psycopg.OperationalError):
        await download._secure(charge, Delivery(b"%PDF-x", TARGET, {}), SimpleNamespace(), context)
    assert await objects.find(staging_key(charge.id)) == b"%PDF-x"


# --- every way out of a purchase


def _raising(error: BaseException, charged: bool | None):
    """A site whose purchase ends so, and its session."""

    async def buy(*_args: object, **_named: object) -> Delivery:
        vars(error)["charged"] = charged
        raise error

    return SimpleNamespace(buy=buy), SimpleNamespace(page=_Page())


class _Page:
    """What may be looked for among the sealed pages."""


@pytest.mark.parametrize(
    ("error", "charged", "money", "leaves"),
    [
        (errors.NotFound(), False, "void", errors.NotFound),
        (errors.NotFound(), None, "intent", errors.UnexpectedMessage),
        (errors.InactiveLot(), True, "paid", errors.UnexpectedMessage),
        (errors.PageTimeout(), None, "intent", errors.PageTimeout),
        (errors.PageTimeout(), False, "void", errors.PageTimeout),
        (errors.DocumentLate(), True, "paid", errors.DocumentLate),
        (errors.BrowserLost(), None, "intent", errors.BrowserLost),
        (ZeroDivisionError(), None, "intent", ZeroDivisionError),
        (asyncio.CancelledError(), None, "intent", asyncio.CancelledError),
        (asyncio.CancelledError(), False, "void", asyncio.CancelledError),
    ],
)
async def test_what_a_purchase_knew_of_the_money_when_it_ended_is_what_is_written(
    database: Database, sql: psycopg.Connection, error: BaseException, charged: bool | None, money: str, leaves: type
) -> None:
    job = await _downloading(database, sql)
    charge = await _intend(database, job)
    adapter, session = _raising(error, charged)
    context = _context(database, sessions=SimpleNamespace(), adapter=adapter)
    with pytest.raises(leaves):
        await download._buy(job, charge, session, context)
    assert sql.execute("SELECT state FROM registre.charge").fetchone() == (money,)


async def test_a_charge_that_its_slow_writer_settled_meanwhile_is_looked_at_again(
    database: Database, sql: psycopg.Connection, tmp_path
) -> None:
    charge = await _intend(database, await _downloading(database, sql))

    async def purchases(*_args: object) -> tuple[Purchase, ...]:
        sql.execute("UPDATE registre.charge SET state = 'void'")
        return ()

    context = _context(
        database,
        objects=Objects(str(tmp_path)),
        sessions=SimpleNamespace(),
        adapter=SimpleNamespace(purchases=purchases),
    )
    old = replace(charge, age=timedelta(minutes=5))
    with pytest.raises(errors.SettlingCharge):
        await recovery.look_first(old, SimpleNamespace(page=None), context)


# --- ceilings


@pytest.mark.parametrize(
    ("daily", "account", "outcome"),
    [
        (449, AccountLimits(0, 0, 150), "waits for the day"),
        (450, AccountLimits(0, 0, 150), "bought"),
        (0, AccountLimits(2, 0, 150), "changes account"),
        (0, AccountLimits(0, 449, 150), "changes account"),
        (0, AccountLimits(3, 450, 150), "bought"),
    ],
)
async def test_ceilings_are_kept_in_the_transaction_that_writes_the_intent(
    database: Database, sql: psycopg.Connection, daily: int, account: AccountLimits, outcome: str
) -> None:
    mine = uuid4()
    for state in ("paid", "unproven"):
        await _intend(database, await _downloading(database, sql), mine)
        sql.execute(
            "UPDATE registre.charge SET state = %s, document_key = gen_random_uuid()::text WHERE state = 'intent'",
            [state],
        )
    job = await _downloading(database, sql)
    session = SimpleNamespace(account=SimpleNamespace(id=mine), broken=False)
    context = _context(database, rules=replace(RULES, daily_ceiling_cents=daily, account=account))
    if outcome == "bought":
        assert (await download._intend(job, TARGET, session, context)).state == "intent"
        return
    with pytest.raises(errors.CeilingReached) as waits:
        await download._intend(job, TARGET, session, context)
    assert session.broken is (outcome == "changes account")
    assert (waits.value.delay > timedelta(seconds=1)) is (outcome == "waits for the day")


async def test_many_that_buy_at_once_never_pass_a_ceiling_together(database: Database, sql: psycopg.Connection) -> None:
    mine = uuid4()
    found = [await _downloading(database, sql) for _ in range(12)]
    session = SimpleNamespace(account=SimpleNamespace(id=mine), broken=False)
    context = _context(database, rules=replace(RULES, account=AccountLimits(5, 0, 150)))
    targets = [replace(TARGET, number=str(3000000 + n)) for n in range(12)]
    answers = await asyncio.gather(
        *(download._intend(job, target, session, context) for job, target in zip(found, targets, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, charges.Charge) for answer in answers) == 5
    assert sum(isinstance(answer, errors.CeilingReached) for answer in answers) == 7


# --- a late finisher


async def test_a_late_finishers_object_is_never_referenced_and_the_others_result_stays(
    database: Database, sql: psycopg.Connection, tmp_path
) -> None:
    async def inspect(content: bytes) -> PdfFacts:
        return PdfFacts(len(content), hashlib.sha256(content).hexdigest(), 1, "")

    objects = Objects(str(tmp_path))
    context = _context(database, objects=objects, inspector=SimpleNamespace(inspect=inspect))
    buyer = await _downloading(database, sql)
    charge = await _intend(database, buyer)
    key = staging_key(charge.id)
    async with database.connection() as connection:
        await charges.pay_charge(connection, charge.id, staging_key=key)
        await jobs.advance_job(connection, buyer, Stage.STORE, staging_key=key)
    late = await claimed(database, buyer.id, Stage.STORE, "late")
    await objects.put(key, b"%PDF as the late one got it")
    stored_late = await store.run(late, context)
    sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
    async with database.connection() as connection:
        await jobs.expire_leases(connection)
    await objects.put(key, b"%PDF as it was delivered again")
    soon = await claimed(database, buyer.id, Stage.STORE, "soon")
    stored = await store.run(soon, context)
    await database.insist(lambda connection: hand_off(connection, "soon", soon, stored))
    await store.tidy(stored, context)

    with pytest.raises(errors.Fenced):
        await database.insist(lambda connection: hand_off(connection, "late", late, stored_late))
    await store.tidy(stored, context)

    assert sql.execute("SELECT object_key, path FROM registre.document").fetchall() == [
        (stored.object_key, stored.path)
    ]
    assert await objects.get(stored.object_key) == b"%PDF as it was delivered again"
    assert sql.execute("SELECT state FROM registre.charge").fetchall() == [("have",)]
    assert stored_late.object_key != stored.object_key


async def test_a_document_that_arrived_between_the_look_and_the_intent_is_not_bought_again(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _downloading(database, sql)
    context = _context(database)
    assert await download._already(job, TARGET, context) is None
    async with database.connection() as connection:
        document_id = await add_document(connection)  # another order had the luck of these milliseconds
    session = SimpleNamespace(account=SimpleNamespace(id=None), broken=False)
    assert await download._intend(job, TARGET, session, context) == Held(document_id)
    assert sql.execute("SELECT state FROM registre.charge").fetchall() == [("void",)]
    fresh = replace(job, fresh=True)
    assert isinstance(await download._intend(fresh, TARGET, session, context), charges.Charge)


async def test_a_purchase_being_settled_while_another_is_intended_answers_it(
    database: Database, sql: psycopg.Connection
) -> None:
    first, second = await _downloading(database, sql), await _downloading(database, sql)
    charge = await _intend(database, first)
    async with database.connection() as connection:
        await charges.pay_charge(connection, charge.id)
    session = SimpleNamespace(account=SimpleNamespace(id=None), broken=False)
    async with database.transaction() as settling:
        document_id = await add_document(settling)
        await charges.settle_charge(settling, first.id, document_id)
        intending = asyncio.create_task(download._intend(second, TARGET, session, _context(database)))
        await asyncio.wait({intending}, timeout=0.3)
    assert await intending == Held(document_id)
