"""capacity: what this machine and the paid reader's quota still allow, who holds what, and what would fit."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from registre.cli.context import run
from registre.cli.output import Output, json_option, pass_output
from registre.domain.errors import ConfigurationError
from registre.installation import redis_url
from registre.limits import configured
from registre.limits import machine as machines
from registre.limits.capacity import Allocation
from registre.limits.machine import Kind, Machine, Plan, Size
from registre.limits.meter import Gauge, Limits
from registre.limits.redis import connect
from registre.settings import Settings, read_settings

_KINDS = {Kind.REGISTRE: "browser", Kind.INDEX: "OCR, index", Kind.ACTE: "OCR, acte"}


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def capacity(ctx: click.Context) -> None:
    """Places louées sur cette machine, partage de l'OCR, quota du lecteur payant.

    \b
    Exemple:
      registre capacity
    """
    if ctx.invoked_subcommand is None:
        run(_capacity(ctx.ensure_object(Output), read_settings()))


async def _capacity(output: Output, settings: Settings) -> None:
    url = redis_url(settings)
    if url is None:
        raise ConfigurationError("Aucun Redis: lancez « registre up » ou donnez REDIS_URL.")
    redis = connect(url)
    try:
        kept = configured.capacity(settings, redis)
        found = await kept.show()
        meter = configured.meter(settings, redis)
        limits_of = configured.limits(settings)
        gauges = [(model, limits_of(model), await meter.gauge(model)) for model in await meter.models()]
    finally:
        await redis.aclose()
    if output.json:
        output.json_document(_json(kept.machine, found, gauges))
        return
    _show_machine(output, kept.machine, found)
    _show_gauges(output, gauges, limits_of(""))


def _json(machine: Machine, found: Allocation, gauges: list[tuple[str, Limits, Gauge]]) -> dict[str, Any]:
    return {
        "limits": _size(machine.most),
        "reserve_percent": {"cpu": machine.reserve_cpu_percent, "ram": machine.reserve_ram_percent},
        "available": _size(machine.available),
        "allocated": {"cpu": found.cpu, "ram": found.ram},
        "over_allocated": _is_over(machine, found),
        "leases": found.leases,
        "waiting": found.waiting,
        "pool": {"index": found.count(Kind.INDEX), "acte": found.count(Kind.ACTE)},
        "meter": [{"model": model, "limits": limits, "state": gauge} for model, limits, gauge in gauges],
    }


def _size(size: Size) -> dict[str, float]:
    return {"cpu": size.cpu / 1000, "ram": size.ram / 1000}


def _is_over(machine: Machine, found: Allocation) -> bool:
    return found.cpu * 1000 > machine.available.cpu + 0.5 or found.ram * 1000 > machine.available.ram + 0.5


def _show_machine(output: Output, machine: Machine, found: Allocation) -> None:
    output.table(
        ["", ">Déclaré", ">Réserve", ">Disponible", ">Loué", ">Libre"],
        [
            _row("Cœurs", machine.most.cpu, machine.reserve_cpu_percent, machine.available.cpu, found.cpu),
            _row("Mémoire (Go)", machine.most.ram, machine.reserve_ram_percent, machine.available.ram, found.ram),
        ],
        title="Machine",
    )
    if _is_over(machine, found):
        output.say(
            Text(
                "Loué au delà du disponible: relevez SERVER_MAX_CPU ou SERVER_MAX_RAM, ou arrêtez un processus.",
                style="bold red",
            )
        )
    output.say()
    if not found.leases:
        output.say("Aucune place louée: aucun processus browser ou ocr ne tourne avec ce Redis.")
    else:
        output.table(
            ["!Place", "Sert à", ">Cœurs", ">Go", "!Depuis", ">Expire dans"],
            [
                [
                    lease.worker,
                    _KINDS[Kind(lease.kind)],
                    f"{lease.cpu:g}",
                    f"{lease.ram:g}",
                    lease.started_at,
                    f"{lease.expires_in_ms / 1000:.0f} s",
                ]
                for lease in found.leases
            ],
            title="Places louées",
        )
        output.say(f"\nOCR: {found.count(Kind.INDEX)} pour les index, {found.count(Kind.ACTE)} pour les actes.")
    for lease in found.waiting:
        output.say(
            Text(
                f"{lease.worker} ({_KINDS[Kind(lease.kind)]}) attend une place: {lease.cpu:g} cœurs, {lease.ram:g} Go.",
                style="yellow",
            )
        )


def _row(name: str, most: int, reserve: int, available: int, taken: float) -> list[str]:
    room = available / 1000
    return [name, f"{most / 1000:g}", f"{reserve} %", f"{room:g}", f"{taken:g}", f"{room - taken:g}"]


def _show_gauges(output: Output, gauges: list[tuple[str, Limits, Gauge]], usual: Limits) -> None:
    output.say()
    if not gauges:
        output.say(
            f"Lecteur payant: pas encore servi. Limites par minute: {usual.requests_per_minute:n} requêtes, "
            f"{usual.tokens_per_minute:n} jetons."
        )
        return
    rows = [
        [
            model,
            what,
            f"{used:,}".replace(",", " "),
            f"{most:,}".replace(",", " ") if most else "—",
            _percent(used, most),
        ]
        for model, limits, gauge in gauges
        for what, used, most in (
            ("requêtes, dernière minute", gauge.requests, limits.requests_per_minute),
            ("jetons, dernière minute", gauge.tokens, limits.tokens_per_minute),
            ("requêtes du jour", gauge.day_requests, limits.requests_per_day),
            ("cents du jour, tout le projet", gauge.microdollars // 10_000, limits.microdollars_per_day // 10_000),
        )
    ]
    output.table(["!Modèle", "Quoi", ">Utilisé", ">Limite", ">"], rows, title="Quota du lecteur payant")
    for model, _, gauge in gauges:
        output.say(
            f"{model}: {gauge.held} en cours, {gauge.waiting} en attente, {gauge.throttled} refus 429, "
            f"{gauge.expired} perdus avec leur processus"
        )
        if gauge.pause:
            output.say(Text(f"{model}: en pause pour {gauge.pause / 1000:.0f} s", style="yellow"))
        elif gauge.slow:
            output.say(Text(f"{model}: à mi-débit pour {gauge.slow / 1000:.0f} s", style="yellow"))


def _percent(used: int, most: int) -> Text:
    if not most:
        return Text("")
    share = 100 * used / most
    return Text(f"{share:.0f} %", style="bold red" if share >= 100 else "yellow" if share >= 80 else "")


@capacity.command()
@click.option("--cpu", type=click.FloatRange(min=0.5), help="Cœurs; sinon SERVER_MAX_CPU.")
@click.option("--ram", type=click.FloatRange(min=0.5), help="Go; sinon SERVER_MAX_RAM.")
@click.option("--browser", type=click.IntRange(min=0), help="Vérifie ce nombre de processus browser…")
@click.option("--ocr", type=click.IntRange(min=0), help="… et ce nombre de places d'OCR.")
@json_option
@pass_output
def plan(output: Output, *, cpu: float | None, ram: float | None, browser: int | None, ocr: int | None) -> None:
    """Combien de processus tiennent sur une machine, calcul à l'appui.

    \b
    Exemple:
      registre capacity plan --cpu 8 --ram 16
      registre capacity plan --cpu 8 --ram 16 --browser 9 --ocr 5
    """
    machine = machines.machine(read_settings(), cpu=cpu, ram=ram)
    asked = None if browser is None and ocr is None else machines.tally(machine, browser or 0, ocr or 0)
    found = asked or machines.plan(machine)
    fits = found.used.fits(machine.available)
    if output.json:
        output.json_document(
            {
                "limits": _size(machine.most),
                "available": _size(machine.available),
                "count": {kind.value: count for kind, count in found.count.items()},
                "used": _size(found.used),
                "fits": fits,
            }
        )
    else:
        _show_plan(output, machine, found, fits=fits)
    if not fits:
        raise SystemExit(1)


def _show_plan(output: Output, machine: Machine, found: Plan, *, fits: bool) -> None:
    most, room = machine.most, machine.available
    left = 100 - machine.reserve_cpu_percent, 100 - machine.reserve_ram_percent
    output.say(
        f"Disponible: {most.cpu / 1000:g} × {left[0]} % = {room.cpu / 1000:g} cœurs, "
        f"{most.ram / 1000:g} × {left[1]} % = {room.ram / 1000:g} Go"
    )
    for kind, count in found.count.items():
        cost = machine.costs[kind]
        total = cost.times(count)
        output.say(
            f"  {_KINDS[kind]:11} {count} × {cost.cpu / 1000:g} = {total.cpu / 1000:g} cœurs, "
            f"{count} × {cost.ram / 1000:g} = {total.ram / 1000:g} Go"
        )
    share = 100 * found.used.cpu / machine.available.cpu, 100 * found.used.ram / machine.available.ram
    output.say(
        f"Ensemble: {found.used.cpu / 1000:g} cœurs ({share[0]:.0f} %), {found.used.ram / 1000:g} Go ({share[1]:.0f} %)"
    )
    readers = found.count[Kind.INDEX] + found.count[Kind.ACTE]
    if fits:
        output.say(
            f"Cela tient: honcho start -c browser={found.count[Kind.REGISTRE]},ocr=1 avec REGISTRE_OCR_SLOTS={readers}"
        )
    else:
        output.say(Text("Cela ne tient pas: ce qui dépasse attendrait une place.", style="bold red"))
