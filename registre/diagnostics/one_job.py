"""Why does this one not move? One sentence, its evidence, and the command."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from registre.db import health, report
from registre.db.report import JobRow
from registre.diagnostics.codes import hint, meaning
from registre.diagnostics.phrases import STAGES, plural
from registre.diagnostics.rule import Finding, Level, Scene
from registre.domain.job import Stage
from registre.pipeline import PLAN

_NOTHING: Final = "rien à faire"


async def explain(scene: Scene, job_id: UUID) -> Finding:
    """The answer for one job, whatever its state."""
    job = (await report.list_jobs(scene.connection, ids=[job_id]))[0]
    match job.state:
        case "running":
            return await _running(scene, job)
        case "waiting" if job.not_before is not None and job.not_before > job.seen_at:
            return await _waiting(job)
        case "queued" | "waiting":
            return await _ready(scene, job)
        case _:
            return _over(job)


def _over(job: JobRow) -> Finding:
    shown = str(job.shown_id)[:8]
    if job.state == "done":
        return _say(Level.OK, job, "elle est terminée", f"registre show {shown}")
    if job.state == "imported":
        text = "elle vient de l'ancien système et attend une décision"
        return _say(Level.WARNING, job, text, f"registre requeue {shown}", "elle n'a jamais été traitée ici")
    ended = {"refused": "le registre ou la demande dit non", "failed": "elle a échoué"}.get(
        job.state, "elle est annulée"
    )
    cause = f"{job.error_code}: {job.error_text or meaning(job.error_code or '')}"
    level = Level.FAILURE if job.state == "failed" else Level.WARNING
    return _say(level, job, f"elle est finie: {ended}", hint(job.error_code, shown), cause)


async def _running(scene: Scene, job: JobRow) -> Finding:
    late = job.seen_at - (job.lease_until or job.seen_at)
    stage = PLAN[Stage(job.stage)]
    since = _seconds(job.seen_at - job.updated_at)
    if late > timedelta(0):
        leads = await health.has_leader(scene.connection)
        cause = f"bail de {job.worker} échu depuis {_seconds(late)}"
        if leads:
            return _say(Level.WARNING, job, "son processus est mort; l'horloge va la reprendre", _NOTHING, cause)
        text = "son processus est mort et aucune horloge (clock) ne la reprend"
        return _say(Level.FAILURE, job, text, "honcho start", cause)
    evidence = f"étape {STAGES[job.stage]} chez {job.worker} depuis {since}; au plus {_seconds(stage.budget)}"
    return _say(Level.OK, job, "on y travaille en ce moment", _NOTHING, evidence)


async def _waiting(job: JobRow) -> Finding:
    left = _seconds((job.not_before or job.seen_at) - job.seen_at)
    text = f"elle repartira d'elle-même dans {left}"
    cause = f"{job.error_code or 'sans code'}: {job.error_text or meaning(job.error_code or '')}"
    return _say(Level.OK, job, text, hint(job.error_code, str(job.shown_id)[:8]) or _NOTHING, cause)


async def _ready(scene: Scene, job: JobRow) -> Finding:
    """It could start now: who should take it, and why do they not?"""
    role = PLAN[Stage(job.stage)].role
    messages = await health.messages_of(scene.connection, job.id)
    alive = await scene.alive(role)
    if not alive:
        text = f"aucun processus {role} ne tourne pour l'étape {STAGES[job.stage]}"
        return _say(Level.FAILURE, job, text, "honcho start", f"{plural(len(messages), 'message')} en file pour elle")
    if not messages:
        leads = await health.has_leader(scene.connection)
        command = _NOTHING if leads else "honcho start   (ou, une fois: registre requeue --stale --yes)"
        text = "son message s'est perdu; l'horloge le réécrit après 30 s"
        if not leads:
            text = "son message s'est perdu et aucune horloge (clock) ne le réécrit"
        return _say(Level.WARNING if leads else Level.FAILURE, job, text, command, "aucun message en file pour elle")
    if job.hold_until is not None and job.hold_until > job.seen_at:
        text = "elle est réservée quelques secondes au processus qui a sa page ouverte"
        return _say(Level.OK, job, text, _NOTHING, f"jusqu'à {job.hold_until.astimezone():%H:%M:%S}")
    message = messages[0]
    busy = sum(worker.status == "busy" for worker in alive)
    evidence = (
        f"{plural(message.ahead, 'message')} devant elle dans {message.queue_name}; "
        f"{busy} processus {role} au travail sur {len(alive)}"
    )
    if message.state == "consumed":
        return _say(Level.OK, job, "un processus vient de la prendre", _NOTHING, evidence)
    return _say(Level.OK, job, "elle attend son tour", "registre status --status ouverts", evidence)


def _say(level: Level, job: JobRow, text: str, command: str, evidence: str = "") -> Finding:
    data = {"id": job.order_id, "job_id": job.id, "stage": job.stage, "state": job.state, "code": job.error_code}
    return Finding("job", level, f"{str(job.shown_id)[:8]}: {text}", evidence, "", command, data)


def _seconds(length: timedelta) -> str:
    seconds = max(length.total_seconds(), 0)
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
