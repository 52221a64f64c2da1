"""One function a fault: it breaks exactly that in a healthy house. The table says what `diagnose` must name first."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from registre.db import job as jobs
from registre.db.charge import intend_charge
from registre.db.pool import connect
from registre.db.worker import note_start
from registre.diagnostics import contract, ground, host, machine
from registre.domain.job import Stage
from registre.domain.request import DocumentKind, Target
from registre.limits import configured
from registre.limits.machine import Kind
from registre.limits.meter import History
from registre.limits.redis import connect as redis_client
from registre.revision import revision
from registre.settings import read_settings
from tests import services
from tests.integration.cli import scenes
from tests.integration.diagnostics.deaf_proxy import DeafProxy


@dataclass(frozen=True)
class Fault:
    """What is broken, and what must be said first."""

    inject: Callable[..., Awaitable[dict[str, str] | None]]
    exit_code: int
    first: str
    host: bool = False


FAULTS: list[Fault] = []


def fault(first: str, exit_code: int = 2, *, host: bool = False):
    """Enter the function in the table."""

    def enter(inject):
        FAULTS.append(Fault(inject, exit_code, first, host))
        return inject

    return enter


# --- settings -------------------------------------------------------------------------------------------------------


@fault("settings")
async def an_unknown_variable(house, patch):
    return {"REGISTRE_BROWSERSLOTS": "4"}


@fault("settings")
async def a_number_that_is_none(house, patch):
    return {"REGISTRE_BROWSER_SLOTS": "trois"}


@fault("site_url", 2)
async def no_registry_address(house, patch):
    await house.run("DELETE FROM public.worker_status WHERE role = 'browser'")
    return {"REGISTRE_FONCIER_URL": ""}


@fault("sentry")
async def half_a_sentry_address(house, patch):
    return {"SENTRY_DSN": "https://sentry.example.org/"}


@fault("secret_key")
async def another_key(house, patch):
    return {"REGISTRE_SECRET_KEY": Fernet.generate_key().decode()}


@fault("secret_key")
async def no_key(house, patch):
    return {"REGISTRE_SECRET_KEY": ""}


@fault("secret_key")
async def a_key_cut_short(house, patch):
    return {"REGISTRE_SECRET_KEY": "abc"}


# --- Postgres -------------------------------------------------------------------------------------------------------


@fault("database")
async def postgres_stopped(house, patch):
    return {"DATABASE_URL": f"postgresql://x:y@127.0.0.1:{house.closed_port()}/registre"}


@fault("database:login")
async def a_wrong_password(house, patch):
    await house.run("CREATE ROLE passant LOGIN PASSWORD 'juste'")
    house.undo.append(lambda: house.run("DROP ROLE passant"))
    place = psycopg.conninfo.conninfo_to_dict(house.url)
    return {"DATABASE_URL": f"postgresql://passant:faux@{place['host']}:{place['port']}/{place['dbname']}"}


@fault("database:missing")
async def a_database_that_does_not_exist(house, patch):
    return {"DATABASE_URL": services.address(house.url, "nulle_part")}


@fault("database:host")
async def a_host_that_does_not_exist(house, patch):
    return {"DATABASE_URL": "postgresql://x:y@registre.invalid/registre"}


@fault("read_only")
async def a_read_only_server(house, patch):
    name = services.urlsplit(house.url).path.lstrip("/")
    await house.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")


@fault("connections", 1)
async def connections_nearly_all_taken(house, patch):
    patch.setattr(ground, "_CROWDED", 0.001)


@fault("clock_skew", 1)
async def a_clock_that_is_wrong(house, patch):
    class Late(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) + timedelta(seconds=40)

    patch.setattr(ground, "datetime", Late)


@fault("open_transaction", 1)
async def a_transaction_left_open(house, patch):
    forgotten = await connect(house.url)
    await forgotten.execute("BEGIN")
    await forgotten.execute("SELECT 1 FROM registre.job")
    house.undo.append(forgotten.close)
    patch.setattr(contract, "_IDLE", timedelta(0))


@fault("locked")
async def a_table_shut_by_somebody(house, patch):
    holder = await connect(house.url)
    await holder.execute("BEGIN")
    await holder.execute("LOCK TABLE registre.job IN ACCESS EXCLUSIVE MODE")
    house.undo.append(holder.close)
    patch.setattr(ground, "_LOCKED", timedelta(0))


@fault("notify")
async def notifications_that_never_arrive(house, patch):
    proxy = DeafProxy(house.url)
    house.undo.append(proxy.close)
    return {"DATABASE_URL": proxy.url}


# --- tables ---------------------------------------------------------------------------------------------------------


@fault("schema:missing")
async def a_database_never_migrated(house, patch):
    empty = await services.clone(house.url, "template0")
    house.undo.append(lambda: services.drop(empty))
    return {"DATABASE_URL": empty}


@fault("schema:missing")
async def a_migration_not_applied(house, patch):
    await house.run("DELETE FROM public.registre_migration WHERE version LIKE '0004%%'")


@fault("schema:newer", 1)
async def a_database_of_the_future(house, patch):
    await house.run("INSERT INTO public.registre_migration (version, sha256) VALUES ('9999_tomorrow', 'x')")


@fault("schema:edited")
async def a_migration_edited_after_the_fact(house, patch):
    await house.run("UPDATE public.registre_migration SET sha256 = 'x' WHERE version LIKE '0003%%'")


@fault("tables:public.extraction_queue")
async def a_column_dropped(house, patch):
    await house.run("ALTER TABLE public.extraction_queue DROP COLUMN ocr_worker_id")


@fault("tables:registre.page")
async def a_table_dropped(house, patch):
    await house.run("DROP TABLE registre.page CASCADE")


@fault("statuses")
async def status_6_deleted(house, patch):
    await house.run("DELETE FROM public.extraction_status WHERE id = 6")


@fault("status_names", 1)
async def a_status_renamed(house, patch):
    await house.run("UPDATE public.extraction_status SET name = 'Terminé' WHERE id = 5")


@fault("privileges")
async def a_role_without_rights(house, patch):
    return {"DATABASE_URL": await _stranger(house)}


@fault("row_security")
async def a_role_that_sees_no_rows(house, patch):
    url = await _stranger(house)
    await house.run("GRANT USAGE ON SCHEMA registre, dramatiq TO passant")
    for schema in ("public", "registre", "dramatiq"):
        await house.run(f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO passant")
    return {"DATABASE_URL": url}


async def _stranger(house) -> str:
    await house.run("CREATE ROLE passant LOGIN PASSWORD 'juste'")

    async def away():
        await house.run("DROP OWNED BY passant")
        await house.run("DROP ROLE passant")

    house.undo.append(away)
    place = psycopg.conninfo.conninfo_to_dict(house.url)
    return f"postgresql://passant:juste@{place['host']}:{place['port']}/{place['dbname']}"


@fault("triggers:registre_door_insert")
async def the_door_shut(house, patch):
    await house.run("ALTER TABLE public.extraction_queue DISABLE TRIGGER registre_door_insert")
    await house.place(document_number="2 784 198")


@fault("triggers:registre_door_update")
async def the_door_taken_out(house, patch):
    await house.run("DROP TRIGGER registre_door_update ON public.extraction_queue")


@fault("triggers:mirror_update")
async def the_mirror_turned_off(house, patch):
    await house.run("ALTER TABLE registre.job DISABLE TRIGGER mirror_update")
    await house.run("UPDATE registre.job SET stage = 'store', state = 'queued' WHERE state = 'queued'")


@fault("triggers:order_deleted")
async def deleted_orders_that_would_be_bought(house, patch):
    await house.run("ALTER TABLE registre.job DISABLE TRIGGER order_deleted")


@fault("guards")
async def the_index_that_forbids_buying_twice_dropped(house, patch):
    await house.run("DROP INDEX registre.charge_open_by_document")


# --- around ---------------------------------------------------------------------------------------------------------


@fault("redis:connexion", 1)
async def redis_stopped(house, patch):
    return {"REDIS_URL": f"redis://127.0.0.1:{house.closed_port()}/0"}


@fault("redis:mot", 1)
async def a_wrong_redis_password(house, patch):
    address = services.urlsplit(house.environment["REDIS_URL"])
    return {"REDIS_URL": f"redis://:faux@{address.hostname}:{address.port}/0"}


@fault("redis:set", 1)
async def a_redis_that_takes_nothing(house, patch):
    from redis import Redis

    with Redis.from_url(house.environment["REDIS_URL"]) as client:
        client.execute_command("ACL", "SETUSER", "lecteur", "on", ">x", "~*", "+ping", "+get", "+info", "+select")
    address = services.urlsplit(house.environment["REDIS_URL"])
    return {"REDIS_URL": f"redis://lecteur:x@{address.hostname}:{address.port}/0"}


@fault("redis", 1)
async def no_redis_at_all(house, patch):
    return {"REDIS_URL": ""}


async def _lease(house, *, most: str) -> dict[str, str]:
    """A browser process has its place on a machine of that many cores."""
    env = {"SERVER_MAX_CPU": most, "SERVER_MAX_RAM": "64", "REGISTRE_HOST": house.folder.name}
    address = house.environment["REDIS_URL"]

    async def leave():
        client = redis_client(address)
        await client.flushdb()
        await client.aclose()

    house.undo.append(leave)
    settings = read_settings({**house.environment, **env})
    client = redis_client(address)
    assert await configured.capacity(settings, client).enter("poste-browser.1", Kind.REGISTRE)
    await client.aclose()
    return env


@fault("capacity")
async def more_leased_than_the_machine_has(house, patch):
    env = await _lease(house, most="8")
    return {**env, "SERVER_MAX_CPU": "1"}


@fault("capacity_waiting", 1)
async def a_process_that_finds_no_place(house, patch):
    env = await _lease(house, most="4")
    client = redis_client(house.environment["REDIS_URL"])
    kept = configured.capacity(read_settings({**house.environment, **env}), client)
    assert not await kept.enter("poste-browser.2", Kind.REGISTRE)
    await client.aclose()
    return env


@fault("meter:gemini-2.5-flash", 1)
async def the_paid_reader_told_to_wait(house, patch):
    env = await _lease(house, most="8")
    client = redis_client(house.environment["REDIS_URL"])
    meter = configured.meter(read_settings({**house.environment, **env}), client)
    await meter.throttled("gemini-2.5-flash", timedelta(minutes=5))
    await client.aclose()
    return env


@fault("meter:gemini-2.5-pro", 1)
async def the_paid_reader_close_to_its_quota(house, patch):
    env = {**await _lease(house, most="8"), "GEMINI_LIMITS": "10/1000000/0"}
    client = redis_client(house.environment["REDIS_URL"])
    meter = configured.meter(read_settings({**house.environment, **env}), client, _no_history)
    for _ in range(8):
        async with meter.reserve("gemini-2.5-pro", tokens=10, microdollars=1):
            pass
    await client.aclose()
    return env


async def _no_history(_model):
    return History([], 0, 0)


@fault("site")
async def the_registry_away(house, patch):
    return {"REGISTRE_FONCIER_URL": f"http://127.0.0.1:{house.closed_port()}"}


@fault("site")
async def the_registry_in_maintenance(house, patch):
    return {"REGISTRE_FONCIER_URL": house.environment["REGISTRE_FONCIER_URL"] + "/maintenance"}


@fault("site")
async def a_registry_that_never_answers(house, patch):
    silent = socket.create_server(("127.0.0.1", 0))
    house.undo.append(silent.close)
    return {"REGISTRE_FONCIER_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}


@fault("objects")
async def a_store_that_is_a_file(house, patch):
    (house.folder / "fichier").write_text("ni dossier ni S3")
    return {"REGISTRE_OBJECTS": str(house.folder / "fichier")}


@fault("objects")
async def one_bucket_that_cannot_be_written(house, patch):
    (house.folder / "objects" / "actes").write_text("un fichier à la place du dossier")


@fault("object_missing")
async def a_document_deleted_from_the_store(house, patch):
    [(path,)] = await house.run("SELECT path FROM registre.document")
    (house.folder / "objects" / path).unlink()


@fault("disk")
async def a_full_disk(house, patch):
    class Full:
        total, used, free = 100 * 1024**3, 100 * 1024**3, 1024

    patch.setattr(machine.shutil, "disk_usage", lambda _: Full)


@fault("disk", 1)
async def a_disk_that_fills(house, patch):
    class Filling:
        total, used, free = 100 * 1024**3, 99 * 1024**3, 1024**3

    patch.setattr(machine.shutil, "disk_usage", lambda _: Filling)


@fault("temp")
async def a_temporary_folder_that_is_gone(house, patch):
    patch.setattr(machine.tempfile, "gettempdir", lambda: str(house.folder / "absent"))


@fault("browser", host=True)
async def no_browser(house, patch):
    _fake_proc(house, patch)
    return {"REGISTRE_CHROMIUM": str(house.folder / "absent")}


def _fake_proc(house, patch, *, free_kb: int = 8_000_000, swap_free_kb: int = 1_000_000, load: str = "0.1 0.1 0.1"):
    proc = house.folder / "proc"
    proc.mkdir()
    (proc / "meminfo").write_text(
        f"MemTotal: 16000000 kB\nMemAvailable: {free_kb} kB\nSwapTotal: 1000000 kB\nSwapFree: {swap_free_kb} kB\n"
    )
    (proc / "loadavg").write_text(f"{load} 1/100 1\n")
    patch.setattr(host, "PROC", proc)
    return proc


def _no_browser_needed() -> dict[str, str]:
    return {"REGISTRE_CDP_URL": "http://127.0.0.1:9"}


@fault("memory", host=True)
async def memory_used_up(house, patch):
    _fake_proc(house, patch, free_kb=200_000, swap_free_kb=0)
    return _no_browser_needed()


@fault("swap", 1, host=True)
async def memory_on_the_disk(house, patch):
    _fake_proc(house, patch, swap_free_kb=300_000)
    return _no_browser_needed()


@fault("load", 1, host=True)
async def more_work_than_cores(house, patch):
    _fake_proc(house, patch, load="500 500 500")
    return _no_browser_needed()


@fault("defunct", 1, host=True)
async def children_nobody_waits_for(house, patch):
    proc = _fake_proc(house, patch)
    for pid in range(1000, 1040):
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "stat").write_text(f"{pid} (headless_shell) Z 1 1 1 0\n")
    return _no_browser_needed()


# --- processes ------------------------------------------------------------------------------------------------------


@fault("clock")
async def the_clock_dead_with_its_work_undone(house, patch):
    await house.clock.close()
    _, job = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, job)
    await house.run("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", job)
    _, lost = await house.place(document_number="2 784 199")
    await house.aged(lost, 5)
    await house.run("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", str(lost))


@fault("stopped")
async def everything_stopped(house, patch):
    await house.clock.close()
    await house.run("UPDATE public.worker_status SET last_heartbeat = now() - interval '5 minutes'")
    _, job = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, job)
    await house.run("UPDATE registre.job SET lease_until = now() - interval '4 minutes' WHERE id = %s", job)


@fault("clock_stuck")
async def a_clock_that_stopped_its_rounds(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, job)
    await house.run("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", job)


@fault("workers:browser")
async def no_browser_process(house, patch):
    await scenes.beat(house.connection, "browser", ago=120)
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await house.aged(job)


async def _stored(house) -> None:
    """The order in line waits to be read."""
    await house.run("UPDATE registre.job SET stage = 'ocr' WHERE state = 'queued'")
    await house.run("UPDATE public.extraction_queue SET supabase_path = 'index/x.pdf' WHERE status_id = 3")
    await house.run("UPDATE dramatiq.queue SET queue_name = 'ocr' WHERE state = 'queued'")


@fault("workers:ocr")
async def no_ocr_process(house, patch):
    await house.run("DELETE FROM public.worker_status WHERE role = 'ocr'")
    await _stored(house)


@fault("workers:browser", 2)
async def processes_stopped_by_hand(house, patch):
    await scenes.beat(house.connection, "browser", status="stopped")


@fault("silent_workers:browser", 1)
async def one_of_two_processes_killed(house, patch):
    await house.run(
        "INSERT INTO public.worker_status (worker_id, status, role, host, pid, version, started_at, last_heartbeat) "
        "VALUES ('poste-browser.2', 'busy', 'browser', 'poste', 4243, %s, now() - interval '1 hour', "
        "now() - interval '2 minutes')",
        revision(),
    )
    await house.run("UPDATE public.worker_status SET started_at = now() - interval '1 hour'")


@fault("expected:browser", 1)
async def fewer_processes_than_wanted(house, patch):
    return {"REGISTRE_EXPECTED": "browser=3,ocr=1"}


@fault("unpolled:browser")
async def a_process_that_no_longer_looks_for_work(house, patch):
    await house.run("UPDATE public.worker_status SET polled_at = now() - interval '2 min' WHERE role = 'browser'")


@fault("frozen:browser")
async def a_process_suspended(house, patch):
    sleeper = subprocess.Popen(["sleep", "600"])
    sleeper.send_signal(19)

    def end():
        sleeper.kill()
        sleeper.wait()

    house.undo.append(end)
    await house.run(
        "UPDATE public.worker_status SET host = %s, pid = %s, last_heartbeat = now() - interval '1 second' "
        "WHERE role = 'browser'",
        socket.gethostname(),
        sleeper.pid,
    )


@fault("workers:browser")
async def a_process_killed_a_moment_ago(house, patch):
    dead = subprocess.Popen(["true"])
    dead.wait()
    await house.run(
        "UPDATE public.worker_status SET host = %s, pid = %s, last_heartbeat = now() - interval '15 seconds' "
        "WHERE role = 'browser'",
        socket.gethostname(),
        dead.pid,
    )


@fault("versions")
async def processes_of_another_version(house, patch):
    await house.run("UPDATE public.worker_status SET version = '0.0.9' WHERE role = 'ocr'")


@fault("retired_roles")
async def a_process_of_a_role_that_is_no_more(house, patch):
    await house.run(
        "INSERT INTO public.worker_status (worker_id, status, role, host, pid, version) "
        "VALUES ('h-monitor.1', 'idle', 'monitor', 'ailleurs', 7, '0.0.9')"
    )


@fault("old_workers")
async def the_old_system_still_running(house, patch):
    await house.run(
        "INSERT INTO public.worker_status (worker_id, status, last_heartbeat) "
        "VALUES ('unified-worker-3', 'busy', now())"
    )
    await house.run("UPDATE public.extraction_queue SET status_id = 2 WHERE status_id = 1")


@fault("restarts:poste-browser.1", 1)
async def a_process_that_dies_again_and_again(house, patch):
    for _ in range(5):  # killed each time: its line never says « stopped »
        await note_start(house.connection, slot="poste-browser.1", revision=revision())


# --- accounts -------------------------------------------------------------------------------------------------------


@fault("accounts")
async def no_account_at_all(house, patch):
    await house.run("DELETE FROM public.worker_accounts")


@fault("accounts")
async def every_account_benched(house, patch):
    await house.run(
        "UPDATE public.worker_accounts SET is_active = false, failure_count = 2, benched_code = 'account_locked', "
        "benched_text = 'Verrouillé.'"
    )
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await scenes.wait(house.connection, job)


@fault("accounts")
async def every_password_in_clear(house, patch):
    await house.run("UPDATE public.worker_accounts SET password = 'clair-invente'")


@fault("benched_account:12A3456", 1)
async def one_account_locked(house, patch):
    await house.run(
        "UPDATE public.worker_accounts SET is_active = false, failure_count = 2, benched_code = 'account_locked', "
        "benched_text = 'Verrouillé.' WHERE username = '12A3456'"
    )


@fault("clear_passwords", 1)
async def one_password_in_clear(house, patch):
    await scenes.account(house.connection, "31C1", "clair-invente")


@fault("twin_accounts:12A3456")
async def an_account_inserted_twice(house, patch):
    await house.run(
        "INSERT INTO public.worker_accounts (username, password, site) "
        "SELECT username, password, site FROM public.worker_accounts WHERE username = '12A3456'"
    )


@fault("accounts_resting", 1)
async def every_account_resting(house, patch):
    await house.run(
        "UPDATE public.worker_accounts SET rest_until = now() + interval '1 hour', rest_code = 'site_error'"
    )


@fault("account_ceilings", 1)
async def every_account_at_its_share(house, patch):
    await house.run(
        "UPDATE registre.charge SET intent_at = now(), account_id = (SELECT id FROM public.worker_accounts "
        "WHERE username = '12A3456')"
    )
    await house.run("DELETE FROM public.worker_accounts WHERE username <> '12A3456'")
    return {"REGISTRE_ACCOUNT_DAILY_ORDERS": "1"}


@fault("dead_holders", 1)
async def an_account_held_by_the_dead(house, patch):
    await house.run(
        "UPDATE public.worker_accounts SET lease_worker = 'mort#1', lease_until = now() - interval '5 minutes' "
        "WHERE username = '12A3456'"
    )


@fault("waits:no_account", 1)
async def every_account_busy_for_long(house, patch):
    await house.run(
        "UPDATE public.worker_accounts SET lease_worker = 'poste-browser.1#a', lease_until = now() + interval '1 hour'"
    )
    await _waits(house, "no_account", 10)


async def _waits(house, code: str, minutes: int) -> None:
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await scenes.wait(house.connection, job, code)
    await house.run(
        "UPDATE registre.attempt SET started_at = now() - %s * interval '1 minute' WHERE job_id = %s", minutes, job
    )


# --- work and money -------------------------------------------------------------------------------------------------


@fault("ocr_off", 1)
async def reading_turned_off_with_documents_waiting(house, patch):
    await _stored(house)
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await house.aged(job, 60)
    await house.run("UPDATE dramatiq.queue SET message = jsonb_set(message, '{message_timestamp}', '1')")
    return {"REGISTRE_ENVIRONMENTS": "prod", "DATABASE_URL_PROD": house.url, "OCR_PROD": "non",
            "REGISTRE_OBJECTS_PROD": str(house.folder / "objects")}  # fmt: skip


@fault("waits:site_unavailable", 1)
async def the_registry_closed_for_the_night(house, patch):
    await _waits(house, "site_unavailable", 30)


@fault("ceiling", 1)
async def the_ceiling_reached(house, patch):
    await _waits(house, "ceiling_reached", 30)
    await house.run("UPDATE registre.charge SET intent_at = now()")
    await house.run("UPDATE registre.charge SET intent_at = now()")
    return {"REGISTRE_DAILY_CEILING_CENTS": "200"}


@fault("charge_unproven", 1)
async def a_purchase_nobody_can_prove(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.doubt(house.connection, job)


@fault("charge_intent", 1)
async def an_intent_nobody_settles(house, patch):
    _, job = await house.place(document_number="2 784 198")
    target = Target(DocumentKind.INDEX, "2784198", "Montréal", "Cadastre du Québec")
    claimed = await scenes.claim(house.connection, job)
    await jobs.advance_job(house.connection, claimed, Stage.DOWNLOAD, targets=[target])
    claimed = await scenes.claim(house.connection, job, Stage.DOWNLOAD)
    await intend_charge(house.connection, claimed, target, account_id=None, amount_cents=150)
    await house.run("UPDATE registre.charge SET intent_at = now() - interval '1 hour' WHERE job_id = %s", job)


@fault("staging_missing")
async def bytes_paid_and_gone(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.doubt(house.connection, job)
    await house.run(
        "UPDATE registre.charge SET state = 'paid', paid_at = now(), staging_key = 'staging/absent.pdf' "
        "WHERE job_id = %s", job
    )  # fmt: skip


@fault("failures:site_unreachable", 1)
async def jobs_that_failed_because_the_site_was_away(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job)


@fault("failures:challenge", 1)
async def a_challenge_page(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job, "challenge")


@fault("failures:layout_changed", 1)
async def a_page_that_moved(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job, "layout_changed")


@fault("failures:poison_job", 1)
async def a_job_that_kills_its_process(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job, "poison_job")


@fault("failure_rate:page_timeout", 1)
async def one_try_in_four_fails(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    for fence in range(40):
        verdict = "done" if fence % 4 else "retry"
        await house.run(
            "INSERT INTO registre.attempt (job_id, stage, fence, worker, ended_at, verdict, error_code) "
            "VALUES (%s, 'fetch', %s, 'poste-browser.1#a', now(), %s, %s)",
            job,
            100 + fence,
            verdict,
            None if verdict == "done" else "page_timeout",
        )


@fault("oldest:browser.fetch", 1)
async def work_that_waits_too_long(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await house.aged(job, 30)
    await scenes.beat(house.connection, "browser", status="busy")


@fault("not_taken:browser")
async def a_process_that_is_deaf_to_its_queue(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await house.aged(job, 5)
    await house.run(
        "UPDATE dramatiq.queue SET message = jsonb_set(message, '{message_timestamp}', to_jsonb(floor(extract(epoch "
        "FROM now()) * 1000)::bigint - 300000)) WHERE state = 'queued'"
    )


@fault("overtime:fetch", 1)
async def a_stage_that_never_ends(house, patch):
    _, job = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, job)
    await house.run("UPDATE registre.job SET updated_at = now() - interval '1 hour' WHERE id = %s", job)


@fault("lost_messages")
async def a_message_deleted(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await house.aged(job, 5)
    await house.run("DELETE FROM dramatiq.queue WHERE state = 'queued'")


@fault("exhausted_jobs", 1)
async def a_job_beyond_its_tries(house, patch):
    await house.run("UPDATE registre.job SET attempts = 9 WHERE state = 'queued'")


@fault("disagreeing_rows", 1)
async def a_status_written_by_hand(house, patch):
    await house.run("UPDATE public.extraction_queue SET status_id = 2 WHERE status_id = 1")


# --- broker ---------------------------------------------------------------------------------------------------------


async def _message(house, *, queue: str = "fetch", state: str = "queued", job: str | None = None, eta: int = 0) -> None:
    await house.run(
        "INSERT INTO dramatiq.queue (message_id, queue_name, state, mtime, message) VALUES (gen_random_uuid(), %s, "
        "%s::text::dramatiq.state, now() AT TIME ZONE 'UTC' - interval '5 minutes', jsonb_build_object('actor_name', "
        "'fetch', 'args', jsonb_build_array(%s::text), 'options', jsonb_build_object('eta', %s::bigint)))",
        queue,
        state,
        job,
        eta,
    )


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@fault("rejected_messages:fetch", 1)
async def a_message_nobody_understands(house, patch):
    await house.run(
        "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) "
        "VALUES (gen_random_uuid(), 'fetch', 'rejected', '{}')"
    )


@fault("foreign_queue:default", 1)
async def a_queue_nobody_reads(house, patch):
    await _message(house, queue="default", eta=_now_ms())


@fault("orphan_messages", 1)
async def a_message_without_its_job(house, patch):
    await _message(house, job="00000000-0000-4000-8000-000000000000", eta=_now_ms())


@fault("overdue_messages", 1)
async def a_delayed_message_nobody_promotes(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await _message(house, queue="fetch.DQ", job=str(job), eta=_now_ms() - 60_000)


@fault("abandoned_messages", 1)
async def a_message_in_dead_hands(house, patch):
    [(job,)] = await house.run("SELECT id FROM registre.job WHERE state = 'queued'")
    await _message(house, state="consumed", job=str(job))


# --- what the old system left ---------------------------------------------------------------------------------------


async def _inherited(house, **columns) -> None:
    """A row of the old system: it is there, and its job is `imported`."""
    values = {"document_source": "index", "document_number": "1", **columns}
    await house.run("ALTER TABLE public.extraction_queue DROP CONSTRAINT extraction_queue_read_has_text")
    order, _ = await house.place(**values)
    await house.run(
        "INSERT INTO registre.job (order_id, kind, request, stage, state) "
        "VALUES (%s, 'index', '{}', 'ocr', 'imported') ON CONFLICT (order_id) DO UPDATE SET state = 'imported'",
        order,
    )


@fault("imported", 1)
async def rows_the_old_system_left_unfinished(house, patch):
    await _inherited(house, status_id=3, supabase_path="index/x.pdf")


@fault("done_without_text", 1)
async def a_row_done_without_its_text(house, patch):
    await _inherited(house, status_id=5, supabase_path="index/x.pdf")


@fault("stored_without_path", 1)
async def a_row_stored_nowhere(house, patch):
    await _inherited(house, status_id=5, file_content="lu")


@fault("finished_with_owner", 1)
async def a_finished_row_with_an_owner(house, patch):
    await _inherited(house, status_id=4, worker_id="vieux")


@fault("path_malformed", 1)
async def a_path_that_leads_nowhere(house, patch):
    await _inherited(house, status_id=4, supabase_path="/var/tmp/x.pdf")


# --- several environments -------------------------------------------------------------------------------------------


def _both(house, other: str) -> dict[str, str]:
    return {
        "REGISTRE_ENVIRONMENTS": "prod dev",
        "DATABASE_URL_PROD": house.url,
        "DATABASE_URL_DEV": other,
        "REGISTRE_OBJECTS_PROD": str(house.folder / "objects"),
        "OCR_PROD": "oui",
        "OCR_DEV": "oui",
    }


@fault("database:missing")
async def one_environment_of_two_away(house, patch):
    return _both(house, services.address(house.url, "nulle_part"))


@fault("shared_account:12A3456")
async def one_account_in_two_environments(house, patch):
    other = await services.clone(house.url, "registre_healthy")
    house.undo.append(lambda: services.drop(other))
    for role in ("browser", "ocr"):
        async with await psycopg.AsyncConnection.connect(other, autocommit=True) as connection:
            await scenes.beat(connection, role)
            await connection.execute("DELETE FROM dramatiq.queue")
            await connection.execute("DELETE FROM public.extraction_queue WHERE status_id = 1")
            await connection.execute("DELETE FROM registre.job WHERE state = 'queued'")
            await connection.execute("DELETE FROM public.worker_accounts WHERE username = '12B7890'")
    clock = await connect(other)
    await clock.execute("SELECT pg_advisory_lock(hashtext('registre.clock'))")
    house.undo.append(clock.close)
    documents = Path(house.folder / "objects")
    (house.folder / "state").mkdir(exist_ok=True)
    (house.folder / "state" / "objects-dev").symlink_to(documents)
    return _both(house, other)
