"""The group of all commands, each loaded when it is called, and the edge where every error becomes one sentence."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from registre.cli.output import Output, pass_output
from registre.domain.errors import ConfigurationError, InvalidRequest, Refused, RegistreError

#: Command → where it stands. Loaded late: `registre status` must not wait for what only `sandbox` needs.
_COMMANDS: Final = {
    "up": "services",
    "down": "services",
    "migrate": "services",
    "config": "services",
    "submit": "submit",
    "status": "status",
    "watch": "watch",
    "show": "show",
    "get": "get",
    "search": "search",
    "ocr": "ocr",
    "review": "review",
    "adopt": "adopt",
    "accounts": "accounts",
    "charges": "charges",
    "capacity": "capacity",
    "usage": "usage",
    "processes": "processes",
    "diagnose": "diagnose",
    "triage": "triage",
    "requeue": "requeue",
    "cancel": "cancel",
    "sandbox": "sandbox",
}

#: Exit codes: 1 failed, 2 usage or configuration, 3 the business says no.
FAILED: Final = 1
USAGE: Final = 2
REFUSED: Final = 3


class RegistreGroup(click.Group):
    """Turns whatever a command raises into one sentence, a hint and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(import_module(f"registre.cli.{module}"), cmd_name)
        return command if isinstance(command, click.Command) else None

    def main(  # pyright: ignore[reportIncompatibleMethodOverride]  # narrower on purpose: always standalone
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run and exit. Never a traceback, unless `--trace` asks for it."""
        arguments = list(sys.argv[1:] if args is None else args)
        output = Output()
        extra["standalone_mode"] = False
        try:
            answer = super().main(arguments, prog_name or "registre", obj=output, **extra)
        except Exception as exc:  # noqa: BLE001  the edge: nothing below may show a traceback to a person
            sys.exit(_explain(exc, output, traced="--trace" in arguments))
        except KeyboardInterrupt:
            sys.exit(130)
        sys.exit(answer if isinstance(answer, int) else 0)


def _explain(exc: Exception, output: Output, *, traced: bool) -> int:
    if isinstance(exc, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(f"{exc.format_message()}\n")
        return USAGE
    if isinstance(exc, click.Abort):
        sys.stderr.write("\nInterrompu.\n")
        return 130
    if isinstance(exc, click.ClickException):
        output.fail("usage", french(exc), _usage_hint(exc))
        return USAGE if isinstance(exc, click.UsageError) else FAILED
    if isinstance(exc, RegistreError):
        output.fail(exc.code, exc.text, _hint(exc))
        return USAGE if isinstance(exc, ConfigurationError) else REFUSED if isinstance(exc, Refused) else FAILED
    if traced:
        traceback.print_exception(exc)
    first_line = next(iter(str(exc).splitlines()), "")
    output.fail("bug", f"Erreur interne: {type(exc).__name__}: {first_line}", "Ajoutez --trace pour la pile d'appels.")
    return FAILED


def _hint(exc: RegistreError) -> str:
    if isinstance(exc, ConfigurationError):
        return ""  # its text says what to set
    return "Corrigez la commande et relancez-la." if isinstance(exc, InvalidRequest) else exc.hint


def french(exc: click.ClickException) -> str:
    """click's usual refusals in French; others as they are."""
    name = exc.param.get_error_hint(exc.ctx) if isinstance(exc, click.BadParameter) and exc.param and exc.ctx else ""
    if isinstance(exc, click.MissingParameter):
        return f"Il manque {name or 'un argument'}."
    if isinstance(exc, click.NoSuchOption):
        if exc.option_name == "--env":
            return "--env se met avant la commande: registre --env NOM …"
        near = f" Vouliez-vous dire {', '.join(exc.possibilities)}?" if exc.possibilities else ""
        return f"Option inconnue: {exc.option_name}.{near}"
    if isinstance(exc, click.BadParameter):
        return f"{name}: {exc.message}" if name else exc.message
    if isinstance(exc, click.BadOptionUsage):
        return f"L'option {exc.option_name} demande une valeur."
    text = exc.format_message()
    if text.startswith("No such command"):
        return f"Commande inconnue: {text.split(maxsplit=3)[3].strip('.')}."
    if text.startswith("Got unexpected extra argument"):
        return f"Argument en trop: {text.partition('(')[2].rstrip(').')}."
    return text


def _usage_hint(exc: click.ClickException) -> str:
    if isinstance(exc, click.UsageError) and exc.ctx is not None:
        return f"{exc.ctx.command_path} --help donne l'usage et un exemple."
    return ""


@click.group(cls=RegistreGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(None, "--version", package_name="registre", message="registre %(version)s")
@click.option("--env", metavar="NOM", help="Environnement visé (REGISTRE_ENVIRONMENTS); sans elle, le premier.")
@click.option("--trace", is_flag=True, help="Montre la pile d'appels d'une erreur interne.")
@pass_output
def main(output: Output, *, env: str | None, trace: bool) -> None:
    """Commande, achète une seule fois, range, lit et retrouve les documents du Registre foncier.

    \b
    Pour commencer:
      registre up          démarre la base privée de ce dossier
      registre diagnose    dit ce qui manque et quoi taper
    """
    del trace  # read where it counts
    output.environment = env
