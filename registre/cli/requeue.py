"""requeue: a person's decision, shown with what it costs before it is made, and taken back while it can be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from secrets import token_hex
from typing import Any, Final
from uuid import UUID

import click

from registre.cli import words
from registre.cli.context import actor, chosen_settings, find_jobs, opened, program, run
from registre.cli.output import Output, json_option, pass_output
from registre.cli.stale import sweep
from registre.cli.undo import undo_batch
from registre.db import requeue as requeues
from registre.db.pool import Connection
from registre.db.requeue import Candidate, Filters
from registre.domain.job import Stage
from registre.settings import Settings

#: Answers that mean nothing was done because of what the job is; `already_queued` is what was wanted.
_REFUSALS: Final = frozenset({"already_running", "needs_rebuy", "unknown"})
#: Lines shown of a long list; all of them are in --json.
_SHOWN: Final = 20
_UNITS: Final = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "j": "days", "d": "days"}


class Age(click.ParamType[timedelta]):
    """`90s`, `30m`, `2h`, `3j`."""

    name = "DURÉE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|j|d)", str(value).strip().lower())
        if found is None:
            return self.fail(f"« {value} » n'est pas une durée: 90s, 30m, 2h ou 3j.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@dataclass(frozen=True, slots=True)
class Asked:
    """The command as it was typed."""

    filters: Filters
    given: tuple[str, ...]
    rebuy: bool
    yes: bool


@click.command()
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--group", metavar="GROUPE", help="Celles d'un groupe de registre triage (site/écran/code).")
@click.option("--code", help="Celles qui ont ce code d'erreur.")
@click.option("--stage", type=click.Choice([str(stage) for stage in Stage]), help="Celles de cette étape.")
@click.option("--older", type=Age(), help="Finies (ou en attente) depuis plus longtemps: 2h, 3j.")
@click.option("--younger", type=Age(), help="Finies (ou en attente) depuis moins longtemps: 30m.")
@click.option("--limit", type=click.IntRange(1), help="Au plus tant, les plus anciennes demandes d'abord.")
@click.option("--imported", is_flag=True, help="Les lignes inachevées de l'ancien système.")
@click.option("--rebuy", is_flag=True, help="Rachète même ce qui a peut-être été payé; seulement avec des ID.")
@click.option("--stale", is_flag=True, help="Reprend ce que personne ne tient plus (le travail de l'horloge).")
@click.option("--undo", metavar="LOT", help="Annule une relance: son lot, ou « last » pour votre dernière.")
@click.option("--yes", is_flag=True, help="Le fait; sans --yes, montre seulement ce qui serait fait.")
@json_option
@pass_output
def requeue(
    output: Output,
    ids: tuple[str, ...],
    group: str | None,
    code: str | None,
    stage: str | None,
    older: timedelta | None,
    younger: timedelta | None,
    limit: int | None,
    undo: str | None,
    *,
    imported: bool,
    rebuy: bool,
    stale: bool,
    yes: bool,
) -> int:
    """Remet des demandes en file, sans racheter ce qui est payé.

    Les filtres se combinent. Ce qui est rangé est seulement relu. Montre d'abord le nombre, les sortes et l'argent
    en jeu; ne fait rien sans --yes.

    \b
    Exemples:
      registre requeue 3f2a91c0 --yes
      registre requeue --code site_unreachable --younger 2h --limit 100 --yes
      registre requeue --undo last --yes
    """
    settings = chosen_settings()
    filters = Filters(None, group, code, stage, older, younger, imported, limit)
    chosen = bool(ids) or replace(filters, limit=None) != Filters()
    if (stale or undo is not None) and (chosen or limit or rebuy or (stale and undo is not None)):
        raise click.UsageError(f"--{'stale' if stale else 'undo'} va seul (avec --yes).")
    if stale:
        return run(sweep(output, settings, yes=yes))
    if undo is not None:
        return run(undo_batch(output, settings, undo, yes=yes))
    if not chosen:
        raise click.UsageError(
            "Dites lesquelles: des ID, --group, --code, --stage, --older, --younger, --imported, --stale ou --undo."
        )
    if rebuy and not ids:
        raise click.UsageError("Un rachat se décide demande par demande: --rebuy veut des ID.")
    return run(_requeue(output, settings, Asked(filters, ids, rebuy, yes)))


async def _requeue(output: Output, settings: Settings, asked: Asked) -> int:
    batch = token_hex(4)
    async with opened(settings) as connection:
        ids = tuple(await find_jobs(connection, asked.given)) if asked.given else None
        found = await requeues.requeue_candidates(
            connection,
            replace(asked.filters, ids=ids),
            rebuy=asked.rebuy,
            price_cents=settings.price_cents,
            max_age=settings.index_max_age,
        )
        answers = await _apply(connection, output, found, batch, rebuy=asked.rebuy) if asked.yes else {}
    done = [job for job in found if answers.get(job.id) in set(Stage)]
    if output.json:
        output.json_document(_json(found, answers, batch if done else None, yes=asked.yes))
    else:
        _show(output, found, answers, yes=asked.yes)
        if done:
            output.say(f"\nLot {batch}. Pour revenir en arrière: {program(settings)} requeue --undo {batch} --yes")
    wanted = answers.values() if asked.yes else [job.expected for job in found]
    return 3 if any(answer in _REFUSALS for answer in wanted) else 0


async def _apply(
    connection: Connection, output: Output, found: Sequence[Candidate], batch: str, *, rebuy: bool
) -> dict[UUID, str]:
    from rich.progress import Progress

    answers: dict[UUID, str] = {}
    with Progress(console=output.err, disable=len(found) < requeues.CHUNK, transient=True) as bar:
        task = bar.add_task("Remise en file", total=len(found))
        ids = [job.id for job in found]
        async for chunk in requeues.requeue_many(connection, ids, actor=actor(), batch=batch, rebuy=rebuy):
            answers |= chunk
            bar.advance(task, len(chunk))
    return answers


def _json(found: Sequence[Candidate], answers: dict[UUID, str], batch: str | None, *, yes: bool) -> dict[str, Any]:
    return {
        "done": yes,
        "batch": batch,
        "count": len(found),
        "kinds": Counter(job.kind for job in found),
        "at_stake_cents": sum(job.at_stake_cents for job in found),
        "jobs": [
            {
                "id": job.order_id,
                "job_id": job.id,
                "kind": job.kind,
                "stage": job.stage,
                "state": job.state,
                "error_code": job.error_code,
                "charge_state": job.charge_state,
                "expected": job.expected,
                "at_stake_cents": job.at_stake_cents,
                "answer": answers.get(job.id),
            }
            for job in found
        ],
    }


def _show(output: Output, found: Sequence[Candidate], answers: dict[UUID, str], *, yes: bool) -> None:
    if not found:
        output.say("Aucune demande ne correspond: rien à faire.")
        return
    kinds = ", ".join(
        f"{count} {words.KINDS.get(kind, kind)}" for kind, count in Counter(job.kind for job in found).items()
    )
    cents = sum(job.at_stake_cents for job in found)
    stake = f"au plus {words.money(cents)} d'achats" if cents else "rien à payer"
    output.say(f"{words.plural(len(found), 'demande')} ({kinds}); {stake}.")
    output.table(
        ["!ID", "Demande", "État", "Fait" if yes else "Serait"],
        [
            [
                str(job.shown_id)[:8],
                words.ordered(job.kind, job.request),
                " ".join(filter(None, (words.STATES[job.state], job.error_code))),
                words.ANSWERS[answers.get(job.id, job.expected)],
            ]
            for job in found[:_SHOWN]
        ],
    )
    if len(found) > _SHOWN:
        output.say(f"… et {words.plural(len(found) - _SHOWN, 'autre')}.")
    if yes and len(found) > 1:
        counts = Counter(words.ANSWERS[answer] for answer in answers.values())
        output.say("\n" + "\n".join(f"{count}  {answer}" for answer, count in counts.items()))
    if not any((answers.get(job.id) if yes else job.expected) in set(Stage) for job in found):
        output.say("\nRien à faire.")
    elif not yes:
        output.say("\nRien n'a été fait; ajoutez --yes.")
