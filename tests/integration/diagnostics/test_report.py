"""The shape of --json, the words for people, counts that equal plain SQL, an archive that tells nothing private."""

from __future__ import annotations

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import psycopg
from click.testing import CliRunner

from registre.accounts import MAX_FAILURES
from registre.cli import main
from registre.db import server
from registre.diagnostics import accounts
from registre.diagnostics.ground import expected_tables
from tests.integration.cli import scenes


def _say(house, *arguments):
    runner = CliRunner(env=house.environment)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(runner.invoke, main, ["diagnose", *map(str, arguments)]).result()


async def test_the_json_shape_is_stable(house):
    await house.clock.close()

    _, document = house.diagnose()

    assert set(document) == {"level", "first", "findings", "fixed", "bundle"}
    assert {key for finding in document["findings"] for key in finding} == {
        "rule", "about", "environment", "level", "evidence", "cause", "consequence", "command", "explained_by", "data",
    }  # fmt: skip


async def test_people_read_the_cause_first_and_what_to_type_last(house):
    await scenes.beat(house.connection, "browser", ago=120)

    answer = _say(house)

    lines = answer.stdout.splitlines()
    assert answer.exit_code == 2
    assert lines[0].startswith("PANNE     browser: aucun processus vivant")
    assert lines[-1] == "1 panne, 1 avertissement. D'abord: honcho start"


async def test_counts_equal_plain_sql(house):
    for number in range(5):
        await house.place(document_number=f"2 784 3{number:02d}")

    _, document = house.diagnose()

    [queue] = [finding for finding in document["findings"] if finding["rule"] == "queue"]
    plain = await house.run(
        "SELECT status_id, document_source, count(*) FROM public.extraction_queue GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert [(row["status_id"], row["source"], row["rows"]) for row in queue["data"]["rows"]] == plain


async def test_the_archive_holds_what_helps_and_nothing_private(house, tmp_path):
    _, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job, "layout_changed")
    await house.run("UPDATE public.worker_accounts SET failure_count = 2, benched_text = 'Éloïse Trépanier' "
                    "WHERE username = '12A3456'")  # fmt: skip
    path = tmp_path / "soutien.zip"
    logs = tmp_path / "state/logs"
    logs.mkdir(parents=True)
    said = [{"event": "ocr.claimed", "job": str(job), "number": "2 784 198", "level": "info"},
            {"event": "stage.failed", "code": "bug", "text": "Montréal: Éloïse Trépanier", "duration_s": 1.5,
             "exception": 'Traceback\n  File "/x/y.py", line 3, in f\nKeyError: \'Trépanier\''}]  # fmt: skip
    (logs / "ocr.1.log.1").write_text("\n".join(json.dumps({"event": "old", "level": "info"}) for _ in range(990)))
    os.utime(logs / "ocr.1.log.1", (1, 1))
    (logs / "ocr.1.log").write_text("\n".join([*(json.dumps(line) for line in said * 10), "Éloïse Trépanier"]))

    house.diagnose("--bundle", path)

    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(content) == {
        "report.json", "settings.json", "versions.json", "dev/events.json", "dev/errors.json", "dev/processes.json",
        "logs/ocr.json",
    }  # fmt: skip
    lines = json.loads(content["logs/ocr.json"])
    assert (len(lines), lines[0]["event"], lines[-1]) == (1000, "old", {"line": "…"})
    assert lines[-2] == {
        "event": "stage.failed", "code": "bug", "duration_s": 1.5,
        "exception": ['File "/x/y.py", line 3, in f', "KeyError"],
    }  # fmt: skip
    assert json.loads(content["versions.json"])["registre"]
    assert json.loads(content["dev/errors.json"])[0]["error_code"] == "layout_changed"
    password = psycopg.conninfo.conninfo_to_dict(house.url)["password"]
    everything = "".join(content.values())
    for private in ("12A3456", "Trépanier", "2 784 198", "2784198", "Texte inventé", "Montréal", "invente", password):
        assert private not in everything, private
    assert house.environment["REGISTRE_SECRET_KEY"] not in everything


async def test_no_table_or_column_is_missed_that_the_migrations_do_not_make(house):
    there = await server.columns(house.connection)

    missed = {table: sorted(set(columns) - there.get(table, set())) for table, columns in expected_tables().items()}

    assert {table: columns for table, columns in missed.items() if columns} == {}
    assert {"public.extraction_queue", "registre.job", "registre.charge", "dramatiq.queue"} <= set(missed)


def test_accounts_are_benched_after_as_many_failures_as_the_pool_says():
    assert accounts.MAX_FAILURES == MAX_FAILURES


async def test_what_waits_to_be_read_is_counted_with_its_reason(house):
    for number in range(4):
        _, job = await house.place(document_number=f"2 784 4{number:02d}")
        await house.run("UPDATE registre.job SET stage = 'ocr' WHERE id = %s", job)
    await house.run("UPDATE registre.job SET state = 'waiting', error_code = 'quota_wait', error_text = 'x', "
                    "not_before = now() + interval '1 hour' WHERE id = %s", job)  # fmt: skip
    several = {"REGISTRE_ENVIRONMENTS": "prod", "DATABASE_URL_PROD": house.url,
               "REGISTRE_OBJECTS_PROD": house.environment["REGISTRE_OBJECTS"]}  # fmt: skip

    on, off = (_one(house.diagnose(env=env)[1], "ocr_queue")["data"] for env in ({}, several))

    [(total,)] = await house.run(
        "SELECT count(*) FROM registre.job WHERE stage = 'ocr' AND state IN ('queued', 'waiting')"
    )
    assert (on["enabled"], on["eligible"], on["blocked"], on["kinds"]) == (True, 3, {"quota_wait": 1}, {"index": total})
    assert (off["enabled"], off["eligible"], off["blocked"]) == (False, 0, {"ocr_off": total})
    assert len(on["rows"]) == total == 4


async def test_the_variables_of_a_server_are_shown_with_their_source(house):
    _, document = house.diagnose(env={"OCR_WORKER_POOL_SIZE": "1", "SERVER_MAX_CPU": "24"})

    values = _one(document, "variables")["data"]["values"]
    assert values["SERVER_MAX_CPU"] == {"value": "24", "source": "environnement"}
    assert values["REGISTRE_OCR_SLOTS"] == {"value": "1", "source": "environnement (OCR_WORKER_POOL_SIZE)"}
    assert values["OCR_MIN_ACTE_WORKERS"] == {"value": "1", "source": "défaut"}
    assert len(values) >= 9
    assert house.environment["REDIS_URL"] not in str(values)


def _one(document, rule):
    [finding] = [finding for finding in document["findings"] if finding["rule"] == rule]
    return finding


async def test_each_environment_is_examined_under_its_name(house):
    env = {"REGISTRE_ENVIRONMENTS": "prod dev", "DATABASE_URL_PROD": house.url, "OCR_PROD": "oui",
           "REGISTRE_OBJECTS_PROD": house.environment["REGISTRE_OBJECTS"],
           "DATABASE_URL_DEV": "postgresql://x:y@registre.invalid/dev"}  # fmt: skip

    code, document = house.diagnose(env=env)

    assert {f["environment"] for f in document["findings"] if f["level"] != "ok"} == {"dev"}
    assert code == 2
    assert house.diagnose("--env", "prod", env=env)[0] == 0
