"""What commands share: one loop, one connection to a database of the right version, ids found by their beginning."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import click

from registre.db import migrate, pool, report
from registre.db.pool import GONE, Connection, connect
from registre.domain.errors import ConfigurationError
from registre.installation import database_url, environments
from registre.settings import Environment, Settings, read_settings

_T = TypeVar("_T")

#: Shorter beginnings of an id are more likely a slip than a wish.
_MIN_PREFIX: Final = 6


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's one coroutine."""
    return asyncio.run(work)


def chosen_settings() -> Settings:
    """The settings of the environment that `registre --env` names, else of the first.

    Raises:
        ConfigurationError: settings to correct.
        click.UsageError: there is no such environment.
    """
    settings, name = read_settings(), _named()
    try:
        return settings if name is None else settings.within(name)
    except ConfigurationError as exc:
        raise click.UsageError(exc.text) from exc


def chosen_environments() -> tuple[Environment, ...]:
    """The environment that `registre --env` names, else all of them. Raises as `chosen_settings`."""
    settings = chosen_settings()
    return tuple(found for found in environments(settings) if _named() in {None, found.name})


def program(settings: Settings) -> str:
    """How a command is typed for the database these settings mean."""
    return f"registre --env {settings.environment}" if settings.environments else "registre"


def _named() -> str | None:
    context = click.get_current_context(silent=True)
    return context.find_root().params.get("env") if context else None


@asynccontextmanager
async def opened(settings: Settings, *, checked: bool = True) -> AsyncGenerator[Connection]:
    """One autocommit connection; `checked` also refuses a database of another version.

    Raises:
        ConfigurationError: Postgres is away, now or while the command runs, or lacks migrations.
    """
    try:
        connection = await connect(database_url(settings))
        try:
            if checked:
                await migrate.require_current(connection)
            yield connection
        finally:
            await connection.close()
    except GONE as exc:
        raise away(exc) from exc


def away(exc: BaseException) -> ConfigurationError:
    """Postgres does not answer, in one sentence."""
    return pool.away(exc)


def actor() -> str:
    """Who types, for the event log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"


async def find_job(connection: Connection, given: str) -> UUID:
    """The job meant by an order id, a job id, or the first six or more characters of either.

    Raises:
        click.UsageError: none, or several.
    """
    low, high = id_range(given)
    found = await report.match_jobs(connection, low=low, high=high)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        rows = await report.list_jobs(connection, ids=found)
        choices = ", ".join(str(row.shown_id)[:13] for row in rows[:5])
        raise click.UsageError(f"« {given} » désigne {len(found)} demandes ({choices}…): donnez plus de caractères.")
    orders = await report.unjoined_orders(connection, low=low, high=high)
    if orders:
        raise click.UsageError(
            f"La ligne {orders[0][0]} existe (status_id {orders[0][1]}) mais aucune demande ne la suit: "
            "mettez status_id à 1 pour la commander."
        )
    raise click.UsageError(f"Aucune demande ne porte l'identifiant « {given} ».")


async def find_jobs(connection: Connection, given: Sequence[str]) -> list[UUID]:
    """As `find_job` for each, in order, without repeats."""
    return list(dict.fromkeys([await find_job(connection, text) for text in given]))


def id_range(given: str) -> tuple[UUID, UUID]:
    """The lowest and highest id that begins so."""
    digits = given.strip().lower().replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        raise click.UsageError(f"« {given} » n'est pas un identifiant (chiffres et lettres a à f).")
    if len(digits) < _MIN_PREFIX:
        raise click.UsageError(f"« {given} » est trop court: donnez au moins {_MIN_PREFIX} caractères.")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def masked(url: str) -> str:
    """An address without its password."""
    return re.sub(r"(?<=:)[^:@/]*(?=@)|(?<=password=)[^&\s]+", "•••", url)
