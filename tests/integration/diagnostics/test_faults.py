"""Forty and more operational faults, one at a time: the right cause is named first, with a command that exists."""

from __future__ import annotations

import shlex

import click
import pytest

from registre.cli.app import main
from tests.integration.diagnostics.faults import FAULTS, Fault

#: Programs besides ours that a command may begin with.
PROGRAMS = {
    "psql", "honcho", "export", "du", "df", "ls", "kill", "curl", "grep", "sed", "git", "timedatectl", "free",
    "apt-get", "docker", "scripts/deploy",
}  # fmt: skip
#: Where no command can do it: the sentence begins with one of these verbs.
VERBS = ("arrêtez", "corrigez", "relancez", "relevez", "mettez", "fermez")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.inject.__name__)
async def test_the_right_cause_is_named_first(house, monkeypatch, fault: Fault):
    env = await fault.inject(house, monkeypatch)

    code, document = house.diagnose(*(["--host"] if fault.host else []), env=env)

    faults = [finding for finding in document["findings"] if finding["level"] != "ok"]
    said = [(f["rule"], f["about"], f["explained_by"], f["evidence"]) for f in faults]
    assert document["first"] == fault.first, said
    assert code == fault.exit_code, said
    # Nothing else is called a cause: what else is wrong follows from it.
    assert {f["explained_by"] for f in faults[1:]} <= {fault.first} or len(_causes(faults)) == 1, said
    assert all(f["evidence"] and f["cause"] and f["consequence"] for f in faults), said
    assert is_known(faults[0]["command"]), faults[0]["command"]


def _causes(faults) -> set[str]:
    return {f["rule"] for f in faults if not f["explained_by"]}


def is_known(command: str) -> bool:
    """A command of ours that click understands, another well-known program, or plain words that begin with a verb."""
    words = command.partition("   (")[0]
    if words.startswith(VERBS):
        return True
    try:
        first, *arguments = shlex.split(words)
    except ValueError:
        return False
    return _is_ours(arguments) if first == "registre" else first in PROGRAMS


def _is_ours(arguments: list[str]) -> bool:
    command: click.Command = main
    while isinstance(command, click.Group) and arguments:
        name = arguments.pop(0)
        if name == "--env":
            arguments.pop(0)
            continue
        found = command.get_command(click.Context(command), name)
        if found is None:
            return False
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    return all(word.partition("=")[0] in options for word in arguments if word.startswith("--"))


def test_the_table_is_as_long_as_it_promises():
    assert len(FAULTS) >= 40
    assert len({fault.inject.__name__ for fault in FAULTS}) == len(FAULTS)
