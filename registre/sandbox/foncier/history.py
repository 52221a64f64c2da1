"""Historique des consultations: every charge of the account, and the way back to each document at no cost."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.ledger import Charge
from registre.sandbox.foncier.visit import Visit, redirect

_PRODUCTS = {"index": "Index des immeubles", "acte": "Acte", "plan": "Plan cadastral"}


async def history(visit: Visit) -> Response:
    """The account's charges, newest first."""
    if not visit.options.history:
        return visit.page("not_found.html", status=404)
    charges = visit.site.ledger.of_account(visit.session.account or "")
    return visit.page("history.html", rows=[_row(charge) for charge in charges])


async def again(visit: Visit) -> Response:
    """Reopen a charged document in this session, straight to the viewer."""
    number = visit.request.query_params.get("no", "")
    charge = visit.site.ledger.find(visit.session.account or "", number)
    if charge is None or not visit.options.history:
        return visit.out_of_order()
    demand = visit.site.reopen(visit.session, charge)
    if demand is None:
        return visit.page("not_found.html", status=404)
    return redirect(paths.VIEWER, no=demand.number)


def _row(charge: Charge) -> dict[str, object]:
    at = datetime.fromisoformat(charge.at)
    plan = f"{charge.plan_titre}, {charge.plan_date}" if charge.plan_titre else ""
    return {
        "charge": charge,
        "at": at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "produit": _PRODUCTS[charge.product],
        "nature": charge.type_acte or plan,
        "montant": f"{charge.cents / 100:.2f} $".replace(".", ","),
    }
