"""accounts: the team's registry accounts. A password is typed unseen or read from a file, never an argument."""

from __future__ import annotations

import csv
import io
from typing import IO, Any

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_settings, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import account as accounts_db
from registre.db.account import AccountState
from registre.domain.account import AccountLimits
from registre.domain.errors import RegistreError
from registre.domain.job import Site
from registre.installation import vault
from registre.settings import Settings

_site = click.option(
    "--site", type=click.Choice([str(site) for site in Site]), default="foncier", show_default=True, help="Registre."
)


class _NoSuchAccount(RegistreError):
    code = "no_such_account"
    hint = "registre accounts list"


@click.group()
def accounts() -> None:
    """Les comptes du registre; leurs mots de passe restent chiffrés.

    \b
    Exemple:
      registre accounts add 12A3456
    """


@accounts.command("list")
@json_option
@pass_output
def list_(output: Output) -> None:
    """Montre chaque compte: s'il peut servir, son repos, ses achats du jour, qui le tient.

    \b
    Exemple:
      registre accounts list
    """
    run(_list(output, chosen_settings()))


async def _list(output: Output, settings: Settings) -> None:
    async with opened(settings) as connection:
        states = await accounts_db.accounts(connection)
    limits = AccountLimits(settings.account_daily_orders, settings.account_daily_ceiling_cents, settings.price_cents)
    if output.json:
        output.json_document({"accounts": [_described(state, limits) for state in states]})
        return
    if not states:
        output.say("Aucun compte: registre accounts add CODE, ou registre accounts import comptes.csv.")
        return
    output.table(
        ["!Code", "!Site", "État", ">Échecs", ">Achats du jour", "!Dernier usage", "Tenu par"],
        [
            [
                state.username,
                state.site,
                Text(condition(state, limits), style="green" if condition(state, limits) == "prêt" else "yellow"),
                str(state.failures),
                _share(state, limits),
                words.moment(state.last_used) or "jamais",
                (state.lease_worker or "").partition("#")[0],
            ]
            for state in states
        ],
    )


def _described(state: AccountState, limits: AccountLimits) -> dict[str, Any]:
    return {
        **{name: getattr(state, name) for name in AccountState.__slots__},
        "usable": why_not(state) is None,
        "condition": condition(state, limits),
        "may_buy_today": limits.allows(state.orders_today, state.cents_today),
    }


def condition(state: AccountState, limits: AccountLimits) -> str:
    """What keeps an account from buying now; « prêt » when nothing does."""
    if reason := why_not(state):
        return reason
    if state.rest_until is not None:
        return f"au repos jusqu'à {state.rest_until.astimezone():%H:%M:%S} ({state.rest_code})"
    if not limits.allows(state.orders_today, state.cents_today):
        return "a acheté sa part du jour; reprend à minuit"
    return "prêt"


def _share(state: AccountState, limits: AccountLimits) -> str:
    """Purchases and money since midnight, with the limits in force."""
    orders = f"{state.orders_today}" + (f" de {limits.daily_orders}" if limits.daily_orders else "")
    ceiling = f" de {words.money(limits.daily_cents)}" if limits.daily_cents else ""
    return f"{orders}, {words.money(state.cents_today)}{ceiling}"


def why_not(state: AccountState) -> str | None:
    """Why an account cannot be used; None when it can."""
    from registre.accounts import MAX_FAILURES

    if not state.is_active:
        return f"écarté: {state.benched_text or state.benched_code or 'sans raison notée'}"
    if not state.encrypted:
        return "mot de passe en clair: registre accounts encrypt"
    if state.failures >= MAX_FAILURES:
        return f"écarté: {state.failures} connexions sans succès; registre accounts enable {state.username}"
    return None


@accounts.command()
@click.argument("code")
@click.option("--password-file", type=click.File("r"), help="Fichier d'une ligne (- lit l'entrée standard).")
@_site
@json_option
@pass_output
def add(output: Output, code: str, password_file: IO[str] | None, site: str) -> None:
    """Ajoute un compte ou change son mot de passe; le mot de passe est demandé sans être affiché.

    \b
    Exemple:
      registre accounts add 12A3456
    """
    settings = chosen_settings()
    if password_file is not None:
        password = password_file.readline().rstrip("\r\n")
    else:
        password = click.prompt(
            "Mot de passe", hide_input=True, confirmation_prompt="Encore une fois", err=True, type=str
        )
    if not password:
        raise click.UsageError("Le mot de passe est vide.")
    answer = run(_save(settings, [(code.strip(), password)], site))[0]
    if output.json:
        output.json_document({"username": code.strip(), "site": site, "answer": answer})
    else:
        output.say(f"Compte {code.strip()} {'ajouté' if answer == 'added' else 'mis à jour'}; mot de passe chiffré.")


