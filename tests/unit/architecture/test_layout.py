"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SQL = sorted((ROOT / "registre" / "db" / "sql").glob("*.sql"))
CODE = sorted([*(ROOT / "registre").rglob("*.py"), *(ROOT / "actors").rglob("*.py")])
#: The broker's queries are run by the broker itself, on its own driver.
CALLERS = {"broker": sorted((ROOT / "registre" / "broker").glob("*.py"))}


@pytest.mark.parametrize("file", SQL, ids=lambda file: file.stem)
def test_every_query_is_used_by_its_own_module(file: Path) -> None:
    own = "migrate" if file.stem == "migration" else file.stem
    callers = CALLERS.get(file.stem, [ROOT / "registre" / "db" / f"{own}.py"])
    names = re.findall(r"^-- name: (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    code = "".join(caller.read_text(encoding="utf-8") for caller in callers)
    assert [name for name in names if f'"{name}"' not in code] == []
    assert len(names) == len(set(names))


def test_sql_stands_in_sql_files_only() -> None:
    verbs = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.MULTILINE)
    guilty = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in CODE
        if "embedded" not in file.parts  # asks its own server how it is, before there is any schema
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and verbs.match(node.value)
    ]
    assert guilty == []


def test_only_settings_reads_the_environment() -> None:
    allowed = {"settings.py", "slot.py"}
    readers = {
        str(file.relative_to(ROOT))
        for file in CODE
        if re.search(r"os\.environ|os\.getenv", file.read_text(encoding="utf-8")) and file.name not in allowed
    }
    # The launchers hand the environment on to the programs they start.
    assert {name for name in readers if not name.startswith(("registre/embedded/", "registre/browser/"))} == set()


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_lives_in_it(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    # The list of errors is one flat list on purpose: whoever asks what can go wrong finds it in one place.
    limit = 430 if file.name == "errors.py" else 330
    assert len(file.read_text(encoding="utf-8").splitlines()) <= limit
