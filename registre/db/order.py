"""Placing orders: rows of the public table, one function per query of `sql/order.sql`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from registre.db.pool import Connection
from registre.db.queries import load
from registre.domain.request import Request

_SQL = load("order")


@dataclass(frozen=True, slots=True)
class Order:
    """A checked order and the id its row will have."""

    id: UUID
    request: Request
    #: the number as the customer typed it
    number_as_typed: str


async def insert_orders(connection: Connection, orders: Sequence[Order], *, fresh: bool, priority: int) -> list[UUID]:
    """Insert all of them in one transaction; the door makes their jobs. Answers the ids inserted."""
    async with connection.transaction():
        await set_order_options(connection, fresh=fresh, priority=priority)
        rows = await connection.execute(_SQL["insert_orders"], {"orders": Jsonb([_row(order) for order in orders])})
        return [row[0] for row in await rows.fetchall()]


async def set_order_options(connection: Connection, *, fresh: bool, priority: int) -> None:
    """Say how the orders inserted in this transaction are to be treated."""
    values = {"fresh": "on" if fresh else "", "priority": str(priority)}
    await connection.execute(_SQL["set_order_options"], values)


def _row(order: Order) -> Mapping[str, str | None]:
    request = order.request
    return {
        "id": str(order.id),
        "document_source": request.kind,
        "document_number": order.number_as_typed,
        "document_number_normalized": request.number,
        "circonscription_fonciere": request.circonscription,
        "cadastre": request.cadastre,
        "designation_secondaire": request.designation_secondaire,
        "acte_type": request.type_acte,
    }
