"""The PDF itself, in every way a site may send it, whole or spoiled."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from registre.sandbox.foncier.breakage import CutResponse
from registre.sandbox.foncier.demand import Demand
from registre.sandbox.foncier.viewer import shown_demand
from registre.sandbox.foncier.visit import Visit

_INLINE = frozenset({"inline", "popup_inline", "script_window", "script_frame"})


async def pdf(visit: Visit) -> Response:
    """Deliver the PDF of a demand whose viewer was shown; no GET of it costs anything."""
    demand = shown_demand(visit)
    if demand is None:
        return visit.out_of_order()
    demand.served += 1
    fault = visit.site.faults.take_delivery(visit.session.account, demand.numero, spoiled=True)
    mode = fault.delivery if fault else demand.delivery
    if mode == "one_shot" and demand.served > 1:
        return visit.page("not_found.html", status=410)
    if mode == "html200":
        return visit.page("pdf_error.html")
    if mode == "delay":
        await asyncio.sleep(visit.options.delivery_delay_s)
    body = await visit.site.pdfs.get(demand)
    headers = _headers(demand, inline=mode in _INLINE)
    match mode:
        case "truncated":
            return Response(body[: len(body) // 2], headers=headers)
        case "zero":
            return Response(b"", headers=headers)
        case "html_as_pdf":
            return Response(visit.page("pdf_error.html").body, headers=headers)
        case "reset":
            return CutResponse(body, headers=headers)
        case _:
            return Response(body, headers=headers)


def _headers(demand: Demand, *, inline: bool) -> dict[str, str]:
    disposition = "inline" if inline else "attachment"
    return {
        "Content-Type": "application/pdf",
        "Content-Disposition": f'{disposition}; filename="{demand.number}.pdf"',
        "Cache-Control": "private",
    }
