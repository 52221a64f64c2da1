"""requeue, cancel, accounts, charges: what a person decides."""

from __future__ import annotations

from registre.accounts import Vault
from tests.integration.cli import scenes


async def _state(connection, job):
    return await (await connection.execute("SELECT stage, state FROM registre.job WHERE id = %s", [job])).fetchone()


async def test_requeue_shows_count_kinds_and_money_and_does_nothing_without_yes(registre, connection):
    jobs = [(await scenes.place(connection))[1] for _ in range(2)]
    for job in jobs:
        await scenes.fail(connection, job)

    shown = registre("requeue", "--code", "site_unreachable").stdout

    assert "2 demandes (2 index); au plus 3,00 $ d'achats." in shown
    assert "Rien n'a été fait" in shown
    assert [await _state(connection, job) for job in jobs] == [("fetch", "failed")] * 2


async def test_requeue_with_yes_puts_them_back(registre, connection):
    _, job = await scenes.place(connection)
    await scenes.fail(connection, job)

    document = registre("requeue", "--code", "site_unreachable", "--yes", json=True)

    assert [item["answer"] for item in document["jobs"]] == ["fetch"]
    assert await _state(connection, job) == ("fetch", "queued")


async def test_what_may_be_paid_needs_rebuy(registre, connection):
    order, job = await scenes.place(connection)
    charge = await scenes.doubt(connection, job)

    assert registre("requeue", order, json=True, exit_code=3)["jobs"][0]["expected"] == "needs_rebuy"
    assert "--rebuy rachète" in registre("requeue", order, "--yes", exit_code=3).stdout
    assert await _state(connection, job) == ("download", "failed")
    assert registre("requeue", order, "--rebuy", "--yes", json=True)["jobs"][0]["answer"] == "fetch"
    assert await (await connection.execute("SELECT state FROM registre.charge WHERE id = %s", [charge])).fetchone() == (
        "void",
    )


async def test_a_running_job_answers_that_it_runs(registre, connection):
    order, job = await scenes.place(connection)
    await scenes.claim(connection, job)

    assert "déjà en cours" in registre("requeue", order, "--yes", exit_code=3).stdout


async def test_stale_takes_back_what_nobody_holds(registre, connection):
    _, dead = await scenes.place(connection)
    await scenes.claim(connection, dead)
    await connection.execute("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", [dead])
    _, lost = await scenes.place(connection)
    await connection.execute("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", [str(lost)])
    await connection.execute(
        "UPDATE registre.job SET announced_at = now() - interval '5 minutes' WHERE id = %s", [lost]
    )
    await connection.execute("ALTER TABLE public.extraction_queue DISABLE TRIGGER registre_door_insert")
    try:
        shut_out, none = await scenes.place(connection)
    finally:
        await connection.execute("ALTER TABLE public.extraction_queue ENABLE TRIGGER registre_door_insert")
    assert none is None

    seen = registre("requeue", "--stale", json=True)
    registre("requeue", "--stale", "--yes")

    assert [len(seen[name]) for name in ("expired_leases", "lost_messages", "unjoined_rows")] == [1, 1, 1]
    assert seen["unjoined_rows"] == [str(shut_out)]
    after = registre("requeue", "--stale", json=True)
    assert after == {"done": False, "expired_leases": [], "lost_messages": [], "unjoined_rows": []}
    assert (await _state(connection, dead))[1] == "queued"


async def test_cancel_stops_what_is_not_paid_and_nothing_else(registre, connection):
    free, _ = await scenes.place(connection)
    paid, job = await scenes.place(connection)
    await scenes.doubt(connection, job)

    assert registre("cancel", free, json=True)["jobs"][0]["answer"] == "cancelled"
    assert "trop tard" in registre("cancel", paid, exit_code=3).stdout


async def test_a_password_is_sealed_and_never_shown(registre, connection, tmp_path):
    registre("accounts", "add", "12A3456", "--password-file", "-", stdin="motdepasse-invente\n")

    row = await (await connection.execute("SELECT password FROM public.worker_accounts")).fetchone()
    key = (tmp_path / "state/secret.key").read_bytes()
    assert Vault(key).open(row[0]) == "motdepasse-invente"
    for arguments in (["accounts", "list"], ["accounts", "list", "--json"]):
        output = registre(*arguments).output
        assert "motdepasse" not in output
        assert row[0] not in output


async def test_a_typed_password_must_be_typed_twice_alike(registre, connection):
    answer = registre("accounts", "add", "12A3456", stdin="un\ndeux\nun\nun\n")

    assert "ajouté" in answer.stdout
    assert "deux" not in answer.output


async def test_import_tells_counts_only_and_all_or_nothing(registre, connection, tmp_path):
    path = tmp_path / "comptes.csv"
    path.write_text("code,mot de passe\n12A3456,invente-un\n12A3457\n")
    assert "Ligne 3" in registre("accounts", "import", path, exit_code=2).stderr
    path.write_text("code,mot de passe\n12A3456,invente-un\n12A3457,invente-deux\n")

    assert registre("accounts", "import", path, json=True) == {"added": 2, "changed": 0}
    assert "0 comptes" not in registre("accounts", "import", path).stdout
    assert len(registre("accounts", "list", json=True)["accounts"]) == 2


async def test_enable_forgets_failures_and_disable_benches(registre, connection):
    await scenes.account(connection, failure_count=2)
    assert registre("accounts", "list", json=True)["accounts"][0]["usable"] is False

    registre("accounts", "enable", "12A3456")
    assert registre("accounts", "list", json=True)["accounts"][0]["usable"] is True
    registre("accounts", "disable", "12A3456")
    assert registre("accounts", "list", json=True)["accounts"][0]["benched_code"] == "disabled"
    assert "Aucun compte" in registre("accounts", "enable", "99Z", exit_code=1).stderr


async def test_encrypt_seals_what_the_old_system_left_in_clear(registre, connection):
    await scenes.account(connection, password="clair-invente")

    assert registre("accounts", "encrypt", json=True) == {"encrypted": 1}
    assert registre("accounts", "encrypt", json=True) == {"encrypted": 0}


async def test_charges_sum_states_and_advise_on_the_open_ones(registre, connection):
    _, done = await scenes.place(connection)
    await scenes.finish(connection, done, content=b"%PDF b", texts=("un",))
    doubtful, job = await scenes.place(connection, document_number="2 784 196")
    await scenes.doubt(connection, job)

    document = registre("charges", "--today", json=True)

    assert (document["spent_cents"], document["doubtful_cents"]) == (150, 150)
    assert f"registre requeue {str(doubtful)[:8]} --rebuy --yes" in document["open"][0]["advice"]
    assert "Dépensé 1,50 $" in registre("charges").stdout
