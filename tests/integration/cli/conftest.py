"""The command line on a real database, a state folder of its own, and a shorthand to call it."""

from __future__ import annotations

import json

import pytest
import pytest_asyncio
from click.testing import CliRunner

from registre.cli import main
from registre.db.pool import connect


@pytest.fixture
def environment(database_url, tmp_path):
    """What the command sees."""
    return {"DATABASE_URL": database_url, "REGISTRE_STATE": str(tmp_path / "state")}


@pytest.fixture
def registre(environment):
    """Calls the command line; `json=True` adds --json and answers the document."""

    # A thread of its own: the test's loop runs already, and the command brings its own.
    def call(*arguments, json=False, exit_code=0, stdin=None, env=None):
        from concurrent.futures import ThreadPoolExecutor

        line = [*map(str, arguments), *(["--json"] if json else [])]
        runner = CliRunner(env={**environment, **(env or {})})
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(runner.invoke, main, line, input=stdin).result()
        assert answer.exit_code == exit_code, answer.output
        return _document(answer.stdout) if json else answer

    return call


def _document(text):
    return json.loads(text)  # exactly one document, nothing before or after


@pytest_asyncio.fixture
async def connection(database_url):
    opened = await connect(database_url)
    yield opened
    await opened.close()
