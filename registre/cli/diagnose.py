"""diagnose: what is wrong, why, what follows, what to type; and with --fix, what can be put right without risk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from rich.text import Text

from registre.cli.context import actor, away, find_job, run
from registre.cli.output import Output, json_option, pass_output
from registre.db.pool import GONE
from registre.diagnostics.causes import arranged, first
from registre.diagnostics.check import examine, open_scene, worst
from registre.diagnostics.mend import Mended, mend_all
from registre.diagnostics.one_job import explain
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import Finding, Level, fault
from registre.domain.errors import ConfigurationError
from registre.settings import Settings, read_settings

_SIGNS: Final = {
    Level.OK: ("ok", "green"),
    Level.WARNING: ("attention", "yellow"),
    Level.FAILURE: ("PANNE", "bold red"),
}
_EXIT: Final = {Level.OK: 0, Level.WARNING: 1, Level.FAILURE: 2}


@click.command()
@click.option("--job", "job", metavar="ID", help="Dit pourquoi cette demande n'avance pas.")
@click.option("--env", "env", metavar="NOM", help="Cet environnement seulement; sans elle, tous.")
@click.option("--host", is_flag=True, help="Essaie aussi cette machine: mémoire, charge, processus, navigateur.")
@click.option("--fix", is_flag=True, help="Répare d'abord ce qui ne peut ni coûter ni rien perdre.")
@click.option("--bundle", type=click.Path(dir_okay=False, path_type=Path), help="Écrit une archive pour le soutien.")
@json_option
@pass_output
def diagnose(output: Output, job: str | None, env: str | None, bundle: Path | None, *, host: bool, fix: bool) -> int:
    """Examine l'installation; pour chaque défaut: preuve, cause, suite, commande.

    Les causes viennent avant ce qui en découle. Sans --fix, ne change rien. L'archive de --bundle
    ne contient ni nom, ni numéro, ni secret.
    Code de sortie: 0 tout va bien, 1 avertissements, 2 pannes.

    \b
    Exemples:
      registre diagnose --host
      registre diagnose --fix
      registre diagnose --job 3f2a91c0
    """
    mended: list[Mended] = []
    try:
        settings = read_settings()
    except ConfigurationError as exc:
        cause = "une variable d'environnement est fausse ou inconnue"
        findings = [fault("settings", exc.text, cause, "aucun processus ne démarre", "corrigez-la")]
    else:
        env = env or click.get_current_context().find_root().params.get("env")
        names = [env] if env else [found.name for found in settings.environments] or [settings.environment]
        for name in names:
            settings.within(name)  # an unknown name is a slip of the keyboard, not a fault
        if job is not None:
            findings = run(_explain(settings, names, job))
        else:
            findings, mended = run(_look(output, settings, names, bundle, host=host, fix=fix))
    _show(output, findings, mended, bundle)
    return _EXIT[worst(findings)]


async def _look(
    output: Output, settings: Settings, names: Sequence[str], bundle: Path | None, *, host: bool, fix: bool
) -> tuple[list[Finding], list[Mended]]:
    with output.err.status("Examen…"):
        mended = await _mend(settings, names) if fix else []
        findings = [_placed(finding, names) for finding in await examine(settings, names, host=host)]
        if bundle is not None:
            await _write_bundle(settings, names, findings, bundle)
    return findings, mended


async def _mend(settings: Settings, names: Sequence[str]) -> list[Mended]:
    done: list[Mended] = []
    for name in names:
        async with AsyncExitStack() as stack:
            try:
                scene = await open_scene(settings.within(name), stack)
                done += await mend_all(scene.connection, environment=name, actor=actor())
            except (ConfigurationError, *GONE):
                continue  # the look that follows says why
    return done


async def _write_bundle(settings: Settings, names: Sequence[str], findings: Sequence[Finding], path: Path) -> None:
    from registre.cli.output import plain
    from registre.diagnostics import bundle

    async with AsyncExitStack() as stack:
        scenes: list[Any] = []
        for name in names:
            try:
                scene = await open_scene(settings.within(name), stack)
            except (ConfigurationError, *GONE):
                continue
            scenes.append((name, scene.connection))
        try:
            await bundle.write(path, settings, findings, scenes, plain)
        except OSError as exc:
            raise click.FileError(str(path), str(exc.strerror)) from exc


async def _explain(settings: Settings, names: Sequence[str], given: str) -> list[Finding]:
    """In the first environment that knows it."""
    unknown: click.UsageError | None = None
    for name in names:
        async with AsyncExitStack() as stack:
            try:
                scene = await open_scene(settings.within(name), stack)
                found = await explain(scene, await find_job(scene.connection, given))
            except click.UsageError as exc:
                unknown = unknown or exc
                continue
            except GONE as exc:
                raise away(exc) from exc
            return arranged([_placed(replace(finding, environment=name), names) for finding in found])
    raise unknown or click.UsageError(f"Aucune demande ne porte l'identifiant « {given} ».")


def _placed(finding: Finding, names: Sequence[str]) -> Finding:
    """With several environments a command says which one it is for."""
    if len(names) < 2 or not finding.environment:
        return finding
    command = finding.command.replace("registre ", f"registre --env {finding.environment} ")
    command = command.replace("registre --env " + finding.environment + " diagnose", "registre diagnose")
    return replace(finding, command=command.replace("$DATABASE_URL", f"$DATABASE_URL_{finding.environment.upper()}"))


def _show(output: Output, findings: list[Finding], mended: list[Mended], bundle: Path | None) -> None:
    if output.json:
        output.json_document(_document(findings, mended, bundle))
        return
    for done in mended:
        output.say(Text.assemble(("réparé    ", "green"), f"{done.environment}: {done.text}"))
    several = len({finding.environment for finding in findings if finding.environment}) > 1
    for finding in findings:
        _say(output, finding, several=several)
    if bundle is not None:
        output.say(f"\nArchive: {bundle}")
    if len(findings) > 1:
        output.say()
        output.say(_summary(findings))


def _say(output: Output, finding: Finding, *, several: bool) -> None:
    sign, style = _SIGNS[finding.level]
    indent = "  └ " if finding.explained_by else ""
    where = f"[{finding.environment}] " if several and finding.environment else ""
    output.say(Text.assemble((f"{sign:10}", style), indent, where, finding.evidence))
    space = " " * (10 + len(indent))
    faulty = finding.level is not Level.OK
    if finding.cause and (faulty or finding.rule in {"job", "refusals"}):
        output.say(Text(space + finding.cause, style="dim"))
    if finding.consequence and faulty:
        output.say(Text(space + finding.consequence, style="dim"))
    # What follows from a cause needs no command of its own: the cause's mends it.
    if finding.command and not finding.explained_by:
        output.say(Text.assemble(space, "→ ", (finding.command, "cyan")))


def _summary(findings: Sequence[Finding]) -> str:
    begin = first(findings)
    if begin is None:
        return "Tout va bien."
    faults = sum(finding.level is Level.FAILURE for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    return f"{plural(faults, 'panne')}, {plural(warnings, 'avertissement')}. D'abord: {begin.command}"


def _document(findings: Sequence[Finding], mended: Sequence[Mended], bundle: Path | None) -> dict[str, Any]:
    begin = first(findings)
    return {
        "level": worst(findings),
        "first": begin.name if begin else None,
        "findings": [
            {name: getattr(finding, name) for name in Finding.__slots__ if name != "private"} for finding in findings
        ],
        "fixed": list(mended),
        "bundle": bundle,
    }
