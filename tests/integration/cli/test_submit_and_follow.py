"""Orders in, their state out."""

from __future__ import annotations

from tests.integration.cli import scenes

_INDEX = ("submit", "index", "2 784 195", "--circonscription", "Montréal", "--cadastre", "Cadastre du Québec")


async def test_an_order_becomes_a_row_a_job_and_a_message(registre, connection):
    document = registre(*_INDEX, "--fresh", "--priority", "-5", json=True)

    order = document["submitted"][0]
    row = await (
        await connection.execute(
            "SELECT q.status_id, q.document_number, q.document_number_normalized, j.fresh, j.priority, m.priority "
            "FROM public.extraction_queue q JOIN registre.job j ON j.order_id = q.id "
            "JOIN dramatiq.queue m ON m.message -> 'args' ->> 0 = j.id::text WHERE q.id = %s",
            [order["id"]],
        )
    ).fetchone()
    assert row == (1, "2 784 195", "2784195", True, -5, -5)


async def test_the_next_order_does_not_inherit_fresh_or_priority(registre, connection):
    registre(*_INDEX, "--fresh", "--priority", "-5")

    order = registre(*_INDEX, json=True)["submitted"][0]

    assert (order["fresh"], order["priority"]) == (False, 0)


async def test_a_file_with_one_bad_line_inserts_nothing(registre, connection, tmp_path):
    path = tmp_path / "demandes.csv"
    path.write_text("sorte,numéro,circonscription,cadastre\nindex,2784195,Montréal,Q\nindex,,Montréal,Q\n")

    answer = registre("submit", "--file", path, exit_code=3)

    assert "ligne 3:" in answer.stderr
    count = await (await connection.execute("SELECT count(*) FROM public.extraction_queue")).fetchone()
    assert count == (0,)


async def test_partial_inserts_the_good_lines_and_names_the_bad(registre, tmp_path):
    path = tmp_path / "demandes.csv"
    path.write_text("sorte,numéro,circonscription,cadastre\nindex,2784195,Montréal,Q\nindex,,Montréal,Q\n")

    document = registre("submit", "--file", path, "--partial", json=True, exit_code=3)

    assert [(line["line"], line["number"]) for line in document["submitted"]] == [(2, "2784195")]
    assert [line["line"] for line in document["refused"]] == [3]


async def test_a_thousand_lines_are_one_transaction(registre, connection):
    lines = "".join(f"index,{number},Montréal,Q\n" for number in range(2_000_000, 2_001_000))

    registre("submit", "--file", "-", stdin=f"sorte,numéro,circonscription,cadastre\n{lines}")

    row = await (
        await connection.execute("SELECT count(*), count(DISTINCT xmin::text) FROM public.extraction_queue")
    ).fetchone()
    assert row == (1000, 1)


async def test_the_list_filters_by_status_kind_and_code(registre, connection):
    _, failed = await scenes.place(connection)
    await scenes.fail(connection, failed)
    await scenes.place(connection, document_source="acte", document_number="25616321", acte_type="Acte")

    assert len(registre("status", json=True)["jobs"]) == 2
    assert [job["kind"] for job in registre("status", "--kind", "acte", json=True)["jobs"]] == ["acte"]
    for chosen in (("--status", "failed"), ("--status", "4"), ("--code", "site_unreachable"), ("--status", "échoué")):
        assert [job["job_id"] for job in registre("status", *chosen, json=True)["jobs"]] == [str(failed)]


async def test_the_list_fits_a_hundred_columns_and_has_no_box_when_piped(registre, connection):
    await scenes.place(connection, circonscription_fonciere="Saint-Hyacinthe", document_number="10 784 195")
    _, waiting = await scenes.place(connection, document_number="25 616 321")
    await scenes.wait(connection, waiting)

    shown = registre("status").stdout

    assert max(map(len, shown.splitlines())) <= 100
    assert not set(shown) & set("─━│┃┏╭\x1b")
    assert "10 784 195" in shown


async def test_a_life_tells_tries_money_and_document(registre, connection):
    order, job = await scenes.place(connection)
    await scenes.finish(connection, job, content=b"%PDF-1.7 un", texts=("Index des immeubles",))

    document = registre("status", str(order)[:6], json=True)

    what = [step["what"] for step in document["timeline"]]
    assert what[0] == "job.queued"
    assert what.count("attempt.done") == 4
    assert {"charge.intent", "charge.paid", "charge.have", "document.stored", "job.done"} <= set(what)
    assert document["charges"][0]["amount_cents"] == 150
    shown = registre("status", str(job)[:8]).stdout
    assert "demande R-1002003" in shown
    assert "1,50 $, payé, document reçu" in shown


async def test_a_failed_life_ends_with_what_to_do_for_this_very_job(registre, connection):
    order, job = await scenes.place(connection)
    await scenes.fail(connection, job, "poison_job")

    shown = registre("status", str(order)[:8]).stdout

    assert f"registre requeue {str(order)[:8]} --yes" in shown
    assert f"snapshots/{job}/0001.png" in shown


async def test_an_id_that_means_nothing_or_several_says_so(registre, connection):
    for tail in ("1", "2"):
        await scenes.place(connection, id=f"abcdef00-0000-4000-8000-00000000000{tail}")

    assert "désigne 2 demandes" in registre("status", "abcdef00", exit_code=2).stderr
    assert "Aucune demande" in registre("status", "123456", exit_code=2).stderr


async def test_an_order_that_never_waited_is_explained(registre, connection):
    order, job = await scenes.place(connection, status_id=4)

    assert job is None
    assert "status_id 4" in registre("status", str(order)[:8], exit_code=2).stderr


async def test_watch_ends_when_all_jobs_are_over(registre, connection):
    _, failed = await scenes.place(connection)
    await scenes.fail(connection, failed)
    _, refused = await scenes.place(connection)
    await scenes.fail(connection, refused, "not_found", refuse=True)

    assert "échoué" in registre("watch", failed, refused, exit_code=1).stdout
    assert registre("watch", refused, json=True, exit_code=3)["jobs"][0]["error_code"] == "not_found"
    assert "Aucune demande n'est ouverte" in registre("watch").stdout
