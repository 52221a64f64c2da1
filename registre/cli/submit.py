"""submit: one order from arguments, or many from a file. Checked before anything is inserted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO, Any, TypeVar
from uuid import UUID, uuid4

import click

from registre.cli import words
from registre.cli.context import chosen_settings, opened, run
from registre.cli.jobs import job_json, short
from registre.cli.orders_file import Line, check, read_orders
from registre.cli.output import Output, json_option, pass_output
from registre.cli.watch import exit_code, follow
from registre.db import report
from registre.db.order import Order, insert_orders
from registre.domain.request import TypeActe
from registre.settings import Settings

_F = TypeVar("_F", bound=Callable[..., Any])

#: Bad lines shown at most; all of them are in --json.
_SHOWN_FAULTS = 50


def _common(command: _F) -> _F:
    """Options of every way to submit."""
    for option in (
        click.option("--fresh", is_flag=True, help="Achète une version neuve même si une récente est rangée."),
        click.option("--priority", type=int, default=0, show_default=True, help="Plus petit passe plus tôt (ex. -10)."),
        click.option("--wait", is_flag=True, help="Attend la fin et la montre."),
        json_option,
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True, subcommand_metavar="[index|acte|plan NUMERO …]")
@click.option("--file", "file", type=click.File("rb"), help="CSV de demandes (- lit l'entrée standard).")
@click.option("--partial", is_flag=True, help="Insère les lignes justes même si d'autres sont fausses.")
@_common
@pass_output
@click.pass_context
def submit(
    ctx: click.Context, output: Output, file: IO[bytes] | None, *, partial: bool, fresh: bool, priority: int, wait: bool
) -> int | None:
    """Commande des documents: un seul, ou tous ceux d'un fichier CSV.

    Colonnes du fichier: document_source (index, acte, plan), document_number, circonscription_fonciere, cadastre,
    designation_secondaire, acte_type; « Numéro », « Lot », « Circonscription », « Type d'acte » conviennent aussi.

    \b
    Exemples:
      registre submit index 2784195 --circonscription Montréal --cadastre "Cadastre du Québec"
      registre submit --file demandes.csv --wait
    """
    if ctx.invoked_subcommand is not None:
        if file is not None:
            raise click.UsageError("--file ne va pas avec index, acte ou plan.")
        ctx.meta["registre.submit"] = (fresh, priority, wait)
        return None
    if file is None:
        raise click.UsageError("Dites quoi commander: index, acte, plan, ou --file demandes.csv.")
    lines = read_orders(file.read())
    return run(_submit(output, chosen_settings(), lines, fresh=fresh, priority=priority, wait=wait, partial=partial))


@submit.command()
@click.argument("numero")
@click.option("--circonscription", required=True, help="Circonscription foncière, ex. Montréal.")
@click.option("--cadastre", required=True, help="Ex. Cadastre du Québec.")
@click.option("--designation", help="Désignation secondaire, s'il y en a une.")
@_common
@pass_output
@click.pass_context
def index(
    ctx: click.Context,
    output: Output,
    numero: str,
    *,
    circonscription: str,
    cadastre: str,
    designation: str | None,
    **options: Any,
) -> int:
    """L'index des immeubles d'un lot.

    \b
    Exemple:
      registre submit index 2784195 --circonscription Montréal --cadastre "Cadastre du Québec"
    """
    raw = _raw("index", numero, circonscription, cadastre=cadastre, designation_secondaire=designation)
    return _one(ctx, output, raw, options)


@submit.command()
@click.argument("numero")
@click.option("--circonscription", required=True, help="Circonscription foncière, ex. Montréal.")
@click.option("--cadastre", required=True, help="Ex. Cadastre du Québec.")
@click.option("--designation", help="Désignation secondaire, s'il y en a une.")
@_common
@pass_output
@click.pass_context
def plan(
    ctx: click.Context,
    output: Output,
    numero: str,
    *,
    circonscription: str,
    cadastre: str,
    designation: str | None,
    **options: Any,
) -> int:
    """Le plan cadastral d'un lot.

    \b
    Exemple:
      registre submit plan 2784195 --circonscription Montréal --cadastre "Cadastre du Québec"
    """
    raw = _raw("plan_cadastraux", numero, circonscription, cadastre=cadastre, designation_secondaire=designation)
    return _one(ctx, output, raw, options)


@submit.command()
@click.argument("numero")
@click.option("--circonscription", required=True, help="Circonscription foncière, ex. Montréal.")
@click.option("--type", "type_acte", required=True, help=f"{', '.join(TypeActe)}.")
@_common
@pass_output
@click.pass_context
def acte(
    ctx: click.Context, output: Output, numero: str, *, circonscription: str, type_acte: str, **options: Any
) -> int:
    """Un acte publié, par son numéro d'inscription.

    \b
    Exemple:
      registre submit acte 25616321 --circonscription Montréal --type Acte
    """
    return _one(ctx, output, _raw("acte", numero, circonscription, acte_type=type_acte), options)


def _raw(kind: str, numero: str, circonscription: str, **more: str | None) -> dict[str, str | None]:
    return {
        "document_source": kind,
        "document_number": numero,
        "circonscription_fonciere": circonscription,
        **more,
    }


def _one(ctx: click.Context, output: Output, raw: dict[str, str | None], options: dict[str, Any]) -> int:
    """Options may stand before or after the sub-command's name."""
    fresh, priority, wait = ctx.meta["registre.submit"]
    typed = raw["document_number"] or ""
    line = Line(1, check(raw), typed)
    return run(
        _submit(
            output,
            chosen_settings(),
            [line],
            fresh=options["fresh"] or fresh,
            priority=options["priority"] or priority,
            wait=options["wait"] or wait,
            partial=False,
        )
    )


