"""Several environments on one command line: each command is for one of them, and says which."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from tests import services
from tests.integration.cli.scenes import place


@pytest.fixture(scope="module")
def other_url(servers):
    """The second environment's database, without tables."""
    url = asyncio.run(services.clone(servers.database_url))
    yield url
    asyncio.run(services.drop(url))


@pytest.fixture
def environment(database_url, other_url, tmp_path):
    return {
        "REGISTRE_ENVIRONMENTS": "prod staging",
        "DATABASE_URL_PROD": database_url,
        "DATABASE_URL_STAGING": other_url,
        "OCR_STAGING": "oui",
        "REGISTRE_STATE": str(tmp_path / "state"),
    }


async def test_migrate_says_what_it_did_where_and_reaches_the_others_when_one_is_away(registre, environment):
    gone = {**environment, "DATABASE_URL_PROD": services.address(environment["DATABASE_URL_PROD"], "no_such_database")}
    told = registre("migrate", env=gone, exit_code=1).output.splitlines()
    assert told[0].startswith("Tables de prod: non mises à jour: Postgres ne répond pas")
    assert told[1].startswith("Tables de staging: mises à jour: 0001")

    assert registre("migrate", json=True) == {
        "environments": {"prod": {"migrations": []}, "staging": {"migrations": []}}
    }
    assert registre("--env", "staging", "migrate").output == "Tables    déjà à jour\n"


async def test_a_command_is_for_the_environment_named_else_for_the_first(registre, connection, environment):
    registre("migrate")
    order, _ = await place(connection)

    first = registre("status", json=True)
    assert (first["environment"], [job["id"] for job in first["jobs"]]) == ("prod", [str(order)])
    assert registre("--env", "staging", "status", json=True)["jobs"] == []
    assert "Environnement staging" in registre("--env", "staging", "status").output
    every = registre("status", "--all-env", json=True)["environments"]
    assert {name: len(told["jobs"]) for name, told in every.items()} == {"prod": 1, "staging": 0}
    registre("--env", "staging", "status", order, exit_code=2)


async def test_commands_that_are_shown_are_for_the_same_environment(registre, connection):
    registre("migrate")
    order, _ = await place(connection)
    placed = registre("--env", "staging", "submit", "index", "2784195", "--circonscription", "Montréal",
                      "--cadastre", "Cadastre du Québec").output  # fmt: skip
    assert "registre --env staging watch " in placed
    await connection.execute("UPDATE registre.job SET state = 'cancelled', error_code = 'cancelled'")
    assert "registre --env prod requeue" in registre("--env", "prod", "status", order).output
    assert "registre requeue" in registre("status", order).output


async def test_an_unknown_name_is_refused_with_those_that_there_are(registre):
    said = registre("--env", "production", "status", exit_code=2).output
    assert "production" in said
    assert "prod, staging" in said
    assert "registre --env NOM" in registre("status", "--env", "prod", exit_code=2).output


async def test_documents_that_nothing_will_read_are_counted(registre, connection, environment):
    registre("migrate")
    _, job_id = await place(connection)
    await connection.execute("UPDATE registre.job SET stage = 'ocr' WHERE id = %s", [job_id])

    assert registre("status", json=True)["awaiting_ocr_disabled"] == 1
    assert "1 document attend d'être lu: lecture désactivée (OCR_PROD)" in registre("status").output
    assert registre("status", json=True, env={"OCR_PROD": "oui"})["awaiting_ocr_disabled"] == 0


async def test_config_shows_each_environments_values(registre, environment):
    told = registre("--env", "staging", "config", json=True)
    shown = {row["name"]: row["value"] for row in told["settings"]}
    assert (shown["REGISTRE_ENVIRONMENTS"], shown["OCR_PROD"], shown["OCR_STAGING"]) == ("prod staging", "non", "oui")
    assert shown["DATABASE_URL_PROD"] == "•••"
    assert told["in_force"]["objects"].endswith("objects-staging")


async def test_one_that_is_away_is_named_among_the_others(registre, environment):
    gone = {**environment, "DATABASE_URL_STAGING": services.address(environment["DATABASE_URL_PROD"], "no_such")}
    said = registre("status", "--all-env", env=gone, exit_code=1).output
    assert "Environnement staging: Postgres ne répond pas" in said
    assert "Environnement prod" in said
    with psycopg.connect(environment["DATABASE_URL_PROD"]) as connection:
        assert connection.execute("SELECT count(*) FROM registre.job").fetchone() == (0,)
