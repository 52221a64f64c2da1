"""The command: `scripts/chaos [--seed N] [--runs K] [--jobs J] [--orders M] [--seconds S] [--keep-going]`."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chaos_lib import report
from chaos_lib.house import House, Servers, find_browser
from chaos_lib.plan import make_plan
from chaos_lib.run import Outcome, run_seed


def main() -> int:
    """0 when every run was good."""
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Orders go through real processes while a nemesis strikes; then a checker judges what is left. "
        "The seed fixes orders, blows and their times.",
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the first; others count upwards")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=3, help="houses side by side: most of a run is waiting")
    parser.add_argument("--orders", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10, help="how long blows fall")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first run that fails")
    parser.add_argument("--plan", action="store_true", help="only print what the seed says")
    given = parser.parse_args()
    if given.plan:
        show(given)
        return 0
    chaos, code = Chaos(given), 130
    with suppress(asyncio.CancelledError):  # told to stop: what was found so far is still told
        code = asyncio.run(chaos.go())
    if chaos.outcomes:
        print(report.table(chaos.outcomes), flush=True)
    return code


class Chaos:
    """All runs, in as many lanes as asked for."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._seeds: Iterator[int] = iter(range(given.seed, given.seed + given.runs))
        self._failed = False
        self.outcomes: list[Outcome] = []

    async def go(self) -> int:
        """Run everything; 1 when a run failed."""
        browser = await find_browser()
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._given.jobs, self._given.runs)):
                group.create_task(self._lane(browser))
        return 1 if self._failed else 0

    async def _lane(self, browser: Path) -> None:
        servers, keep = Servers(), False
        try:
            await servers.open()
            keep = await self._runs(servers, browser)
        except Exception:
            keep = True
            raise
        finally:
            await servers.close(keep=keep)

    async def _runs(self, servers: Servers, browser: Path) -> bool:
        """True when a folder must stay."""
        keep = False
        for seed in self._seeds:
            if self._failed and not self._given.keep_going:
                break
            plan = make_plan(seed, orders=self._given.orders, seconds=self._given.seconds)
            outcome, house = await run_seed(servers, plan, browser)
            self.outcomes.append(outcome)
            print(report.line(outcome), flush=True)
            if outcome.good:
                await house.remove()
            else:
                keep = self._failed = True
                self._tell(outcome, house)
        return keep

    def _tell(self, outcome: Outcome, house: House) -> None:
        given = self._given
        for said in report.faults(outcome):
            print(said, flush=True)
        print(f"  kept: {house.folder} (database {house.name} in {house.servers.state})")
        print(
            f"  replay: scripts/chaos --seed {outcome.seed} --orders {given.orders} --seconds {given.seconds:g}",
            flush=True,
        )


def show(given: argparse.Namespace) -> None:
    """The plan, readable."""
    plan = make_plan(given.seed, orders=given.orders, seconds=given.seconds)
    for one in sorted([*plan.orders, *plan.blows, *plan.meddling], key=lambda step: step.at):
        print(one)
    print(f"crashes {plan.crashes}; charge at {plan.charge_at}; preparation {plan.preparation_s} s")


if __name__ == "__main__":
    sys.exit(main())
