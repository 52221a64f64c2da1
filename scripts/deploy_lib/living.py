"""Which processes live, asked of the databases directly: often, and without starting a program each time."""

from __future__ import annotations

import asyncio

from deploy_lib.place import Place
from registre.db import health
from registre.db.health import Worker
from registre.db.pool import GONE, connect
from registre.diagnostics.rule import is_alive, is_here
from registre.domain.errors import ConfigurationError
from registre.installation import environments
from registre.settings import read_settings


def living(place: Place, roles: tuple[str, ...]) -> list[Worker]:
    """Those of this machine, of these roles; one that serves several environments once."""
    return asyncio.run(_living(place, roles))


async def _living(place: Place, roles: tuple[str, ...]) -> list[Worker]:
    found: dict[str, Worker] = {}
    try:
        places = environments(read_settings(place.environment()))
    except ConfigurationError:
        return []  # no database yet, hence no process
    for environment in places:
        try:
            connection = await connect(environment.database_url)
        except GONE:
            continue
        try:
            found |= {worker.name: worker for worker in await health.workers(connection)}
        finally:
            await connection.close()
    return [worker for worker in found.values() if worker.role in roles and is_here(worker) and is_alive(worker)]
