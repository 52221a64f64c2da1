"""`requeue --stale`: the clock's work, once, by hand."""

from __future__ import annotations

from datetime import timedelta

from registre.cli import words
from registre.cli.context import opened
from registre.cli.output import Output
from registre.db import health
from registre.db import job as jobs_db
from registre.settings import Settings


async def sweep(output: Output, settings: Settings, *, yes: bool) -> int:
    """What the clock does each second, once, by hand."""
    async with opened(settings) as connection:
        expired = await health.expired_leases(connection)
        lost = await health.lost_messages(connection, older=timedelta(seconds=30))
        unjoined = await health.unjoined_rows(connection)
        if yes:
            await health.join_rows(connection, unjoined)
            await jobs_db.expire_leases(connection)
            await jobs_db.announce_again(connection, after=timedelta(seconds=30))
    if output.json:
        output.json_document(
            {
                "done": yes,
                "expired_leases": [item.shown_id for item in expired],
                "lost_messages": [item.shown_id for item in lost],
                "unjoined_rows": unjoined,
            }
        )
        return 0
    output.say(
        f"{words.plural(len(expired), 'bail expiré', 'baux expirés')}, "
        f"{words.plural(len(lost), 'message perdu', 'messages perdus')}, "
        f"{words.plural(len(unjoined), 'ligne')} sans demande."
    )
    if expired or lost or unjoined:
        output.say("Repris. honcho start fait tourner l'horloge (clock) qui s'en charge." if yes else "Ajoutez --yes.")
    return 0
