"""up, down, migrate, config: the installation of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from registre.cli.context import away, masked, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import account as accounts
from registre.db import migrate as migrations
from registre.db.pool import GONE
from registre.domain.errors import ConfigurationError
from registre.installation import database_url, redis_url
from registre.settings import Settings, effective, read_settings


@click.command()
@json_option
@pass_output
def up(output: Output) -> None:
    """Démarre la base et le Redis privés, met les tables à jour, dit la suite.

    Sans effet sur ce qui tourne déjà. DATABASE_URL ou REDIS_URL prennent la place du serveur privé.

    \b
    Exemple:
      registre up
    """
    run(_up(output, read_settings()))


async def _up(output: Output, settings: Settings) -> None:
    from registre.embedded import services

    with output.err.status("Démarrage de Postgres et de Redis…"):
        started = await services.start(
            settings.state,
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            postgres_bin=settings.postgres_bin,
        )
    with output.err.status("Mise à jour des tables…"):
        applied = await _migrate(started.database_url)
    following = await _next_steps(settings)
    if output.json:
        output.json_document(
            {
                "database_url": masked(started.database_url),
                "redis_url": masked(started.redis_url),
                "embedded_postgres": started.embedded_postgres,
                "embedded_redis": started.embedded_redis,
                "addresses_file": settings.state.absolute() / "services.json",
                "migrations": applied,
                "next": following,
            }
        )
        return
    for name, url, ours in (
        ("Postgres", started.database_url, started.embedded_postgres),
        ("Redis", started.redis_url, started.embedded_redis),
    ):
        output.say(f"{name:9} {masked(url)}  ({'privé' if ours else 'fourni'})")
    output.say(f"Tables    {_applied(applied)}")
    output.say(f"Adresses complètes: {settings.state.absolute() / 'services.json'}")
    output.say("\nEnsuite:")
    for step in following:
        output.say(f"  {step}")


async def _next_steps(settings: Settings) -> list[str]:
    steps: list[str] = []
    if not settings.foncier_url:
        steps.append("registre sandbox --accounts comptes.csv   le registre d'essai; sinon REGISTRE_FONCIER_URL")
    async with opened(settings) as connection:
        if not await accounts.accounts(connection):
            steps.append("registre accounts import comptes.csv      les comptes du registre (code,mot de passe)")
    steps += [
        "honcho start                              les processus: browser, ocr, clock",
        "registre diagnose                         dit ce qui manque encore",
    ]
    return steps


@click.command()
@json_option
@pass_output
def down(output: Output) -> None:
    """Arrête les serveurs privés du dossier d'état; rien n'est perdu.

    \b
    Exemple:
      registre down
    """
    from registre.embedded import services

    settings = read_settings()
    with output.err.status("Arrêt…"):
        stopped = run(services.stop(settings.state))
    if output.json:
        output.json_document({"stopped": stopped})
    else:
        output.say(f"Arrêté: {', '.join(stopped)}." if stopped else "Rien ne tournait dans ce dossier.")


@click.command()
@json_option
@pass_output
def migrate(output: Output) -> None:
    """Met les tables au niveau de ce programme; ne change aucune ligne.

    \b
    Exemple:
      registre migrate
    """
    settings = read_settings()
    with output.err.status("Mise à jour des tables…"):
        applied = run(_migrate(database_url(settings)))
    if output.json:
        output.json_document({"migrations": applied})
    else:
        output.say(f"Tables {_applied(applied)}.")


async def _migrate(url: str) -> list[str]:
    try:
        return await migrations.migrate(url)
    except GONE as exc:
        raise away(exc) from exc


def _applied(versions: list[str]) -> str:
    return f"mises à jour: {', '.join(versions)}" if versions else "déjà à jour"


@click.command()
@json_option
@pass_output
def config(output: Output) -> None:
    """Montre chaque réglage en vigueur et d'où il vient; les secrets restent masqués.

    \b
    Exemple:
      registre config
    """
    settings = read_settings()
    in_force = _in_force(settings)
    rows = [(name, value, source) for name, value, source in effective(settings)]
    if output.json:
        output.json_document(
            {
                "settings": [{"name": name, "value": value or None, "source": source} for name, value, source in rows],
                "in_force": in_force,
            }
        )
        return
    output.table(["!Variable", "Valeur", "!Source"], [(name, value or "—", source) for name, value, source in rows])
    output.say("\nEn vigueur:")
    for name, value in in_force.items():
        output.say(f"  {name:13} {value or '—'}")


def _in_force(settings: Settings) -> dict[str, Any]:
    try:
        database = masked(database_url(settings))
    except ConfigurationError:
        database = None
    redis = redis_url(settings)
    return {
        "database_url": database,
        "redis_url": masked(redis) if redis else None,
        "objects": settings.object_root if "://" in settings.object_root else Path(settings.object_root).absolute(),
        "state": settings.state.absolute(),
    }
