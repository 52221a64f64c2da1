"""What goes wrong at the replica on purpose: delivery, expiry, closures, drift, and the control plane."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from site_client import Customer, customer, index_2784195, replica

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.faults import Fault
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS
from registre.sandbox.server import serve


@pytest.mark.parametrize(
    ("mode", "disposition", "link"),
    [
        ("attachment", "attachment", ""),
        ("inline", "inline", ""),
        ("popup_inline", "inline", 'target="_blank"'),
        ("popup_attachment", "attachment", 'target="_blank"'),
        ("script_window", "inline", "window.open"),
        ("script_frame", "inline", "frames['page']"),
        ("script_frame_attachment", "attachment", "frames['page']"),
    ],
)
async def test_a_whole_pdf_comes_in_each_way(mode, disposition, link):
    visitor = await index_2784195(await customer(replica(delivery=mode)))

    pdf = await visitor.save()
    await visitor.get(paths.MENU, no=visitor.demande)

    assert pdf.headers["content-disposition"].startswith(disposition)
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.endswith(b"%%EOF\n")
    assert link in visitor.text
    assert "impri_sauvg" in visitor.text


async def test_spoiled_deliveries_are_what_they_claim():
    app = replica()
    visitor = await index_2784195(await customer(app))
    whole = (await visitor.save()).content

    async def spoiled(mode: str) -> httpx.Response:
        app.site.faults.pending.append(Fault(kind="delivery", delivery=mode))
        return await visitor.save()

    truncated = await spoiled("truncated")
    assert whole.startswith(truncated.content)
    assert not truncated.content.endswith(b"%%EOF\n")
    assert (await spoiled("zero")).content == b""
    assert (await spoiled("html200")).headers["content-type"].startswith("text/html")
    disguised = await spoiled("html_as_pdf")
    assert disguised.headers["content-type"] == "application/pdf"
    assert b"<html" in disguised.content
    assert (await visitor.save()).content == whole
    assert len(app.site.ledger.charges) == 1


async def test_a_one_shot_document_is_gone_at_the_second_get_until_reopened():
    visitor = await index_2784195(await customer(replica(delivery="one_shot")))
    number = visitor.demande

    assert [(await visitor.save()).status_code for _ in range(2)] == [200, 410]
    await visitor.get(paths.AGAIN, no=number)

    assert (await visitor.save()).status_code == 200


async def test_a_reset_delivery_breaks_the_connection_half_way():
    app = replica(delivery="reset")
    server = await serve(app)
    visitor = Customer(app)
    await index_2784195(await visitor.login())
    cookies = {c.name: c.value for c in visitor._http.cookies.jar}
    async with httpx.AsyncClient(cookies=cookies) as http:
        await visitor.get(paths.MENU, no=visitor.demande)
        with pytest.raises(httpx.TransportError):
            await http.get(f"{server.url}{paths.PDF}?no={visitor.demande}")
    await server.stop()


@pytest.mark.parametrize(("variant", "where"), [("A", "Entrée du site"), ("B", "Identification du client")])
async def test_an_idle_session_expires_and_is_redirected(variant, where):
    app = replica(expired=variant)
    visitor = await customer(app)

    app.site.skip(19 * 60)
    assert "Index des immeubles" in (await visitor.get(paths.INDEX)).text
    app.site.skip(21 * 60)
    await visitor.get(paths.INDEX)

    assert where in visitor.text
    assert visitor.page.history


async def test_an_expired_session_may_be_told_by_a_page():
    app = replica(expired="C")
    visitor = await customer(app)
    app.site.sessions.end_all()

    await visitor.get(paths.ACTE)

    assert "Votre session est expirée" in visitor.text


async def test_a_session_lost_inside_the_frameset_shows_the_login_page_in_the_menu():
    app = replica()
    visitor = await customer(app)
    app.site.faults.pending.append(Fault(kind="expire", route="menu"))
    await index_2784195(visitor)

    await visitor.get(paths.MENU, no=visitor.demande)

    assert "Code d'utilisateur" in visitor.text
    assert len(app.site.ledger.charges) == 1


@pytest.mark.parametrize("charset", ["windows-1252", "utf-8"])
async def test_accents_make_the_round_trip_in_the_page_s_charset(charset):
    app = replica(charset=charset, renamed_options={"Montréal": "Montréal (ville)"})
    visitor = await customer(app)

    await visitor.search_acte("Montréal (ville)", "Acte", "n° é")

    assert visitor.page.headers["content-type"] == f"text/html; charset={charset}"
    assert "Montréal (ville)".encode(charset) in visitor.page.content
    assert 'value="n° é"' in visitor.text


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"maintenance": "200"}, 200, "Site en maintenance"),
        ({"maintenance": "503"}, 503, "Site en maintenance"),
        ({"closed": True}, 200, "heures d'ouverture"),
        ({"challenge": True}, 403, "Vérification que vous êtes humain"),
    ],
    ids=["maintenance 200", "maintenance 503", "closed", "challenge"],
)
async def test_a_closed_site_says_so_on_every_page(change, status, said):
    app = replica()
    visitor = await customer(app)
    app.site.options = app.site.options.changed(change)

    for path in (paths.ENTRY, paths.INDEX):
        await visitor.get(path)
        assert (visitor.page.status_code, said in visitor.text) == (status, True)


async def test_a_counted_fault_hits_its_route_and_account_only():
    app = replica()
    visitor, other = await customer(app), await customer(app, NORMAL_ACCOUNTS[1])
    fault = Fault(kind="http500", route="index", account=visitor.account.code, count=2)
    app.site.faults.pending.append(fault)

    seen = [
        (await other.get(paths.INDEX)).page.status_code,
        (await visitor.get(paths.PLAN)).page.status_code,
        *[(await visitor.get(paths.INDEX)).page.status_code for _ in range(3)],
    ]

    assert seen == [200, 200, 500, 500, 200]


async def test_a_fault_may_cut_the_connection_or_say_nothing():
    app = replica()
    server = await serve(app)
    app.site.faults.pending += [Fault(kind="reset", route="login"), Fault(kind="hang", route="login")]
    async with httpx.AsyncClient(timeout=0.3) as http:
        with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
            await http.get(server.url + paths.LOGIN)
        with pytest.raises(httpx.ReadTimeout):
            await http.get(server.url + paths.LOGIN)
        assert (await http.get(server.url + paths.LOGIN)).status_code == 200
    await server.stop()


async def test_a_lost_answer_bills_and_cuts_the_connection():
    app = replica()
    visitor = await customer(app)
    app.site.faults.pending.append(Fault(kind="lost_answer", route="viewer"))

    with pytest.raises(ConnectionResetError):
        await index_2784195(visitor)
    await visitor.get(paths.WELCOME)

    assert len(app.site.ledger.charges) == 1
    assert app.site.faults.pending == []


@pytest.mark.parametrize(
    ("profile", "form", "home"),
    [("fast", 0, 0), ("normal", None, None), ("slow-form", 12, 0), ("crawl", 40, 0)],
)
async def test_a_profile_slows_the_pages_it_names(monkeypatch, profile, form, home):
    visitor = await customer(replica())
    waited: list[float] = []
    asleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: waited.append(seconds) or asleep(0))
    visitor.site.options = visitor.site.options.changed({"profile": profile})

    await visitor.get(paths.INDEX)
    await visitor.get(paths.WELCOME)

    if profile == "normal":
        assert all(0.3 <= seconds <= 1.5 for seconds in waited)
    else:
        assert waited == [form, home]


async def test_the_doubtful_acte_address_is_a_404_unless_told_otherwise():
    app = replica()
    visitor = await customer(app)

    assert (await visitor.get(paths.DOUBTFUL_ACTE)).page.status_code == 404
    app.site.options = app.site.options.changed({"doubtful_acte_form": True})
    assert "Numéro d'inscription" in (await visitor.get(paths.DOUBTFUL_ACTE)).text


async def test_a_slow_document_refreshes_until_ready_and_a_lost_one_for_ever():
    app = replica()
    visitor = await customer(app)
    app.site.faults.pending += [Fault(kind="prepare", seconds=90), Fault(kind="never_ready", numero="25616321")]

    await index_2784195(visitor)
    assert 'http-equiv="refresh"' in visitor.text
    waiting = str(visitor.page.url)
    app.site.skip(91)
    assert "frameset" in (await visitor.get(waiting)).text
    await visitor.search_acte("Montréal", "Acte", "25616321")
    waiting = str(visitor.page.url)
    app.site.skip(600)
    await visitor.get(waiting)

    assert "Document en préparation" in visitor.text
    assert len(app.site.ledger.charges) == 1


async def test_form_variants_show_on_the_form():
    app = replica(
        cancel_first=True, alert_on_error=True, keep_typed_lot=False, renamed_controls={"txtNumrtLot": "txtNoLot"}
    )
    visitor = await customer(app)
    await visitor.get(paths.INDEX)
    assert visitor.text.index('value="Annuler"') < visitor.text.index('value="Soumettre"')
    assert 'id="txtNoLot"' in visitor.text

    fields = {"txtEtat": "chgCircn", "selCircnFoncr": visitor.value("selCircnFoncr", "Gaspé"), "txtNoLot": "123"}
    await visitor.post(paths.INDEX, fields)
    assert 'value="123"' not in visitor.text
    await visitor.post(paths.INDEX, {**fields, "txtEtat": "valdr", "selCadst": "000000"})
    assert visitor.error == "Vous devez choisir un cadastre."
    assert 'alert("Vous devez choisir un cadastre.")' in visitor.text
    await visitor.post(paths.INDEX, {"btnAnnul": "Annuler"})
    assert "Bienvenue" in visitor.text


async def test_a_cadastre_du_quebec_lot_may_be_searched_without_circonscription_where_allowed():
    app = replica(cadastre_always=True, strict_lot=True)
    visitor = await customer(app)
    await visitor.get(paths.INDEX)
    fields = {"txtEtat": "chgCadst", "selCircnFoncr": "NULL", "selCadst": "000001", "txtNumrtLot": "2784195"}

    await visitor.post(paths.INDEX, fields)
    await visitor.post(paths.INDEX, {**fields, "txtEtat": "valdr"})
    assert visitor.error == "Le format du numéro de lot est invalide."
    await visitor.post(paths.INDEX, {**fields, "txtEtat": "valdr", "txtNumrtLot": " 2 784 195"})

    assert "frameset" in visitor.text


async def test_the_save_link_may_move_lose_its_class_or_vanish():
    app = replica()
    visitor = await index_2784195(await customer(app))
    number = visitor.demande
    seen = {}
    for variant in ("menu", "top", "renamed_class", "missing"):
        app.site.options = app.site.options.changed({"save_link": variant})
        top = (await visitor.get(paths.VIEWER, no=number)).text
        menu = (await visitor.get(paths.MENU, no=number)).text
        seen[variant] = ("impri_sauvg" in top, "impri_sauvg" in menu, 'class="menuBoutnCentr' in menu)

    assert seen == {
        "menu": (False, True, True),
        "top": (True, False, True),
        "renamed_class": (False, True, False),
        "missing": (False, False, True),
    }


async def test_the_control_plane_changes_breaks_and_resets_the_replica():
    app = replica()
    visitor = await index_2784195(await customer(app))
    http = visitor._http

    changed = await http.post("/__ctl/options", json={"delivery": "inline"})
    assert changed.json()["delivery"] == "inline"
    for refused in ({"delivery": "pigeon"}, {"colour": 1}, {"accounts": []}):
        assert (await http.post("/__ctl/options", json=refused)).status_code == 400
    assert app.site.options.delivery == "inline"
    await http.post("/__ctl/faults", json={"kind": "http500", "route": "welcome"})
    assert (await visitor.get(paths.WELCOME)).page.status_code == 500
    assert (await http.post("/__ctl/lock", json={"account": "nobody"})).status_code == 400
    await http.post("/__ctl/lock", json={"account": visitor.account.code})
    assert (await http.get("/__ctl/logins")).json()[visitor.account.code]["locked"] is True
    assert (await http.get("/__ctl/ledger")).json()[0]["key"].endswith("/2784195")
    requests = (await http.get("/__ctl/requests")).json()
    assert [entry["screen"] for entry in requests[:3]] == ["login", "login", "welcome"]
    assert len((await http.get("/__ctl/sessions")).json()) == 1
    assert (await http.post("/__ctl/expire", json={})).json() == {"ended": 1}
    state = (await http.post("/__ctl/reset", json={"ledger": True})).json()

    assert (state["charges"], state["options"]["delivery"]) == (0, "attachment")
    assert state["accounts"][visitor.account.code]["locked"] is False
    assert visitor.account.password not in (await http.get("/__ctl/state")).text
