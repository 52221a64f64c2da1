"""Why does this one not move? Each cause by its name."""

from __future__ import annotations

import pytest

from registre.domain.job import State
from tests.integration.cli import scenes


async def _why(house, order, env=None):
    _, document = house.diagnose("--job", order, env=env)
    return [finding["about"] for finding in document["findings"]], document["findings"][0]


async def test_in_line(house):
    order, _ = await house.place(document_number="2 784 198")

    names, finding = await _why(house, order)

    assert names == ["in_line"]
    assert "attend son tour" in finding["evidence"]


async def test_no_worker_and_no_account_are_both_named(house):
    order, _ = await house.place(document_number="2 784 198")
    await scenes.beat(house.connection, "browser", ago=120)
    await house.run("DELETE FROM public.worker_accounts")

    assert (await _why(house, order))[0] == ["no_worker", "no_account"]


async def test_all_accounts_busy(house):
    order, _ = await house.place(document_number="2 784 198")
    await house.run("UPDATE public.worker_accounts SET lease_worker = 'a', lease_until = now() + interval '1 minute'")

    assert (await _why(house, order))[0] == ["accounts_busy"]


@pytest.mark.parametrize(("leads", "level"), [(True, "warning"), (False, "failure")])
async def test_message_lost(house, leads, level):
    order, job = await house.place(document_number="2 784 198")
    await house.run("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", str(job))
    if not leads:
        await house.clock.close()

    names, finding = await _why(house, order)

    assert (names, finding["level"]) == (["message_lost"], level)


@pytest.mark.parametrize(
    "code", ["no_account", "being_bought", "site_unavailable", "ceiling_reached", "page_timeout", "settling_charge"]
)
async def test_a_wait_is_named_by_its_code(house, code):
    order, job = await house.place(document_number="2 784 198")
    await scenes.wait(house.connection, job, code)

    names, finding = await _why(house, order)

    assert names[-1] == code or names[0] == code or code in names
    assert "repartira d'elle-même" in str(finding) or code == "ceiling_reached"


async def test_reading_is_off(house):
    order, job = await house.place(document_number="2 784 198")
    await house.run("UPDATE registre.job SET stage = 'ocr' WHERE id = %s", job)
    await house.run(
        "INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path) "
        "VALUES ('k', 'index', '{}', repeat('a', 64), 1, 1, 'objects/a', 'index/a')"
    )
    await house.run(
        "UPDATE registre.job SET document_id = (SELECT id FROM registre.document WHERE path = 'index/a') WHERE id = %s",
        job,
    )
    await house.run("UPDATE dramatiq.queue SET queue_name = 'ocr' WHERE message -> 'args' ->> 0 = %s", str(job))
    env = {"REGISTRE_ENVIRONMENTS": "prod", "DATABASE_URL_PROD": house.url}

    assert (await _why(house, order, env))[0] == ["ocr_off"]


async def test_nothing_to_read(house):
    order, job = await house.place(document_number="2 784 198")
    await house.run("UPDATE registre.job SET stage = 'ocr' WHERE id = %s", job)
    await house.run("UPDATE dramatiq.queue SET queue_name = 'ocr' WHERE message -> 'args' ->> 0 = %s", str(job))

    assert (await _why(house, order))[0] == ["missing_document"]


async def test_held_by_a_living_process_and_by_a_dead_one(house):
    order, job = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, job)

    names, finding = await _why(house, order)
    assert names == ["held"]
    assert scenes.WORKER in finding["cause"]

    await house.run("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", job)
    assert (await _why(house, order))[0] == ["holder_dead"]
    await house.clock.close()
    assert (await _why(house, order))[0] == ["no_clock"]


async def test_over_in_each_way(house):
    failed, job = await house.place(document_number="2 784 198")
    await scenes.fail(house.connection, job)
    spent, job = await house.place(document_number="2 784 199")
    await house.run("UPDATE registre.job SET attempts = 2 WHERE id = %s", job)
    await scenes.fail(house.connection, job)
    refused, job = await house.place(document_number="2 784 200")
    await scenes.fail(house.connection, job, "not_found", refuse=True)
    cancelled, job = await house.place(document_number="2 784 201")
    await house.run("SELECT registre.cancel(%s, 'test')", job)
    imported, job = await house.place(document_number="2 784 202")
    await house.run("UPDATE registre.job SET state = %s WHERE id = %s", State.IMPORTED, job)

    names = [(await _why(house, order))[0] for order in (failed, spent, refused, cancelled, imported)]

    assert names == [["failed"], ["exhausted"], ["refused"], ["cancelled"], ["imported"]]


async def test_an_unknown_id_is_a_slip_of_the_keyboard(house):
    code, answer = house.diagnose("--job", "zzzzzzzz")

    assert code == 2
    assert "n'est pas un identifiant" in answer["error"]["text"]
