"""diagnose: what is wrong, why, what follows, what to type."""

from __future__ import annotations

from typing import Any, Final

import click
from rich.text import Text

from registre.cli.context import find_job, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.diagnostics.check import check, worst
from registre.diagnostics.one_job import explain
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import Finding, Level, Scene
from registre.domain.errors import ConfigurationError
from registre.installation import redis_url
from registre.settings import Settings, read_settings

_SIGNS: Final = {
    Level.OK: ("ok", "green"),
    Level.WARNING: ("attention", "yellow"),
    Level.FAILURE: ("PANNE", "bold red"),
}
_EXIT: Final = {Level.OK: 0, Level.WARNING: 1, Level.FAILURE: 2}


@click.command()
@click.option("--job", "job", metavar="ID", help="Dit pourquoi cette demande n'avance pas.")
@click.option("--host", is_flag=True, help="Essaie aussi le navigateur et le disque de cette machine.")
@json_option
@pass_output
def diagnose(output: Output, job: str | None, *, host: bool) -> int:
    """Examine l'installation; pour chaque défaut: preuve, cause, suite, commande.

    Ne change rien. Code de sortie: 0 tout va bien, 1 avertissements, 2 pannes.

    \b
    Exemples:
      registre diagnose --host
      registre diagnose --job 3f2a91c0
    """
    settings: Settings | None = None
    try:
        settings = read_settings()
        findings = run(_diagnose(output, settings, job, host=host))
    except ConfigurationError as exc:
        findings = [_closed(settings, exc)]
    _show(output, findings)
    return _EXIT[worst(findings)]


async def _diagnose(output: Output, settings: Settings, job: str | None, *, host: bool) -> list[Finding]:
    with output.err.status("Examen…"):
        async with opened(settings) as connection:
            scene = Scene(settings, connection, redis_url(settings), host=host)
            if job is not None:
                return [await explain(scene, await find_job(connection, job))]
            return [finding async for finding in check(scene)]


def _closed(settings: Settings | None, exc: ConfigurationError) -> Finding:
    """Why nothing else could be looked at."""
    if settings is None:
        cause = "une variable d'environnement est fausse ou inconnue"
        return Finding("settings", Level.FAILURE, exc.text, cause, "aucun processus ne démarre", "corrigez-la")
    if "migration" in exc.text:
        cause, after = "le programme et la base ne sont pas de la même version", "les processus refusent de démarrer"
        return Finding("schema", Level.FAILURE, exc.text, cause, after, "registre migrate")
    cause = "le serveur est arrêté, ou l'adresse est fausse"
    after = "rien n'avance; rien n'est perdu"
    fix = "registre config   (corrigez DATABASE_URL)" if settings.database_url else "registre up"
    return Finding("database", Level.FAILURE, exc.text, cause, after, fix)


def _show(output: Output, findings: list[Finding]) -> None:
    level = worst(findings)
    if output.json:
        output.json_document({"level": level, "findings": [_json(finding) for finding in findings]})
        return
    for finding in findings:
        sign, style = _SIGNS[finding.level]
        output.say(Text.assemble((f"{sign:10}", style), finding.evidence))
        faulty = finding.level is not Level.OK
        if finding.cause and (faulty or finding.rule in {"job", "refusals"}):
            output.say(Text(f"          {finding.cause}", style="dim"))
        if finding.consequence and faulty:
            output.say(Text(f"          {finding.consequence}", style="dim"))
        if finding.command:
            output.say(Text.assemble("          → ", (finding.command, "cyan")))
    faults = sum(finding.level is Level.FAILURE for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if len(findings) > 1:
        output.say()
        output.say(
            "Tout va bien." if level is Level.OK else f"{plural(faults, 'panne')}, {plural(warnings, 'avertissement')}."
        )


def _json(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__slots__}
