"""Real servers: started, found, killed, raced, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import stat
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest
from redis.asyncio import Redis

from registre.domain.errors import ConfigurationError
from registre.embedded import postgres, seat, services, valkey
from registre.embedded.process import Identity

IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="root alone can become another user")

START = """
import asyncio, json, pathlib, sys
from dataclasses import asdict
from registre.embedded import services
state = pathlib.Path(sys.argv[1])
print(json.dumps(asdict(asyncio.run(services.start(state, database_url=None, redis_url=None, throwaway=True)))))
"""


@contextmanager
def open_folder():
    """A folder anyone may pass through, whose servers are stopped whatever happens."""
    place = Path(tempfile.mkdtemp(prefix="registre-embedded-"))
    place.chmod(0o711)
    try:
        yield place
    finally:
        for state in [path.parent for path in place.rglob("lock")]:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, services.stop(state)).result()
        shutil.rmtree(place)


@pytest.fixture
def folder():
    with open_folder() as place:
        yield place


@pytest.fixture(scope="module")
def state():
    """One cluster for all that leave it fit to start: creating one costs half a second of a core."""
    with open_folder() as place:
        yield place / "state"


async def start(state, **given):
    return await services.start(state, **{"database_url": None, "redis_url": None, "throwaway": True, **given})


async def start_in_another_process(state):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(state), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return json.loads(output)


async def query(url, statement):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute(statement)
        return await cursor.fetchone() if cursor.description else None


def pids(state):
    postmaster = (state / "postgres/run").resolve() / "data/postmaster.pid"
    return int(postmaster.read_text().splitlines()[0]), int((state / "valkey/pid").read_text())


async def test_a_start_answers_with_two_living_servers_and_remembers_them(state):
    found = await start(state)

    assert found.embedded_postgres
    assert found.embedded_redis
    assert await services.alive(found) == services.Alive(postgres=True, redis=True)
    assert services.known(state) == found
    assert (await query(found.database_url, "SHOW shared_preload_libraries"))[0] == "pg_stat_statements"
    assert (await query(found.database_url, "SELECT upper('éçà'), current_database()")) == ("ÉÇÀ", "registre")


async def test_a_stop_ends_both_and_a_second_stop_finds_nothing(state):
    found = await start(state)

    stopped = await services.stop(state)

    assert stopped == ["valkey", "postgres"]
    assert await services.alive(found) == services.Alive(postgres=False, redis=False)
    assert await services.stop(state) == []


async def test_a_second_start_finds_the_living_servers(state):
    first = await start(state)
    before = pids(state)

    second = await start_in_another_process(state)

    assert second == asdict(first)
    assert pids(state) == before


async def test_two_racing_starters_get_the_same_servers(folder):
    one, two = await asyncio.gather(*(start_in_another_process(folder / "state") for _ in range(2)))

    assert one == two
    assert await services.alive(services.Services(**one)) == services.Alive(postgres=True, redis=True)


async def test_killed_servers_start_again_at_the_same_address_with_all_that_was_committed(state):
    await services.stop(state)
    first = await start(state, throwaway=False)
    await query(first.database_url, "CREATE TABLE achat AS SELECT 1 AS id")
    for pid in pids(state):
        os.kill(pid, signal.SIGKILL)

    second = await start(state, throwaway=False)

    assert second == first
    assert await query(second.database_url, "SELECT id FROM achat") == (1,)
    assert (await services.alive(second)).redis


async def test_two_state_folders_run_side_by_side(folder, state):
    one, two = await asyncio.gather(start(folder / "other"), start(state))

    assert await services.stop(folder / "other") == ["valkey", "postgres"]

    assert one.database_url != two.database_url
    assert await services.alive(one) == services.Alive(postgres=False, redis=False)
    assert await services.alive(two) == services.Alive(postgres=True, redis=True)


async def test_a_port_taken_meanwhile_is_replaced(state):
    first = await start(state)
    await services.stop(state)
    taken = [int((state / name / "port").read_text()) for name in ("postgres", "valkey")]
    listeners = [
        await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port) for port in taken
    ]

    second = await start(state)

    assert second.database_url != first.database_url
    assert second.redis_url != first.redis_url
    assert await services.alive(second) == services.Alive(postgres=True, redis=True)
    for listener in listeners:
        listener.close()


async def test_a_stale_pid_file_that_names_another_living_process_does_not_stop_the_start(state):
    await start(state)
    await services.stop(state)
    stale = (state / "postgres/run").resolve() / "data/postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n1\n5432\n\n127.0.0.1\n0 0\nready\n")

    assert (await services.alive(await start(state))).postgres


async def test_an_interrupted_creation_is_begun_again(folder):
    state = folder / "state"
    await start(state)
    await services.stop(state)
    run = (state / "postgres/run").resolve()
    (run / "data").rename(run / "data.new")

    assert (await services.alive(await start(state))).postgres


async def test_a_given_address_makes_that_part_step_aside(folder):
    found = await start(folder / "state", database_url="postgresql://greffe@127.0.0.1:1/registre")

    assert found.database_url == "postgresql://greffe@127.0.0.1:1/registre"
    assert not found.embedded_postgres
    assert not (folder / "state/postgres").exists()
    assert await services.alive(found) == services.Alive(postgres=False, redis=True)


async def test_nobody_gets_in_without_the_password(state):
    found = await start(state)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await query(found.database_url.replace("postgres:", "postgres:x", 1), "SELECT 1")
    assert not await valkey.ping(found.redis_url.replace(":", ":x", 2).replace("redis:x", "redis:", 1))


async def test_what_valkey_held_is_gone_after_a_stop(state):
    found = await start(state)
    async with Redis.from_url(found.redis_url) as client:
        await client.set("permis", 1)
    await services.stop(state)
    again = await start(state)

    async with Redis.from_url(again.redis_url) as client:
        assert await client.get("permis") is None


async def test_secrets_are_readable_by_their_owner_alone(state):
    await start(state)
    services.secret_key(state)

    paths = [state / name for name in ("services.json", "secret.key", "postgres/password", "valkey/password")]
    paths.append((state / "valkey/run").resolve() / "valkey.conf")

    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}


async def test_data_of_another_major_version_is_named_not_opened(state):
    await start(state)
    await services.stop(state)
    version = (state / "postgres/run").resolve() / "data/PG_VERSION"
    real = version.read_text()
    version.write_text("9\n")

    with pytest.raises(ConfigurationError, match=r"viennent de PostgreSQL 9.*DATABASE_URL"):
        await start(state)
    version.write_text(real)


async def test_a_folder_without_binaries_is_a_plain_error(folder):
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        await start(folder / "state", postgres_bin=folder)


@as_root
async def test_root_drops_to_nobody_where_nobody_can_enter(state):
    await start(state)

    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in pids(state)}

    assert owners == {pwd.getpwnam("nobody").pw_uid}


@as_root
async def test_below_a_closed_folder_root_finds_a_way_and_leaves_it_closed(folder, monkeypatch):
    monkeypatch.setattr(seat, "_PUBLIC", folder / "public")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)

    found = await start(closed / "state")

    assert await services.alive(found) == services.Alive(postgres=True, redis=True)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
async def test_without_namespaces_binaries_and_data_move_to_a_public_place(folder, monkeypatch):
    monkeypatch.setattr(seat, "_namespace", lambda: Identity(prefix=(str(folder / "absent"),)))
    monkeypatch.setattr(seat, "_PUBLIC", folder / "public")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)

    found = await start(closed / "state")
    await services.stop(closed / "state")
    again = await start(closed / "state")

    assert again == found
    assert (closed / "state/postgres/run").readlink().parent == folder / "public"
    assert await services.alive(again) == services.Alive(postgres=True, redis=True)


def test_the_binaries_are_looked_for_in_the_given_folder_first(tmp_path):
    for name in ("postgres", "initdb"):
        (tmp_path / name).touch()

    assert postgres.find_binaries(tmp_path).executable == tmp_path / "postgres"
    assert postgres.find_binaries(None).executable.parent.name == "bin"
