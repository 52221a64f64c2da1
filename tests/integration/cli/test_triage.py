"""triage: what has failed, by group as Sentry has it, and what puts exactly one group back to work."""

from __future__ import annotations

import pytest

from registre.db import job as jobs
from registre.db.job import Trouble
from registre.domain import errors
from registre.domain.fault import fault_of
from registre.domain.job import Stage, State
from registre.revision import revision
from tests.integration.cli import scenes

_ERRORS = [
    errors.LayoutChanged(screen="recherche"),
    errors.LayoutChanged(),
    errors.BadPdf(screen="document"),
    KeyError("x"),
    ZeroDivisionError("a/b: c. d"),
]


async def _fail(connection, error, stage=Stage.FETCH, **columns):
    """As `actors/policy.py` writes it."""
    order, job = await scenes.place(connection, **columns)
    claimed = await scenes.claim(connection, job)
    if stage is Stage.DOWNLOAD:
        await jobs.advance_job(connection, claimed, Stage.DOWNLOAD, targets=[])
        claimed = await scenes.claim(connection, job, Stage.DOWNLOAD)
    ours = isinstance(error, errors.RegistreError)
    code, text = (error.code, error.text) if ours else ("bug", f"{type(error).__name__}: {error}")
    trouble = Trouble("drift", code, text, error.screen if ours else None, f"snapshots/{job}/0001.html")
    await jobs.finish_job(connection, claimed, State.FAILED, trouble=trouble)
    return order, job


async def _one(connection, query, *values):
    return (await (await connection.execute(query, list(values))).fetchone())[0]


@pytest.mark.parametrize("error", _ERRORS, ids=lambda error: f"{type(error).__name__}-{getattr(error, 'screen', '')}")
async def test_the_database_and_sentry_name_a_group_alike(connection, error):
    for stage in (Stage.FETCH, Stage.DOWNLOAD):
        _, job = await _fail(connection, error, stage)
        assert await _one(connection, "SELECT fault FROM registre.job WHERE id = %s", job) == fault_of(
            error, site="foncier", stage=stage
        )


async def test_each_group_has_its_count_its_times_its_sample_its_snapshot_and_its_command(registre, connection):
    await scenes.beat(connection, "browser")
    first, _ = await _fail(connection, errors.LayoutChanged(screen="recherche"))
    await connection.execute("UPDATE registre.job SET finished_at = finished_at - interval '2 hours'")
    last, job = await _fail(connection, errors.LayoutChanged(screen="recherche"), Stage.DOWNLOAD)
    await _fail(connection, errors.SiteError(screen="recherche"))
    refused, refused_job = await scenes.place(connection)
    await scenes.fail(connection, refused_job, "not_found", refuse=True)

    document = registre("triage", json=True)
    shown = registre("triage").stdout

    assert document["failed"] == 3
    assert [group["group"] for group in document["groups"]] == [
        "foncier/recherche/layout_changed",
        "foncier/recherche/site_error",
    ]
    group = document["groups"][0]
    assert (group["count"], group["stages"], group["at_stake_cents"]) == (2, ["download", "fetch"], 300)
    assert group["first_seen"] < group["last_seen"]
    assert (group["sample"]["id"], group["sample"]["version"]) == (str(last), revision())
    assert group["sample"]["snapshot"].endswith(f"/objects/snapshots/{job}/0001.html")
    assert group["command"] == "registre requeue --group foncier/recherche/layout_changed --yes"
    assert group["command"] in shown
    assert errors.LayoutChanged.message in shown
    assert "au plus 3,00 $ d'achats" in shown
    assert str(refused)[:8] not in shown

    # The command does what it says, to exactly these.
    answer = registre(*group["command"].split()[1:], json=True)
    assert {item["id"] for item in answer["jobs"]} == {str(first), str(last)}
    assert [item["group"] for item in registre("triage", json=True)["groups"]] == ["foncier/recherche/site_error"]
    # And an undone requeue opens the group again.
    registre("requeue", "--undo", answer["batch"], "--yes")
    assert registre("triage", json=True)["groups"][0]["count"] == 2


async def test_a_group_shows_its_jobs_the_newest_first(registre, connection):
    orders = [(await _fail(connection, errors.SiteError()))[0] for _ in range(3)]
    group = "foncier/fetch/site_error"

    found = registre("triage", "--group", group, "--limit", "2", json=True)
    shown = registre("triage", "--group", group, "--limit", "2").stdout

    assert [job["id"] for job in found["jobs"]] == [str(order) for order in orders[:0:-1]]
    assert "… et 1 autre: --limit 3" in shown
    assert "aucun échec ouvert" in registre("triage", "--group", "foncier/fetch/browser_lost").stdout


@pytest.mark.parametrize(
    "error",
    [errors.BadPdf(), errors.PoisonJob(), errors.Challenge(), errors.AccountBenched(), errors.LoginFailed()],
    ids=lambda error: error.code,
)
async def test_what_needs_a_person_has_no_command_in_bulk(registre, connection, error):
    await _fail(connection, error)

    [group] = registre("triage", json=True)["groups"]
    shown = registre("triage").stdout

    assert group["command"] is None
    assert "une personne regarde d'abord" in shown
    assert "requeue --group" not in shown
    assert f"registre triage --group {group['group']}" in shown


async def test_money_in_doubt_is_told_and_not_put_at_stake(registre, connection):
    _, job = await scenes.place(connection)
    await scenes.doubt(connection, job)

    [group] = registre("triage", json=True)["groups"]

    assert group["charges"] == {"unproven": {"count": 1, "cents": 150}}
    assert "1 achat à vérifier (1,50 $)" in registre("triage").stdout


async def test_nothing_broken_is_said(registre, connection):
    assert "Aucun échec ouvert" in registre("triage").stdout
    assert registre("triage", json=True) == {"groups": [], "failed": 0}


async def test_with_several_environments_each_command_names_its_own(registre, connection, environment, tmp_path):
    await _fail(connection, errors.SiteError())
    several = {
        "REGISTRE_ENVIRONMENTS": "prod dev",
        "DATABASE_URL": "",
        "DATABASE_URL_PROD": "postgresql://127.0.0.1:1/x",
        "DATABASE_URL_DEV": environment["DATABASE_URL"],
    }

    shown = registre("--env", "dev", "triage", env=several).stdout

    assert "dev: 1 groupe" in shown
    assert "registre --env dev requeue --group foncier/fetch/site_error --yes" in shown


async def test_the_groups_are_found_by_their_index(connection):
    """A million jobs are counted in no time because the jobs themselves are not read."""
    from registre.db.triage import _SQL

    await connection.execute("SET enable_seqscan = off")
    await connection.execute("SET enable_bitmapscan = off")
    plan = await (await connection.execute(f"EXPLAIN {_SQL['fault_groups']}", {"fault": None})).fetchall()

    assert any("Index Only Scan using job_by_fault" in line for (line,) in plan)
