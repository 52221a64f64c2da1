"""The ledger of purchases against a small model: never two open for one document, and what was paid is never lost."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registre.db import charge as charges
from registre.db import job as jobs
from registre.db.charge import Charge
from registre.db.pool import Database
from registre.domain.errors import Fenced
from registre.domain.job import ChargeState, Job, Stage, State
from registre.domain.request import DocumentKind, Target
from tests.integration.db.orders import (
    TARGET,
    TROUBLE,
    add_document,
    advance,
    claimed,
    finish,
    job_row,
    place,
    requeue,
    ripen,
    to_stage,
)

OPEN = {"intent", "paid", "unproven"}


async def _buying(database: Database, sql: psycopg.Connection) -> Job:
    _, job_id = place(sql)
    await to_stage(database, sql, job_id, Stage.DOWNLOAD)
    return await claimed(database, job_id, Stage.DOWNLOAD)


async def _intend(database: Database, job: Job, target: Target = TARGET) -> UUID | None:
    async with database.connection() as connection:
        return await charges.intend_charge(connection, job, target, account_id=None, amount_cents=150)


def _charges(sql: psycopg.Connection) -> list[str]:
    return [state for (state,) in sql.execute("SELECT state FROM registre.charge ORDER BY intent_at")]


async def test_twenty_orders_at_once_for_one_document_open_one_purchase(
    database: Database, sql: psycopg.Connection
) -> None:
    buyers = [await _buying(database, sql) for _ in range(20)]
    answers = await asyncio.gather(*(_intend(database, job) for job in buyers))
    assert sum(answer is not None for answer in answers) == 1
    assert _charges(sql) == ["intent"]


async def test_an_order_has_one_open_purchase_whatever_the_document(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _buying(database, sql)
    other = Target(DocumentKind.INDEX, "399-184", "Montréal", "Cadastre du Québec")
    assert await _intend(database, job) is not None
    assert await _intend(database, job, other) is None


@pytest.mark.parametrize("state", ["intent", "paid", "unproven"])
async def test_while_a_purchase_is_open_no_other_starts(
    database: Database, sql: psycopg.Connection, state: str
) -> None:
    await _intend(database, await _buying(database, sql))
    sql.execute("UPDATE registre.charge SET state = %s", [state])
    rival = await _buying(database, sql)
    assert await _intend(database, rival) is None
    async with database.connection() as connection:
        assert await charges.rival_charge(connection, rival.id, TARGET.key) == ChargeState(state)


@pytest.mark.parametrize("state", ["paid", "unproven", "have", "lost", "void"])
async def test_only_a_mere_intent_can_be_void_or_doubted(
    database: Database, sql: psycopg.Connection, state: str
) -> None:
    charge_id = await _intend(database, await _buying(database, sql))
    async with database.connection() as connection:
        document_id = await add_document(connection)
        sql.execute("UPDATE registre.charge SET state = %s, document_id = %s", [state, document_id])
        for close in (charges.void_charge, charges.doubt_charge):
            with pytest.raises(Fenced):
                await close(connection, charge_id, {"why": "test"})
    assert _charges(sql) == [state]


@pytest.mark.parametrize("state", ["have", "lost", "void"])
async def test_a_settled_purchase_is_not_paid_again(database: Database, sql: psycopg.Connection, state: str) -> None:
    charge_id = await _intend(database, await _buying(database, sql))
    async with database.connection() as connection:
        document_id = await add_document(connection)
        sql.execute("UPDATE registre.charge SET state = %s, document_id = %s", [state, document_id])
        with pytest.raises(Fenced):
            await charges.pay_charge(connection, charge_id)


async def test_a_purchase_is_had_only_with_its_document(database: Database, sql: psycopg.Connection) -> None:
    await _intend(database, await _buying(database, sql))
    with pytest.raises(psycopg.errors.CheckViolation):
        sql.execute("UPDATE registre.charge SET state = 'have'")


async def test_payment_is_a_fact_even_when_its_witness_was_overtaken(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _buying(database, sql)
    charge_id = await _intend(database, job)
    sql.execute("UPDATE registre.job SET fence = fence + 1")
    async with database.connection() as connection:
        await charges.pay_charge(connection, charge_id, demande="D-1", staging_key="staging/1.pdf")
        charge = await charges.open_charge(connection, job.id)
        assert (charge.state, charge.demande, charge.staging_key) == (ChargeState.PAID, "D-1", "staging/1.pdf")
        await charges.pay_charge(connection, charge_id, note={"again": True})
        assert await charges.open_charge(connection, job.id) == charge
        assert await charges.known_demandes(connection, charge_id) == frozenset()


async def test_the_days_spending_counts_everything_but_what_was_proven_free(
    database: Database, sql: psycopg.Connection
) -> None:
    for state in ("intent", "paid", "unproven", "void", "lost"):
        await _intend(database, await _buying(database, sql))
        sql.execute(
            "UPDATE registre.charge SET state = %s, document_key = gen_random_uuid()::text WHERE state = 'intent' "
            "AND document_key = %s",
            [state, TARGET.key],
        )
    sql.execute("UPDATE registre.charge SET intent_at = now() - interval '2 days' WHERE state = 'lost'")
    async with database.connection() as connection:
        assert await charges.spent_today(connection) == 450


@pytest.mark.parametrize(
    ("code", "money", "answer"),
    [
        ("charge_unproven", "unproven", "needs_rebuy"),
        ("document_timeout", "paid", "needs_rebuy"),
        ("bad_pdf", "paid", "needs_rebuy"),
        ("wrong_document", "paid", "needs_rebuy"),
        ("site_error", "paid", "fetch"),
        ("site_error", "intent", "fetch"),
        ("poison_job", "intent", "fetch"),
    ],
)
async def test_a_requeue_never_settles_money_by_itself(
    database: Database, sql: psycopg.Connection, code: str, money: str, answer: str
) -> None:
    job = await _buying(database, sql)
    charge_id = await _intend(database, job)
    sql.execute("UPDATE registre.charge SET state = %s", [money])
    trouble = jobs.Trouble("person", code, "x")
    await finish(database, job, State.FAILED, trouble=trouble)
    async with database.connection() as connection:
        assert await requeue(connection, job.id, actor="test") == answer
        assert (await charges.open_charge(connection, job.id)).id == charge_id
    assert _charges(sql) == [money]


@pytest.mark.parametrize(
    ("money", "paid", "settled"),
    [("intent", False, "void"), ("unproven", False, "void"), ("unproven", True, "lost"), ("paid", True, "lost")],
)
async def test_a_person_who_buys_anew_settles_the_old_purchase_and_is_named(
    database: Database, sql: psycopg.Connection, money: str, paid: bool, settled: str
) -> None:
    job = await _buying(database, sql)
    await _intend(database, job)
    sql.execute("UPDATE registre.charge SET state = %s, paid_at = CASE WHEN %s THEN now() END", [money, paid])
    await finish(database, job, State.FAILED, trouble=jobs.Trouble("person", "charge_unproven", "x"))
    async with database.connection() as connection:
        assert await requeue(connection, job.id, actor="a.person", rebuy=True) == "fetch"
    assert sql.execute(
        "SELECT state, note ->> 'settled_by', settled_at IS NOT NULL FROM registre.charge"
    ).fetchall() == [(settled, "a.person", True)]


async def test_buying_anew_while_the_job_runs_touches_no_money(database: Database, sql: psycopg.Connection) -> None:
    job = await _buying(database, sql)
    await _intend(database, job)
    async with database.connection() as connection:
        assert await requeue(connection, job.id, actor="test", rebuy=True) == "already_running"
    assert _charges(sql) == ["intent"]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 2]),
            st.sampled_from(
                ["claim", "intend", "pay", "void", "doubt", "stage", "settle", "fail", "retry", "crash", "requeue",
                 "requeue", "cancel", "rebuy"]
            ),
        ),
        min_size=8,
        max_size=40,
    )
)  # fmt: skip
async def test_whatever_happens_to_three_orders_of_one_document_the_ledger_obeys_its_model(
    database: Database, sql: psycopg.Connection, steps: list[tuple[int, str]]
) -> None:
    sql.execute("DELETE FROM registre.charge")
    orders = [place(sql) for _ in range(3)]
    model: dict[UUID, str] = {}
    for which, step in steps:
        order_id, job_id = orders[which]
        before = dict(model)
        await _act(step, database, sql, order_id, job_id)
        model = dict(sql.execute("SELECT id, state FROM registre.charge").fetchall())
        _check(step, before, model)
        assert set(before) <= set(model)
        [in_two] = sql.execute(
            "SELECT count(*) FROM registre.charge c JOIN registre.job j ON j.id = c.job_id "
            "WHERE c.state = 'paid' AND j.state = 'cancelled'"
        ).fetchone()
        assert in_two == 0


def _check(step: str, before: dict[UUID, str], after: dict[UUID, str]) -> None:
    """The model: which step may change which state into which."""
    assert sum(state in OPEN for state in after.values()) <= 1
    may = {
        "pay": {("intent", "paid"), ("unproven", "paid")},
        "void": {("intent", "void")},
        "doubt": {("intent", "unproven")},
        "settle": {("paid", "have")},
        "rebuy": {("intent", "void"), ("unproven", "void"), ("unproven", "lost"), ("paid", "lost")},
    }
    for charge_id, state in after.items():
        was = before.get(charge_id)
        if was is None:
            assert (step, state) == ("intend", "intent")
            assert not any(other in OPEN for other in before.values())
        elif was != state:
            assert (was, state) in may.get(step, set())


async def _act(step: str, database: Database, sql: psycopg.Connection, order_id: UUID, job_id: UUID) -> None:
    """Do `step` if it can be done now."""
    row = job_row(sql, job_id)
    async with database.connection() as connection:
        charge = await charges.open_charge(connection, job_id)
        if step == "claim":
            ripen(sql, job_id)
            await jobs.claim_job(connection, job_id, Stage(row["stage"]), worker="w", lease=timedelta(seconds=8))
        elif step == "requeue":
            await requeue(connection, job_id, actor="test")
        elif step == "rebuy":
            await requeue(connection, job_id, actor="test", rebuy=True)
        elif step == "cancel":
            sql.execute("UPDATE public.extraction_queue SET status_id = 4 WHERE id = %s", [order_id])
        elif step == "crash":
            sql.execute("UPDATE registre.job SET lease_until = now() - interval '1 ms' WHERE state = 'running'")
            await jobs.expire_leases(connection)
        elif charge is not None:
            await _touch(step, connection, charge)
        if row["state"] == "running" and step in ("intend", "fail", "retry"):
            await _work(step, connection, row)


async def _touch(step: str, connection, charge: Charge) -> None:
    try:
        if step == "pay":
            await charges.pay_charge(connection, charge.id)
        elif step == "stage":
            if charge.state is ChargeState.PAID:
                await charges.pay_charge(connection, charge.id, staging_key="staging/1.pdf")
        elif step == "void":
            await charges.void_charge(connection, charge.id, {})
        elif step == "doubt":
            await charges.doubt_charge(connection, charge.id, {})
        elif step == "settle" and charge.state is ChargeState.PAID:
            await charges.settle_charge(connection, charge.job_id, await add_document(connection))
    except Fenced:
        assert charge.state is not ChargeState.INTENT


async def _work(step: str, connection, row: dict) -> None:
    job = Job(
        row["id"], row["order_id"], row["kind"], Stage(row["stage"]), row["fence"], row["attempts"],
        row["max_attempts"], row["request"], (), row["document_id"], None, False, 0,
    )  # fmt: skip
    if step == "intend":
        await charges.intend_charge(connection, job, TARGET, account_id=None, amount_cents=150)
    elif step == "fail":
        await jobs.finish_job(connection, job, State.FAILED, trouble=TROUBLE)
    else:
        await jobs.delay_job(connection, job, timedelta(seconds=1), TROUBLE, spent=True)


async def test_what_was_paid_and_staged_goes_to_store_and_not_to_the_site(
    database: Database, sql: psycopg.Connection
) -> None:
    job = await _buying(database, sql)
    charge_id = await _intend(database, job)
    async with database.connection() as connection:
        await charges.pay_charge(connection, charge_id, staging_key="staging/1.pdf")
    await advance(database, job, Stage.STORE, staging_key="staging/1.pdf")
    stored = await claimed(database, job.id, Stage.STORE)
    await finish(database, stored, State.FAILED, trouble=jobs.Trouble("retry", "storage_failed", "x"))
    async with database.connection() as connection:
        assert await requeue(connection, job.id, actor="test") == "store"


@pytest.mark.parametrize(
    ("kind", "age", "fresh", "held"),
    [("index", 1, False, True), ("index", 25, False, False), ("index", 1, True, False), ("acte", 900, False, True)],
)
async def test_a_document_we_hold_answers_an_order_unless_it_is_an_old_index_or_a_fresh_one_is_wanted(
    database: Database, sql: psycopg.Connection, kind: str, age: int, fresh: bool, held: bool
) -> None:
    target = Target(DocumentKind(kind), "2784195", "Montréal")
    async with database.connection() as connection:
        document_id = await add_document(connection, target)
        sql.execute("UPDATE registre.document SET created_at = now() - %s * interval '1 h'", [age])
        found = await charges.held_document(connection, target.key, fresh=fresh, max_age=timedelta(hours=24))
    assert found == (document_id if held else None)


@pytest.mark.parametrize("money", ["intent", "paid", "unproven"])
async def test_a_corrected_order_does_not_get_the_document_bought_for_its_old_words(
    database: Database, sql: psycopg.Connection, money: str
) -> None:
    job = await _buying(database, sql)
    await _intend(database, job)
    sql.execute("UPDATE registre.charge SET state = %s, staging_key = 'staging/1.pdf'", [money])
    await finish(database, job, State.FAILED, trouble=TROUBLE)
    sql.execute("UPDATE public.extraction_queue SET status_id = 1, document_number = '399-184'")
    assert (job_row(sql, job.id)["state"], _charges(sql)) == ("failed", [money])
    async with database.connection() as connection:
        assert await requeue(connection, job.id, actor="test", rebuy=True) == "fetch"
    assert job_row(sql, job.id)["request"]["document_number"] == "399-184"
