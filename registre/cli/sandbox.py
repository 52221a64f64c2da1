"""sandbox: the replica registry and the stand-in for Gemini, in the foreground."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

import click

from registre.cli.context import run
from registre.cli.get import place
from registre.cli.output import Output, json_option, pass_output


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="0 en prend un libre.")
@click.option(
    "--gemini-port",
    type=click.IntRange(0, 65535),
    default=8791,
    show_default=True,
    help="Port de la doublure de Gemini; 0 en prend un libre.",
)
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
def sandbox(
    output: Output, port: int, gemini_port: int, ledger: Path | None, profile: str, accounts_file: Path | None
) -> None:
    """Tient un Registre foncier d'essai et une doublure de Gemini sur cette machine; rien n'est facturé.

    \b
    Exemple:
      registre sandbox --port 8790 --ledger facturations.jsonl --accounts comptes.csv
    """
    from registre.sandbox import server
    from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, Options
    from registre.sandbox.gemini.app import create_app as create_gemini
    from registre.sandbox.gemini.options import KEY

    known = cast("tuple[str, ...]", get_args(Options.model_fields["profile"].annotation))
    if profile not in known:
        raise click.UsageError(f"--profile: il faut {', '.join(known)}.")
    options = Options.model_validate({"ledger": ledger, "profile": profile})
    pairs = [(account.code, account.password) for account in NORMAL_ACCOUNTS]
    if accounts_file is not None:
        place(accounts_file, _csv(pairs))

    def ready(urls: Sequence[str]) -> None:
        url, gemini_url = urls
        if output.json:
            accounts = [{"username": code, "password": password} for code, password in pairs]
            gemini = {"url": gemini_url, "key": KEY}
            output.json_document(
                {"url": url, "accounts": accounts, "ledger": ledger, "accounts_file": accounts_file, "gemini": gemini}
            )
            return
        output.say(f"Registre d'essai: {url}   (Ctrl-C l'arrête)\n")
        output.say("Comptes inventés (code, mot de passe):")
        for code, password in pairs:
            output.say(f"  {code}  {password}")
        output.say("\nDans un autre terminal:")
        output.say(f"  export REGISTRE_FONCIER_URL={url}")
        output.say(f"  registre accounts import {accounts_file or 'comptes.csv'}")
        output.say(f"  export GEMINI_BASE_URL={gemini_url} GEMINI_API_KEY={KEY}   # doublure de Gemini, facultative")
        output.say("  honcho start")

    try:
        run(server.run_apps([(server.create_app(options), port), (create_gemini(), gemini_port)], "127.0.0.1", ready))
    except OSError as exc:
        taken = f"Le port {port} ou {gemini_port} est pris ({exc.strerror})"
        raise click.UsageError(f"{taken}; donnez-en d'autres par --port et --gemini-port.") from exc


def _csv(pairs: list[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(pairs)
    return text.getvalue().encode()
