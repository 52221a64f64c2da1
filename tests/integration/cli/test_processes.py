"""processes and migrate --show: who works in which revision, how often it came back, and what the tables are at."""

from __future__ import annotations

from registre.db.migrate import migrations
from registre.db.worker import note_start
from registre.revision import revision
from tests.integration.cli import scenes


async def test_each_process_is_shown_with_its_age_revision_and_restarts(connection, registre):
    await scenes.beat(connection, "browser")
    await connection.execute("UPDATE public.worker_status SET started_at = now() - interval '2 hours'")
    for _ in range(5):
        await note_start(connection, slot="poste-browser.1", revision=revision())
    await scenes.beat(connection, "ocr", status="stopped")
    await scenes.beat(connection, "clock", ago=300)

    found = {process["role"]: process for process in registre("processes", json=True)["processes"]}

    browser = found["browser"]
    assert (browser["alive"], browser["status"], browser["restarts"]) == (True, "idle", 5)
    assert (browser["revision"], browser["pid"], browser["here"]) == (revision(), 4242, False)
    assert 7190 < browser["uptime_s"] < 7300
    assert (found["ocr"]["status"], found["clock"]["status"]) == ("stopped", "dead")
    assert {role for role, process in found.items() if process["alive"]} == {"browser"}
    shown = registre("processes").output
    assert "poste-browser.1" in shown
    assert f"Vivants: browser 1. Ici: révision {revision()}." in shown


async def test_a_clean_stop_and_a_first_start_are_no_restart(connection, registre):
    await note_start(connection, slot="poste-browser.1", revision=revision())
    await scenes.beat(connection, "browser", status="stopped")
    await note_start(connection, slot="poste-browser.1", revision=revision())
    await scenes.beat(connection, "browser")
    [browser] = registre("processes", json=True)["processes"]
    assert browser["restarts"] == 0


async def test_without_a_living_process_it_exits_with_1(connection, registre):
    assert "Aucun processus" in registre("processes", exit_code=1).output
    await scenes.beat(connection, "ocr", ago=300)
    assert "aucun" in registre("processes", exit_code=1).output


async def test_show_tells_what_the_tables_are_at_and_what_they_lack(connection, registre):
    versions = [migration.version for migration in migrations()]
    told = registre("migrate", "--show", json=True)["environments"]["dev"]
    assert (told["version"], told["applied"], told["missing"]) == (versions[-1], versions, [])
    assert f"Tables de dev: {versions[-1]}" in registre("migrate", "--show").output
