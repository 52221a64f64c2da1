"""Forward-only migrations: the plain SQL files of `migrations/`, in order, each once, checksummed."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

from registre.db.pool import Connection, connect
from registre.db.queries import load
from registre.domain.errors import ConfigurationError

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
        raise ConfigurationError(f"Aucune migration dans {folder}: l'installation est incomplète.")
    return tuple(found)


async def migrate(url: str, folder: Path = _FOLDER) -> list[str]:
    """Apply what is missing and return the versions applied. Any number of processes may call this at once.

    Raises:
        ConfigurationError: an applied file was edited, or the database is newer than this program.
    """
    connection = await connect(url)
    try:
        # Polled, because a blocked pg_advisory_lock holds a snapshot and can deadlock with the holder's DDL.
        while not await _scalar(connection, "try_lock", lock=_LOCK):
            await asyncio.sleep(0.1)
        await connection.execute(_SQL["create_table"])
        applied = await _applied(connection)
        _compare(applied, migrations(folder))
        done: list[str] = []
        for migration in migrations(folder):
            if migration.version not in applied:
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
    applied = await _applied(connection)
    _compare(applied, migrations(folder))
    return [migration.version for migration in migrations(folder) if migration.version not in applied]


async def require_current(connection: Connection) -> None:
    """Refuse a database that is older or newer than this program.

    Raises:
        ConfigurationError: says which migrations are missing, or that the program is the older one.
    """
    if missing := await pending(connection):
        raise ConfigurationError(f"La base n'a pas les migrations {', '.join(missing)}: lancez « registre migrate ».")


async def _applied(connection: Connection) -> dict[str, str]:
    rows = await (await connection.execute(_SQL["applied_migrations"])).fetchall()
    return {str(version): str(sha256) for version, sha256 in rows}


def _compare(applied: dict[str, str], known: tuple[Migration, ...]) -> None:
    shas = {migration.version: migration.sha256 for migration in known}
    for version, sha256 in applied.items():
        if version not in shas:
            raise ConfigurationError(
                f"La base est plus récente que ce programme (migration {version}, ici {max(shas)}): mettez-le à jour."
            )
        if shas[version] != sha256:
            raise ConfigurationError(f"La migration {version} a été modifiée après son application: rétablissez-la.")


async def _scalar(connection: Connection, name: str, **values: object) -> object:
    row = await (await connection.execute(_SQL[name], values)).fetchone()
    return row[0] if row else None
