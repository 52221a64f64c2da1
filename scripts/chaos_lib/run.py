"""One seed from its plan to its judgement."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chaos_lib.house import House, Servers
from chaos_lib.nemesis import Interrupted, Nemesis
from chaos_lib.plan import Meddling, Order, Plan
from chaos_lib.supervisor import ROOT

#: Orders are stuck when nothing at all has happened to them for this long: a retry waits 20 s at most, a look at the
#: history 30 s, a lost message 30 s, and a machine with other things to do takes its time.
STILL_S: Final = 150
#: … or when they go on moving without ever ending.
PATIENCE_S: Final = 1200
_COLUMNS: Final = (
    "document_source", "document_number", "circonscription_fonciere", "cadastre", "designation_secondaire", "acte_type",
)  # fmt: skip
INSERT: Final = f"INSERT INTO extraction_queue ({', '.join(_COLUMNS)}) VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"
_OPEN: Final = """SELECT count(*), (SELECT max(id) FROM registre.event) FROM registre.job
    WHERE state IN ('queued', 'waiting', 'running')"""
#: The first committed claim after the kill, by whoever lives, or the job's end.
NEXT_STEP: Final = """SELECT extract(epoch FROM min(at))::float8 FROM registre.event WHERE job_id = %s
    AND at > to_timestamp(%s) AND (name IN ('job.done', 'job.refused', 'job.failed', 'job.cancelled')
      OR (name = 'job.running' AND (data ->> 'fence')::bigint > %s))"""


@dataclass
class Outcome:
    """What a run gave."""

    seed: int
    seconds: float = 0.0
    orders: int = 0
    ended: bool = False
    blows: Counter[str] = field(default_factory=Counter[str])
    restarts: int = 0
    #: answers to billing requests that the proxy really lost
    answers_lost: int = 0
    #: (what was killed, seconds to the next committed step, crowded)
    recoveries: list[tuple[str, float, bool]] = field(default_factory=list[tuple[str, float, bool]])
    judged: dict[str, Any] = field(default_factory=dict[str, Any])
    #: what kept the run or its checker from their end
    broken: str = ""

    @property
    def good(self) -> bool:
        """Nothing lost, doubled, stuck, halved; and judged at all."""
        return self.ended and not self.broken and not self.judged.get("violations", True)


async def run_seed(servers: Servers, plan: Plan, browser: Path) -> tuple[Outcome, House]:
    """Open a house, strike, wait for the end, judge. The caller closes the house."""
    outcome = Outcome(plan.seed, orders=len(plan.orders))
    begun = time.monotonic()
    house = House(servers, plan, browser, lambda point: outcome.blows.update([f"crash {point}"]))
    try:
        await house.open()
        nemesis = Nemesis(house)
        house.start()
        await house.wait_for_workers()
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(nemesis.strike(started))
            group.create_task(_arrive(house, plan, started))
        outcome.ended = await _settle(house)
        if await _ask_again(house):
            outcome.ended = await _settle(house) and outcome.ended
        outcome.blows += nemesis.blows
        outcome.recoveries = await _recoveries(house, nemesis.interrupted)
        outcome.answers_lost = house.proxies["site"].lost
        outcome.restarts = sum(child.starts - 1 for child in house.children.values())
        await _judge(house, outcome)
    except Exception:  # noqa: BLE001  a run that breaks is a run that failed; the others go on
        outcome.broken = traceback.format_exc()[-3000:]
    finally:
        outcome.seconds = time.monotonic() - begun
        await house.stop()
    return outcome, house


async def _arrive(house: House, plan: Plan, started: float) -> None:
    """Orders and a person's words, in the order of their times."""
    ids: dict[int, object] = {}
    steps = sorted([*enumerate(plan.orders), *((-1, word) for word in plan.meddling)], key=lambda step: step[1].at)
    for number, step in steps:
        await asyncio.sleep(max(0.0, started + step.at - time.monotonic()))
        if isinstance(step, Meddling):
            await _meddle(house, step, ids)
        elif step.by_cli:
            await _submit(house, step)
        else:
            ids[number] = (await house.sql_surely(INSERT, *step.row))[0][0]


async def _meddle(house: House, word: Meddling, ids: dict[int, object]) -> None:
    if word.order in ids:
        status = 4 if word.what == "cancel" else 1
        await house.sql_surely("UPDATE extraction_queue SET status_id = %s WHERE id = %s", status, ids[word.order])


async def _submit(house: House, order: Order) -> None:
    """Through the command line, as often as it takes; one that failed half-way may have placed the order: a double."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([_COLUMNS, [value or "" for value in order.row]])
    file = house.folder / "order.csv"
    file.write_text(text.getvalue(), encoding="utf-8")
    for _ in range(20):
        with (house.folder / "submit.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "registre", "submit", "--file", str(file),
                cwd=ROOT, env=house.environment, stdout=log, stderr=log,
            )  # fmt: skip
            with suppress(TimeoutError):
                async with asyncio.timeout(30):
                    await process.wait()
                if process.returncode == 0:
                    return
            if process.returncode is None:
                process.kill()
                await process.wait()
        await asyncio.sleep(0.5)


async def _settle(house: House) -> bool:
    """Until every order has ended; False when some never do."""
    moved, last = time.monotonic(), -1
    end = moved + PATIENCE_S
    while time.monotonic() < min(end, moved + STILL_S):
        [(still_open, event)] = await house.sql_surely(_OPEN)
        if still_open == 0:
            return True
        if event != last:
            moved, last = time.monotonic(), event
        await asyncio.sleep(0.25)
    return False


async def _ask_again(house: House) -> bool:
    """What failed is put back once, as a person would; a purchase nobody can prove stays with that person."""
    found = await house.sql_surely(
        """UPDATE extraction_queue SET status_id = 1
        WHERE id IN (SELECT order_id FROM registre.job WHERE state = 'failed') RETURNING id"""
    )
    return bool(found)


async def _recoveries(house: House, interrupted: list[Interrupted]) -> list[tuple[str, float, bool]]:
    times: list[tuple[str, float, bool]] = []
    for one in interrupted:
        [(step,)] = await house.sql_surely(NEXT_STEP, one.job, one.at, one.fence)
        if step is not None:
            times.append((one.what, step - one.at, one.crowded))
    return times


async def _judge(house: House, outcome: Outcome) -> None:
    """The checker sees the ledger's file, the objects and the database; nothing of ours."""
    words = ["-m", "chaos_lib.check", "--json", str(house.ledger), str(house.objects), house.url]
    environment = {**house.environment, "PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT}"}
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    try:
        outcome.judged = json.loads(done.stdout)
    except json.JSONDecodeError:
        outcome.broken = done.stderr.strip()[-600:]
