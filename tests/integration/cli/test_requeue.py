"""requeue: what is foreseen is what happens, in bulk as one by one, once, and can be taken back."""

from __future__ import annotations

from itertools import product
from uuid import uuid4

import pytest
from psycopg.rows import dict_row

from registre.db import job as jobs
from registre.db import requeue as requeues
from registre.db.requeue import Filters, requeue_candidates
from registre.domain.job import Stage
from registre.settings import Settings
from tests.integration.cli import scenes

#: Everything of a job and its row that a requeue touches.
_LIFE = """SELECT j.stage, j.state, j.attempts, j.crashes, j.request, j.not_before, j.finished_at, j.error_code,
  j.error_text, j.screen, j.fresh, j.targets, j.document_id, j.fault, j.worker, j.lease_until, j.hold_worker,
  to_jsonb(q) - 'updated_at' AS row, (SELECT jsonb_agg(to_jsonb(c) ORDER BY c.id) FROM registre.charge c
  WHERE c.job_id = j.id) AS charges
FROM registre.job j LEFT JOIN public.extraction_queue q ON q.id = j.order_id WHERE j.id = %s"""


async def _life(connection, job):
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(_LIFE, [job])).fetchone()


async def _value(connection, query, *values):
    return (await (await connection.execute(query, list(values))).fetchone())[0]


async def _failed(connection, count=1, code="site_unreachable"):
    found = [await scenes.place(connection) for _ in range(count)]
    for _, job in found:
        await scenes.fail(connection, job, code)
    return found


#: Every combination that the database lets stand.
_STATES = ("waiting", "done", "refused", "failed", "imported")
_CHARGES = (None, "intent", "paid", "staged", "unproven", "void")
_CODES = ("site_error", "charge_unproven", "document_timeout", "bad_pdf", "wrong_document", "reader_failed")


async def _world(connection) -> None:
    """One job for each state, stage, charge, code, document and edit of its row."""
    documents = []
    for age, kind in product(("1 hour", "30 days"), ("index", "acte")):
        documents.append(
            await _value(
                connection,
                "INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path, "
                "created_at) VALUES ('k', %s, '{}', %s, 1, 1, 'o', %s, now() - %s::interval) RETURNING id",
                kind,
                uuid4().hex * 2,
                f"index/{uuid4()}.pdf",
                age,
            )
        )
    shapes = list(product(_STATES, Stage, _CHARGES, _CODES[:2], (None, *documents[:1]), (False, True)))
    shapes += list(product(("failed",), Stage, _CHARGES, _CODES[2:], (None,), (False,)))
    shapes += list(product(("done",), (Stage.OCR,), _CHARGES, ("site_error",), documents, (False, True)))
    shapes += [(state, Stage.FETCH, None, "site_error", None, False) for state in ("queued", "running", "cancelled")]
    shapes = [shape for shape in shapes if shape[0] != "done" or shape[4] is not None]
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(
            "INSERT INTO public.extraction_queue (document_source, document_number, cadastre) "
            "SELECT 'index', n::text, 'C' FROM generate_series(1, %s) n",
            [len(shapes)],
        )
        await cursor.execute("SELECT id, order_id FROM registre.job")
        made = await cursor.fetchall()
        await cursor.execute("ALTER TABLE registre.job DISABLE TRIGGER USER")
        await cursor.executemany(
            "UPDATE registre.job SET state = %s, stage = %s, error_code = %s, document_id = %s, not_before = now(), "
            "finished_at = now(), worker = %s, lease_until = CASE WHEN %s THEN now() END WHERE id = %s",
            [
                (state, stage, code, document, "w1" if state == "running" else None, state == "running", job)
                for (job, _), (state, stage, _, code, document, _) in zip(made, shapes, strict=True)
            ],
        )
        await cursor.executemany(
            "INSERT INTO registre.charge (job_id, document_key, target, state, amount_cents, staging_key) "
            "VALUES (%s, %s, '{}', %s, 150, %s)",
            [
                (job, str(job), "paid" if charge == "staged" else charge, "s" if charge == "staged" else None)
                for (job, _), (_, _, charge, *_) in zip(made, shapes, strict=True)
                if charge is not None
            ],
        )
        # An edit of the row; on a row of the old system, a document that it has.
        await cursor.executemany(
            "UPDATE public.extraction_queue SET status_id = 3, supabase_path = %s, cadastre = %s WHERE id = %s",
            [
                ("index/x.pdf" if state == "imported" else None, "C" if state == "imported" else "X", order)
                for (_, order), (state, *_, edited) in zip(made, shapes, strict=True)
                if edited
            ],
        )
        await cursor.execute("ALTER TABLE registre.job ENABLE TRIGGER USER")


