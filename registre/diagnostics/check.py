"""START HERE. Runs the rules over every environment, the ground first; puts causes before what follows from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Final

from registre.db import server
from registre.db.pool import GONE, connect
from registre.diagnostics import (
    accounts,
    contract,
    ground,
    machine,
    messages,
    money,
    outcome,
    outside,
    processes,
    reading,
    scarce,
    setup,
)
from registre.diagnostics import work as work_rules
from registre.diagnostics.causes import arranged
from registre.diagnostics.rule import Finding, Level, Rule, Scene, Whole, WholeRule, fault
from registre.domain.errors import ConfigurationError
from registre.installation import database_url, redis_url
from registre.settings import Settings

#: What all environments share. Causes before consequences, as far as they are known; `causes.py` says the rest.
WHOLE: Final[tuple[WholeRule, ...]] = (
    machine.disk,
    machine.temp,
    machine.memory,
    setup.site_url,
    outside.site,
    machine.browser,
    outside.redis,
    scarce.capacity,
    scarce.meter,
    setup.sentry,
    reading.variables,
    machine.load,
    machine.defunct,
    machine.old_programs,
    accounts.shared,
)

#: What is asked of each environment once its ground holds.
RULES: Final[tuple[Rule, ...]] = (
    contract.statuses,
    contract.guards,
    contract.triggers,
    contract.notify,
    contract.transactions,
    setup.key,
    setup.objects,
    processes.old_workers,
    processes.stopped,
    processes.clock,
    processes.frozen,
    processes.workers,
    processes.expected,
    processes.retired_roles,
    processes.versions,
    processes.restarts,
    work_rules.ocr_off,
    reading.ocr_queue,
    accounts.accounts,
    accounts.health_of_accounts,
    accounts.resting,
    accounts.dead_holders,
    money.ceiling,
    money.purchases,
    money.documents,
    work_rules.waits,
    work_rules.queue,
    work_rules.oldest,
    work_rules.not_taken,
    work_rules.running,
    work_rules.expired,
    work_rules.lost,
    work_rules.exhausted,
    messages.counts,
    messages.foreign,
    messages.rejected,
    messages.orphans,
    messages.overdue,
    messages.abandoned,
    contract.unjoined,
    contract.disagreeing,
    outcome.endings,
    outcome.rate,
    outcome.takeover,
)


async def examine(settings: Settings, names: Sequence[str], *, host: bool = False) -> list[Finding]:
    """Everything found in these environments, causes first. Reads only; a probe is written to the store and removed."""
    async with AsyncExitStack() as stack:
        grounds = await asyncio.gather(*(_ground(settings.within(name), stack) for name in names))
        scenes = [scene for scene, _ in grounds if scene is not None]
        whole = Whole(settings, _redis_url(settings), host, scenes)
        shared, surveys = await asyncio.gather(
            asyncio.gather(*(_gather_whole(rule, whole) for rule in WHOLE)),
            asyncio.gather(*(_survey(scene) for scene in scenes)),
        )
    findings = [finding for found in (*shared, *(found for _, found in grounds), *surveys) for finding in found]
    # Environment by environment, in the order in which they are served; what they share comes first.
    return arranged(sorted(findings, key=lambda finding: ["", *names].index(finding.environment)))


def worst(findings: Sequence[Finding]) -> Level:
    """The level that decides the exit code."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAILURE, Level.WARNING) if level in levels), Level.OK)


async def open_scene(settings: Settings, stack: AsyncExitStack) -> Scene:
    """One environment, connected.

    Raises:
        ConfigurationError, psycopg.OperationalError: no address, or nobody there.
    """
    url = database_url(settings)
    connection = await connect(url)
    stack.push_async_callback(connection.close)
    await server.limit_patience(connection)
    return Scene(settings, connection, url)


async def _ground(settings: Settings, stack: AsyncExitStack) -> tuple[Scene | None, list[Finding]]:
    """The environment, if it can be examined at all, and what its ground looks like."""
    name = settings.environment
    try:
        scene = await open_scene(settings, stack)
        found: list[Finding] = []
        for rule in ground.GROUND:
            found += await _run(rule.__name__, rule(scene), name)
            if any(finding.rule in ground.STOPS and finding.level is Level.FAILURE for finding in found):
                return None, found
    except ConfigurationError as exc:
        missing = fault("database", exc.text, "rien n'a encore été démarré ici", "rien ne peut avancer", "registre up")
        return None, [replace(missing, environment=name)]
    except GONE as exc:
        return None, [replace(ground.away(exc, private_server=not settings.database_url), environment=name)]
    return scene, found


async def _survey(scene: Scene) -> list[Finding]:
    try:
        found = await asyncio.gather(*(_run(rule.__name__, rule(scene), scene.name) for rule in RULES))
    except GONE as exc:
        lost = ground.away(exc, private_server=not scene.settings.database_url)
        return [replace(lost, environment=scene.name)]
    return [finding for part in found for finding in part]


async def _gather_whole(rule: WholeRule, whole: Whole) -> list[Finding]:
    with suppress(*GONE):  # the environment's own rules say it
        return await _run(rule.__name__, rule(whole), "")
    return []


async def _run(rule: str, findings: AsyncIterator[Finding], environment: str) -> list[Finding]:
    """One rule's findings; one that cannot look says so and the others go on."""
    found: list[Finding] = []
    try:
        async for finding in findings:
            found += [replace(finding, environment=environment)]
    except GONE:
        raise
    except Exception as exc:  # noqa: BLE001  the diagnosis must not be the next fault: what else is wrong still shows
        reason = next(iter(str(exc).splitlines()), type(exc).__name__)
        blind = fault(
            "unchecked",
            f"vérification impossible ({rule}): {reason}",
            "ce rôle n'a pas le droit de regarder, une table manque, ou elle est verrouillée",
            "l'état de ce point est inconnu",
            "registre diagnose --json   (dit quelle vérification)",
            about=rule,
        )
        found.append(replace(blind, environment=environment))
    return found


def _redis_url(settings: Settings) -> str | None:
    try:
        return redis_url(settings)
    except ConfigurationError:
        return None
