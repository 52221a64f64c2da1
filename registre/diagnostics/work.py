"""Rules on work under way: does anything wait too long, is anything stuck, does anything contradict itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

from registre.db import health
from registre.db.pool import Connection
from registre.diagnostics.codes import hint, meaning
from registre.diagnostics.phrases import KINDS, STAGES, STATES, plural, span
from registre.diagnostics.processes import SWEPT
from registre.diagnostics.rule import START, SWEEP_BY_HAND, Finding, Scene, fault, fine
from registre.domain.job import Stage
from registre.pipeline import PLAN

#: A ready job without a message for this long was not re-announced either.
_LOST: Final = timedelta(seconds=60)
#: Work waits longer than this only where there are too few processes, or none that can.
_LONG_WAIT: Final = timedelta(minutes=10)
#: An idle process takes a ready message within a second; seconds.
_NOT_TAKEN_S: Final = 60
#: A wait that has gone on for longer is worth a person's look, by its code; what is not here ends by itself.
_LONG: Final = {
    "site_unavailable": timedelta(0),
    "ceiling_reached": timedelta(0),
    "reading_ceiling": timedelta(0),
    "gemini_misconfigured": timedelta(0),
    "limits_unavailable": timedelta(minutes=2),
    "no_account": timedelta(minutes=2),
    "being_bought": timedelta(minutes=15),
    "settling_charge": timedelta(minutes=10),
}
_OTHER_LONG: Final = timedelta(minutes=30)
_WAIT_COMMANDS: Final = {
    "no_account": "registre accounts list",
    "ceiling_reached": "registre charges --today",
    "reading_ceiling": "registre usage",
    "quota_wait": "registre capacity",
    "gemini_misconfigured": "registre config",
    "limits_unavailable": "registre capacity",
    "being_bought": "registre charges",
    "settling_charge": "registre charges",
}


async def queue(scene: Scene) -> AsyncIterator[Finding]:
    """What there is: rows per status and source, open jobs per state, the newest ten."""
    states: Counter[str] = Counter()
    for count in await scene.counts():
        states[f"{KINDS.get(count.kind, count.kind)} {STATES[count.state]}"] += count.jobs
    shown = ", ".join(f"{name} {jobs}" for name, jobs in sorted(states.items())) or "aucune demande ouverte"
    rows = await health.row_counts(scene.connection)
    yield fine(
        "queue",
        f"{shown}; {plural(sum(row.rows for row in rows), 'ligne')} en tout",
        open=await scene.counts(),
        rows=rows,
        last=await health.last_jobs(scene.connection),
    )


async def ocr_off(scene: Scene) -> AsyncIterator[Finding]:
    """Rows that wait because reading is off here."""
    if scene.settings.ocr:
        return
    waiting = sum(item.jobs for item in await scene.due() if item.stage == Stage.OCR)
    name = f"OCR_{scene.name.upper()}"
    if waiting:
        yield fault(
            "ocr_off",
            f"{plural(waiting, 'document')} en attente de lecture, et {name} n'est pas posé",
            "la lecture est désactivée dans cet environnement",
            "les documents restent à « Complété » (status_id 3) sans texte",
            f"export {name}=oui   (puis relancez les processus ocr)",
            serious=False,
            waiting=waiting,
        )
    else:
        yield fine("ocr_off", f"lecture désactivée ({name}); rien n'attend")


async def waits(scene: Scene) -> AsyncIterator[Finding]:
    """What waits for its time, and why."""
    for wait in await scene.waits():
        since = wait.since or timedelta(0)
        text = f"{plural(wait.jobs, 'demande attend', 'demandes attendent')}: {wait.code}, depuis {span(since)}"
        data = {"code": wait.code, "count": wait.jobs, "sample": wait.sample, "since_s": since.total_seconds()}
        if since < _LONG.get(wait.code, _OTHER_LONG):
            yield fine("waits", text, about=wait.code, **data)
            continue
        yield fault(
            "waits",
            f"{text}, ex. {str(wait.sample)[:8]}",
            wait.text or meaning(wait.code),
            hint(wait.code, str(wait.sample)[:8]),
            _WAIT_COMMANDS.get(wait.code, f"registre status {str(wait.sample)[:8]}"),
            serious=False,
            about=wait.code,
            private=True,
            **data,
        )


async def oldest(scene: Scene) -> AsyncIterator[Finding]:
    """How long the oldest ready job of each stage has been ready."""
    for due in await scene.due():
        role = PLAN[Stage(due.stage)].role
        about = f"{role}.{due.stage}"
        ready = plural(due.jobs, "demande prête", "demandes prêtes")
        text = f"{STAGES[due.stage]}: {ready}, la plus ancienne depuis {span(due.oldest)}"
        if due.oldest > _LONG_WAIT:
            yield fault(
                "oldest",
                text,
                f"trop peu de processus {role} pour la charge, ou tous bloqués",
                "les demandes attendent",
                "registre status --status ouverts",
                serious=False,
                about=about,
            )
        else:
            yield fine("oldest", text, about=about, stage=due.stage, oldest_s=due.oldest.total_seconds())


async def not_taken(scene: Scene) -> AsyncIterator[Finding]:
    """Idle processes take what is ready."""
    ready: dict[str, float] = {}
    for item in await scene.once("messages", messages):
        stage = stage_of(item.queue_name)
        if stage is not None and (stage is not Stage.OCR or scene.settings.ocr):
            role = PLAN[stage].role
            ready[role] = max(ready.get(role, 0), item.ready)
    for role, seconds in ready.items():
        idle = [worker for worker in await scene.alive(role) if worker.status == "idle"]
        if seconds > _NOT_TAKEN_S and idle:
            yield fault(
                "not_taken",
                f"un message est prêt depuis {span(timedelta(seconds=seconds))} et {idle[0].name} est libre",
                "le processus bat encore mais ne lit plus la file: sa connexion est bloquée",
                "les demandes attendent alors que des places sont libres",
                f"relancez {idle[0].name}   (kill -TERM {idle[0].pid}; honcho en démarre un autre)",
                about=role,
            )


def stage_of(queue_name: str) -> Stage | None:
    """Whose work a queue carries: its stage's name, alone or before an underscore; None where it is nobody's."""
    name = queue_name.removesuffix(".DQ")
    return next((stage for stage in PLAN if name == stage or name.startswith(f"{stage}_")), None)


async def messages(connection: Connection) -> list[health.Messages]:
    """Messages that are not done, by this machine's clock."""
    return await health.messages(connection, now_ms=int(time.time() * 1000))


