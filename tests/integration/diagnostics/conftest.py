"""A healthy house to break: real Postgres and Valkey, a registry that answers, files, processes by their rows."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from click.testing import CliRunner
from cryptography.fernet import Fernet

from registre.accounts import Vault
from registre.cli import main
from registre.db.account import save_account
from registre.db.pool import connect
from registre.storage.keys import object_key
from tests import services
from tests.integration.cli import scenes

KEY = Fernet.generate_key().decode()
PDF = b"%PDF-1.4 invente\n%%EOF\n"


class House:
    """What a fault may break, and the command line that should notice."""

    def __init__(self, url: str, connection, environment: dict[str, str], folder: Path):
        self.url = url
        self.connection = connection
        self.environment = environment
        self.folder = folder
        #: the connection that leads as the clock
        self.clock = None
        #: what to call or await when the test is over
        self.undo: list = []

    async def run(self, statement: str, *values: object) -> list[tuple]:
        cursor = await self.connection.execute(statement, values or None)
        return await cursor.fetchall() if cursor.description else []

    async def place(self, **columns) -> tuple:
        """An order and its job."""
        return await scenes.place(self.connection, **columns)

    async def aged(self, job, minutes: int = 20) -> None:
        """As if it had become ready long ago."""
        await self.run(
            "UPDATE registre.job SET created_at = now() - %s * interval '1 minute', announced_at = now() - %s * "
            "interval '1 minute' WHERE id = %s",
            minutes,
            minutes,
            job,
        )

    def closed_port(self) -> int:
        """Nobody listens there for the length of the test."""
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))
        self.undo.append(holder.close)
        return holder.getsockname()[1]

    def diagnose(self, *arguments: object, env: dict[str, str] | None = None):
        """Answers exit code and the document of --json."""
        line = ["diagnose", *map(str, arguments), "--json"]
        runner = CliRunner(env={**self.environment, **(env or {})})
        # A thread of its own: the test's loop runs already, and the command brings its own.
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(runner.invoke, main, line).result()
        assert answer.stdout.startswith("{"), answer.output
        return answer.exit_code, json.loads(answer.stdout)


class _Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = 503 if self.path.startswith("/maintenance") else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html><body>Registre</body></html>")

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def registry():
    """Address of a registry whose entry page comes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def healthy_template(servers):
    """A database in which all is well: two accounts, a document bought and read, an order in line."""
    name = "registre_healthy"
    asyncio.run(_fill(servers.database_url, name))
    yield name
    asyncio.run(services.drop(services.address(servers.database_url, name)))


async def _fill(url: str, name: str) -> None:
    with psycopg.connect(services.address(url, "postgres"), autocommit=True) as postgres:
        postgres.execute(f"CREATE DATABASE {name} TEMPLATE registre_template")
    connection = await connect(services.address(url, name))
    for code in ("12A3456", "12B7890"):
        secret = Vault(KEY.encode()).seal("invente")
        await save_account(connection, username=code, secret=secret, site="foncier")
    _, job = await scenes.place(connection)
    await scenes.finish(connection, job, content=PDF, texts=("Index des immeubles",), rows=(scenes.index_row(),))
    _, job = await scenes.place(connection, document_number="2 784 196")
    await scenes.fail(connection, job, "not_found", refuse=True)
    await connection.execute("UPDATE dramatiq.queue SET state = 'done'")
    await scenes.place(connection, document_number="2 784 197")
    await connection.close()


@pytest_asyncio.fixture
async def house(servers, healthy_template, registry, tmp_path):
    """Everything runs: a clock leads, a process of each role beats, the files are where the rows say."""
    url = await services.clone(servers.database_url, healthy_template)
    connection, clock = await connect(url), await connect(url)
    await clock.execute("SELECT pg_advisory_lock(hashtext('registre.clock'))")
    for role in ("browser", "ocr", "clock"):
        await scenes.beat(connection, role)
    await connection.execute("UPDATE registre.job SET announced_at = now(), created_at = now() WHERE state = 'queued'")
    await connection.execute(
        "UPDATE dramatiq.queue SET message = jsonb_set(message, '{message_timestamp}', "
        "to_jsonb(floor(extract(epoch FROM now()) * 1000)::bigint))"
    )
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": servers.redis_url,
        "REGISTRE_STATE": str(tmp_path / "state"),
        "REGISTRE_OBJECTS": str(tmp_path / "objects"),
        "REGISTRE_FONCIER_URL": registry,
        "REGISTRE_SECRET_KEY": KEY,
    }
    [(path,)] = await (await connection.execute("SELECT path FROM registre.document")).fetchall()
    for key in (object_key(hashlib.sha256(PDF).hexdigest()), path):
        place = tmp_path / "objects" / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(PDF)
    made = House(url, connection, environment, tmp_path)
    made.clock = clock
    yield made
    for undo in reversed(made.undo):
        outcome = undo()
        if asyncio.iscoroutine(outcome):
            await outcome
    for opened in (connection, clock):
        await opened.close()
    await services.drop(url)