@pytest.mark.parametrize("rebuy", [False, True])
async def test_what_is_foreseen_is_what_happens_in_every_state(connection, rebuy):
    await _world(connection)
    ids = tuple(row[0] for row in await (await connection.execute("SELECT id FROM registre.job")).fetchall())
    settings = Settings()

    foreseen = await requeue_candidates(
        connection, Filters(ids), rebuy=rebuy, price_cents=150, max_age=settings.index_max_age
    )
    answers = {}
    async for chunk in requeues.requeue_many(connection, ids, actor="t", batch="b", rebuy=rebuy):
        answers |= chunk

    assert len(foreseen) == len(ids) > 400
    assert {job.id: job.expected for job in foreseen} == answers
    assert {job.at_stake_cents for job in foreseen if job.expected != "fetch"} == {0}
    reached = await (await connection.execute("SELECT id, stage FROM registre.job WHERE state = 'queued'")).fetchall()
    kept = {job.id for job in foreseen if job.state == "queued"}
    assert {job: stage for job, stage in reached if job not in kept} == {
        job: answer for job, answer in answers.items() if answer in set(Stage)
    }
    # Money is foreseen where the way leads past the purchase and nothing is paid or held.
    for job in foreseen:
        if job.expected == "fetch" and (rebuy or (job.charge_state != "paid" and job.state != "done")):
            assert job.at_stake_cents == 150
        elif job.expected == "fetch" and job.charge_state == "paid":
            assert job.at_stake_cents == 0


async def test_filters_combine_and_the_oldest_come_first(registre, connection):
    old, young = await _failed(connection, 2)
    [other] = await _failed(connection, code="reader_failed")
    await connection.execute(
        "UPDATE registre.job SET finished_at = now() - interval '3 hours', created_at = now() - interval '4 hours' "
        "WHERE id = ANY(%s)",
        [[old[1], other[1]]],
    )
    asked = {
        ("--code", "site_unreachable"): {old, young},
        ("--code", "site_unreachable", "--older", "2h"): {old},
        ("--code", "site_unreachable", "--younger", "30m"): {young},
        ("--older", "2h", "--younger", "1j"): {old, other},
        ("--group", "foncier/search/reader_failed"): {other},
        ("--group", "foncier/search/reader_failed", "--younger", "90s"): set(),
        ("--stage", "ocr"): set(),
        ("--code", "site_unreachable", "--limit", "1"): {old},
        (old[0], young[0], "--older", "2 h"): {old},
    }
    for words, expected in asked.items():
        found = registre("requeue", *words, json=True)["jobs"]
        assert {item["job_id"] for item in found} == {str(job) for _, job in expected}, words
    assert "pas une durée" in registre("requeue", "--older", "hier", exit_code=2).stderr
    assert "requeue --help" in registre("requeue", "--limit", "3", exit_code=2).stderr


async def test_a_second_run_is_nothing_and_says_so(registre, connection):
    [(order, job)] = await _failed(connection)

    registre("requeue", "--code", "site_unreachable", "--yes")
    again = registre("requeue", "--code", "site_unreachable", "--yes")
    by_id = registre("requeue", order, "--yes")

    assert "rien à faire" in again.stdout
    assert "déjà en file" in by_id.stdout
    assert "Rien à faire." in by_id.stdout
    assert "Lot" not in by_id.stdout
    assert (await _life(connection, job))["state"] == "queued"
    assert await _value(connection, "SELECT fence FROM registre.job WHERE id = %s", job) == 2


