"""README says what there is: every setting, code, status and command, and no path or command that does not exist."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from registre.cli.app import main as cli
from registre.domain import errors
from registre.domain.errors import RegistreError
from registre.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
CONTEXT = click.Context(cli)
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Bases and classes that never end on a row.
UNSEEN = {"refused", "deferred", "transient", "infrastructure", "drift", "needs_person", "fenced", "configuration"}


def all_errors(base: type[RegistreError] = RegistreError) -> list[type[RegistreError]]:
    """The tree of `domain/errors.py`; what the command line adds for itself never ends on a row."""
    children = [child for child in base.__subclasses__() if child.__module__ == errors.__name__]
    return [base, *(found for child in children for found in all_errors(child))]


@pytest.mark.parametrize("name", [str(item.metadata["env"]) for item in fields(Settings)])
def test_every_setting_is_explained(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("code", sorted({error.code for error in all_errors()} - UNSEEN))
def test_every_code_a_row_can_end_with_is_explained(code: str) -> None:
    assert f"`{code}`" in README


def test_no_code_is_explained_that_does_not_exist() -> None:
    table = README.split("### What a code means")[1].split("## ")[0]
    told = {
        code
        for line in table.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert told - {error.code for error in all_errors()} == {"cancelled"}


@pytest.mark.parametrize("name", cli.list_commands(CONTEXT))
def test_every_command_is_listed(name: str) -> None:
    assert re.search(rf"`registre {name}\b", README)


@pytest.mark.parametrize("line", sorted(set(re.findall(r"(?:^|`)registre ([a-z][^`\n#]*)", README, re.MULTILINE))))
def test_every_command_line_shown_is_understood(line: str) -> None:
    command: click.Command = cli
    words = line.replace("…", "").split()
    while isinstance(command, click.Group) and words and words[0].isalpha():
        found = command.get_command(CONTEXT, words.pop(0))
        assert found is not None, line
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "--json"}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:registre|actors|migrations|scripts|tests)/[\w./*]+)`", README)))
)
def test_every_file_named_exists(path: str) -> None:
    assert list(ROOT.glob(path))


def test_statuses_are_those_of_the_lookup_table() -> None:
    sql = (ROOT / "migrations" / "0001_create_public_contract.sql").read_text(encoding="utf-8")
    for number, name in re.findall(r"\((\d), '([^']+)'\)", sql):
        assert f"| {number} | {name} |" in README


def test_errors_are_all_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""
    for error in all_errors():
        assert error.__name__ in drawn
