"""The form that finds an acte, radiation or avis d'adresse by number, and its list of similar numbers."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from registre.domain.request import normalize_number
from registre.sandbox.foncier import codes, ordering, paths
from registre.sandbox.foncier.catalogue import Acte
from registre.sandbox.foncier.sessions import FormState
from registre.sandbox.foncier.visit import Visit, redirect

_NO_CIRCONSCRIPTION: Final = "Vous devez choisir une circonscription foncière."
_NO_TYPE: Final = "Vous devez choisir un type de document."
_NO_NUMBER: Final = "Vous devez saisir un numéro d'inscription."
_NO_ROW: Final = "Vous devez choisir un document dans la liste."
_PAPER: Final = "Le document choisi n'est disponible que sur support papier."
_ABSENT: Final = "Le document demandé est inexistant."
_SIMILAR: Final = "Nous vous proposons une liste de document(s) dont le numéro est semblable."


async def acte_form(visit: Visit) -> Response:
    """Search, or submit a row of the list. Annuler leads home."""
    session = visit.session
    if not visit.posted:
        session.leave_pages()
        session.form = FormState("acte")
        return _form(visit)
    state = session.form
    if state is None or state.product != "acte":
        return visit.out_of_order()
    if "btnAnnul" in visit.form:
        return redirect(paths.WELCOME)
    if "btnSoumt" in visit.form:
        return await _take_row(visit, state)
    return await _search(visit, state)


async def doubtful_acte(visit: Visit) -> Response:
    """The address only one of the original's fallbacks knows."""
    if visit.options.doubtful_acte_form:
        return await acte_form(visit)
    return visit.page("not_found.html", status=404)


async def _search(visit: Visit, state: FormState) -> Response:
    state.similar = ()
    places, types = _lists(visit)
    place = codes.chosen(places, visit.form.get("selCircnFoncr"))
    kind = codes.chosen(types, visit.form.get("selTypeDocmn"))
    if place is None or kind is None:
        return visit.out_of_order()
    if place.name is None:
        return _form(visit, _NO_CIRCONSCRIPTION)
    if kind.name is None:
        return _form(visit, _NO_TYPE)
    numero = normalize_number(visit.form.get("txtNoReqst", ""))
    if not numero:
        return _form(visit, _NO_NUMBER)
    holdings = visit.site.holdings
    exact = holdings.find_acte(place.name, kind.name, numero)
    similar = holdings.similar_actes(place.name, kind.name, numero)
    if similar:
        state.similar = similar
    elif exact is None:
        return _form(visit, visit.options.not_found.get("acte", _ABSENT))
    elif exact.papier:
        state.similar = (exact,)
    else:
        return await ordering.place(visit, exact, None)
    return _form(visit, _SIMILAR, state.similar)


async def _take_row(visit: Visit, state: FormState) -> Response:
    if not state.similar:
        return visit.out_of_order()
    row = visit.form.get("rdDocmn", "")
    if not row:
        return _form(visit, _NO_ROW, state.similar)
    if not row.isdecimal() or int(row) >= len(state.similar):
        return visit.out_of_order()
    acte = state.similar[int(row)]
    if acte.papier:
        return _form(visit, _PAPER, state.similar)
    return await ordering.place(visit, acte, None)


def _form(visit: Visit, message: str | None = None, similar: tuple[Acte, ...] = ()) -> Response:
    places, types = _lists(visit)
    place = codes.chosen(places, visit.form.get("selCircnFoncr"))
    kind = codes.chosen(types, visit.form.get("selTypeDocmn"))
    return visit.page(
        "acte_form.html",
        circonscriptions=places,
        types=types,
        circonscription=place.name if place else None,
        type_acte=kind.name if kind else None,
        numero=visit.form.get("txtNoReqst", ""),
        message=message,
        similar=similar,
    )


def _lists(visit: Visit) -> tuple[list[codes.Choice], list[codes.Choice]]:
    return codes.circonscriptions(visit.site.holdings, visit.options), codes.types_acte(visit.options)
