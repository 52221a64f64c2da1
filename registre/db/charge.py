"""The purchase ledger, one function per query of `sql/charge.sql`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.errors import Fenced
from registre.domain.job import ChargeState, Job, State
from registre.domain.request import Target

_SQL = load("charge")


@dataclass(frozen=True, slots=True)
class Charge:
    """A purchase under way."""

    id: UUID
    job_id: UUID
    target: Target
    account_id: UUID | None
    state: ChargeState
    amount_cents: int
    demande: str | None
    staging_key: str | None
    intent_at: datetime
    #: on the database's clock, since whoever wrote it could last have gone on buying
    age: timedelta = field(compare=False)


@dataclass(frozen=True, slots=True)
class Booked:
    """A purchase as our ledger has it, with where its order stands."""

    id: UUID
    job_id: UUID
    order_id: UUID | None
    target: Target
    state: ChargeState
    amount_cents: int
    demande: str | None
    intent_at: datetime
    job_state: State
    #: as in `Charge`
    age: timedelta = field(compare=False)


async def open_charge(connection: Connection, job_id: UUID) -> Charge | None:
    """The order's purchase that is not settled."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(_SQL["open_charge"], {"job_id": job_id})).fetchone()
    if row is None:
        return None
    return Charge(
        id=row["id"],
        job_id=row["job_id"],
        target=Target.from_json(row["target"]),
        account_id=row["account_id"],
        state=ChargeState(row["state"]),
        amount_cents=row["amount_cents"],
        demande=row["demande"],
        staging_key=row["staging_key"],
        intent_at=row["intent_at"],
        age=row["age"],
    )


async def rival_charge(connection: Connection, job_id: UUID, document_key: str) -> ChargeState | None:
    """State of another order's unsettled purchase of the same document; `unproven` when nobody works on it."""
    values = {"job_id": job_id, "document_key": document_key}
    row = await (await connection.execute(_SQL["rival_charge"], values)).fetchone()
    return None if row is None else ChargeState(row[0])


async def held_document(connection: Connection, document_key: str, *, fresh: bool, max_age: timedelta) -> UUID | None:
    """A document we have that answers an order for this key; `max_age` limits an index."""
    values = {"document_key": document_key, "fresh": fresh, "max_age": max_age}
    row = await (await connection.execute(_SQL["held_document"], values)).fetchone()
    return None if row is None else row[0]


async def spent_today(connection: Connection) -> int:
    """Cents committed since midnight in Québec."""
    row = await (await connection.execute(_SQL["spent_today"])).fetchone()
    return 0 if row is None else int(row[0])


async def account_today(connection: Connection, account_id: UUID) -> tuple[int, int]:
    """Purchases and cents of one account since midnight in Québec."""
    row = await (await connection.execute(_SQL["account_today"], {"account_id": account_id})).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


async def until_midnight(connection: Connection) -> timedelta:
    """How long today lasts in Québec."""
    row = await (await connection.execute(_SQL["until_midnight"])).fetchone()
    return timedelta(days=1) if row is None else row[0]


async def intend_charge(
    connection: Connection, job: Job, target: Target, *, account_id: UUID | None, amount_cents: int
) -> UUID | None:
    """Write the intent to buy. None when a unique index refused it: someone else is buying, or we lost the job."""
    values = {
        "job_id": job.id,
        "fence": job.fence,
        "document_key": target.key,
        "target": Jsonb(target.to_json()),
        "account_id": account_id,
        "amount_cents": amount_cents,
    }
    row = await (await connection.execute(_SQL["intend_charge"], values)).fetchone()
    return None if row is None else row[0]


async def void_charge(connection: Connection, charge_id: UUID, note: dict[str, Any]) -> None:
    """Close an intent that provably cost nothing. Raises Fenced when it is no longer a mere intent."""
    await _one(connection, "void_charge", {"charge_id": charge_id, "note": Jsonb(note)})


async def pay_charge(
    connection: Connection,
    charge_id: UUID,
    *,
    demande: str | None = None,
    amount_cents: int | None = None,
    staging_key: str | None = None,
    note: dict[str, Any] | None = None,
) -> None:
    """Record that money is gone. Raises Fenced when the charge was settled meanwhile."""
    values = {
        "charge_id": charge_id,
        "demande": demande,
        "amount_cents": amount_cents,
        "staging_key": staging_key,
        "note": Jsonb(note or {}),
    }
    await _one(connection, "pay_charge", values)


async def doubt_charge(connection: Connection, charge_id: UUID, note: dict[str, Any]) -> None:
    """Leave the decision to a person. Raises Fenced when the charge is no mere intent."""
    await _one(connection, "doubt_charge", {"charge_id": charge_id, "note": Jsonb(note)})


async def settle_charge(connection: Connection, job_id: UUID, document_id: UUID) -> bool:
    """The order's paid purchase is stored; False when it had none (a document held already)."""
    values = {"job_id": job_id, "document_id": document_id}
    return await (await connection.execute(_SQL["settle_charge"], values)).fetchone() is not None


async def known_demandes(connection: Connection, charge_id: UUID) -> frozenset[str]:
    """The registry's numbers of all other purchases."""
    rows = await (await connection.execute(_SQL["known_demandes"], {"charge_id": charge_id})).fetchall()
    return frozenset(row[0] for row in rows)


async def booked(connection: Connection, account_id: UUID, *, since: datetime) -> tuple[Booked, ...]:
    """An account's purchases whose intent was written since then, oldest first."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_SQL["booked"], {"account_id": account_id, "since": since})).fetchall()
    return tuple(
        Booked(
            id=row["id"],
            job_id=row["job_id"],
            order_id=row["order_id"],
            target=Target.from_json(row["target"]),
            state=ChargeState(row["state"]),
            amount_cents=row["amount_cents"],
            demande=row["demande"],
            intent_at=row["intent_at"],
            job_state=State(row["job_state"]),
            age=row["age"],
        )
        for row in rows
    )


async def without_account(connection: Connection, *, since: datetime) -> int:
    """How many purchases since then have an account that is gone."""
    row = await (await connection.execute(_SQL["without_account"], {"since": since})).fetchone()
    return 0 if row is None else int(row[0])


async def first_charge(connection: Connection) -> datetime | None:
    """When the oldest intent of the ledger was written."""
    row = await (await connection.execute(_SQL["first_charge"])).fetchone()
    return None if row is None else row[0]


async def note_settled(connection: Connection, charge_id: UUID, *, was: ChargeState, actor: str, why: str) -> None:
    """Leave an event of what was decided about a charge, named after the state it has now."""
    values = {"charge_id": charge_id, "was": was, "actor": actor, "why": why}
    await connection.execute(_SQL["note_settled"], values)


async def lock_spending(connection: Connection) -> None:
    """Keep others from spending until this transaction ends."""
    await connection.execute(_SQL["lock_spending"])


async def _one(connection: Connection, name: str, values: dict[str, Any]) -> None:
    if await (await connection.execute(_SQL[name], values)).fetchone() is None:
        raise Fenced
