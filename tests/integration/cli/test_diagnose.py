"""diagnose: each fault has its rule, its level and its command; one job has its sentence."""

from __future__ import annotations

import re

import psycopg
import pytest

from registre.db import health
from registre.db.pool import connect
from registre.db.queries import load
from tests.integration.cli import scenes

_URL = {"REGISTRE_FONCIER_URL": "http://127.0.0.1:9"}


@pytest.fixture
async def healthy(registre, connection, database_url, servers):
    """Accounts, living processes and a leading clock; answers the settings that make all green."""
    registre("accounts", "add", "12A3456", "--password-file", "-", stdin="invente\n")
    for role in ("browser", "ocr"):
        await scenes.beat(connection, role)
    clock = await connect(database_url)
    await clock.execute("SELECT pg_advisory_lock(hashtext('registre.clock'))")
    yield {**_URL, "REDIS_URL": servers.redis_url}
    await clock.close()


def _faults(document):
    return {finding["rule"]: finding for finding in document["findings"] if finding["level"] != "ok"}


async def test_a_healthy_installation_is_green(registre, healthy):
    assert _faults(registre("diagnose", json=True, env=healthy)) == {}


async def test_an_empty_installation_names_every_missing_part_with_its_command(registre, database_url):
    found = _faults(registre("diagnose", json=True, exit_code=2))

    assert {"settings", "redis", "accounts", "clock", "workers"} <= set(found)
    assert all(finding["command"] and finding["cause"] and finding["consequence"] for finding in found.values())


async def test_waiting_work_without_a_process_is_a_failure_with_honcho(registre, connection, healthy):
    await scenes.place(connection)
    await scenes.beat(connection, "browser", ago=60)

    found = _faults(registre("diagnose", json=True, env=healthy, exit_code=2))

    assert found["workers"]["level"] == "failure"
    assert found["workers"]["command"] == "honcho start"
    assert "poste-browser.1" in found["silent_workers"]["evidence"]


async def test_an_expired_lease_and_a_lost_message_are_found(registre, connection, healthy):
    _, dead = await scenes.place(connection)
    await scenes.claim(connection, dead)
    await connection.execute("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", [dead])
    _, lost = await scenes.place(connection)
    await connection.execute("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", [str(lost)])
    await connection.execute(
        "UPDATE registre.job SET announced_at = now() - interval '5 minutes' WHERE id = %s", [lost]
    )

    found = _faults(registre("diagnose", json=True, env=healthy, exit_code=2))

    assert "requeue --stale" in found["expired_leases"]["command"]
    assert "requeue --stale" in found["lost_messages"]["command"]


async def test_failures_are_counted_by_cause_and_refusals_are_no_fault(registre, connection, healthy):
    for _ in range(2):
        _, job = await scenes.place(connection)
        await scenes.fail(connection, job)
    _, refused = await scenes.place(connection)
    await scenes.fail(connection, refused, "not_found", refuse=True)

    document = registre("diagnose", json=True, env=healthy, exit_code=1)

    found = _faults(document)
    assert found["failures"]["data"]["count"] == 2
    assert found["failures"]["command"].startswith("registre requeue --code site_unreachable")
    assert [f["data"]["code"] for f in document["findings"] if f["rule"] == "refusals"] == ["not_found"]


async def test_money_in_doubt_clear_passwords_benched_accounts_and_bad_messages_warn(registre, connection, healthy):
    _, job = await scenes.place(connection)
    await scenes.doubt(connection, job)
    await scenes.account(connection, "31C1", "clair-invente")
    await scenes.account(connection, "31C2", is_active=False, benched_code="account_locked", benched_text="Verrouillé.")
    await connection.execute(
        "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) "
        "VALUES (gen_random_uuid(), 'fetch', 'rejected', '{}')"
    )

    found = _faults(registre("diagnose", json=True, env=healthy, exit_code=1))

    assert {"charge_unproven", "clear_passwords", "benched_account", "rejected_messages"} <= set(found)
    assert "clair-invente" not in str(found)


async def test_the_wrong_key_is_a_failure(registre, healthy):
    other = "A" * 43 + "="

    found = _faults(registre("diagnose", json=True, env={**healthy, "REGISTRE_SECRET_KEY": other}, exit_code=2))

    assert "autre clé" in found["secret_key"]["evidence"]


async def test_a_store_that_cannot_be_written_is_a_failure(registre, healthy, tmp_path):
    (tmp_path / "fichier").write_text("ni dossier ni S3")

    env = {**healthy, "REGISTRE_OBJECTS": str(tmp_path / "fichier")}

    assert "objects" in _faults(registre("diagnose", json=True, env=env, exit_code=2))


async def test_the_probe_leaves_nothing_in_the_store(registre, healthy, tmp_path):
    registre("diagnose", env=healthy)

    assert [path for path in (tmp_path / "state/objects").rglob("*") if path.is_file()] == []


async def test_a_shut_door_is_a_failure(registre, connection, healthy):
    await connection.execute("ALTER TABLE public.extraction_queue DISABLE TRIGGER registre_door_insert")
    try:
        await scenes.place(connection)
        found = _faults(registre("diagnose", json=True, env=healthy, exit_code=2))
    finally:
        await connection.execute("ALTER TABLE public.extraction_queue ENABLE TRIGGER registre_door_insert")

    assert {"door", "unjoined_rows"} <= set(found)


async def test_contradictions_of_the_old_system_are_listed(registre, connection, healthy):
    await scenes.place(connection, status_id=3, worker_id="vieux")
    await scenes.place(connection, status_id=4, worker_id="vieux")

    found = _faults(registre("diagnose", json=True, env=healthy, exit_code=1))

    assert {"stored_without_path", "finished_with_owner"} <= set(found)


async def test_a_database_never_migrated_gets_the_command(registre, servers):
    found = _faults(registre("diagnose", json=True, env={"DATABASE_URL": servers.database_url}, exit_code=2))

    assert found["schema"]["command"] == "registre migrate"


async def test_why_one_job_does_not_move(registre, connection, healthy):
    queued, _ = await scenes.place(connection)
    waiting, job = await scenes.place(connection)
    await scenes.wait(connection, job)
    failed, job = await scenes.place(connection)
    await scenes.fail(connection, job)

    async def why(order, exit_code=0):
        return registre("diagnose", "--job", order, json=True, env=healthy, exit_code=exit_code)["findings"][0]

    assert "attend son tour" in (await why(queued))["evidence"]
    assert "repartira d'elle-même" in (await why(waiting))["evidence"]
    assert "no_account" in (await why(waiting))["cause"]
    assert "elle a échoué" in (await why(failed, 2))["evidence"]
    await scenes.beat(connection, "browser", ago=60)
    assert (await why(queued, 2))["command"] == "honcho start"


def test_every_query_is_understood_by_the_migrated_schema(database_url):
    """A query that no scene reaches must not be wrong all the same."""
    wrong = (psycopg.errors.SyntaxError, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable,
             psycopg.errors.UndefinedFunction)  # fmt: skip

    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in ("report", "health", "order"):
            for name, text in load(table).items():
                try:
                    connection.execute(f"EXPLAIN {text}", dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
                except wrong as exc:
                    pytest.fail(f"{table}.{name}: {exc}")
                except psycopg.Error:
                    continue  # a null where none may be: the query itself was understood


async def test_the_health_functions_answer_on_an_empty_database(connection):
    assert await health.due_work(connection) == []
    assert await health.endings(connection) == []
    assert (await health.role_state(connection)).doors == 2
