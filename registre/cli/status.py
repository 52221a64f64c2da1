"""status: the list of recent jobs, or one job's whole life."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from uuid import UUID

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_settings, find_job, opened, run
from registre.cli.jobs import COLUMNS, job_json, rows, short
from registre.cli.output import Output, json_option, pass_output
from registre.cli.timeline import Step, timeline
from registre.db import report
from registre.db.document import Document, document
from registre.db.pool import Connection
from registre.db.report import JobRow
from registre.diagnostics.codes import hint, meaning
from registre.domain.errors import ConfigurationError
from registre.domain.job import PublicStatus, State
from registre.settings import Settings

_STYLES: Final = {
    "attempt.done": "green",
    "job.done": "green",
    "job.failed": "bold red",
    "job.refused": "magenta",
    "charge.paid": "yellow",
    "attempt.running": "cyan",
}
_STATES: Final = {"ouverts": ("queued", "waiting", "running"), **{str(state): (str(state),) for state in State}}


class StatusFilter(click.ParamType[Any]):
    """`1` to `6`, a state's name, or `ouverts`."""

    name = "ÉTAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        text = str(value).lower()
        if text in {str(int(status)) for status in PublicStatus}:
            return {"statuses": [int(text)]}
        french = {label: key for key, label in words.STATES.items()}
        if text in _STATES or text in french:
            return {"states": _STATES.get(text) or (french[text],)}
        return self.fail(f"« {value} » n'est ni 1 à 6, ni ouverts, ni {', '.join(State)}.", param, ctx)


@click.command()
@click.argument("ids", metavar="[ID]…", nargs=-1)
@click.option("--status", "chosen", type=StatusFilter(), help="1 à 6, ouverts, ou un état: failed, waiting…")
@click.option("--kind", type=click.Choice(["index", "acte", "plan"]), help="Seulement cette sorte de document.")
@click.option("--code", help="Seulement ce code d'erreur.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Nombre de lignes.")
@click.option("--all-env", is_flag=True, help="Tous les environnements, l'un après l'autre.")
@json_option
@pass_output
def status(
    output: Output,
    ids: tuple[str, ...],
    chosen: dict[str, Any] | None,
    kind: str | None,
    code: str | None,
    limit: int,
    *,
    all_env: bool,
) -> int:
    """Montre les demandes récentes; avec un ID, toute la vie d'une demande.

    Les 6 premiers caractères d'un ID suffisent s'ils n'en désignent qu'un.

    \b
    Exemples:
      registre status --status failed
      registre status 3f2a91c0
    """
    settings = chosen_settings()
    if ids:
        run(_lives(output, settings, ids))
        return 0
    filters: dict[str, Any] = {**(chosen or {}), "code": code, "limit": limit}
    filters["kind"] = "plan_cadastraux" if kind == "plan" else kind
    if not (all_env and settings.environments):
        listed = run(_list(settings, filters))
        if output.json:
            output.json_document(_list_json(settings, listed))
        else:
            _show_list(output, settings, listed)
        return 0
    return _all_environments(output, settings, filters)


_Listed = tuple[list[JobRow], list[report.Count]]


def _all_environments(output: Output, settings: Settings, filters: dict[str, Any]) -> int:
    """One after the other; 1 when one of them could not be asked."""
    documents: dict[str, Any] = {}
    for name in (found.name for found in settings.environments):
        view = settings.within(name)
        try:
            listed = run(_list(view, filters))
        except ConfigurationError as exc:
            documents[name] = {"error": exc.text}
            output.say(f"Environnement {name}: {exc.text}")
        else:
            documents[name] = _list_json(view, listed)
            _show_list(output, view, listed)
        output.say()
    if output.json:
        output.json_document({"environments": documents})
    return int(any("error" in document for document in documents.values()))


async def _list(settings: Settings, filters: dict[str, Any]) -> _Listed:
    async with opened(settings) as connection:
        return await report.list_jobs(connection, **filters), await report.count_jobs(connection)


def _list_json(settings: Settings, listed: _Listed) -> dict[str, Any]:
    jobs, counts = listed
    return {
        "environment": settings.environment,
        "jobs": [job_json(job) for job in jobs],
        "counts": dict(_totals(counts)),
        "awaiting_ocr_disabled": _unread(settings, counts),
    }


def _show_list(output: Output, settings: Settings, listed: _Listed) -> None:
    jobs, counts = listed
    totals = _totals(counts)
    if settings.environments:
        output.say(Text(f"Environnement {settings.environment}", style="bold"))
    if not jobs:
        output.say("Aucune demande." if not totals else "Aucune demande ne correspond.")
    else:
        output.table(COLUMNS, rows(jobs))
    if totals:
        output.say("\n" + " · ".join(f"{words.STATES[name]} {totals[name]}" for name in words.STATES if totals[name]))
    if unread := _unread(settings, counts):
        waiting = words.plural(unread, "document attend", "documents attendent")
        output.say(f"{waiting} d'être lu: lecture désactivée (OCR_{settings.environment.upper()})")


