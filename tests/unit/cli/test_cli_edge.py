"""The edge of the command line: one sentence, a hint, an exit code; never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from registre.cli import main
from registre.cli.app import _COMMANDS


def _leaves(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _leaves(command, (*path, name))


COMMANDS = dict(_leaves(main))


def test_every_name_of_the_table_is_a_command():
    assert {path[0] for path in COMMANDS} == set(_COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_names_the_command(path):
    answer = CliRunner().invoke(main, [*path, "--help"])

    assert answer.exit_code == 0
    assert "Exemple" in answer.output
    assert f"registre {path[0]}" in answer.output


@pytest.mark.parametrize("path", [path for path, command in COMMANDS.items() if path != ("accounts",)], ids=" ".join)
def test_every_command_takes_json(path):
    assert any("--json" in param.opts for param in COMMANDS[path].params)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["statu"], "Commande inconnue: 'statu'."),
        (["status", "--foo"], "Option inconnue: --foo."),
        (["show"], "Il manque"),
        (["status", "--limit"], "L'option --limit demande une valeur."),
        (["status", "--status", "perdu"], "« perdu » n'est ni 1 à 6"),
        (["down", "trop"], "Argument en trop: trop."),
        (["requeue"], "Dites lesquelles"),
        (["requeue", "abcdef", "--stale"], "--stale va seul"),
        (["submit"], "Dites quoi commander"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_french_sentence_and_exit_2(arguments, sentence):
    answer = CliRunner().invoke(main, arguments)

    assert answer.exit_code == 2
    assert sentence in answer.stderr
    assert answer.stdout == ""


def test_an_order_that_cannot_be_is_refused_before_any_database_is_asked():
    order = ["submit", "index", "abc", "--circonscription", "Montréal", "--cadastre", "Cadastre du Québec"]

    answer = CliRunner().invoke(main, order)

    assert answer.exit_code == 3
    assert "n'a pas la forme d'un lot" in answer.stderr
    assert "status_id" not in answer.stderr


def test_an_error_is_one_json_document_when_json_is_asked():
    answer = CliRunner().invoke(main, ["requeue", "--json"])

    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["error"]["code"] == "usage"


def test_a_database_that_is_away_is_one_sentence():
    environment = {"DATABASE_URL": "postgresql://personne@127.0.0.1:1/rien"}

    answer = CliRunner(env=environment).invoke(main, ["status"])

    assert answer.exit_code == 2
    assert answer.stderr.startswith("registre: Postgres ne répond pas")
    assert "Traceback" not in answer.output


def test_a_bad_setting_is_named_without_its_secret(tmp_path):
    environment = {"REGISTRE_STATE": str(tmp_path), "REGISTRE_READERS": "zéro", "REGISTRE_ESSAI": "x"}

    answer = CliRunner(env=environment).invoke(main, ["config"])

    assert answer.exit_code == 2
    assert "REGISTRE_READERS=zéro" in answer.stderr
    assert "REGISTRE_ESSAI: réglage inconnu" in answer.stderr


def test_config_masks_every_secret(tmp_path):
    environment = {
        "REGISTRE_STATE": str(tmp_path),
        "DATABASE_URL": "postgresql://moi:motsecret@127.0.0.1/base",
        "REDIS_URL": "redis://:autresecret@127.0.0.1/0",
        "REGISTRE_SECRET_KEY": "clesecrete",
    }

    for arguments in (["config"], ["config", "--json"]):
        answer = CliRunner(env=environment).invoke(main, arguments)

        assert answer.exit_code == 0
        assert not [secret for secret in ("motsecret", "autresecret", "clesecrete") if secret in answer.output]
        assert "127.0.0.1" in answer.output


def test_an_ordinary_command_loads_neither_browser_nor_reader():
    code = (
        "import sys, registre.cli.status, registre.cli.submit, registre.cli.requeue, registre.cli.diagnose\n"
        "print([name for name in ('playwright', 'rapidocr', 'onnxruntime', 'obstore', 'starlette', 'redis') "
        "if name in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"
