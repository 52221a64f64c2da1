"""Rules on work under way: is anyone alive, does anything wait, is anything stuck."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import registre
from registre.db import health, report
from registre.diagnostics.phrases import KINDS, STAGES, STATES, plural, span
from registre.diagnostics.rule import SILENCE, Finding, Level, Scene
from registre.pipeline import PLAN, SWEEP

_START: Final = "honcho start"
#: The clock comes by every SWEEP; what it has not touched by then, it does not see.
_SWEPT: Final = SWEEP * 5
#: A ready job without a message for this long was not re-announced either.
_LOST: Final = timedelta(seconds=60)
#: Work waits longer than this only where there are too few processes, or none that can.
_LONG_WAIT: Final = timedelta(minutes=10)


async def clock(scene: Scene) -> AsyncIterator[Finding]:
    """One clock leads."""
    if await health.has_leader(scene.connection):
        yield Finding("clock", Level.OK, "l'horloge (clock) tourne")
        return
    yield Finding(
        "clock",
        Level.FAILURE if await scene.open_jobs() else Level.WARNING,
        "aucune horloge (clock) ne tourne",
        "son processus est arrêté",
        "le travail d'un processus mort n'est pas repris, un message perdu n'est pas réécrit",
        _START,
    )


async def workers(scene: Scene) -> AsyncIterator[Finding]:
    """Each role has a living process, above all where work waits for it."""
    due = await scene.due()
    for role in dict.fromkeys(plan.role for plan in PLAN.values()):
        waiting = sum(item.jobs for item in due if PLAN[item.stage].role == role)  # pyright: ignore[reportArgumentType]
        alive = await scene.alive(role)
        if alive:
            busy = sum(worker.status == "busy" for worker in alive)
            yield Finding(
                "workers",
                Level.OK,
                f"{role}: {plural(len(alive), 'processus vivant', 'processus vivants')}, {busy} au travail",
                data={"role": role, "alive": len(alive), "waiting": waiting},
            )
            continue
        yield Finding(
            "workers",
            Level.FAILURE if waiting else Level.WARNING,
            f"{role}: aucun processus vivant, {plural(waiting, 'demande prête', 'demandes prêtes')}",
            "les processus ne tournent pas, ou n'atteignent pas cette base",
            "rien n'avance à cette étape" if waiting else "la prochaine demande attendra",
            _START,
            {"role": role, "alive": 0, "waiting": waiting},
        )
    for finding in _odd_workers(await scene.workers()):
        yield finding


def _odd_workers(known: list[health.Worker]) -> list[Finding]:
    silent = [worker for worker in known if worker.status in {"idle", "busy"} and worker.silence >= SILENCE]
    dead = [worker for worker in known if worker.status == "offline"]
    versions = {worker.version for worker in known if worker.silence < SILENCE and worker.status != "stopped"}
    found: list[Finding] = []
    if silent or dead:
        names = ", ".join(sorted(worker.name for worker in (*silent, *dead)))
        found.append(
            Finding(
                "silent_workers",
                Level.WARNING,
                f"sans nouvelles de: {names}",
                "tué, machine arrêtée, ou coupé de la base",
                "son travail est repris après 8 s par l'horloge",
                _START,
            )
        )
    if versions - {registre.__version__}:
        shown = ", ".join(sorted(str(version) for version in versions))
        found.append(
            Finding(
                "versions",
                Level.WARNING,
                f"versions en marche: {shown}; ici {registre.__version__}",
                "des processus n'ont pas été relancés après la mise à jour",
                "deux versions travaillent sur la même base",
                "arrêtez puis honcho start",
            )
        )
    return found


async def queue(scene: Scene) -> AsyncIterator[Finding]:
    """Jobs per state and kind, and how long the oldest ready one has waited."""
    counts = await scene.counts()
    states: Counter[str] = Counter()
    for count in counts:
        states[f"{KINDS.get(count.kind, count.kind)} {STATES[count.state]}"] += count.jobs
    shown = ", ".join(f"{name} {jobs}" for name, jobs in sorted(states.items())) or "aucune demande"
    yield Finding("queue", Level.OK, shown, data={"counts": [_as_dict(count) for count in counts]})
    for due in await scene.due():
        role = PLAN[due.stage].role  # pyright: ignore[reportArgumentType]
        ready = plural(due.jobs, "demande prête", "demandes prêtes")
        text = f"{STAGES[due.stage]}: {ready}, la plus ancienne depuis {span(due.oldest)}"
        if due.oldest > _LONG_WAIT and await scene.alive(role):
            yield Finding(
                "oldest",
                Level.WARNING,
                text,
                f"trop peu de processus {role} pour la charge, ou tous bloqués",
                "les demandes attendent",
                "registre status --status ouverts",
            )
        else:
            yield Finding("oldest", Level.OK, text, data={"stage": due.stage, "oldest_s": due.oldest.total_seconds()})


def _as_dict(count: report.Count) -> dict[str, object]:
    return {name: getattr(count, name) for name in report.Count.__slots__}


async def running(scene: Scene) -> AsyncIterator[Finding]:
    """Who works on what, and whether a stage outlived its budget."""
    jobs = await report.list_jobs(scene.connection, states=("running",))
    for job in jobs:
        age, plan = job.seen_at - job.updated_at, PLAN[job.stage]  # pyright: ignore[reportArgumentType]
        lease = (job.lease_until or job.seen_at) - job.seen_at
        text = (
            f"{str(job.shown_id)[:8]} {STAGES[job.stage]} chez {job.worker} depuis {span(age)}, "
            f"bail {'encore ' + span(lease) if lease > timedelta(0) else 'échu'}"
        )
        data = {"id": job.order_id, "job_id": job.id, "stage": job.stage, "worker": job.worker}
        if age > plan.budget + timedelta(minutes=1):
            yield Finding(
                "overtime",
                Level.WARNING,
                text,
                "l'étape a dépassé son temps sans être interrompue",
                "une place de travail est occupée",
                f"registre status {str(job.shown_id)[:8]}",
                data,
            )
        else:
            yield Finding("running", Level.OK, text, data=data)


async def expired(scene: Scene) -> AsyncIterator[Finding]:
    """Leases that ended and were not swept."""
    found = await health.expired_leases(scene.connection, older=_SWEPT)
    if found:
        yield Finding(
            "expired_leases",
            Level.FAILURE,
            f"{plural(len(found), 'bail échu non repris', 'baux échus non repris')}, "
            f"ex. {str(found[0].shown_id)[:8]} chez {found[0].worker} depuis {span(found[0].late)}",
            "le processus est mort et l'horloge (clock) ne tourne pas",
            "ces demandes restent « en cours » sans que personne n'y travaille",
            f"{_START}   (ou, une fois: registre requeue --stale --yes)",
            {"ids": [item.shown_id for item in found]},
        )


async def lost(scene: Scene) -> AsyncIterator[Finding]:
    """Ready jobs that no message will start."""
    found = await health.lost_messages(scene.connection, older=_LOST)
    if found:
        yield Finding(
            "lost_messages",
            Level.FAILURE,
            f"{plural(len(found), 'demande prête', 'demandes prêtes')} sans message depuis plus de {span(_LOST)}, "
            f"ex. {str(found[0].shown_id)[:8]}",
            "le message a été effacé et l'horloge (clock) ne tourne pas",
            "personne ne les prendra",
            f"{_START}   (ou, une fois: registre requeue --stale --yes)",
            {"ids": [item.shown_id for item in found]},
        )


async def rejected(scene: Scene) -> AsyncIterator[Finding]:
    """Messages put aside: not ours, or deadly."""
    for item in await health.rejected_messages(scene.connection):
        cause = (
            "un autre programme écrit dans dramatiq.queue"
            if item.undecodable
            else "leur exécution a échoué ou tué son processus"
        )
        yield Finding(
            "rejected_messages",
            Level.WARNING,
            f"{plural(item.messages, 'message écarté', 'messages écartés')} dans {item.queue_name}, "
            f"ex. {item.sample[:8]}",
            cause,
            "aucune: la demande fait foi, et l'horloge réécrit son message; effacés après un jour",
            "registre diagnose --json   (donne leur identifiant dans dramatiq.queue)",
            {
                "queue": item.queue_name,
                "messages": item.messages,
                "sample": item.sample,
                "undecodable": item.undecodable,
            },
        )