def _totals(counts: list[report.Count]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for count in counts:
        totals[count.state] += count.jobs
    return totals


def _unread(settings: Settings, counts: list[report.Count]) -> int:
    """Stored documents that nothing will read while this environment's reading is off."""
    if settings.ocr:
        return 0
    return sum(count.jobs for count in counts if count.stage == "ocr" and count.state in {"queued", "waiting"})


async def _lives(output: Output, settings: Settings, given: tuple[str, ...]) -> None:
    async with opened(settings) as connection:
        lives = [await _life(connection, await find_job(connection, text)) for text in given]
    if output.json:
        documents = [_life_json(*life, settings) for life in lives]
        output.json_document(documents[0] if len(documents) == 1 else documents)
        return
    for life in lives:
        _show(output, settings, *life)


_Life = tuple[JobRow, list[Step], list[report.ChargeRow], Document | None]


async def _life(connection: Connection, job_id: UUID) -> _Life:
    job = (await report.list_jobs(connection, ids=[job_id]))[0]
    held = await document(connection, job.document_id) if job.document_id else None
    charges = await report.charges_of(connection, job_id)
    steps = timeline(
        await report.attempts_of(connection, job_id),
        await report.events_of(connection, job_id),
        charges,
        # One that another order bought is older than this order's first step.
        held if held and held.created_at >= job.created_at else None,
        seen_at=job.seen_at,
    )
    return job, steps, charges, held


def _life_json(
    job: JobRow, steps: list[Step], charges: list[report.ChargeRow], held: Document | None, settings: Settings
) -> dict[str, Any]:
    return {
        **job_json(job),
        "timeline": [
            {
                "at": step.at,
                "duration_s": None if step.duration is None else step.duration.total_seconds(),
                "stage": step.stage,
                "what": step.what,
                "label": step.label,
                "detail": step.detail or None,
                "code": step.code,
                "snapshot": step.snapshot and _locate(settings, step.snapshot),
            }
            for step in steps
        ],
        "charges": charges,
        "document": held and {**_document_json(held), "location": _locate(settings, held.path)},
    }


def _document_json(held: Document) -> dict[str, Any]:
    names = ("id", "document_key", "kind", "sha256", "size", "pages", "path", "number_checked", "created_at")
    return {name: getattr(held, name) for name in names}


def _locate(settings: Settings, key: str) -> str:
    return f"{settings.object_root.rstrip('/')}/{key}"


def _show(
    output: Output,
    settings: Settings,
    job: JobRow,
    steps: list[Step],
    charges: list[report.ChargeRow],
    held: Document | None,
) -> None:
    output.say(Text(words.ordered(job.kind, job.request), style="bold"))
    place = words.place(job)
    output.say(
        Text.assemble(
            f"{job.shown_id}  ",
            words.state(job),
            f" ({place})" if place else "",
            f"  essais {job.attempts}/{job.max_attempts}",
            f"  {words.detail(job)}" if job.state in {"waiting", "running"} else "",
        )
    )
    output.say()
    output.table(["!Heure", ">Durée", "Étape", "!Issue", "Détail"], [_line(step, job) for step in steps])
    output.say()
    for snapshot in dict.fromkeys(step.snapshot for step in steps if step.snapshot):
        output.say(f"Capture   {_locate(settings, snapshot)}")
    for charge in charges:
        amount = words.money(charge.amount_cents)
        output.say(f"Achat     {amount}, {words.CHARGES[charge.state]}, compte {charge.account or '?'}")
    if held is not None:
        output.say(f"Document  {_locate(settings, held.path)} ({words.plural(held.pages, 'page')})")
    if job.error_code and job.state != "done":
        output.say(f"Cause     {job.error_code}: {job.error_text or meaning(job.error_code)}")
        output.say(Text(f"À faire   {hint(job.error_code, short(job))}", style="cyan"))
    elif job.state == "done":
        output.say(f"À faire   registre show {short(job)} · registre get {short(job)} --to .")
    output.say()


def _line(step: Step, job: JobRow) -> list[str | Text]:
    said = [step.code or "", step.detail]
    return [
        words.moment(step.at, seen_at=job.seen_at),
        "" if step.duration is None else words.span(step.duration),
        words.STAGES.get(step.stage or "", ""),
        Text(step.label, style=_STYLES.get(step.what, "")),
        " · ".join(filter(None, said)),
    ]
