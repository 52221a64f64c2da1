"""Plays a state machine against the file's database: one loop, one connection of the test's own, no shrinking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from registre.db.pool import Database


@dataclass(frozen=True)
class World:
    """What a machine works with."""

    run: Callable[[Coroutine[Any, Any, Any]], Any]
    sql: psycopg.Connection
    database: Database


def play(url: str, make: Callable[[World], RuleBasedStateMachine], *, examples: int = 20, steps: int = 20) -> None:
    """Run `make(world)` so many times. The examples are the same each time: a failure comes back by itself."""
    database = Database(url, size=3)
    with asyncio.Runner() as runner, psycopg.connect(url, autocommit=True) as sql:
        runner.run(database.open())
        try:
            run_state_machine_as_test(
                lambda: make(World(runner.run, sql, database)),
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=True,
                    phases=[Phase.generate],  # each step is a real transaction: shrinking would take minutes
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())
