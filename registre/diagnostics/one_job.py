"""Why does this one not move? Every reason that holds, the deciding one first, each with its evidence and command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from registre.db import account as accounts_db
from registre.db import charge as charges_db
from registre.db import health, report
from registre.db.report import JobRow
from registre.diagnostics.accounts import is_usable
from registre.diagnostics.codes import hint, meaning
from registre.diagnostics.phrases import STAGES, money, plural, span
from registre.diagnostics.rule import START, SWEEP_BY_HAND, Finding, Level, Scene
from registre.domain.job import Stage
from registre.pipeline import PLAN

_NOTHING: Final = "rien à faire"


async def explain(scene: Scene, job_id: UUID) -> list[Finding]:
    """The reasons for one job, whatever its state. `about` names each: see README."""
    job = (await report.list_jobs(scene.connection, ids=[job_id]))[0]
    match job.state:
        case "running":
            return [await _running(scene, job)]
        case "waiting" if job.not_before is not None and job.not_before > job.seen_at:
            return [reason async for reason in _waiting(scene, job)]
        case "queued" | "waiting":
            found = [reason async for reason in _obstacles(scene, job)]
            return found or [await _in_line(scene, job)]
        case _:
            return [_over(job)]


def _over(job: JobRow) -> Finding:
    shown = str(job.shown_id)[:8]
    if job.state == "done":
        return _say("done", Level.OK, job, "elle est terminée", f"registre show {shown}")
    if job.state == "imported":
        text = "elle vient de l'ancien système et attend une décision"
        return _say(
            "imported", Level.WARNING, job, text, f"registre requeue {shown}", "elle n'a jamais été traitée ici"
        )
    cause = f"{job.error_code}: {job.error_text or meaning(job.error_code or '')}"
    command = hint(job.error_code, shown)
    if job.state == "failed":
        poisoned = job.error_code == "poison_job"
        spent = f" ({job.attempts} essais sur {job.max_attempts})" if job.attempts >= job.max_attempts else ""
        about = "poison" if poisoned else "exhausted" if spent else "failed"
        return _say(about, Level.FAILURE, job, f"elle est finie: elle a échoué{spent}", command, cause)
    if job.state == "cancelled":
        return _say("cancelled", Level.WARNING, job, "elle est finie: elle est annulée", command, cause)
    text = "elle est finie: le registre ou la demande dit non"
    return _say("refused", Level.WARNING, job, text, command, cause)


async def _running(scene: Scene, job: JobRow) -> Finding:
    late = job.seen_at - (job.lease_until or job.seen_at)
    if late > timedelta(0):
        cause = f"bail de {job.worker} échu depuis {span(late)}"
        if await scene.leads():
            text = "son processus est mort; l'horloge va la reprendre"
            return _say("holder_dead", Level.WARNING, job, text, _NOTHING, cause)
        text = "son processus est mort et aucune horloge (clock) ne la reprend"
        return _say("no_clock", Level.FAILURE, job, text, START, cause)
    stage = PLAN[Stage(job.stage)]
    evidence = (
        f"étape {STAGES[job.stage]} chez {job.worker} depuis {span(job.seen_at - job.updated_at)}; "
        f"au plus {span(stage.budget)}; bail jusqu'à {job.lease_until:%H:%M:%S} UTC"
    )
    return _say("held", Level.OK, job, "on y travaille en ce moment", _NOTHING, evidence)


async def _waiting(scene: Scene, job: JobRow) -> AsyncIterator[Finding]:
    left = span((job.not_before or job.seen_at) - job.seen_at)
    code = job.error_code or "unknown"
    cause = f"{code}: {job.error_text or meaning(code)}"
    command = hint(job.error_code, str(job.shown_id)[:8]) or _NOTHING
    tries = f" (essai {job.attempts} sur {job.max_attempts} fait)" if job.attempts else ""
    yield _say(code, Level.OK, job, f"elle repartira d'elle-même dans {left}{tries}", command, cause)
    if code == "no_account":
        async for reason in _accounts(scene, job):
            yield reason
    if code == "ceiling_reached":
        spent = await charges_db.spent_today(scene.connection)
        evidence = f"dépensé ou en doute aujourd'hui: {money(spent)}"
        yield _say("ceiling", Level.WARNING, job, "un plafond est atteint", "registre charges --today", evidence)


async def _obstacles(scene: Scene, job: JobRow) -> AsyncIterator[Finding]:
    """It could start now: what keeps it?"""
    stage = Stage(job.stage)
    role = PLAN[stage].role
    if stage is Stage.OCR and not scene.settings.ocr:
        name = f"OCR_{scene.name.upper()}"
        text = "la lecture est désactivée dans cet environnement"
        yield _say(
            "ocr_off", Level.WARNING, job, text, f"export {name}=oui   (puis relancez ocr)", f"{name} n'est pas posé"
        )
    messages = await health.messages_of(scene.connection, job.id)
    if not await scene.alive(role):
        evidence = f"{plural(len(messages), 'message')} en file pour elle"
        text = f"aucun processus {role} ne tourne pour l'étape {STAGES[job.stage]}"
        yield _say("no_worker", Level.FAILURE, job, text, START, evidence)
    if not messages:
        leads = await scene.leads()
        text = "son message s'est perdu; l'horloge le réécrit après 30 s"
        if not leads:
            text = "son message s'est perdu et aucune horloge (clock) ne le réécrit"
        level = Level.WARNING if leads else Level.FAILURE
        command = _NOTHING if leads else f"{START}   (ou, une fois: {SWEEP_BY_HAND})"
        yield _say("message_lost", level, job, text, command, "aucun message en file pour elle")
    if stage in {Stage.FETCH, Stage.DOWNLOAD}:
        async for reason in _accounts(scene, job):
            yield reason
    if stage is Stage.OCR and job.document_id is None:
        text, command = ("le document à lire manque", f"registre requeue {str(job.shown_id)[:8]}")
        yield _say("missing_document", Level.FAILURE, job, text, command, "document_id est vide à l'étape de lecture")
    if job.attempts > job.max_attempts + job.crashes:
        evidence = f"{job.attempts} essais sur {job.max_attempts}"
        text, command = ("ses essais sont épuisés", f"registre cancel {str(job.shown_id)[:8]}")
        yield _say("exhausted", Level.WARNING, job, text, command, evidence)


async def _accounts(scene: Scene, job: JobRow) -> AsyncIterator[Finding]:
    """Nobody can sign in for it, now or ever."""
    known = await scene.once("accounts", accounts_db.accounts)
    usable = [account for account in known if is_usable(account)]
    if not usable:
        cause = "tous sont écartés, désactivés ou non chiffrés" if known else "aucun n'a été ajouté"
        text, command = ("aucun compte du registre n'est utilisable", "registre accounts list")
        yield _say("no_account", Level.FAILURE, job, text, command, cause)
    elif all(account.lease_until is not None and account.lease_until > job.seen_at for account in usable):
        holders = ", ".join(sorted({account.lease_worker or "?" for account in usable}))
        text, evidence = ("tous les comptes sont en usage", f"{plural(len(usable), 'compte')} chez {holders}")
        yield _say("accounts_busy", Level.OK, job, text, "registre accounts list", evidence)


async def _in_line(scene: Scene, job: JobRow) -> Finding:
    """Nothing is in its way but others."""
    if job.hold_until is not None and job.hold_until > job.seen_at:
        text = "elle est réservée quelques secondes au processus qui a sa page ouverte"
        return _say("hold", Level.OK, job, text, _NOTHING, f"jusqu'à {job.hold_until.astimezone():%H:%M:%S}")
    role = PLAN[Stage(job.stage)].role
    message = (await health.messages_of(scene.connection, job.id))[0]
    alive = await scene.alive(role)
    busy = sum(worker.status == "busy" for worker in alive)
    evidence = (
        f"{plural(message.ahead, 'message')} devant elle dans {message.queue_name}; "
        f"{busy} processus {role} au travail sur {len(alive)}"
    )
    if message.state == "consumed":
        return _say("taken", Level.OK, job, "un processus vient de la prendre", _NOTHING, evidence)
    return _say("in_line", Level.OK, job, "elle attend son tour", "registre status --status ouverts", evidence)


def _say(about: str, level: Level, job: JobRow, text: str, command: str, evidence: str = "") -> Finding:
    data = {"id": job.order_id, "job_id": job.id, "stage": job.stage, "state": job.state, "code": job.error_code}
    return Finding(
        "job", level, f"{str(job.shown_id)[:8]}: {text}", evidence, "", command, data, about=about, private=True
    )
