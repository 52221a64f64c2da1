"""processes: who works, where, since when, of which revision, with how much memory, and how often it came back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_environments, chosen_settings, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import health
from registre.db.health import Worker
from registre.diagnostics import host
from registre.diagnostics.processes import RESTARTS
from registre.diagnostics.rule import is_alive, is_here
from registre.domain.errors import ConfigurationError
from registre.revision import revision

_STATUS: Final = {"idle": "libre", "busy": "au travail", "waiting": "attend une place"}
_MB: Final = 1024**2


@click.command()
@json_option
@pass_output
def processes(output: Output) -> int:
    """Liste les processus: état, machine, durée de vie, révision, mémoire, redémarrages.

    Avec plusieurs environnements, dans chacun; avec --env, dans celui-là seulement. Sort avec 1 si aucun ne vit.

    \b
    Exemple:
      registre processes
    """
    found: list[dict[str, Any]] = []
    settings = chosen_settings()
    for place in chosen_environments():
        view = settings.within(place.name) if settings.environments else settings
        try:
            found += run(_list(view, place.name))
        except ConfigurationError as exc:
            if not settings.environments:
                raise
            output.err.print(f"{place.name}: {exc.text}")
    if output.json:
        output.json_document({"revision": revision(), "processes": found})
    elif not found:
        output.say("Aucun processus depuis un jour.")
    else:
        _show(output, found, several=bool(settings.environments))
    return int(not any(process["alive"] for process in found))


async def _list(settings: Any, name: str) -> list[dict[str, Any]]:
    async with opened(settings, checked=False) as connection:
        again = await health.restarts(connection)
        return [_one(worker, name, again.get(worker.name, 0)) for worker in await health.workers(connection)]


def _one(worker: Worker, environment: str, restarts: int) -> dict[str, Any]:
    alive = is_alive(worker)
    return {
        "environment": environment,
        "name": worker.name,
        "role": worker.role,
        "status": worker.status if alive or worker.status == "stopped" else "dead",
        "alive": alive,
        "host": worker.host,
        "here": is_here(worker),
        "pid": worker.pid,
        "revision": worker.version,
        "started_at": worker.started_at,
        "uptime_s": round((worker.last_heartbeat - worker.started_at).total_seconds()),
        "silence_s": round(worker.silence.total_seconds(), 1),
        "restarts": restarts,
        "memory": host.resident(worker.pid) if alive and is_here(worker) else None,
        "job": worker.current_job_id,
        "done": worker.jobs_completed,
        "failed": worker.jobs_failed,
    }


def _show(output: Output, found: list[dict[str, Any]], *, several: bool) -> None:
    columns = ["!Processus", "État", ">Depuis", ">Faits", ">Échecs", ">Redém.", ">Mo", "!Révision", "Demande"]
    rows = [_row(process) for process in found]
    if several:
        columns.insert(0, "Environnement")
        rows = [[process["environment"], *row] for process, row in zip(found, rows, strict=True)]
    output.table(columns, rows)
    alive = [process for process in found if process["alive"]]
    roles = ", ".join(
        f"{role} {sum(process['role'] == role for process in alive)}"
        for role in sorted({process["role"] for process in alive})
    )
    output.say(f"\nVivants: {roles or 'aucun'}. Ici: révision {revision()}.")


def _row(process: dict[str, Any]) -> list[str | Text]:
    state = _STATUS.get(process["status"], "arrêté" if process["status"] == "stopped" else "mort")
    since = process["uptime_s"] if process["alive"] else process["silence_s"]
    other = process["alive"] and process["revision"] != revision()
    return [
        process["name"],
        Text(state, style="" if process["alive"] else "dim" if process["status"] == "stopped" else "red"),
        words.span(timedelta(seconds=since)),
        str(process["done"]),
        str(process["failed"]),
        Text(str(process["restarts"]), style="yellow" if process["restarts"] >= RESTARTS else ""),
        f"{process['memory'] / _MB:.0f}" if process["memory"] else "",
        Text(process["revision"] or "?", style="bold red" if other else ""),
        str(process["job"] or "")[:8],
    ]
