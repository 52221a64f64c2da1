"""--fix mends what costs nothing, says so, leaves a trace, and has nothing left to do the second time."""

from __future__ import annotations

from tests.integration.cli import scenes


async def _break_everything_safe(house):
    _, dead = await house.place(document_number="2 784 198")
    await scenes.claim(house.connection, dead)
    await house.run("UPDATE registre.job SET lease_until = now() - interval '1 minute' WHERE id = %s", dead)
    _, lost = await house.place(document_number="2 784 199")
    await house.aged(lost, 5)
    await house.run("DELETE FROM dramatiq.queue WHERE message -> 'args' ->> 0 = %s", str(lost))
    await house.run(
        "UPDATE public.worker_accounts SET lease_worker = 'mort#1', lease_until = now() - interval '5 minutes' "
        "WHERE username = '12A3456'"
    )
    await house.run("ALTER TABLE public.extraction_queue DISABLE TRIGGER registre_door_insert")
    await house.place(document_number="2 784 200")
    await house.run("ALTER TABLE public.extraction_queue ENABLE TRIGGER registre_door_insert")
    await house.run("ALTER TABLE registre.job DISABLE TRIGGER mirror_update")
    order, moved = await house.place(document_number="2 784 201")
    await house.run("UPDATE public.extraction_queue SET status_id = 2 WHERE id = %s", order)
    await house.run(
        "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) VALUES (gen_random_uuid(), 'fetch', "
        "'rejected', jsonb_build_object('actor_name', 'fetch', 'args', jsonb_build_array(%s::text)))",
        str(moved),
    )


async def test_what_is_safe_is_mended_once_and_noted(house):
    await _break_everything_safe(house)

    code, document = house.diagnose("--fix")

    done = {item["fix"]: item["count"] for item in document["fixed"]}
    assert done == {
        "triggers": 1, "leases": 1, "accounts": 1, "unjoined_rows": 1, "messages": 1, "rows": 1, "rejected": 1,
    }  # fmt: skip
    assert (code, document["first"]) == (0, None), document["findings"][0]
    events = await house.run("SELECT data ->> 'fix', actor FROM registre.event WHERE name = 'diagnose.fix'")
    assert {fix for fix, _ in events} == set(done)
    assert all(actor.startswith("cli:") for _, actor in events)

    assert house.diagnose("--fix")[1]["fixed"] == []


async def test_a_status_that_is_missing_comes_back(house):
    await house.run("DELETE FROM public.extraction_status WHERE id = 6")

    _, document = house.diagnose("--fix")

    assert [(item["fix"], item["count"]) for item in document["fixed"]] == [("statuses", 1)]
    assert await house.run("SELECT name FROM public.extraction_status WHERE id = 6") == [("OCR en traitement",)]


async def test_a_door_somebody_shut_stays_shut(house):
    await house.run("ALTER TABLE public.extraction_queue DISABLE TRIGGER registre_door_insert")

    code, document = house.diagnose("--fix")

    assert (code, document["first"]) == (2, "triggers:registre_door_insert")


async def test_money_in_doubt_is_not_touched(house):
    _, job = await house.place(document_number="2 784 198")
    await scenes.doubt(house.connection, job)
    before = await house.run("SELECT state, count(*) FROM registre.charge GROUP BY state ORDER BY state")

    _, document = house.diagnose("--fix")

    assert document["fixed"] == []
    assert await house.run("SELECT state, count(*) FROM registre.charge GROUP BY state ORDER BY state") == before


async def test_without_fix_nothing_changes(house):
    await _break_everything_safe(house)
    tables = ("registre.job", "registre.event", "dramatiq.queue", "public.extraction_queue", "public.worker_accounts")
    sums = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t"
    before = [await house.run(sums.format(table)) for table in tables]

    house.diagnose()

    assert [await house.run(sums.format(table)) for table in tables] == before
