"""The running replica: options, accounts, sessions, ledger, faults and holdings in one place; the rules of money."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from registre.sandbox.foncier.accounts import AccountBook
from registre.sandbox.foncier.catalogue import Acte, Catalogue, Document, Fiche, Plan, PlanVersion
from registre.sandbox.foncier.demand import Demand, Phase
from registre.sandbox.foncier.faults import FaultBook
from registre.sandbox.foncier.ledger import Charge, Ledger
from registre.sandbox.foncier.options import Options
from registre.sandbox.foncier.pages import Pages
from registre.sandbox.foncier.pdfs import PdfCache, Render
from registre.sandbox.foncier.sessions import Session, SessionStore

#: Demands count up from here, so that their numbers look like the site's and never like a lot.
_FIRST_DEMAND: Final = 100_000_001
_LOG_LENGTH: Final = 5000


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request, as the control plane reports it. Bodies are never kept."""

    at: str
    method: str
    path: str
    query: str
    screen: str
    account: str | None
    session: str | None
    status: int

    def shown(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)


class Site:
    """One replica."""

    def __init__(self, options: Options, holdings: Catalogue, render: Render) -> None:
        self._initial = options
        self._skipped_s = 0.0
        self.options = options
        self.holdings = holdings
        self.ledger = Ledger(options.ledger)
        self.pdfs = PdfCache(render)
        self.pages = Pages(lambda: self.options)
        self._forget()
        last = max((int(charge.demande) for charge in self.ledger.charges), default=_FIRST_DEMAND - 1)
        self._demand_numbers = itertools.count(last + 1)

    def _forget(self) -> None:
        self.options = self._initial
        self.accounts = AccountBook(self._initial.accounts)
        self.sessions = SessionStore(self.now, lambda: self.options.session_limit_s)
        self.faults = FaultBook(self._initial.seed)
        self.dice = Random(self._initial.seed)
        self.log: deque[LoggedRequest] = deque(maxlen=_LOG_LENGTH)

    async def reset(self, *, ledger: bool) -> None:
        """Back to the options of the start: no sessions, faults, log, locks. The charges go only with `ledger`.

        Demand numbers go on counting: one number never names two documents.
        """
        self._forget()
        if ledger:
            await self.ledger.clear()

    def now(self) -> float:
        """Seconds on the site's own clock, which `skip` advances."""
        return time.monotonic() + self._skipped_s

    def skip(self, seconds: float) -> None:
        """Let time pass at once."""
        self._skipped_s += seconds

    def open_demand(self, session: Session, document: Document, version: PlanVersion | None) -> Demand:
        """A new demand; it needs confirming, or goes to preparation through `confirm`."""
        demand = Demand(str(next(self._demand_numbers)), document, version, Phase.CONFIRMING)
        session.demands[demand.number] = demand
        return demand

    async def confirm(self, session: Session, demand: Demand) -> None:
        """Start preparing a demand; a second confirmation changes nothing."""
        if demand.phase is not Phase.CONFIRMING:
            return
        demand.phase = Phase.PREPARING
        demand.ready_at = self.now() + self._preparation_s(session, demand)
        if self.options.charge_at == "confirmer":
            await self.charge(session, demand)

    def _preparation_s(self, session: Session, demand: Demand) -> float:
        fault = self.faults.take_preparation(session.account, demand.numero)
        if fault is None:
            return self.options.preparation_s
        return float("inf") if fault.kind == "never_ready" else fault.seconds

    async def charge(self, session: Session, demand: Demand) -> None:
        """Bill a demand, once."""
        async with demand.charging:
            if demand.charge is None:
                demand.charge = await self.ledger.append(self._bill(session, demand))

    def _bill(self, session: Session, demand: Demand) -> Charge:
        document = demand.document
        version = demand.version
        return Charge(
            number=0,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            account=session.account or "",
            product=demand.product,
            circonscription=document.circonscription,
            cadastre=None if isinstance(document, Acte) else document.cadastre,
            designation_secondaire=None if isinstance(document, Acte) else document.designation_secondaire,
            type_acte=document.type_acte if isinstance(document, Acte) else None,
            numero=demand.numero,
            plan_titre=version.titre if version else None,
            plan_date=version.date if version else None,
            demande=demand.number,
            session=session.name,
            cents=self.options.price_cents,
        )

    def reopen(self, session: Session, charge: Charge) -> Demand | None:
        """The demand of an earlier charge, ready to be shown again at no cost; None if the document is gone."""
        document = self._charged_document(charge)
        if document is None:
            return None
        version = None
        if isinstance(document, Plan):
            wanted = (charge.plan_titre, charge.plan_date)
            version = next((v for v in document.versions if (v.titre, v.date) == wanted), None)
        demand = Demand(charge.demande, document, version, Phase.READY, charge=charge)
        session.demands[demand.number] = demand
        return demand

    def _charged_document(self, charge: Charge) -> Fiche | Acte | Plan | None:
        circonscription, numero = charge.circonscription, charge.numero
        if charge.product == "acte":
            return self.holdings.find_acte(circonscription, charge.type_acte or "", numero)
        cadastre, designation = charge.cadastre or "", charge.designation_secondaire
        if charge.product == "index":
            return self.holdings.find_fiche(circonscription, cadastre, designation, numero)
        return self.holdings.find_plan(circonscription, cadastre, designation, numero)