async def test_hundreds_go_back_in_their_order_with_their_priority_and_each_is_in_the_event_log(registre, connection):
    await connection.execute(
        "INSERT INTO public.extraction_queue (document_source, document_number, created_at) "
        "SELECT 'index', n::text, now() - n * interval '1 minute' FROM generate_series(1, 600) n"
    )
    await connection.execute(
        "UPDATE registre.job j SET state = 'failed', error_code = 'site_error', priority = id_number % 3, "
        "created_at = now() - id_number * interval '1 minute' FROM (SELECT id AS order_id, document_number::int AS "
        "id_number FROM public.extraction_queue) q WHERE q.order_id = j.order_id"
    )
    await connection.execute("DELETE FROM dramatiq.queue")

    document = registre("requeue", "--code", "site_error", "--yes", json=True)

    assert (document["count"], document["at_stake_cents"]) == (600, 600 * 150)
    assert (
        await _value(
            connection,
            "SELECT count(*) FROM dramatiq.queue m JOIN registre.job j ON j.id::text = m.message -> 'args' ->> 0 "
            "WHERE m.priority = j.priority AND m.queue_name = 'fetch' AND m.state = 'queued'",
        )
        == 600
    )
    # A later chunk holds younger orders: their messages are not older.
    assert (
        await _value(
            connection,
            "SELECT count(*) FROM (SELECT m.eta < lag(m.eta) OVER (ORDER BY j.created_at) AS back "
            "FROM dramatiq.queue m JOIN registre.job j ON j.id::text = m.message -> 'args' ->> 0) s WHERE back",
        )
        == 0
    )
    actors = await (
        await connection.execute(
            "SELECT count(*), count(DISTINCT actor), min(data ->> 'batch'), max(data ->> 'batch') FROM registre.event "
            "WHERE name = 'job.requeue'"
        )
    ).fetchone()
    assert actors == (600, 1, document["batch"], document["batch"])


async def test_rebuying_is_decided_one_by_one(registre, connection):
    assert (
        "demande par demande"
        in registre("requeue", "--code", "charge_unproven", "--rebuy", "--yes", exit_code=2).stderr
    )


@pytest.mark.parametrize("how", ["failed", "refused", "waiting", "cancelled", "done", "doubtful", "imported"])
async def test_undo_puts_back_exactly_what_was(registre, connection, how):
    order, job = await scenes.place(connection)
    match how:
        case "failed":
            await scenes.fail(connection, job)
        case "refused":
            await scenes.fail(connection, job, "not_found", refuse=True)
        case "waiting":
            await scenes.wait(connection, job)
        case "cancelled":
            registre("cancel", order)
        case "done":
            await scenes.finish(connection, job, content=b"%PDF", texts=("un",))
        case "doubtful":
            await scenes.doubt(connection, job)
        case "imported":
            await connection.execute("UPDATE registre.job SET state = 'imported' WHERE id = %s", [job])
            await connection.execute(
                "UPDATE public.extraction_queue SET status_id = 3, supabase_path = 'index/x.pdf', worker_id = 'w9', "
                "error_message = 'ancien', attemtps = 2 WHERE id = %s",
                [order],
            )
    before = await _life(connection, job)

    rebuy = ["--rebuy"] if how == "doubtful" else []
    batch = registre("requeue", order, *rebuy, "--yes", json=True)["batch"]
    assert (await _life(connection, job))["state"] == "queued"
    assert registre("requeue", "--undo", "last", json=True)["jobs"][0]["answer"] == "restored"
    assert (await _life(connection, job))["state"] == "queued"
    assert "remise comme avant" in registre("requeue", "--undo", batch, "--yes").stdout

    assert await _life(connection, job) == before
    # Its message is gone with it; what waited has one for its time.
    queued = await _value(
        connection,
        "SELECT count(*) FROM dramatiq.queue WHERE state = 'queued' AND message -> 'args' ->> 0 = %s",
        str(job),
    )
    assert queued == (1 if how == "waiting" else 0)
    again = registre("requeue", "--undo", batch, "--yes")
    assert "déjà remise comme avant" in again.stdout
    assert "Rien à faire." in again.stdout
    assert await _life(connection, job) == before


