"""triage: what is broken, one block a fault, each with the command that puts exactly its jobs back to work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_settings, opened, program, run
from registre.cli.jobs import COLUMNS, job_json, rows
from registre.cli.output import Output, json_option, pass_output
from registre.db import report
from registre.db import triage as faults
from registre.db.pool import Connection
from registre.db.report import JobRow
from registre.db.triage import FaultCharges, FaultGroup, FaultSample
from registre.diagnostics.codes import errors, hint, meaning
from registre.domain.errors import AccountBenched, Challenge, LoginFailed, NeedsPerson, RegistreError
from registre.domain.fault import fault_code
from registre.settings import Settings

#: Put back to work as they are, these only fail again or cost an account: someone must look first.
_PERSON_FIRST: Final = (NeedsPerson, Challenge, LoginFailed, AccountBenched)


@dataclass(frozen=True, slots=True)
class Fault:
    """A group with what is known about it."""

    group: FaultGroup
    sample: FaultSample
    charges: tuple[FaultCharges, ...]
    #: what its jobs may cost at most when they go back to work
    at_stake_cents: int
    #: how a command is typed here
    program: str

    @property
    def code(self) -> str:
        return fault_code(self.group.fault)

    @property
    def sample_id(self) -> str:
        return str(self.sample.shown_id)[:8]

    @property
    def command(self) -> str | None:
        """Puts exactly this group back to work; None where a person must look first."""
        if issubclass(errors().get(self.code, RegistreError), _PERSON_FIRST):
            return None
        return f"{self.program} requeue --group {self.group.fault} --yes"

    @property
    def look(self) -> str:
        """Shows its jobs."""
        return f"{self.program} triage --group {self.group.fault}"


@click.command()
@click.option("--group", metavar="GROUPE", help="Les demandes d'un groupe (site/écran/code).")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Groupes ou demandes montrés.")
@json_option
@pass_output
def triage(output: Output, group: str | None, limit: int) -> None:
    """Montre ce qui a échoué, par groupe: combien, depuis quand, pourquoi, l'argent, et quoi taper.

    Un groupe porte le nom qu'il a dans Sentry: site/écran/code.

    \b
    Exemples:
      registre triage
      registre triage --group foncier/recherche/layout_changed
    """
    run(_triage(output, chosen_settings(), group, limit))


async def _triage(output: Output, settings: Settings, group: str | None, limit: int) -> None:
    async with opened(settings) as connection:
        found = await _faults(connection, group, settings)
        jobs = await _jobs(connection, group, limit) if group is not None and found else []
    if output.json:
        output.json_document(
            {
                "groups": [_json(fault, settings) for fault in found],
                "failed": sum(fault.group.jobs for fault in found),
                **({} if group is None else {"jobs": [job_json(job) for job in jobs]}),
            }
        )
        return
    if not found:
        output.say("Aucun échec ouvert." if group is None else f"Le groupe {group} n'a aucun échec ouvert.")
        return
    _summary(output, found, settings)
    for fault in found[:limit]:
        _show(output, fault, settings)
    if len(found) > limit:
        output.say(_more(len(found) - limit, "autre groupe", "autres groupes", all_of=len(found)))
    if jobs:
        output.table(COLUMNS, rows(jobs))
        if len(jobs) < found[0].group.jobs:
            output.say(_more(found[0].group.jobs - len(jobs), "autre", "autres", all_of=found[0].group.jobs))


def _more(count: int, one: str, many: str, *, all_of: int) -> str:
    return f"… et {words.plural(count, one, many)}: --limit {all_of} les montre."


async def _faults(connection: Connection, group: str | None, settings: Settings) -> list[Fault]:
    groups = await faults.fault_groups(connection, fault=group)
    samples = await faults.fault_samples(connection, [item.fault for item in groups])
    charges = await faults.fault_charges(connection, fault=group)
    # A job that goes back to work between these lines takes its group out of the list.
    return [_fault(item, samples[item.fault], charges, settings) for item in groups if item.fault in samples]


def _fault(group: FaultGroup, sample: FaultSample, charges: Sequence[FaultCharges], settings: Settings) -> Fault:
    own = tuple(charge for charge in charges if charge.fault == group.fault)
    paid = sum(charge.charges for charge in own if charge.state == "paid")
    return Fault(group, sample, own, max(group.unbought - paid, 0) * settings.price_cents, program(settings))


async def _jobs(connection: Connection, group: str, limit: int) -> list[JobRow]:
    ids = await faults.fault_jobs(connection, group, limit=limit)
    found = {job.id: job for job in await report.list_jobs(connection, ids=ids)}
    return [found[job_id] for job_id in ids if job_id in found]


def _json(fault: Fault, settings: Settings) -> dict[str, Any]:
    group, sample = fault.group, fault.sample
    return {
        "group": group.fault,
        "code": fault.code,
        "count": group.jobs,
        "first_seen": group.first_seen,
        "last_seen": group.last_seen,
        "stages": group.stages,
        "meaning": meaning(fault.code),
        "hint": hint(fault.code, fault.sample_id),
        "sample": {
            "id": sample.order_id,
            "job_id": sample.id,
            "kind": sample.kind,
            "error_text": sample.error_text,
            "worker": sample.worker,
            "version": sample.version,
            "snapshot": sample.snapshot and _locate(settings, sample.snapshot),
        },
        "charges": {charge.state: {"count": charge.charges, "cents": charge.cents} for charge in fault.charges},
        "at_stake_cents": fault.at_stake_cents,
        "command": fault.command,
        "look": fault.look,
    }


def _summary(output: Output, found: Sequence[Fault], settings: Settings) -> None:
    jobs = sum(fault.group.jobs for fault in found)
    pending = sum(charge.cents for fault in found for charge in fault.charges)
    output.say(
        f"{f'{settings.environment}: ' if settings.environments else ''}"
        f"{words.plural(len(found), 'groupe')}, {words.plural(jobs, 'demande échouée', 'demandes échouées')}"
        f"{f', {words.money(pending)} en suspens' if pending else ''}.\n"
    )


def _show(output: Output, fault: Fault, settings: Settings) -> None:
    group, sample = fault.group, fault.sample
    output.say(Text.assemble((group.fault, "bold red"), f"  {words.plural(group.jobs, 'demande')}"))
    stages = ", ".join(words.STAGES.get(stage, stage) for stage in group.stages)
    first, last = words.moment(group.first_seen), words.moment(group.last_seen)
    seen = last if first == last else f"de {first} à {last}"
    worker = (sample.worker or "").partition("#")[0]
    version = f", registre {sample.version}" if sample.version else ""
    lines = [
        ("Cause", sample.error_text or meaning(fault.code)),
        ("Vu", f"{seen} ({stages}{f', {worker}{version}' if worker else ''})"),
        ("Exemple", f"{fault.sample_id}  {words.ordered(sample.kind, sample.request)}"),
        ("Capture", _locate(settings, sample.snapshot) if sample.snapshot else ""),
        ("Argent", _money(fault)),
        ("À faire", hint(fault.code, fault.sample_id)),
    ]
    for label, text in lines:
        if text:
            output.say(f"  {label:9} {text}")
    if fault.command is None:
        output.say("  Commande  aucune en bloc: une personne regarde d'abord")
        output.say(Text(f"            {fault.look}", style="cyan"))
    else:
        output.say(Text(f"  Commande  {fault.command}", style="cyan"))
    output.say()


def _money(fault: Fault) -> str:
    said = [
        f"{words.plural(charge.charges, 'achat')} {words.CHARGES[charge.state]} ({words.money(charge.cents)})"
        for charge in fault.charges
    ]
    if fault.command is not None and fault.at_stake_cents:
        said.append(f"au plus {words.money(fault.at_stake_cents)} d'achats à la relance")
    return "; ".join(said) or "rien d'engagé, rien à payer à la relance"


def _locate(settings: Settings, key: str) -> str:
    return f"{settings.object_root.rstrip('/')}/{key}"
