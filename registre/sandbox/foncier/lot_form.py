"""The two forms that find a lot: index des immeubles and plan cadastral, with their cascading lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from starlette.responses import Response

from registre.domain.request import normalize_number
from registre.sandbox.foncier import codes, ordering, paths
from registre.sandbox.foncier.catalogue import Fiche, Plan
from registre.sandbox.foncier.codes import Choice
from registre.sandbox.foncier.sessions import FormState
from registre.sandbox.foncier.visit import Visit, redirect

LotProduct = Literal["index", "plan"]

_NO_CIRCONSCRIPTION: Final = "Vous devez choisir une circonscription foncière."
_NO_CADASTRE: Final = "Vous devez choisir un cadastre."
_NO_LOT: Final = "Vous devez saisir un numéro de lot."
_BAD_LOT: Final = "Le format du numéro de lot est invalide."
_ELSEWHERE: Final = "Le lot n'existe pas dans la circonscription foncière demandée."
_ABSENT: Final[dict[str, str]] = {
    "index": "La fiche immobilière demandée est inexistante.",
    "plan": "Aucune information ne correspond aux critères de sélection.",
}


@dataclass(frozen=True, slots=True)
class _Lists:
    """The dropdowns as they stand; an empty one is not on the page."""

    circonscriptions: list[Choice]
    cadastres: list[Choice]
    designations: list[Choice]


@dataclass(frozen=True, slots=True)
class _Sought:
    """A complete search, in the registry's own names."""

    circonscription: str | None
    cadastre: str
    designation_secondaire: str | None
    lot: str


def lot_form(product: LotProduct) -> Callable[[Visit], Awaitable[Response]]:
    """The form's handler for one product."""

    async def handle(visit: Visit) -> Response:
        session = visit.session
        if not visit.posted:
            session.leave_pages()
            session.form = FormState(product)
            return _form(visit, session.form, lot="")
        state = session.form
        if state is None or state.product != product:
            return visit.out_of_order()
        if "btnAnnul" in visit.form:
            return redirect(paths.WELCOME)
        step = {"chgCircn": _choose_circonscription, "chgCadst": _choose_cadastre, "valdr": _search}
        run = step.get(visit.form.get("txtEtat", ""))
        return await run(visit, state) if run else visit.out_of_order()

    return handle


async def _choose_circonscription(visit: Visit, state: FormState) -> Response:
    choice = codes.chosen(_lists(visit, state).circonscriptions, visit.form.get("selCircnFoncr"))
    if choice is None:
        return visit.out_of_order()
    state.circonscription, state.cadastre = choice.name, None
    return _form(visit, state, lot=_typed_lot(visit))


async def _choose_cadastre(visit: Visit, state: FormState) -> Response:
    lists = _lists(visit, state)
    choice = codes.chosen(lists.cadastres, visit.form.get("selCadst"))
    if choice is None or not _agrees(lists.circonscriptions, visit.form.get("selCircnFoncr"), state.circonscription):
        return visit.out_of_order()
    state.cadastre = choice.name
    return _form(visit, state, lot=_typed_lot(visit))


async def _search(visit: Visit, state: FormState) -> Response:
    lists, form = _lists(visit, state), visit.form
    designation = codes.chosen(lists.designations, form.get("selDesgnSecnd", codes.NO_DESIGNATION))
    if (
        not _agrees(lists.circonscriptions, form.get("selCircnFoncr"), state.circonscription)
        or (lists.cadastres and not _agrees(lists.cadastres, form.get("selCadst"), state.cadastre))
        or (lists.designations and designation is None)
    ):
        return visit.out_of_order()
    typed = form.get("txtNumrtLot", "")
    wrong = _invalid(visit, state, typed)
    if wrong:
        return _form(visit, state, lot=typed, message=wrong, designation=designation)
    name = designation.name if designation else None
    sought = _Sought(state.circonscription, state.cadastre or "", name, normalize_number(typed))
    found = _find(visit, state.product, sought)
    if found is None:
        return _form(visit, state, lot=typed, message=_absent(visit, state.product, sought), designation=designation)
    if not found.actif:
        return await _inactive(visit, state, found, designation)
    return await _order(visit, found)


