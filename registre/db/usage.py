"""The ledger of calls to paid readers, one function per query of `sql/usage.sql`.

`registre.limits.calls.Calls` writes it around each call; nothing else needs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import class_row

from registre.db.pool import Connection
from registre.db.queries import load

_SQL = load("usage")

#: Outcome of a call that has left and is not answered; it stays so when its process died.
SENT: Final = "sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One call: estimated while it is `sent`, afterwards as the answer says."""

    model: str
    #: extract, recheck, correct, count, …
    purpose: str
    job_id: UUID | None = None
    document_id: UUID | None = None
    page: int | None = None
    prompt_hash: str | None = None
    #: what the answer calls the model
    model_version: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    #: millionths of a US dollar
    microdollars: int = 0
    #: `sent`, `read`, or the code of what went wrong
    outcome: str = SENT
    #: why the model stopped, or the prompt was not taken, in the provider's words
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DayRow:
    """Calls of one of the provider's days (Pacific time), by model and outcome."""

    day: date
    model: str
    outcome: str
    calls: int
    input_tokens: int
    output_tokens: int
    thinking_tokens: int
    microdollars: int


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """What one document cost."""

    document_id: UUID
    path: str | None
    pages: int
    calls: int
    input_tokens: int
    output_tokens: int
    microdollars: int
    last_at: datetime


async def record_usage(connection: Connection, usage: Usage) -> int:
    """Write a call's row and return its id; commit it before the call leaves."""
    values = {name: getattr(usage, name) for name in Usage.__slots__}
    row = await (await connection.execute(_SQL["record_usage"], values)).fetchone()
    assert row is not None  # noqa: S101  an insert answers
    return int(row[0])


async def settle_usage(connection: Connection, usage_id: int, usage: Usage) -> bool:
    """Write what the answer says; False when it was settled before."""
    values = {name: getattr(usage, name) for name in Usage.__slots__}
    return (
        await (await connection.execute(_SQL["settle_usage"], {**values, "usage_id": usage_id})).fetchone() is not None
    )


async def withdraw_usage(connection: Connection, usage_id: int) -> None:
    """Take back the row of a call that provably never left."""
    await connection.execute(_SQL["withdraw_usage"], {"usage_id": usage_id})


async def document_cost(connection: Connection, document_id: UUID) -> int:
    """Micro-dollars spent on a document so far."""
    row = await (await connection.execute(_SQL["document_cost"], {"document_id": document_id})).fetchone()
    return int(row[0]) if row else 0


async def job_tokens(connection: Connection, job_id: UUID, document_id: UUID | None) -> int:
    """Tokens that reading the document took in this job, in, out and thought."""
    values = {"job_id": job_id, "document_id": document_id}
    row = await (await connection.execute(_SQL["job_tokens"], values)).fetchone()
    return int(row[0]) if row else 0


async def recent_calls(connection: Connection, model: str, *, span: timedelta) -> list[tuple[int, int, int]]:
    """Calls of the last `span` as (age in tenths of a second, requests, input tokens)."""
    rows = await (await connection.execute(_SQL["recent_calls"], {"model": model, "span": span})).fetchall()
    return [(max(0, int(age)), int(calls), int(tokens)) for age, calls, tokens in rows]


async def day_use(connection: Connection, model: str) -> tuple[int, int]:
    """Since the provider's midnight: this model's requests, and the micro-dollars of all models."""
    row = await (await connection.execute(_SQL["day_use"], {"model": model})).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def usage_by_day(connection: Connection, *, span: timedelta) -> list[DayRow]:
    """Sums of the last `span`, newest day first."""
    async with connection.cursor(row_factory=class_row(DayRow)) as cursor:
        return await (await cursor.execute(_SQL["usage_by_day"], {"span": span})).fetchall()


async def usage_by_document(
    connection: Connection, *, span: timedelta, most: int = 20, document_id: UUID | None = None
) -> list[DocumentRow]:
    """The dearest documents of the last `span`, or the one named."""
    values = {"span": span, "most": most, "document_id": document_id}
    async with connection.cursor(row_factory=class_row(DocumentRow)) as cursor:
        return await (await cursor.execute(_SQL["usage_by_document"], values)).fetchall()