async def _submit(
    output: Output,
    settings: Settings,
    lines: Sequence[Line],
    *,
    fresh: bool,
    priority: int,
    wait: bool,
    partial: bool,
) -> int:
    bad = [line for line in lines if line.fault is not None]
    orders = {line.number: Order(uuid4(), line.request, line.typed) for line in lines if line.request is not None}
    if bad and (not partial or not orders):
        return _refuse(output, bad, len(lines))
    async with opened(settings) as connection:
        await insert_orders(connection, list(orders.values()), fresh=fresh, priority=priority)
        ids: dict[UUID, UUID] = {}
        for order in orders.values():
            ids[order.id] = (await report.match_jobs(connection, low=order.id, high=order.id))[0]
        if wait:
            jobs = await follow(connection, output, list(ids.values()))
        else:
            jobs = await report.list_jobs(connection, ids=list(ids.values()))
    _tell(output, jobs, bad, lines, orders)
    return max(3 if bad else 0, exit_code(jobs) if wait else 0)


def _refuse(output: Output, bad: Sequence[Line], total: int) -> int:
    faulty = words.plural(len(bad), "ligne fausse", "lignes fausses")
    if output.json:
        output.json_document({"submitted": [], "refused": [_fault_json(line) for line in bad]})
    _tell_faults(output, bad)
    output.warn(f"{faulty} sur {total}; rien n'a été inséré. Corrigez le fichier, ou ajoutez --partial.")
    return 3


def _fault_json(line: Line) -> dict[str, Any]:
    return {"line": line.number, "number": line.typed, "text": line.fault}


def _tell(
    output: Output,
    jobs: Sequence[report.JobRow],
    bad: Sequence[Line],
    lines: Sequence[Line],
    orders: dict[int, Order],
) -> None:
    by_order = {job.order_id: job for job in jobs}
    if output.json:
        output.json_document(
            {
                "submitted": [{"line": line, **job_json(by_order[order.id])} for line, order in orders.items()],
                "refused": [_fault_json(line) for line in bad],
            }
        )
        return
    _tell_faults(output, bad)
    if len(jobs) == 1:
        job = jobs[0]
        output.say(f"{job.shown_id}  {words.ordered(job.kind, job.request)}: {words.STATES[job.state]}")
        output.say(f"Suivre: registre watch {short(job)}")
        return
    again = len(orders) - len({order.request.key for order in orders.values()})
    output.say(f"{words.plural(len(jobs), 'demande insérée', 'demandes insérées')} sur {len(lines)}.")
    if again:
        output.say(f"Dont {again} en double: le document n'est acheté qu'une fois.")
    output.say("Suivre: registre watch · registre status --status ouverts")


def _tell_faults(output: Output, bad: Sequence[Line]) -> None:
    for line in bad[:_SHOWN_FAULTS]:
        output.warn(f"ligne {line.number}: {line.fault}")
    if len(bad) > _SHOWN_FAULTS:
        output.warn(f"… et {len(bad) - _SHOWN_FAULTS} autres lignes fausses.")