async def _order(visit: Visit, found: Fiche | Plan) -> Response:
    if isinstance(found, Fiche):
        return await ordering.place(visit, found, None)
    return await ordering.choose_plan(visit, found, notice=None)


async def _inactive(visit: Visit, state: FormState, found: Fiche | Plan, designation: Choice | None) -> Response:
    """An inactive lot has no index; its plan may be had, on the selection page or by submitting once more."""
    text = f"Le lot {codes.spaced(found.lot)} est inactif."
    lot = visit.form["txtNumrtLot"]
    if isinstance(found, Fiche):
        return _form(visit, state, lot=lot, message=text, designation=designation)
    if visit.options.inactive_plan == "form" and state.continuing != found.lot:
        state.continuing = found.lot
        return _form(visit, state, lot=lot, message=text, designation=designation)
    return await ordering.choose_plan(visit, found, notice=text)


def _lists(visit: Visit, state: FormState) -> _Lists:
    holdings, options = visit.site.holdings, visit.options
    shows_cadastre = state.circonscription is not None or options.cadastre_always
    return _Lists(
        codes.circonscriptions(holdings, options),
        codes.cadastres(holdings, options, state.circonscription) if shows_cadastre else [],
        codes.designations(holdings, options, state.circonscription, state.cadastre),
    )


def _agrees(choices: list[Choice], value: str | None, name: str | None) -> bool:
    """True when the posted value is the choice the server already knows of through a post-back."""
    choice = codes.chosen(choices, value)
    return choice is not None and choice.name == name


def _typed_lot(visit: Visit) -> str:
    return visit.form.get("txtNumrtLot", "") if visit.options.keep_typed_lot else ""


def _invalid(visit: Visit, state: FormState, typed: str) -> str | None:
    free_of_circonscription = visit.options.cadastre_always and state.cadastre == codes.CADASTRE_DU_QUEBEC
    if state.circonscription is None and not free_of_circonscription:
        return _NO_CIRCONSCRIPTION
    if state.cadastre is None:
        return _NO_CADASTRE
    if not typed.strip():
        return _NO_LOT
    lot = normalize_number(typed)
    unspaced = state.cadastre == codes.CADASTRE_DU_QUEBEC and typed.strip() != codes.spaced(lot)
    return _BAD_LOT if visit.options.strict_lot and unspaced else None


def _find(visit: Visit, product: str, sought: _Sought) -> Fiche | Plan | None:
    holdings = visit.site.holdings
    find = holdings.find_fiche if product == "index" else holdings.find_plan
    places = [sought.circonscription] if sought.circonscription else holdings.circonscriptions
    for place in places:
        found = find(place, sought.cadastre, sought.designation_secondaire, sought.lot)
        if found:
            return found
    return None


def _absent(visit: Visit, product: str, sought: _Sought) -> str:
    own = visit.options.not_found.get(product)
    if own:
        return own
    holdings = visit.site.holdings
    rows = holdings.fiches if product == "index" else holdings.plans
    unique = sought.cadastre == codes.CADASTRE_DU_QUEBEC
    elsewhere = unique and any(row.cadastre == sought.cadastre and row.lot == sought.lot for row in rows)
    return _ELSEWHERE if elsewhere else _ABSENT[product]


def _form(
    visit: Visit, state: FormState, *, lot: str, message: str | None = None, designation: Choice | None = None
) -> Response:
    template = "index_form.html" if state.product == "index" else "plan_form.html"
    return visit.page(
        template,
        lists=_lists(visit, state),
        circonscription=state.circonscription,
        cadastre=state.cadastre,
        designation=designation.name if designation else None,
        lot=lot,
        message=message,
    )