@accounts.command("import")
@click.argument("file", type=click.File("rb"))
@_site
@json_option
@pass_output
def import_(output: Output, file: IO[bytes], site: str) -> None:
    """Ajoute les comptes d'un CSV de lignes code,mot de passe (- lit l'entrée standard).

    \b
    Exemple:
      registre accounts import comptes.csv
    """
    settings = chosen_settings()
    pairs = _pairs(file.read())
    answers = run(_save(settings, pairs, site))
    added = answers.count("added")
    if output.json:
        output.json_document({"added": added, "changed": len(answers) - added})
    else:
        output.say(f"{words.plural(added, 'compte ajouté', 'comptes ajoutés')}, {len(answers) - added} mis à jour.")


def _pairs(content: bytes) -> list[tuple[str, str]]:
    """Code and password of each line; a head line is recognised. A faulty line is named by its number only."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    pairs: list[tuple[str, str]] = []
    delimiter = ";" if ";" in text.partition("\n")[0] and "," not in text.partition("\n")[0] else ","
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
        if not any(cells) or (number == 1 and cells[0].strip().lower() in {"code", "username", "utilisateur"}):
            continue
        if len(cells) != 2 or not cells[0].strip() or not cells[1]:
            raise click.UsageError(f"Ligne {number}: il faut code,mot de passe; rien n'a été ajouté.")
        pairs.append((cells[0].strip(), cells[1]))
    if not pairs:
        raise click.UsageError("Le fichier ne contient aucun compte.")
    return pairs


async def _save(settings: Settings, pairs: list[tuple[str, str]], site: str) -> list[str]:
    sealed = [(code, vault(settings).seal(password)) for code, password in pairs]
    async with opened(settings) as connection, connection.transaction():
        return [
            await accounts_db.save_account(connection, username=code, secret=secret, site=site)
            for code, secret in sealed
        ]


@accounts.command()
@click.argument("code")
@_site
@json_option
@pass_output
def enable(output: Output, code: str, site: str) -> None:
    """Remet un compte en service et oublie ses échecs. À faire une fois le compte réglé sur le site du registre.

    \b
    Exemple:
      registre accounts enable 12A3456
    """
    run(_set_active(output, chosen_settings(), code, site, active=True))


@accounts.command()
@click.argument("code")
@_site
@json_option
@pass_output
def disable(output: Output, code: str, site: str) -> None:
    """Écarte un compte; ce qu'il fait en ce moment se termine.

    \b
    Exemple:
      registre accounts disable 12A3456
    """
    run(_set_active(output, chosen_settings(), code, site, active=False))


async def _set_active(output: Output, settings: Settings, code: str, site: str, *, active: bool) -> None:
    async with opened(settings) as connection:
        if not await accounts_db.set_account_active(connection, username=code, site=site, active=active):
            raise _NoSuchAccount(f"Aucun compte {code} pour {site}.")
    if output.json:
        output.json_document({"username": code, "site": site, "is_active": active})
    else:
        output.say(f"Compte {code} {'en service' if active else 'écarté'}.")


@accounts.command()
@json_option
@pass_output
def encrypt(output: Output) -> None:
    """Chiffre les mots de passe encore en clair (lignes de l'ancien système).

    \b
    Exemple:
      registre accounts encrypt
    """
    count = run(_encrypt(chosen_settings()))
    if output.json:
        output.json_document({"encrypted": count})
    else:
        output.say(f"{words.plural(count, 'mot de passe chiffré', 'mots de passe chiffrés')}.")


async def _encrypt(settings: Settings) -> int:
    async with opened(settings) as connection:
        clear = await accounts_db.clear_passwords(connection)
        keeper = vault(settings)
        for account in clear:
            await accounts_db.encrypt_password(
                connection, account.id, clear=account.password, secret=keeper.seal(account.password)
            )
    return len(clear)
