"""The document viewer: a frameset whose `menu` saves and whose `page` shows. Showing it is what bills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.catalogue import Fiche
from registre.sandbox.foncier.demand import Demand, Phase
from registre.sandbox.foncier.visit import Visit

#: `target` of the save link by way of delivery; the others open in the menu frame itself.
_TARGETS: Final = {"popup_inline": "_blank", "popup_attachment": "_blank"}
#: What a click on the save link runs instead of following it.
_CLICKS: Final = {
    "script_window": "window.open(this.href); return false;",
    "script_frame": "parent.frames['page'].location.href = this.href; return false;",
    "script_frame_attachment": "parent.frames['page'].location.href = this.href; return false;",
}


@dataclass(frozen=True, slots=True)
class SaveLink:
    """Attributes of the save link; an empty one is left out."""

    href: str
    target: str
    click: str


async def viewer(visit: Visit) -> Response:
    """The frameset; the charge is on disk before the answer leaves."""
    demand = visit.demand()
    if demand is None or demand.phase not in (Phase.READY, Phase.SHOWN):
        return visit.out_of_order()
    await visit.site.charge(visit.session, demand)
    if demand.phase is Phase.READY:
        demand.phase = Phase.SHOWN
        demand.delivery = visit.options.delivery
        fault = visit.site.faults.take_delivery(visit.session.account, demand.numero, spoiled=False)
        if fault:
            demand.delivery = fault.delivery
    if visit.options.save_link == "top":
        return visit.page("viewer_top.html", demand=demand, link=_save_link(demand))
    return visit.page("viewer.html", demand=demand)


async def menu(visit: Visit) -> Response:
    """The frame with the save link."""
    demand = shown_demand(visit)
    if demand is None:
        return visit.out_of_order()
    return visit.page("menu.html", demand=demand, link=_save_link(demand))


async def page(visit: Visit) -> Response:
    """The frame with the document: an index is a table, the rest a picture."""
    demand = shown_demand(visit)
    if demand is None:
        return visit.out_of_order()
    if isinstance(demand.document, Fiche):
        return visit.page("page_index.html", demand=demand, fiche=demand.document)
    return visit.page("page_image.html", demand=demand)


def shown_demand(visit: Visit) -> Demand | None:
    """The demand of this address, once its viewer was shown in this session."""
    demand = visit.demand()
    return demand if demand and demand.phase is Phase.SHOWN else None


def _save_link(demand: Demand) -> SaveLink:
    return SaveLink(
        href=f"{paths.PDF}?no={demand.number}",
        target=_TARGETS.get(demand.delivery, ""),
        click=_CLICKS.get(demand.delivery, ""),
    )
