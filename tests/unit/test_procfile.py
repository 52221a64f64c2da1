"""What starts the processes: each command leads to a module and a role that exist, and both ways start the same."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from deploy_lib import place
from honcho.environ import parse_procfile

from actors.roles import ROLES

ROOT = Path(__file__).resolve().parents[2]
SEPARATE = parse_procfile((ROOT / "Procfile").read_text()).processes
TOGETHER = parse_procfile((ROOT / "Procfile.all").read_text()).processes


@pytest.mark.parametrize("role", list(SEPARATE))
def test_each_command_is_a_module_and_one_of_its_roles(role: str) -> None:
    python, option, module, given = shlex.split(SEPARATE[role])
    assert (python, option, given) == ("python", "-m", role)
    assert find_spec(f"{module}.__main__") is not None


def test_every_role_has_a_line_and_deployments_know_them_all() -> None:
    assert set(SEPARATE) == set(ROLES) == set(place.ROLES)


def test_all_together_is_the_same_file_under_one_process() -> None:
    [command] = TOGETHER.values()
    words = shlex.split(command)
    assert words[:2] == ["honcho", "start"]
    assert words[words.index("-f") + 1] == "Procfile"
    # Every line must stay JSON.
    assert {"--no-prefix", "--no-colour"} <= set(words)
