"""Runs the rules in order; one that cannot look says so and the others go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import psycopg

from registre.db.pool import GONE
from registre.diagnostics import installation, outcome, work
from registre.diagnostics.rule import Finding, Level, Rule, Scene

#: Causes before consequences.
RULES: Final[tuple[Rule, ...]] = (
    installation.database,
    installation.settings,
    installation.key,
    installation.objects,
    installation.redis,
    installation.browser,
    installation.disk,
    outcome.accounts,
    work.clock,
    work.workers,
    work.queue,
    work.running,
    work.expired,
    work.lost,
    work.rejected,
    installation.unjoined,
    outcome.endings,
    outcome.purchases,
    outcome.takeover,
)


async def check(scene: Scene, rules: tuple[Rule, ...] = RULES) -> AsyncIterator[Finding]:
    """Every finding, in the order of the rules. A lost connection ends it (`registre.db.pool.GONE`)."""
    for rule in rules:
        try:
            async for finding in rule(scene):
                yield finding
        except GONE:
            raise
        except psycopg.Error as exc:
            reason = next(iter(str(exc).splitlines()), type(exc).__name__)
            yield Finding(
                rule.__name__,
                Level.FAILURE,
                f"vérification impossible: {reason}",
                "ce rôle n'a pas le droit de regarder, ou une table manque",
                "l'état de ce point est inconnu",
                "registre migrate",
            )


def worst(findings: list[Finding]) -> Level:
    """The level that decides the exit code."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAILURE, Level.WARNING) if level in levels), Level.OK)