async def running(scene: Scene) -> AsyncIterator[Finding]:
    """Who works on what, and whether a stage outlived its budget."""
    for job in await scene.running():
        text = f"{str(job.shown_id)[:8]} {STAGES[job.stage]} chez {job.worker} depuis {span(job.late)}"
        data: dict[str, Any] = {"id": job.order_id, "job_id": job.id, "stage": job.stage, "worker": job.worker}
        if job.late > PLAN[Stage(job.stage)].budget + timedelta(minutes=1):
            yield fault(
                "overtime",
                text,
                "l'étape a dépassé son temps sans être interrompue",
                "une place de travail est occupée",
                f"registre status {str(job.shown_id)[:8]}",
                serious=False,
                about=job.stage,
                **data,
            )
        else:
            yield fine("running", text, **data)


async def expired(scene: Scene) -> AsyncIterator[Finding]:
    """Leases that ended and were not swept."""
    found = await health.expired_leases(scene.connection, older=SWEPT)
    if found:
        yield fault(
            "expired_leases",
            f"{plural(len(found), 'bail échu non repris', 'baux échus non repris')}, "
            f"ex. {str(found[0].shown_id)[:8]} chez {found[0].worker} depuis {span(found[0].late)}",
            "le processus est mort et personne ne reprend son travail",
            "ces demandes restent « en cours » sans que personne n'y travaille",
            f"{START}   (ou, une fois: {SWEEP_BY_HAND})",
            ids=[item.shown_id for item in found],
        )


async def lost(scene: Scene) -> AsyncIterator[Finding]:
    """Ready jobs that no message will start."""
    found = await health.lost_messages(scene.connection, older=_LOST)
    if found:
        yield fault(
            "lost_messages",
            f"{plural(len(found), 'demande prête', 'demandes prêtes')} sans message depuis plus de {span(_LOST)}, "
            f"ex. {str(found[0].shown_id)[:8]}",
            "le message a été effacé et l'horloge (clock) ne l'a pas réécrit",
            "personne ne les prendra",
            f"{START}   (ou, une fois: {SWEEP_BY_HAND})",
            ids=[item.shown_id for item in found],
        )


async def exhausted(scene: Scene) -> AsyncIterator[Finding]:
    """Open jobs whose tries are spent."""
    count, sample = await health.exhausted_jobs(scene.connection)
    if count:
        yield fault(
            "exhausted_jobs",
            f"{plural(count, 'demande ouverte', 'demandes ouvertes')} au-delà de ses essais, ex. {str(sample)[:8]}",
            "attempts, crashes ou max_attempts ont été changés à la main",
            "elles seraient essayées encore",
            f"registre status {str(sample)[:8]}   (registre cancel l'arrête)",
            serious=False,
            count=count,
        )
