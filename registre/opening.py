"""What every process finds where it opens an environment: traces left by others, or the reason why it does not open.

Apart from `registre/process.py`, so that the clock starts without the browser and the readers.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from registre.db import migrate
from registre.db import worker as workers
from registre.db.pool import Connection, away
from registre.domain.errors import ConfigurationError
from registre.revision import revision
from registre.settings import Environment

_log = structlog.get_logger("process")


def why_not(exc: BaseException) -> ConfigurationError:
    """Why an environment did not open, in one sentence and with its exit code."""
    return exc if isinstance(exc, ConfigurationError) else away(exc)


def nothing_opens(places: Sequence[Environment], reasons: Sequence[ConfigurationError | None]) -> ConfigurationError:
    """One sentence for one environment, one line each for several; the exit code of the first."""
    told = [reason for reason in reasons if reason is not None]
    if len(places) == 1:
        return told[0]
    each = "".join(
        f"\n  {place.name}: {reason.text}" for place, reason in zip(places, reasons, strict=True) if reason is not None
    )
    return ConfigurationError(f"Aucun environnement ne s'ouvre:{each}", exits=told[0].exits)


async def note_start(connection: Connection, environment: str, *, slot: str) -> None:
    """Leave a trace of the start; warn of what a deployment left half done.

    That is living processes of another revision, and tables of a later one.
    """
    for name, theirs in await workers.other_revisions(connection, ours=revision(), slot=slot):
        _log.warning("process.other_revision", environment=environment, other=name, theirs=theirs, ours=revision())
    await workers.note_start(connection, slot=slot, revision=revision())
    if later := await migrate.newer(connection):
        _log.warning("schema.newer", environment=environment, migrations=later)
