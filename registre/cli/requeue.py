"""requeue and cancel: decisions of a person, shown with what they cost before they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import click

from registre.cli import words
from registre.cli.context import actor, find_jobs, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import health, report
from registre.db import job as jobs_db
from registre.db.pool import Connection
from registre.db.report import Candidate
from registre.domain.job import Stage
from registre.settings import Settings, read_settings

#: Answers that mean nothing was done because of what the job is.
_REFUSALS: Final = frozenset({"already_queued", "already_running", "needs_rebuy", "unknown", "too_late"})
_NEEDS_REBUY: Final = frozenset({"charge_unproven", "document_timeout", "bad_pdf", "wrong_document"})
#: Lines shown of a long list; all of them are in --json.
_SHOWN: Final = 20


@click.command()
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--code", help="Toutes celles qui ont ce code d'erreur.")
@click.option("--stage", type=click.Choice([str(stage) for stage in Stage]), help="Toutes celles de cette étape.")
@click.option("--stale", is_flag=True, help="Reprend ce que personne ne tient plus (le travail de l'horloge).")
@click.option("--imported", is_flag=True, help="Les lignes inachevées de l'ancien système.")
@click.option("--rebuy", is_flag=True, help="Rachète même ce qui a peut-être été payé.")
@click.option("--yes", is_flag=True, help="Le fait; sans --yes, montre seulement ce qui serait fait.")
@json_option
@pass_output
def requeue(
    output: Output,
    ids: tuple[str, ...],
    code: str | None,
    stage: str | None,
    *,
    stale: bool,
    imported: bool,
    rebuy: bool,
    yes: bool,
) -> int:
    """Remet des demandes en file, sans racheter ce qui est payé.

    Ce qui est rangé est seulement relu. Montre d'abord le nombre, les sortes et l'argent en jeu;
    ne fait rien sans --yes.

    \b
    Exemples:
      registre requeue 3f2a91c0 --yes
      registre requeue --code site_unreachable --yes
    """
    settings = read_settings()
    if stale:
        if ids or code or stage or imported or rebuy:
            raise click.UsageError("--stale va seul (avec --yes).")
        return run(_sweep(output, settings, yes=yes))
    if not (ids or code or stage or imported):
        raise click.UsageError("Dites lesquelles: des ID, --code, --stage, --imported ou --stale.")
    return run(_requeue(output, settings, ids, code, stage, imported=imported, rebuy=rebuy, yes=yes))


async def _requeue(
    output: Output,
    settings: Settings,
    given: Sequence[str],
    code: str | None,
    stage: str | None,
    *,
    imported: bool,
    rebuy: bool,
    yes: bool,
) -> int:
    async with opened(settings) as connection:
        ids = await find_jobs(connection, given) if given else None
        found = await report.requeue_candidates(
            connection, ids=ids, code=code, stage=stage, imported=imported, max_age=settings.index_max_age
        )
        plans = [(job, *foresee(job, price=settings.price_cents, rebuy=rebuy)) for job in found]
        answers = await _apply(connection, output, found, rebuy=rebuy) if yes else {}
    if output.json:
        output.json_document(_json(plans, answers, yes=yes))
    else:
        _show(output, plans, answers, yes=yes)
    wanted = answers.values() if yes else [answer for _, answer, _ in plans]
    return 3 if any(answer in _REFUSALS for answer in wanted) else 0


_Plan = tuple[Candidate, str, int]


def foresee(job: Candidate, *, price: int, rebuy: bool) -> tuple[str, int]:
    """What the database will answer, and the cents it may cost at most. Mirrors `registre.requeue`."""
    if job.state in {"queued", "running"}:
        return f"already_{job.state}", 0
    paid = job.charge_state in {"paid", "unproven"}
    if paid and not rebuy and job.state == "failed" and job.error_code in _NEEDS_REBUY:
        return "needs_rebuy", 0
    if rebuy:
        return "fetch", price
    if job.state == "done":
        return "fetch", 0 if job.held else price
    if job.state == "imported" and job.has_path:
        return "store", 0
    if job.document_id is not None:
        return "ocr", 0
    if job.charge_state == "paid":
        return ("store" if job.staged else "fetch"), 0
    return "fetch", price


async def _apply(connection: Connection, output: Output, found: Sequence[Candidate], *, rebuy: bool) -> dict[UUID, str]:
    from rich.progress import Progress

    answers: dict[UUID, str] = {}
    with Progress(console=output.err, disable=len(found) < 20, transient=True) as bar:
        for job in bar.track(found, description="Remise en file"):
            answers[job.id] = await jobs_db.requeue_job(connection, job.id, actor=actor(), rebuy=rebuy)
    return answers


def _json(plans: Sequence[_Plan], answers: dict[UUID, str], *, yes: bool) -> dict[str, Any]:
    return {
        "done": yes,
        "count": len(plans),
        "kinds": Counter(job.kind for job, _, _ in plans),
        "at_stake_cents": sum(cents for _, _, cents in plans),
        "jobs": [
            {
                "id": job.order_id,
                "job_id": job.id,
                "kind": job.kind,
                "stage": job.stage,
                "state": job.state,
                "error_code": job.error_code,
                "charge_state": job.charge_state,
                "expected": expected,
                "at_stake_cents": cents,
                "answer": answers.get(job.id),
            }
            for job, expected, cents in plans
        ],
    }


def _show(output: Output, plans: Sequence[_Plan], answers: dict[UUID, str], *, yes: bool) -> None:
    if not plans:
        output.say("Aucune demande ne correspond.")
        return
    kinds = ", ".join(
        f"{count} {words.KINDS.get(kind, kind)}" for kind, count in Counter(job.kind for job, _, _ in plans).items()
    )
    cents = sum(cents for _, _, cents in plans)
    stake = f"au plus {words.money(cents)} d'achats" if cents else "rien à payer"
    output.say(f"{words.plural(len(plans), 'demande')} ({kinds}); {stake}.")
    output.table(
        ["!ID", "Demande", "État", "Fait" if yes else "Serait"],
        [
            [
                str(job.order_id or job.id)[:8],
                words.ordered(job.kind, job.request),
                " ".join(filter(None, (words.STATES[job.state], job.error_code))),
                words.ANSWERS.get(answers.get(job.id, expected), expected),
            ]
            for job, expected, _ in plans[:_SHOWN]
        ],
    )
    if len(plans) > _SHOWN:
        output.say(f"… et {len(plans) - _SHOWN} autres.")
    if yes and len(plans) > 1:
        counts = Counter(words.ANSWERS.get(answer, answer) for answer in answers.values())
        output.say("\n" + "\n".join(f"{count}  {answer}" for answer, count in counts.items()))
    if not yes:
        output.say("\nRien n'a été fait; ajoutez --yes.")


async def _sweep(output: Output, settings: Settings, *, yes: bool) -> int:
    """What the clock does each second, once, by hand."""
    async with opened(settings) as connection:
        expired = await health.expired_leases(connection)
        lost = await health.lost_messages(connection, older=timedelta(seconds=30))
        unjoined = await health.unjoined_rows(connection)
        if yes:
            await health.join_rows(connection, unjoined)
            await jobs_db.expire_leases(connection)
            await jobs_db.announce_again(connection, after=timedelta(seconds=30))
    if output.json:
        output.json_document(
            {
                "done": yes,
                "expired_leases": [item.shown_id for item in expired],
                "lost_messages": [item.shown_id for item in lost],
                "unjoined_rows": unjoined,
            }
        )
        return 0
    output.say(
        f"{words.plural(len(expired), 'bail expiré', 'baux expirés')}, "
        f"{words.plural(len(lost), 'message perdu', 'messages perdus')}, "
        f"{words.plural(len(unjoined), 'ligne')} sans demande."
    )
    if expired or lost or unjoined:
        output.say("Repris. honcho start fait tourner l'horloge (clock) qui s'en charge." if yes else "Ajoutez --yes.")
    return 0


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@json_option
@pass_output
def cancel(output: Output, ids: tuple[str, ...]) -> int:
    """Annule des demandes, sauf celles dont l'achat est commencé.

    Un achat va toujours à son terme.

    \b
    Exemple:
      registre cancel 3f2a91c0
    """
    return run(_cancel(output, read_settings(), ids))


async def _cancel(output: Output, settings: Settings, given: Sequence[str]) -> int:
    async with opened(settings) as connection:
        ids = await find_jobs(connection, given)
        answers = {job_id: await jobs_db.cancel_job(connection, job_id, actor=actor()) for job_id in ids}
        jobs = {job.id: job for job in await report.list_jobs(connection, ids=ids)}
    if output.json:
        output.json_document(
            {
                "jobs": [
                    {"id": jobs[job_id].order_id, "job_id": job_id, "answer": answer}
                    for job_id, answer in answers.items()
                ]
            }
        )
    else:
        for job_id, answer in answers.items():
            job = jobs[job_id]
            output.say(f"{str(job.shown_id)[:8]}  {words.ordered(job.kind, job.request)}: {words.ANSWERS[answer]}")
    return 3 if "too_late" in answers.values() else 0
