"""Forward-only migrations: the plain SQL files of `migrations/`, in order, each once, checksummed.

The schema only grows, so the release before the newest runs on it too: a deployment is taken back without its tables.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

from registre.db.pool import Connection, connect
from registre.db.queries import load
from registre.domain.errors import ConfigurationError
from registre.domain.exits import Exit

_SQL = load("migration")
#: Any constant will do; two programs of ours must agree on it.
_LOCK = 0x7265_6769_7374_7265 >> 2
_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: str
    sql: str
    sha256: str


def migrations(folder: Path = _FOLDER) -> tuple[Migration, ...]:
    """All migrations, oldest first."""
    found = [
        Migration(path.stem, text, hashlib.sha256(text.encode()).hexdigest())
        for path in sorted(folder.glob("[0-9]*.sql"))
        for text in (path.read_text(encoding="utf-8"),)
    ]
    if not found:
        raise ConfigurationError(f"Aucune migration dans {folder}: l'installation est incomplète.", exits=Exit.BUILD)
    return tuple(found)


async def migrate(url: str, folder: Path = _FOLDER) -> list[str]:
    """Apply what is missing and return the versions applied. Any number of processes may call this at once.

    Raises:
        ConfigurationError: an applied file was edited, or the database went another way than this program.
    """
    connection = await connect(url)
    try:
        # Polled, because a blocked pg_advisory_lock holds a snapshot and can deadlock with the holder's DDL.
        while not await _scalar(connection, "try_lock", lock=_LOCK):
            await asyncio.sleep(0.1)
        await connection.execute(_SQL["create_table"])
        applied = await _applied(connection)
        missing = _missing(applied, migrations(folder))
        done: list[str] = []
        for migration in migrations(folder):
            if migration.version in missing:
                async with connection.transaction():
                    await connection.execute(cast("LiteralString", migration.sql))
                    await connection.execute(
                        _SQL["record_migration"], {"version": migration.version, "sha256": migration.sha256}
                    )
                done.append(migration.version)
        return done
    finally:
        await connection.close()


async def pending(connection: Connection, folder: Path = _FOLDER) -> list[str]:
    """Versions this program has and the database has not; a database never migrated lacks them all."""
    if not await _scalar(connection, "has_table"):
        return [migration.version for migration in migrations(folder)]
    return _missing(await _applied(connection), migrations(folder))


async def newer(connection: Connection, folder: Path = _FOLDER) -> list[str]:
    """Versions the database has and this program does not know: those of a later release."""
    applied = await _known(connection)
    return sorted(applied.keys() - {migration.version for migration in migrations(folder)})


async def state(connection: Connection) -> list[str]:
    """Versions applied, oldest first."""
    return sorted(await _known(connection))


async def require_current(connection: Connection) -> None:
    """Refuse a database that is older than this program; one of a later release will do.

    Raises:
        ConfigurationError: names the migrations that are missing, or edited.
    """
    if missing := await pending(connection):
        there = await state(connection)
        raise ConfigurationError(
            f"La base n'a pas les migrations {', '.join(missing)} (la dernière qu'elle a: "
            f"{there[-1] if there else 'aucune'}): lancez « registre migrate ».",
            exits=Exit.SCHEMA,
        )


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await (await connection.execute(_SQL["applied_migrations"])).fetchall()
    return {str(version): str(sha256) for version, sha256 in rows}


async def _known(connection: Connection) -> dict[str, str]:
    return await _applied(connection) if await _scalar(connection, "has_table") else {}


def _missing(applied: dict[str, str], known: tuple[Migration, ...]) -> list[str]:
    """What is still to be applied; refuses a history that is not ours."""
    for migration in known:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise ConfigurationError(
                f"La migration {migration.version} a été modifiée après son application: rétablissez-la.",
                exits=Exit.SCHEMA,
            )
    missing = [migration.version for migration in known if migration.version not in applied]
    later = sorted(applied.keys() - {migration.version for migration in known})
    if missing and later and missing[-1] < later[-1]:
        raise ConfigurationError(
            f"La base a la migration {later[-1]} mais pas {', '.join(missing)}: elle vient d'un autre programme.",
            exits=Exit.SCHEMA,
        )
    return missing


async def _scalar(connection: Connection, name: str, **values: object) -> object:
    row = await (await connection.execute(_SQL[name], values)).fetchone()
    return row[0] if row else None
