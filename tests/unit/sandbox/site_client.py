"""A customer of the replica without a browser: posts forms as one would, over an in-process connection."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import httpx

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.catalogue import Document, PlanVersion
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS, Account, Options
from registre.sandbox.server import RegistryApp, create_app


def render(document: Document, demande: str, version: PlanVersion | None) -> bytes:
    """A stand-in PDF that names what it is."""
    return b"%PDF-1.4\n" + f"{document!r} {version!r} {demande}".encode() + b"\n%%EOF\n"


def replica(**options: object) -> RegistryApp:
    """A replica with fake PDFs and the real catalogue."""
    return create_app(Options().model_copy(update=options) if options else Options(), render=render)


class Customer:
    """One cookie jar. `page` is the last answer."""

    def __init__(self, app: RegistryApp, account: Account = NORMAL_ACCOUNTS[0]) -> None:
        self.site = app.site
        self.account = account
        transport = httpx.ASGITransport(app=app)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://foncier.test", follow_redirects=True)
        self.page = httpx.Response(204)

    @property
    def text(self) -> str:
        return html.unescape(self.page.text)

    @property
    def error(self) -> str | None:
        found = re.search(r'<td class="contValErr">(.*?)</td>', self.text)
        return found.group(1) if found else None

    @property
    def out_of_order(self) -> bool:
        return "Erreur de séquence" in self.text

    @property
    def demande(self) -> str:
        """Number of the demand the last address names."""
        return self.page.url.params["no"]

    async def get(self, path: str, **query: str) -> Customer:
        self.page = await self._http.get(path, params=query or None)
        return self

    async def post(self, path: str, fields: Mapping[str, str], *, follow: bool = True) -> Customer:
        body = urlencode(fields, encoding=self.site.options.charset)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self.page = await self._http.post(path, content=body, headers=headers, follow_redirects=follow)
        return self

    async def login(self, password: str | None = None) -> Customer:
        await self.get(paths.LOGIN)
        fields = {"txtVaCodeUtils": self.account.code, "txtMotPasse": password or self.account.password}
        return await self.post(paths.LOGIN, {**fields, "txtEtat": "valdr", "btnSoumt": "Soumettre"})

    def value(self, control: str, label: str) -> str:
        """Value of the option so labelled in a dropdown of the page."""
        select = re.search(rf'<select id="{control}".*?</select>', self.text, re.DOTALL)
        assert select, f"no {control} on the page"
        option = re.search(rf'value="([^"]*)"[^>]*>{re.escape(label)}<', select.group(0))
        assert option, f"{control} does not offer {label}"
        return option.group(1)

    async def fill_lot(self, path: str, circ: str, cadastre: str, lot: str, designation: str | None = None):
        """Go through the cascade; returns the fields to submit."""
        await self.get(path)
        fields = {"txtEtat": "chgCircn", "selCircnFoncr": self.value("selCircnFoncr", circ), "txtNumrtLot": ""}
        await self.post(path, fields)
        fields |= {"txtEtat": "chgCadst", "selCadst": self.value("selCadst", cadastre)}
        await self.post(path, fields)
        fields |= {"txtEtat": "valdr", "txtNumrtLot": lot, "btnSoumt": "Soumettre"}
        if designation:
            fields["selDesgnSecnd"] = self.value("selDesgnSecnd", designation)
        return fields

    async def search_lot(self, path: str, circ: str, cadastre: str, lot: str, designation: str | None = None):
        return await self.post(path, await self.fill_lot(path, circ, cadastre, lot, designation))

    async def search_acte(self, circ: str, type_acte: str, numero: str) -> Customer:
        await self.get(paths.ACTE)
        fields = {
            "selCircnFoncr": self.value("selCircnFoncr", circ),
            "selTypeDocmn": self.value("selTypeDocmn", type_acte),
            "txtNoReqst": numero,
        }
        return await self.post(paths.ACTE, {**fields, "btnRechr": "Rechercher"})

    async def confirm(self) -> Customer:
        number = re.search(r'name="txtNoDemnd" value="(\d+)"', self.text)
        assert number, "not the confirmation page"
        return await self.post(paths.CONFIRMATION, {"txtNoDemnd": number.group(1), "btnConfr": "Confirmer"})

    async def save(self) -> httpx.Response:
        """Follow the save link of the viewer's menu."""
        number = self.demande
        menu = await self._http.get(paths.MENU, params={"no": number})
        link = re.search(r'title="Sauvegarder ou imprimer le document" href="([^"]+)"', menu.text)
        assert link, "no save link"
        return await self._http.get(html.unescape(link.group(1)))


async def customer(app: RegistryApp, account: Account = NORMAL_ACCOUNTS[0]) -> Customer:
    """A signed-in customer."""
    return await Customer(app, account).login()


async def index_2784195(visitor: Customer) -> Customer:
    """Order the index every test may order."""
    return await visitor.search_lot(paths.INDEX, "Montréal", "Cadastre du Québec", "2 784 195")
