"""The adapter against a second land registry, built by someone who knew only the facts: nothing else may matter."""

from __future__ import annotations

import pytest

from registre.domain.errors import InactiveLot, NotFound, OptionAmbiguous, PaperOnly, SimilarOnly
from tests.sites.conftest import acte, index, plan
from tests.sites.other_replica_pages import Quirks

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOT, PLACE = "3456789", "Montréal"


async def test_an_index_is_bought_once(visit):
    there = await visit()

    delivery = await there.buy(index(LOT, PLACE))

    there.once("index", "Lot : 3 456 789", delivery)


async def test_words_in_the_wrong_field_find_the_index_by_its_designation(visit):
    there = await visit()

    delivery = await there.buy(
        index("31B", "Terrebonne", designation_secondaire="Rang 5 Canton Abercrombie Paroisse de Saint-Hippolyte")
    )

    there.once("index", "Lot : 31B", delivery)


async def test_an_acte_is_bought_once(visit):
    there = await visit()

    delivery = await there.buy(acte("26111222", PLACE))

    there.once("acte", "Numéro d'inscription : 26111222", delivery)


async def test_an_acte_ordered_under_a_wrong_type_is_found_under_its_own(visit):
    there = await visit()

    delivery = await there.buy(acte("60417", "Gaspe"))

    assert delivery.target.type_acte == "Radiation"
    there.once("acte", "Numéro d'inscription : 60417", delivery)


async def test_of_similar_actes_the_very_one_is_bought(visit):
    there = await visit()

    delivery = await there.buy(acte("26333444", PLACE))

    there.once("acte", "Numéro d'inscription : 26333444", delivery)


async def test_similar_actes_without_the_very_one_are_refused_with_their_numbers(visit):
    there = await visit()

    error = await there.refused(acte("26555666", PLACE), SimilarOnly)

    assert "26555667" in error.text


async def test_an_acte_kept_on_paper_is_refused(visit):
    there = await visit()

    await there.refused(acte("1122334", PLACE), PaperOnly)


@pytest.mark.parametrize(("newest_last", "dates"), [(True, "%Y/%m/%d"), (True, "%d-%m-%Y"), (False, "%Y-%m-%d")])
async def test_of_several_plans_the_newest_is_bought_after_confirmation(visit, newest_last, dates):
    there = await visit(Quirks(newest_last=newest_last, dates=dates))

    delivery = await there.buy(plan("7", "Deux-Montagnes", "Mirabel"))

    assert delivery.note["plan_date"] == "2011-09-02"
    assert delivery.note["amount"] == "1,50 $"
    there.once("plan", "Plan du 2011-09-02", delivery)


async def test_a_plan_of_an_inactive_lot_is_bought(visit):
    there = await visit()

    delivery = await there.buy(plan("4000001", PLACE))

    assert "inactif" in delivery.note["message"]
    there.once("plan", "Plan du 1997-03-03", delivery)


async def test_an_index_of_an_inactive_lot_is_refused(visit):
    there = await visit()

    assert "4000001 est inactif" in (await there.refused(index("4000001", PLACE), InactiveLot)).text


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (index("9999999", PLACE), "La fiche immobilière demandée est inexistante."),
        (index(LOT, "Chambly"), "Le lot n'existe pas dans la circonscription foncière demandée."),
        (acte("26999999", PLACE), "Le document demandé est inexistant."),
        (plan("9999999", PLACE), "La fiche immobilière demandée est inexistante."),
    ],
    ids=["index", "lot elsewhere", "acte", "plan"],
)
async def test_what_does_not_exist_is_refused_in_the_registrys_words(visit, request_, sentence):
    there = await visit()

    assert (await there.refused(request_, NotFound)).text == sentence


async def test_an_ambiguous_circonscription_is_refused_before_anything_is_sent(visit):
    there = await visit()

    with pytest.raises(OptionAmbiguous):
        await there.adapter.locate(there.page, index(LOT, "Bonaventure"))

    assert not any("indx_immbl" in line and "POST" in line for line in there.site.log)


ORDERS = {
    "index": (index(LOT, PLACE), "Lot : 3 456 789"),
    "acte": (acte("26333444", PLACE), "Numéro d'inscription : 26333444"),
    "plan": (plan("7", "Deux-Montagnes", "Mirabel"), "Plan du 2011-09-02"),
}
VARIANTS = {
    "windows-1252": (Quirks(charset="windows-1252"), "plan"),
    "charset told by the page alone": (Quirks(charset="windows-1252", charset_in_header=False), "index"),
    "capitals": (Quirks(upper=True, preparing=1), "plan"),
    "picture buttons": (Quirks(submit="image", entry="map"), "acte plan"),
    "button elements": (Quirks(submit="button", entry="image"), "acte"),
    "prepared slowly": (Quirks(preparing=2, hops=1), "index"),
    "inline": (Quirks(delivery="inline"), "index"),
    "new tab": (Quirks(delivery="popup"), "index"),
    "by script": (Quirks(delivery="script"), "index"),
    "cadastres from the start": (Quirks(cadastre_first=True, home_links=True), "index"),
    "number lost, cancel first": (Quirks(lot_lost=True, annul_first=True, alert=True), "index"),
    "charged at confirmation": (Quirks(charge_at="confirm", confirm=("index", "acte", "plan")), "acte"),
    "save link by title alone": (Quirks(bare_save=True, delivery="inline"), "index"),
    "forms torn by their tables": (Quirks(torn=True), "plan"),
    "site search below": (Quirks(search_box="bottom"), "acte"),
    "site search above": (Quirks(search_box="rival"), "acte"),
}


@pytest.mark.parametrize(("quirks", "products"), VARIANTS.values(), ids=VARIANTS.keys())
async def test_every_variant_sells_once(visit, quirks, products):
    there = await visit(quirks)

    for product in products.split():
        there.site.ledger.clear()
        there.site.log.clear()
        request, line = ORDERS[product]
        there.once(product, line, await there.buy(request))
