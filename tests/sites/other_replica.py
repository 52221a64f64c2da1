"""A second land registry, written from the facts alone by someone who had not seen ours: what is unknown differs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import uvicorn
from reportlab.pdfgen.canvas import Canvas
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tests.sites import other_replica_data as data
from tests.sites import other_replica_pages as pages
from tests.sites.other_replica_pages import Quirks

#: one of them, for tests
ACCOUNT = next(iter(data.ACCOUNTS.items()))
COOKIE = "ASPSESSIONIDCQTRABDA"


@dataclass
class OtherReplica:
    """State of the registry; tests read `ledger`, `hits` and `log`, and set the switches between two steps."""

    quirks: Quirks = field(default_factory=Quirks)
    #: (account, product, last line of the document)
    ledger: list[tuple[str, str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    sessions: dict[str, str] = field(default_factory=dict)
    demands: dict[str, data.Demand] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    #: a sentence: every page answers it, with this status
    closed: tuple[int, str] | None = None
    #: code -> page shown instead of the welcome page
    blocked: dict[str, str] = field(default_factory=dict)
    url: str = ""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def hits(self) -> int:
        """How often a PDF was asked for."""
        return sum(pages.PDF.lower() in line for line in self.log)

    def html(self, text: str, status: int = 200) -> Response:
        kind = f"text/html; charset={self.quirks.charset}" if self.quirks.charset_in_header else "text/html"
        return Response(text.encode(self.quirks.charset, "xmlcharrefreplace"), status, {"content-type": kind})

    def page(self, title: str, body: str, *, signed: bool = True, status: int = 200, head: str = "") -> Response:
        return self.html(pages.layout(self.quirks, title, body, signed=signed, head=head), status)

    async def answer(self, request: Request) -> Response:
        path = request.url.path.lower()
        self.log.append(f"{request.method} {path}")
        if self.closed:
            return self.page("Avis", f"<h2>Avis</h2><p>{self.closed[1]}</p>", signed=False, status=self.closed[0])
        if path.endswith(".gif"):
            return Response(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", media_type="image/gif")
        sent = parse_qsl((await request.body()).decode("ascii"), keep_blank_values=True, encoding=self.quirks.charset)
        form = dict(sent)
        if path in ("/sirf/", "/sirf"):
            return self.html(pages.entry(self.quirks))
        if path in (pages.LOGIN.lower(), pages.LOGIN.lower().replace("14_06_01/", "14_06_01-02/")):
            return self.sign_in(request, form)
        account = self.sessions.get(request.cookies.get(COOKIE, ""))
        if account is None:
            return self.expired()
        handlers = {
            pages.WELCOME: lambda: self.html(pages.welcome(self.quirks, "Étude Côté, notaires")),
            pages.LOGOUT: self.expired,
            pages.INDEX: lambda: self.lot_form(form, account, "index"),
            pages.PLAN: lambda: self.lot_form(form, account, "plan"),
            pages.ACTE: lambda: self.acte_form(request, form, account),
            pages.SELECTION: lambda: self.selection(request, form),
            pages.CONFIRMATION: lambda: self.confirmation(request, form),
            pages.PROCESSING: lambda: self.processing(request),
            pages.VIEWER: lambda: self.viewer(request),
            pages.MENU: lambda: self.html(pages.menu_frame(self.quirks, request.query_params["cle"])),
            pages.PAGE: lambda: self.html("<html><body><table><tr><td>Aperçu</td></tr></table></body></html>"),
            pages.PDF: lambda: self.pdf(request),
            pages.HISTORY: self.history,
        }
        handler = next((handler for known, handler in handlers.items() if known.lower() == path), None)
        return handler() if handler else self.page("Erreur", "Page introuvable", status=404)

    def expired(self) -> Response:
        if self.quirks.expiry == "C":
            body = f'<p>Votre session a pris fin. Veuillez vous <a href="{pages.LOGIN}">identifier de nouveau</a>.</p>'
            return self.page("Fin de session", body, signed=False)
        return RedirectResponse("/Sirf/" if self.quirks.expiry == "A" else pages.LOGIN, 302)

    def sign_in(self, request: Request, form: dict[str, str]) -> Response:
        cookie = request.cookies.get(COOKIE)
        if request.method == "GET" or cookie is None:
            response = self.html(pages.login(self.quirks))
            response.set_cookie(COOKIE, cookie or f"K{next(self.numbers):015d}", path="/")
            return response
        code = form.get("txtVaCodeUtils", "")
        if form.get("txtEtat") != "valdr" or data.ACCOUNTS.get(code) != form.get("txtMotPasse"):
            return self.html(pages.login(self.quirks, self.quirks.refused, code))
        if code in self.blocked:
            return self.page("Identification", self.blocked[code], signed=False)
        self.sessions[cookie] = code
        return RedirectResponse("../14_06_03/pf_14_06_03_acuel.asp", 302)

    def lot_form(self, form: dict[str, str], account: str, product: str) -> Response:
        q, path = self.quirks, pages.INDEX if product == "index" else pages.PLAN
        circ, cadastre = form.get("selCircnFoncr", "NULL"), form.get("selCadst", "000000")
        secondary, lot = form.get("selDesgnSecnd", "A"), form.get("txtNumrtLot", "")
        notice = ""
        if form.get("txtEtat") == "valdr" and "btnAnnul" in form:
            return RedirectResponse(pages.WELCOME, 302)
        if form.get("txtEtat") == "valdr":
            key = (circ, cadastre, re.sub(r"\s", "", lot), secondary)
            found = key in (data.LOTS if product == "index" else data.PLANS)
            if found:
                return self.demand(
                    data.Demand(product, data.lot_lines(key, product), account, note=data.note(key)), key
                )
            notice = pages.message(data.no_lot(key))
        known = data.CADASTRES.get(circ, {})
        if cadastre not in ("000001", *known):
            cadastre, secondary = "000000", "A"
        offered = [("NULL", "Choisir une circonscription foncière"), *data.CIRCONSCRIPTIONS.items()]
        parts = {"Circonscription foncière": pages.select("selCircnFoncr", offered, circ, pages.RELOAD)}
        if circ != "NULL" or q.cadastre_first:
            choices = [("000000", "Choisir un cadastre"), ("000001", data.QUEBEC), *known.items()]
            parts["Cadastre"] = pages.select("selCadst", choices, cadastre, pages.RELOAD)
        if cadastre in data.DESIGNATIONS:
            choices = [("A", "Aucune"), *data.DESIGNATIONS[cadastre].items()]
            parts["Désignation secondaire"] = pages.select("selDesgnSecnd", choices, secondary)
        kept = "" if q.lot_lost and not notice else lot
        parts["Numéro de lot"] = f'<input type="text" id="txtNumrtLot" name="txtNumrtLot" value="{kept}"{pages.GROUP}>'
        return self.html(pages.lot_form(q, path, parts, notice, radios=product == "index"))

    def acte_form(self, request: Request, form: dict[str, str], account: str) -> Response:
        q, notice, results = self.quirks, "", ""
        circ, kind = form.get("selCircnFoncr", "NULL"), form.get("selTypeDocmn", "NULL")
        number = form.get("txtNoReqst", "").replace(" ", "")
        if any(name.startswith("btnSoumt") for name in form) and "optDocmn" in form:
            chosen = data.SIMILAR[number][int(form["optDocmn"])]
            return self.demand(data.Demand("acte", data.acte_lines(circ, kind, chosen[0]), account), None)
        if request.method == "POST" and number in data.SIMILAR:
            text = "Nous vous proposons une liste de document(s) dont le numéro est semblable."
            notice = pages.message(f"Le document demandé n'a pu être repéré. {text}")
            results = self.similar(number, kind)
        elif request.method == "POST" and (circ, kind, number) in data.ACTES:
            return self.demand(data.Demand("acte", data.acte_lines(circ, kind, number), account), None)
        elif request.method == "POST":
            notice = pages.message("Le document demandé est inexistant.")
        parts = {
            "Circonscription": pages.select(
                "selCircnFoncr", [("NULL", "Choisir"), *data.CIRCONSCRIPTIONS.items()], circ
            ),
            "Type": pages.select("selTypeDocmn", [("NULL", "Choisir"), *data.TYPES.items()], kind),
            "Numéro": f'<input type="text" id="txtNoReqst" name="txtNoReqst" value="{number}">',
        }
        return self.html(pages.acte_form(q, parts, notice, results))

    def similar(self, number: str, kind: str) -> str:
        paper = '<img src="/Sirf/images/BPD.GIF" alt="Disponible au bureau">'
        rows = "".join(
            f'<tr><td><input type="radio" name="optDocmn" value="{at}"></td><td>{day}</td>'
            f"<td>{data.TYPES[kind]}</td><td><b>{shown}</b></td><td>{paper if only else '&nbsp;'}</td></tr>"
            for at, (shown, day, only) in enumerate(data.SIMILAR[number])
        )
        head = "<tr><td>Choix</td><td>Date</td><td>Type de document</td><td>Numéro</td><td></td></tr>"
        return f"<h3>Résultat de la recherche</h3><table>{head}{rows}</table>" + pages.button(
            self.quirks, "btnSoumt", "Soumettre"
        )

    def demand(self, demand: data.Demand, key: tuple[str, str, str, str] | None) -> Response:
        name = f"D{next(self.numbers):06d}"
        self.demands[name] = demand
        if demand.product == "plan" and key:
            days = data.PLANS[key]
            demand.choices = days[::-1] if self.quirks.newest_last else days
            if len(days) > 1 or demand.note:
                return RedirectResponse(f"../13_01_08/{pages.SELECTION.rsplit('/', 1)[1]}?cle={name}", 302)
            demand.lines = (*demand.lines, f"Plan du {days[0]}")
        return self.proceed(name)

    def proceed(self, name: str) -> Response:
        demand = self.demands[name]
        if demand.product in self.quirks.confirm and not demand.confirmed:
            return RedirectResponse(f"{pages.CONFIRMATION}?cle={name}", 302)
        return RedirectResponse(f"{pages.PROCESSING}?{urlencode({'cle': name, 'etape': 1})}", 302)

    def selection(self, request: Request, form: dict[str, str]) -> Response:
        name = request.query_params["cle"]
        demand = self.demands[name]
        if request.method == "POST" and "optPlan" in form:
            demand.lines = (*demand.lines, f"Plan du {demand.choices[int(form['optPlan'])]}")
            return self.proceed(name)
        rows = "".join(
            f'<tr><td><input type="radio" name="optPlan" value="{at}"></td><td>Plan {at + 1}</td>'
            f"<td>{day.strftime(self.quirks.dates)}</td></tr>"
            for at, day in enumerate(demand.choices)
        )
        notice = pages.message(demand.note) if demand.note else ""
        body = (
            f'{notice}<h2>Sélection</h2><form method="post" action="pf_13_01_08_selct_plan_cadst.asp?cle={name}">'
            f"<table><tr><td>&nbsp;</td><td>Document</td><td>Date de dépôt</td></tr>{rows}</table>"
            f"{pages.button(self.quirks, 'btnSoumt', 'Soumettre')}</form>"
        )
        return self.page("Sélection", body)

    def confirmation(self, request: Request, form: dict[str, str]) -> Response:
        name = request.query_params["cle"]
        demand = self.demands[name]
        if request.method == "POST" and "btnConfr" in form:
            demand.confirmed = True
            if self.quirks.charge_at == "confirm":
                self.charge(demand)
            return self.proceed(name)
        body = (
            f"<h2>Confirmation</h2><p>{'<br>'.join(demand.lines)}</p><p>Des frais de 1,50 $ seront portés "
            f'à votre compte.</p><form method="post" action="?cle={name}">'
            '<input type="submit" id="btnConfr" name="btnConfr" '
            'value="Confirmer" class="BoutnStand" tabindex="11" accesskey="C"> <input type="button" value="Retour" '
            'onclick="history.back()"></form>'
        )
        return self.page("Confirmation", body)

    def processing(self, request: Request) -> Response:
        name, step = request.query_params["cle"], int(request.query_params["etape"])
        if step < self.quirks.hops:
            return RedirectResponse(f"?{urlencode({'cle': name, 'etape': step + 1})}", 302)
        demand = self.demands[name]
        if demand.waits < self.quirks.preparing:
            demand.waits += 1
            head = '<meta http-equiv="refresh" content="1">'
            return self.page("Traitement", "<p>Votre document est en préparation. Un instant…</p>", head=head)
        return RedirectResponse(f"{pages.VIEWER}?cle={name}", 302)

    def charge(self, demand: data.Demand) -> None:
        if not demand.charged:
            demand.charged = True
            self.ledger.append((demand.account, demand.product, demand.lines[-1]))

    def viewer(self, request: Request) -> Response:
        name = request.query_params["cle"]
        self.charge(self.demands[name])
        menu, page = (path.rsplit("/", 1)[1] for path in (pages.MENU, pages.PAGE))
        frames = f'<frame name="menu" src="{menu}?cle={name}" noresize><frame name="page" src="{page}?cle={name}">'
        text = f'<html><head><title>Document</title></head><frameset rows="60,*">{frames}</frameset></html>'
        return self.html(pages.uppercase(text) if self.quirks.upper else text)

    def pdf(self, request: Request) -> Response:
        name = request.query_params["cle"]
        if name in self.delivered:
            return self.page("Erreur", "<p>Ce document a déjà été transmis.</p>", status=410)
        self.delivered.add(name)
        sheet = io.BytesIO()
        canvas = Canvas(sheet)
        for row, line in enumerate(self.demands[name].lines):
            canvas.drawString(72, 760 - 20 * row, line)
        canvas.save()
        kind = "attachment" if self.quirks.delivery in ("attachment", "script") else "inline"
        headers = {"content-disposition": f'{kind}; filename="Docmn.pdf"', "cache-control": "private"}
        return Response(sheet.getvalue(), media_type="application/pdf", headers=headers)

    def history(self) -> Response:
        now = f"{datetime.now(ZoneInfo('America/Toronto')):%Y-%m-%d %H:%M}"
        rows = "".join(
            f"<tr><td>{now}</td><td>{demand.lines[0]}</td><td>{demand.lines[1].split(' : ')[1]}</td>"
            f"<td>{demand.number}</td><td>1,50 $</td></tr>"
            for demand in self.demands.values()
            if demand.charged
        )
        names = ("Date", "Service", "Circonscription foncière", "No de lot ou d'inscription", "Frais")
        head = "".join(f"<td>{name}</td>" for name in names)
        body = f"<h2>{self.quirks.history}</h2><table><tr>{head}</tr>{rows}</table>"
        return self.page("Opérations", body)


@contextlib.asynccontextmanager
async def serve(replica: OtherReplica) -> AsyncIterator[OtherReplica]:
    app = Starlette(routes=[Route("/{path:path}", replica.answer, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    replica.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield replica
    finally:
        server.should_exit = True
        await task