async def test_undo_leaves_what_was_taken_up_and_says_which(registre, connection):
    (free_order, free), (taken_order, taken), (run_order, run) = await _failed(connection, 3)
    registre("requeue", free_order, taken_order, run_order, "--yes")
    await scenes.wait(connection, taken)
    await scenes.claim(connection, run)
    before = [await _life(connection, job) for job in (taken, run)]

    answer = registre("requeue", "--undo", "last", "--yes", exit_code=3)

    assert [str(order)[:8] in answer.stdout for order in (free_order, taken_order, run_order)] == [False, True, True]
    assert (await _life(connection, free))["state"] == "failed"
    assert [await _life(connection, job) for job in (taken, run)] == before
    # And a claim that was on its way to the restored job finds nothing to take.
    assert (
        await _value(
            connection, "SELECT count(*) FROM registre.job WHERE id = %s AND state IN ('queued', 'waiting')", free
        )
        == 0
    )


async def test_undo_leaves_what_went_on_to_the_next_queue(registre, connection):
    [(order, job)] = await _failed(connection)
    registre("requeue", order, "--yes")
    await jobs.advance_job(connection, await scenes.claim(connection, job), Stage.DOWNLOAD, targets=[])
    before = await _life(connection, job)

    answer = registre("requeue", "--undo", "last", "--yes", json=True, exit_code=3)

    assert [item["answer"] for item in answer["jobs"]] == ["moved_on"]
    assert await _life(connection, job) == before
    assert (before["stage"], before["state"]) == ("download", "queued")


async def test_a_purchase_by_another_keeps_a_rebuy_from_being_undone(registre, connection):
    order, job = await scenes.place(connection)
    charge = await scenes.doubt(connection, job)
    _, rival = await scenes.place(connection)
    registre("requeue", order, "--rebuy", "--yes")
    await connection.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, amount_cents) "
        "SELECT %s, document_key, target, 150 FROM registre.charge WHERE id = %s",
        [rival, charge],
    )

    answer = registre("requeue", "--undo", "last", "--yes", json=True, exit_code=3)

    assert [item["answer"] for item in answer["jobs"]] == ["rival"]
    assert await _value(connection, "SELECT state FROM registre.charge WHERE id = %s", charge) == "void"


async def test_last_is_the_last_of_whoever_types(registre, connection):
    [(_, job)] = await _failed(connection)
    async for _ in requeues.requeue_many(connection, [job], actor="cli:collegue", batch="0badcafe"):
        pass

    assert "rien relancé" in registre("requeue", "--undo", "last", "--yes", exit_code=2).stderr
    assert "Aucune relance" in registre("requeue", "--undo", "ffffffff", exit_code=2).stderr
    assert "cli:collegue" in registre("requeue", "--undo", "0BADCAFE", "--yes").stdout


async def test_the_row_of_an_application_that_says_1_again_still_works_after_an_undo(registre, connection):
    [(order, job)] = await _failed(connection)
    registre("requeue", order, "--yes")
    registre("requeue", "--undo", "last", "--yes")

    await connection.execute("UPDATE public.extraction_queue SET status_id = 1 WHERE id = %s", [order])

    assert (await _life(connection, job))["state"] == "queued"
    assert await scenes.claim(connection, job)


async def test_undo_gives_the_job_its_old_words_and_leaves_the_edit_on_the_row(registre, connection):
    [(order, job)] = await _failed(connection)
    old = (await _life(connection, job))["request"]
    await connection.execute("UPDATE public.extraction_queue SET cadastre = 'X' WHERE id = %s", [order])

    registre("requeue", order, "--yes")
    assert (await _life(connection, job))["request"]["cadastre"] == "X"
    registre("requeue", "--undo", "last", "--yes")

    assert (await _life(connection, job))["request"] == old
    assert await _value(connection, "SELECT cadastre FROM public.extraction_queue WHERE id = %s", order) == "X"
