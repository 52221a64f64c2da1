"""What `--fix` does: what can neither cost money nor lose anything. Each mend looks again, acts once, leaves a trace.

Not here on purpose: the door's triggers (somebody may have shut them to keep rows from being bought), purchases in
doubt, failed jobs, accounts that were refused. Those are a person's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from registre.db import account as accounts_db
from registre.db import health, mend, server
from registre.db import job as jobs_db
from registre.db.pool import GONE, Connection
from registre.diagnostics.contract import STATUSES, TRIGGERS
from registre.pipeline import REANNOUNCE


@dataclass(frozen=True, slots=True)
class Mended:
    """What one mend did."""

    fix: str
    environment: str
    #: how many things were put right
    count: int
    #: for a person
    text: str


async def _triggers(connection: Connection) -> int:
    idle = await server.idle_triggers(connection, TRIGGERS)
    ours = [name for name, missing in idle.items() if not missing and TRIGGERS[name] == "registre.job"]
    for name in ours:
        await mend.enable_trigger(connection, name)
    return len(ours)


async def _statuses(connection: Connection) -> int:
    return await mend.restore_statuses(connection, {int(number): name for number, name in STATUSES.items()})


async def _leases(connection: Connection) -> int:
    return len(await jobs_db.expire_leases(connection))


async def _messages(connection: Connection) -> int:
    return len(await jobs_db.announce_again(connection, after=REANNOUNCE))


async def _accounts(connection: Connection) -> int:
    return len(await accounts_db.free_accounts(connection))


async def _rows(connection: Connection) -> int:
    rows = await health.unjoined_rows(connection)
    if not rows:
        return 0
    await health.join_rows(connection, rows)
    # Where the door's second trigger is off, the knock changes nothing.
    return len(rows) - len(await health.unjoined_rows(connection))


async def _mirror(connection: Connection) -> int:
    return await mend.realign_rows(connection, [row.id for row in await health.disagreeing_rows(connection)])


#: In order: what the later ones need comes first. Slug → what it says it did, and how.
MENDS: Final[dict[str, tuple[str, Callable[[Connection], Awaitable[int]]]]] = {
    "statuses": ("statut(s) remis dans extraction_status", _statuses),
    "triggers": ("déclencheur(s) de registre.job réactivé(s)", _triggers),
    "leases": ("demande(s) reprise(s) à un processus mort", _leases),
    "accounts": ("compte(s) repris à un processus mort", _accounts),
    "unjoined_rows": ("ligne(s) en attente devenue(s) des demandes", _rows),
    "messages": ("message(s) perdu(s) réécrit(s)", _messages),
    "rows": ("ligne(s) publique(s) remise(s) d'accord avec leur demande", _mirror),
    "rejected": ("message(s) écarté(s) sans usage effacé(s)", mend.purge_rejected),
}


async def mend_all(connection: Connection, *, environment: str, actor: str) -> list[Mended]:
    """Do what needs doing and answer what was done. A second call at once does nothing."""
    done: list[Mended] = []
    for fix, (text, work) in MENDS.items():
        try:
            async with connection.transaction():
                count = await work(connection)
                if count:
                    await mend.note_fix(connection, actor=actor, fix=fix, count=count)
        except GONE:
            raise
        except psycopg.Error as exc:
            reason = next(iter(str(exc).splitlines()), type(exc).__name__)
            done.append(Mended(fix, environment, 0, f"impossible: {reason}"))
            continue
        if count:
            done.append(Mended(fix, environment, count, f"{count} {text}"))
    return done
