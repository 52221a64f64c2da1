"""watch: jobs as they move, until all are over."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Final
from uuid import UUID

import click
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from registre.cli import words
from registre.cli.context import chosen_settings, find_jobs, opened, run
from registre.cli.jobs import job_json, jobs_table, short
from registre.cli.output import Output, json_option, pass_output
from registre.db import report
from registre.db.pool import Connection
from registre.db.report import JobRow
from registre.domain.job import FINAL_STATES
from registre.settings import Settings

#: Seconds between two looks; one indexed query each.
_EVERY_S: Final = 0.5
_OPEN: Final = ("queued", "waiting", "running")


@click.command()
@click.argument("ids", metavar="[ID]…", nargs=-1)
@json_option
@pass_output
def watch(output: Output, ids: tuple[str, ...]) -> int:
    """Suit les demandes données, ou toutes celles qui sont ouvertes, jusqu'à leur fin. Ctrl-C quitte sans rien arrêter.

    Code de sortie: 0 toutes terminées, 1 une a échoué, 3 une est refusée.

    \b
    Exemple:
      registre watch 3f2a91c0
    """
    return run(_watch(output, chosen_settings(), ids))


async def _watch(output: Output, settings: Settings, given: tuple[str, ...]) -> int:
    async with opened(settings) as connection:
        if given:
            wanted = await find_jobs(connection, given)
        else:
            wanted = [job.id for job in await report.list_jobs(connection, states=_OPEN)]
        if not wanted:
            if output.json:
                output.json_document({"jobs": []})
            output.say("Aucune demande n'est ouverte.")
            return 0
        if output.json or not output.out.is_terminal:
            jobs = await _watch_lines(connection, output, wanted)
        else:
            jobs = await _watch_live(connection, output, wanted)
    if output.json:
        output.json_document({"jobs": [job_json(job) for job in jobs]})
    return exit_code(jobs)


async def _watch_live(connection: Connection, output: Output, wanted: Sequence[UUID]) -> list[JobRow]:
    jobs: list[JobRow] = []
    with Live(console=output.out, auto_refresh=False, transient=False) as live:
        async for jobs in _looks(connection, wanted):
            # What moves stands on top; a screen holds no more.
            room = max(output.out.height - 4, 5)
            ranked = sorted(jobs, key=lambda job: job.state in FINAL_STATES)
            live.update(jobs_table(ranked[:room]), refresh=True)
    return jobs


async def _watch_lines(connection: Connection, output: Output, wanted: Sequence[UUID]) -> list[JobRow]:
    """One line a change, for pipes and logs."""
    jobs: list[JobRow] = []
    seen: dict[UUID, tuple[str, str]] = {}
    async for jobs in _looks(connection, wanted):
        for job in jobs:
            if seen.get(job.id) != (job.stage, job.state):
                seen[job.id] = (job.stage, job.state)
                place = words.place(job)
                output.say(
                    f"{words.moment(job.seen_at, seen_at=job.seen_at)}  {short(job)}  "
                    f"{words.STATES[job.state]}{f' ({place})' if place else ''}  {words.detail(job)}".rstrip()
                )
    return jobs


async def follow(connection: Connection, output: Output, wanted: Sequence[UUID]) -> list[JobRow]:
    """Wait for the end of these jobs behind a progress bar on standard error; Ctrl-C stops waiting, not the jobs."""
    jobs: list[JobRow] = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=output.err
    )
    with bar:
        task = bar.add_task("En attente", total=len(wanted))
        async for jobs in _looks(connection, wanted):
            over = sum(job.state in FINAL_STATES for job in jobs)
            moving = sorted({words.place(job) for job in jobs if job.state == "running"})
            description = ", ".join(moving) or ("fini" if over == len(jobs) else "en file")
            bar.update(task, completed=over, description=f"{description:20.20}")
    return jobs


def exit_code(jobs: Sequence[JobRow]) -> int:
    """0 all done, 1 one failed or was cancelled, 3 one was refused, 130 some still open."""
    states = {job.state for job in jobs}
    if states & {"failed", "cancelled"}:
        return 1
    if "refused" in states:
        return 3
    return 0 if states <= FINAL_STATES else 130


async def _looks(connection: Connection, wanted: Sequence[UUID]) -> AsyncGenerator[list[JobRow]]:
    """The jobs in the order wanted, now and again, until all are final or Ctrl-C."""
    order = {job_id: place for place, job_id in enumerate(wanted)}
    with _interrupted() as stop:
        while True:
            jobs = await report.list_jobs(connection, ids=wanted)
            jobs.sort(key=lambda job: order[job.id])
            yield jobs
            if stop.is_set() or all(job.state in FINAL_STATES or job.state == "imported" for job in jobs):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await stop.wait()


@contextlib.contextmanager
def _interrupted() -> Generator[asyncio.Event]:
    """An event that Ctrl-C sets, so that what was seen last is still told. Signals are the main thread's alone."""
    stop = asyncio.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGINT)
