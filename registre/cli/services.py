"""up, down, migrate, config: the installation of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from registre.cli.context import away, chosen_environments, chosen_settings, masked, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import account as accounts
from registre.db import migrate as migrations
from registre.db.pool import GONE, connect
from registre.domain.errors import ConfigurationError
from registre.installation import database_url, environments, redis_url
from registre.settings import Environment, Settings, effective, read_settings

#: environment → versions applied, or why it could not be done
_Tables = dict[str, list[str] | ConfigurationError]


@click.command()
@json_option
@pass_output
def up(output: Output) -> int:
    """Démarre la base et le Redis privés, met les tables à jour, dit la suite.

    Sans effet sur ce qui tourne déjà. DATABASE_URL ou REDIS_URL prennent la place du serveur privé.

    \b
    Exemple:
      registre up
    """
    return run(_up(output, read_settings()))


async def _up(output: Output, settings: Settings) -> int:
    from registre.embedded import services

    with output.err.status("Démarrage de Postgres et de Redis…"):
        started = await services.start(
            settings.state,
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            postgres_bin=settings.postgres_bin,
        )
    with output.err.status("Mise à jour des tables…"):
        tables = await _migrate(environments(settings))
    following = await _next_steps(settings, tables)
    if output.json:
        output.json_document(
            {
                "database_url": masked(started.database_url),
                "redis_url": masked(started.redis_url),
                "embedded_postgres": started.embedded_postgres,
                "embedded_redis": started.embedded_redis,
                "addresses_file": settings.state.absolute() / "services.json",
                **_tables_json(tables),
                "next": following,
            }
        )
        return _worst(tables)
    for name, url, ours in (
        ("Postgres", started.database_url, started.embedded_postgres),
        ("Redis", started.redis_url, started.embedded_redis),
    ):
        output.say(f"{name:9} {masked(url)}  ({'privé' if ours else 'fourni'})")
    for line in _tables_lines(tables):
        output.say(line)
    output.say(f"Adresses complètes: {settings.state.absolute() / 'services.json'}")
    output.say("\nEnsuite:")
    for step in following:
        output.say(f"  {step}")
    return _worst(tables)


async def _next_steps(settings: Settings, tables: _Tables) -> list[str]:
    steps: list[str] = []
    if not settings.foncier_url:
        steps.append("registre sandbox --accounts comptes.csv   le registre d'essai; sinon REGISTRE_FONCIER_URL")
    for name, found in tables.items():
        if isinstance(found, ConfigurationError):
            continue
        async with opened(settings.within(name)) as connection:
            if not await accounts.accounts(connection):
                command = "registre accounts import comptes.csv"
                if settings.environments:
                    command = f"registre --env {name} accounts import comptes.csv"
                steps.append(f"{command}      les comptes du registre (code,mot de passe)")
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
@click.option("--show", is_flag=True, help="Montre seulement ce que chaque base a et ce qui lui manque.")
@json_option
@pass_output
def migrate(output: Output, *, show: bool) -> int:
    """Met les tables au niveau de ce programme; ne change aucune ligne.

    Avec plusieurs environnements, chacun à son tour; avec --env, celui-là seulement.

    \b
    Exemples:
      registre migrate --show
      registre migrate
    """
    if show:
        return run(_show_tables(output, chosen_environments()))
    with output.err.status("Mise à jour des tables…"):
        tables = run(_migrate(chosen_environments()))
    if output.json:
        output.json_document(_tables_json(tables))
    else:
        for line in _tables_lines(tables):
            output.say(line)
    return _worst(tables)


async def _show_tables(output: Output, places: Sequence[Environment]) -> int:
    found: dict[str, Any] = {}
    for place in places:
        try:
            connection = await connect(place.database_url)
            try:
                there, missing = await migrations.state(connection), await migrations.pending(connection)
            finally:
                await connection.close()
        except GONE as exc:
            found[place.name] = {"error": away(exc).text}
            output.say(f"Tables de {place.name}: {away(exc).text}")
        else:
            found[place.name] = {"version": there[-1] if there else None, "applied": there, "missing": missing}
            last = there[-1] if there else "aucune migration"
            output.say(f"Tables de {place.name}: {last}" + (f"; manque: {', '.join(missing)}" if missing else ""))
    if output.json:
        output.json_document({"environments": found})
    return int(any("error" in state or state["missing"] for state in found.values()))


async def _migrate(places: Sequence[Environment]) -> _Tables:
    """One that is away does not keep the others from being migrated; where there is but one, it is the error."""
    done: _Tables = {}
    for place in places:
        try:
            done[place.name] = await _migrate_one(place)
        except ConfigurationError as exc:
            if len(places) == 1:
                raise
            done[place.name] = exc
    return done


async def _migrate_one(place: Environment) -> list[str]:
    try:
        return await migrations.migrate(place.database_url)
    except GONE as exc:
        raise away(exc) from exc


def _worst(tables: _Tables) -> int:
    return int(any(isinstance(found, ConfigurationError) for found in tables.values()))


def _tables_json(tables: _Tables) -> dict[str, Any]:
    if len(tables) == 1:
        return {"migrations": next(iter(tables.values()))}
    return {
        "environments": {
            name: {"error": found.text} if isinstance(found, ConfigurationError) else {"migrations": found}
            for name, found in tables.items()
        }
    }


def _tables_lines(tables: _Tables) -> list[str]:
    lines: list[str] = []
    for name, found in tables.items():
        told = (
            f"non mises à jour: {found.text}"
            if isinstance(found, ConfigurationError)
            else f"mises à jour: {', '.join(found)}"
            if found
            else "déjà à jour"
        )
        lines.append(f"Tables    {told}" if len(tables) == 1 else f"Tables de {name}: {told}")
    return lines


@click.command()
@json_option
@pass_output
def config(output: Output) -> None:
    """Montre chaque réglage en vigueur et d'où il vient; les secrets restent masqués.

    \b
    Exemple:
      registre config
    """
    settings = chosen_settings()
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
    several = f" dans « {settings.environment} »" if settings.environments else ""
    output.say(f"\nEn vigueur{several}:")
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
