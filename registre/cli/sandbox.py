"""sandbox: the replica registry in the foreground."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import cast, get_args

import click

from registre.cli.context import run
from registre.cli.get import place
from registre.cli.output import Output, json_option, pass_output


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="0 en prend un libre.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Fichier où noter chaque facturation.")
@click.option("--profile", default="fast", show_default=True, help="Vitesse du site: fast, normal, slow-form, crawl.")
@click.option(
    "--accounts",
    "accounts_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Écrit les comptes d'essai ici.",
)
@json_option
@pass_output
def sandbox(output: Output, port: int, ledger: Path | None, profile: str, accounts_file: Path | None) -> None:
    """Tient un Registre foncier d'essai sur cette machine; rien n'est facturé.

    \b
    Exemple:
      registre sandbox --port 8790 --ledger facturations.jsonl --accounts comptes.csv
    """
    from registre.sandbox import server
    from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, Options

    known = cast("tuple[str, ...]", get_args(Options.model_fields["profile"].annotation))
    if profile not in known:
        raise click.UsageError(f"--profile: il faut {', '.join(known)}.")
    options = Options.model_validate({"ledger": ledger, "profile": profile})
    pairs = [(account.code, account.password) for account in NORMAL_ACCOUNTS]
    if accounts_file is not None:
        place(accounts_file, _csv(pairs))

    def ready(url: str) -> None:
        if output.json:
            accounts = [{"username": code, "password": password} for code, password in pairs]
            output.json_document({"url": url, "accounts": accounts, "ledger": ledger, "accounts_file": accounts_file})
            return
        output.say(f"Registre d'essai: {url}   (Ctrl-C l'arrête)\n")
        output.say("Comptes inventés (code, mot de passe):")
        for code, password in pairs:
            output.say(f"  {code}  {password}")
        output.say("\nDans un autre terminal:")
        output.say(f"  export REGISTRE_FONCIER_URL={url}")
        output.say(f"  registre accounts import {accounts_file or 'comptes.csv'}")
        output.say("  honcho start")

    try:
        run(server.run(options, "127.0.0.1", port, ready))
    except OSError as exc:
        raise click.UsageError(f"Le port {port} est pris ({exc.strerror}); donnez-en un autre par --port.") from exc


def _csv(pairs: list[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(pairs)
    return text.getvalue().encode()
