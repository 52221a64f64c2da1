"""From a found document to the viewer's door: plan selection, confirmation, and the processing chain."""

from __future__ import annotations

from starlette.responses import Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.catalogue import Document, Plan, PlanVersion
from registre.sandbox.foncier.demand import Demand, Phase, needs_confirmation
from registre.sandbox.foncier.sessions import Selection
from registre.sandbox.foncier.visit import Visit, redirect


async def choose_plan(visit: Visit, plan: Plan, *, notice: str | None) -> Response:
    """One plan is ordered at once; several, or a `notice`, take the selection page."""
    versions = plan.versions
    if visit.options.plan_order != "catalogue":
        descending = visit.options.plan_order == "descending"
        versions = tuple(sorted(versions, key=lambda version: version.date, reverse=descending))
    if len(versions) == 1 and notice is None and visit.options.plan_selection == "several":
        return await place(visit, plan, versions[0])
    visit.session.selection = Selection(plan, versions, notice)
    return redirect(paths.SELECTION)


async def selection(visit: Visit) -> Response:
    """The list of a lot's plans; submitting one makes the demand."""
    shown = visit.session.selection
    if shown is None:
        return visit.out_of_order()
    if not visit.posted:
        return visit.page("plan_selection.html", selection=shown, message=shown.notice)
    if "btnAnnul" in visit.form:
        return redirect(paths.WELCOME)
    row = visit.form.get("rdPlan", "")
    if not row:
        return visit.page("plan_selection.html", selection=shown, message="Vous devez choisir un plan.")
    if not row.isdecimal() or not 1 <= int(row) <= len(shown.versions):
        return visit.out_of_order()
    return await place(visit, shown.plan, shown.versions[int(row) - 1])


async def place(visit: Visit, document: Document, version: PlanVersion | None) -> Response:
    """Make the demand; it is confirmed on its page where the rules ask for it, else at once."""
    session, rule = visit.session, visit.options.confirm
    demand = visit.site.open_demand(session, document, version)
    if rule == "all" or (rule == "documents" and needs_confirmation(document)):
        session.pending = demand
        return redirect(paths.CONFIRMATION)
    await visit.site.confirm(session, demand)
    return _first_hop(demand)


async def confirmation(visit: Visit) -> Response:
    """What will be billed. Confirming twice is one demand; Annuler bills nothing."""
    session = visit.session
    if not visit.posted:
        if session.pending is None:
            return visit.out_of_order()
        return visit.page("confirmation.html", demand=session.pending, montant=price(visit))
    demand = session.demands.get(visit.form.get("txtNoDemnd", ""))
    if demand is None or (demand is not session.pending and demand.phase is Phase.CONFIRMING):
        return visit.out_of_order()
    if "btnConfr" in visit.form:
        await visit.site.confirm(session, demand)
        return _first_hop(demand)
    if "btnAnnul" in visit.form and demand.phase is Phase.CONFIRMING:
        del session.demands[demand.number]
        return redirect(paths.WELCOME)
    return visit.out_of_order()


async def processing(visit: Visit) -> Response:
    """One hop of the chain; the last one waits, refreshing itself, until the document is ready."""
    demand = visit.demand()
    hop = visit.request.query_params.get("etape", "")
    if demand is None or demand.phase is Phase.CONFIRMING or not hop.isdecimal() or int(hop) > demand.step + 1:
        return visit.out_of_order()
    demand.step = max(demand.step, int(hop))
    if int(hop) < visit.options.redirects - 1:
        return redirect(paths.PROCESSING, no=demand.number, etape=int(hop) + 1)
    if visit.site.now() < demand.ready_at:
        return visit.page("preparing.html", demand=demand)
    if demand.phase is Phase.PREPARING:
        demand.phase = Phase.READY
    return redirect(paths.VIEWER, no=demand.number)


def price(visit: Visit) -> str:
    """What a document costs, as the pages write it."""
    return f"{visit.options.price_cents / 100:.2f} $".replace(".", ",")


def _first_hop(demand: Demand) -> Response:
    return redirect(paths.PROCESSING, no=demand.number, etape=1)
