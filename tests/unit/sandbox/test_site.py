"""The replica land registry's screens, order of steps and money, over HTTP without a browser."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import httpx
import pytest
from site_client import customer, index_2784195, replica

from registre.domain.request import DocumentKind, Target
from registre.sandbox.foncier import paths
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, Options
from registre.sandbox.server import create_app, run, serve


async def test_an_index_is_walked_from_login_to_pdf_and_charged_once():
    app = replica()
    visitor = await customer(app)
    assert "Terminer la session" in visitor.text

    await index_2784195(visitor)
    redirects = [r for r in visitor.page.history if r.is_redirect]
    pdf = await visitor.save()

    assert len(redirects) == 4
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert b"2784195" in pdf.content
    [charge] = app.site.ledger.charges
    target = Target(DocumentKind.INDEX, "2784195", "Montréal", "Cadastre du Québec")
    assert (charge.key, charge.cents, charge.account) == (target.key, 150, NORMAL_ACCOUNTS[0].code)


async def test_the_index_page_frame_is_a_table_of_eight_columns():
    visitor = await index_2784195(await customer(replica()))

    await visitor.get(paths.PAGE, no=visitor.demande)

    headings = visitor.text.count("<th>")
    assert headings == 8
    assert "Date de présentation" in visitor.text


async def test_an_acte_is_delivered_without_selection_or_confirmation():
    app = replica()
    visitor = await (await customer(app)).search_acte("Montréal", "Acte", "25 616 321")

    pdf = await visitor.save()

    assert b"25616321" in pdf.content
    assert [charge.product for charge in app.site.ledger.charges] == ["acte"]


async def test_a_plan_with_several_versions_takes_selection_then_confirmation():
    app = replica()
    visitor = await customer(app)

    await visitor.search_lot(paths.PLAN, "Deux-Montagnes", "Mirabel", "2")
    assert "selct_plan_cadst" in str(visitor.page.url)
    await visitor.post(paths.SELECTION, {"rdPlan": "2", "btnSoumt": "Soumettre"})
    assert "confr_demnd" in str(visitor.page.url)
    assert "1,50 $" in visitor.text
    assert not app.site.ledger.charges
    pdf = await (await visitor.confirm()).save()

    assert "Plan de rétrocession".encode() in pdf.content
    assert [charge.plan_date for charge in app.site.ledger.charges] == ["1985-12-05"]
    assert "<td>Plan de rétrocession, 1985-12-05</td>" in (await visitor.get(paths.HISTORY)).text


async def test_a_large_acte_asks_for_confirmation_and_annuler_bills_nothing():
    app = replica()
    visitor = await (await customer(app)).search_acte("Laval", "Acte", "24500001")
    number = visitor.text.split('name="txtNoDemnd" value="')[1].split('"')[0]

    await visitor.post(paths.CONFIRMATION, {"txtNoDemnd": number, "btnAnnul": "Annuler"})
    assert "Bienvenue" in visitor.text
    await visitor.post(paths.CONFIRMATION, {"txtNoDemnd": number, "btnConfr": "Confirmer"})

    assert visitor.out_of_order
    assert not app.site.ledger.charges


async def test_what_does_not_exist_is_said_and_never_charged():
    app = replica()
    visitor = await customer(app)

    await visitor.search_lot(paths.INDEX, "Montréal", "Cadastre du Québec", "9999999")
    assert visitor.error == "La fiche immobilière demandée est inexistante."
    await visitor.search_lot(paths.INDEX, "Québec", "Cadastre du Québec", "2784195")
    assert visitor.error == "Le lot n'existe pas dans la circonscription foncière demandée."
    await visitor.search_lot(paths.PLAN, "Montréal", "Cadastre du Québec", "9999999")
    assert visitor.error == "Aucune information ne correspond aux critères de sélection."
    await visitor.search_acte("Montréal", "Acte", "12345678")
    assert visitor.error == "Le document demandé est inexistant."

    assert not app.site.ledger.charges


async def test_a_lot_that_needs_its_designation_is_found_only_with_it():
    app = replica()
    visitor = await customer(app)
    place = ("Terrebonne", "Paroisse de Saint-Hippolyte", "24A")

    await visitor.search_lot(paths.INDEX, *place)
    assert visitor.error == "La fiche immobilière demandée est inexistante."
    await visitor.search_lot(paths.INDEX, *place, "Rang 5 Canton Abercrombie")

    assert b"Rang 5 Canton Abercrombie" in (await visitor.save()).content


async def test_an_inactive_lot_has_a_plan_but_no_index():
    app = replica()
    visitor = await customer(app)

    await visitor.search_lot(paths.INDEX, "Terrebonne", "Cadastre du Québec", "1987654")
    assert visitor.error == "Le lot 1 987 654 est inactif."
    await visitor.search_lot(paths.PLAN, "Terrebonne", "Cadastre du Québec", "1987654")
    assert visitor.error == "Le lot 1 987 654 est inactif."
    await visitor.post(paths.SELECTION, {"rdPlan": "1", "btnSoumt": "Soumettre"})

    assert (await visitor.save()).content.startswith(b"%PDF")
    assert [charge.product for charge in app.site.ledger.charges] == ["plan"]


async def test_similar_numbers_are_listed_and_a_paper_row_is_never_delivered():
    app = replica()
    visitor = await (await customer(app)).search_acte("Montréal", "Acte", "25616400")
    assert "dont le numéro est semblable" in (visitor.error or "")
    assert visitor.text.index('value="Rechercher"') < visitor.text.index('value="Soumettre"')
    assert visitor.text.count("BPD.GIF") == 1

    await visitor.post(paths.ACTE, {"rdDocmn": "2", "btnSoumt": "Soumettre"})
    assert "support papier" in (visitor.error or "")
    await visitor.post(paths.ACTE, {"rdDocmn": "1", "btnSoumt": "Soumettre"})

    assert b"25616400" in (await visitor.save()).content
    assert [charge.numero for charge in app.site.ledger.charges] == ["25616400"]


async def test_confirming_twice_charges_once():
    app = replica()
    visitor = await (await customer(app)).search_acte("Laval", "Acte", "24500001")
    number = visitor.text.split('name="txtNoDemnd" value="')[1].split('"')[0]
    fields = {"txtNoDemnd": number, "btnConfr": "Confirmer"}

    await asyncio.gather(visitor.post(paths.CONFIRMATION, fields), visitor.post(paths.CONFIRMATION, fields))
    await visitor.post(paths.CONFIRMATION, fields)

    assert "frameset" in visitor.text
    assert len(app.site.ledger.charges) == 1


async def test_reloading_the_viewer_and_saving_again_cost_nothing_more():
    app = replica()
    visitor = await index_2784195(await customer(app))
    number = visitor.demande

    await asyncio.gather(*(visitor.get(paths.VIEWER, no=number) for _ in range(3)))
    await visitor.get(paths.VIEWER, no=number)
    one, other = await visitor.save(), await visitor.save()

    assert one.content == other.content
    assert len(app.site.ledger.charges) == 1


async def test_the_charge_may_fall_at_the_confirmation():
    app = replica(charge_at="confirmer", preparation_s=60)

    visitor = await index_2784195(await customer(app))

    assert "Document en préparation" in visitor.text
    assert len(app.site.ledger.charges) == 1


async def test_the_history_lists_charges_newest_first_and_gives_the_document_again_free():
    app = replica()
    first = await index_2784195(await customer(app))
    bought = await first.save()
    await first.search_acte("Montréal", "Acte", "25616321")
    app.site.sessions.end_all()
    later = await customer(app)

    await later.get(paths.HISTORY)
    rows = later.text.split('class="ligneHistr"')[1:]
    assert ["25616321" in rows[0], "2784195" in rows[1], "1,50 $" in rows[1]] == [True] * 3
    link = rows[1].split('href="')[1].split('"')[0]
    again = await (await later.get(link)).save()

    assert again.content == bought.content
    assert len(app.site.ledger.charges) == 2


async def test_another_account_cannot_reopen_the_document():
    app = replica()
    owner = await index_2784195(await customer(app))
    number = owner.demande
    stranger = await customer(app, NORMAL_ACCOUNTS[1])

    await stranger.get(paths.AGAIN, no=number)
    assert stranger.out_of_order
    await stranger.get(paths.VIEWER, no=number)
    assert stranger.out_of_order


async def test_steps_out_of_order_are_refused():
    app = replica()
    visitor = await customer(app)
    fields = await visitor.fill_lot(paths.INDEX, "Montréal", "Cadastre du Québec", "2784195")

    tries = [
        (paths.PLAN, fields),
        (paths.INDEX, {**fields, "selCadst": visitor.value("selCadst", "Paroisse de Montréal")}),
        (paths.INDEX, {**fields, "txtEtat": "autre"}),
        (paths.SELECTION, {"rdPlan": "1"}),
        (paths.CONFIRMATION, {"txtNoDemnd": "1", "btnConfr": "Confirmer"}),
        (paths.ACTE, {"rdDocmn": "0", "btnSoumt": "Soumettre"}),
    ]
    for path, posted in tries:
        assert (await visitor.post(path, posted)).out_of_order, (path, posted)
    for path in (paths.SELECTION, paths.CONFIRMATION, paths.VIEWER, paths.PDF):
        assert (await visitor.get(path, no="100000001")).out_of_order, path

    await visitor.post(paths.INDEX, fields)
    await visitor.get(paths.PROCESSING, no=visitor.demande, etape="9")
    assert visitor.out_of_order


async def test_the_ledger_file_survives_a_restart_and_a_line_cut_short(tmp_path):
    file = tmp_path / "charges.jsonl"
    first = await index_2784195(await customer(replica(ledger=file)))
    bought = await first.save()
    with file.open("a") as broken:
        broken.write('{"number": 2, "acc')

    app = replica(ledger=file)
    later = await customer(app)
    again = await (await later.get(paths.AGAIN, no=first.demande)).save()
    await later.search_acte("Montréal", "Acte", "25616321")

    assert again.content == bought.content
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["number"], line["numero"]) for line in lines] == [(1, "2784195"), (2, "25616321")]
    assert lines[0]["demande"] != lines[1]["demande"]


async def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    file = tmp_path / "other.jsonl"
    file.write_text('{"a": 1}\n')

    with pytest.raises(ValueError, match="not a ledger"):
        create_app(Options(ledger=file))


async def test_the_replica_is_served_on_a_free_port_and_stops():
    server = await serve(replica())
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{server.url}/sirf/")
    await server.stop()

    assert "Consultez le Registre foncier du Québec" in answer.content.decode("windows-1252")


async def test_run_announces_its_address_and_ends_at_sigterm():
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(run(Options(), "127.0.0.1", 0, ready.set_result))

    url = await ready
    os.kill(os.getpid(), signal.SIGTERM)
    await running

    assert url.startswith("http://127.0.0.1:")
