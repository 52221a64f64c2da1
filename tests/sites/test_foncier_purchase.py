"""Orders bought from the replica through a real browser: the right document, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest

from registre.domain.errors import InactiveLot, NotFound, OptionAmbiguous, OptionNotFound, PaperOnly, SimilarOnly
from registre.domain.request import TypeActe
from registre.sites.base import charged_by
from tests.sites.conftest import acte, index, plan

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(document[0].get_textpage().get_text_range().split())
    finally:
        document.close()


async def test_an_index_is_bought_and_is_the_one_ordered(replica, desk):
    located = await replica.adapter.locate(desk, index("2 784 195", "Montreal", "Cadastre du Quebec"))
    assert await replica.ledger() == []
    assert await replica.hits("index", "POST") == 2  # the two lists, no search

    (target,) = located.targets
    delivery = await replica.adapter.buy(desk, target)

    (charge,) = await replica.ledger()
    assert charge["key"] == target.key
    assert charge["demande"] == delivery.note["demande"]
    assert "2 784 195" in text_of(delivery.content)
    assert await replica.hits("pdf") == 1


async def test_buying_fills_the_form_again_when_the_page_is_elsewhere(replica, desk):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    await desk.goto("about:blank")

    delivery = await replica.adapter.buy(desk, target)

    assert delivery.content.startswith(b"%PDF")
    assert [charge["key"] for charge in await replica.ledger()] == [target.key]


async def test_misplaced_words_give_the_combination_that_exists(replica, desk):
    request = index("24A", "Terrebonne", designation_secondaire="Rang 5 Canton Abercrombie Paroisse de Saint-Hippolyte")

    located = await replica.adapter.locate(desk, request)
    first, second = located.targets
    with pytest.raises(NotFound) as caught:
        await replica.adapter.buy(desk, first)
    await replica.adapter.buy(desk, second)

    assert charged_by(caught.value) is False
    assert (second.cadastre, second.designation_secondaire) == (
        "Paroisse de Saint-Hippolyte",
        "Rang 5 Canton Abercrombie",
    )
    assert located.note["designation_left_out"] == request.designation_secondaire
    assert [charge["key"] for charge in await replica.ledger()] == [second.key]


async def test_nothing_is_chosen_for_a_name_the_site_does_not_offer(replica, desk):
    with pytest.raises(OptionNotFound):
        await replica.adapter.locate(desk, plan("1234567", "Montréal", "WRONG_CADASTRE"))
    with pytest.raises(OptionNotFound):
        await replica.adapter.locate(desk, index(place="Saint-Jérôme"))
    with pytest.raises(OptionAmbiguous):
        await replica.adapter.locate(desk, index(place="Lac-Saint-Jean"))

    assert await replica.ledger() == []


async def test_an_acte_offers_its_own_type_first_then_the_others(replica, desk):
    located = await replica.adapter.locate(desk, acte())

    assert [target.type_acte for target in located.targets] == [
        TypeActe.ACTE,
        TypeActe.AVIS_ADRESSE,
        TypeActe.RADIATION,
        TypeActe.ACTE_DIVERS,
    ]
    delivery = await replica.adapter.buy(desk, located.targets[0])
    assert "25 616 321" in text_of(delivery.content)


async def test_the_type_under_which_an_acte_is_filed_is_reached_by_its_target(replica, desk):
    located = await replica.adapter.locate(desk, acte("53850", "Gaspé"))
    with pytest.raises(NotFound):
        await replica.adapter.buy(desk, located.targets[0])

    divers = next(target for target in located.targets if target.type_acte is TypeActe.ACTE_DIVERS)
    await replica.adapter.buy(desk, divers)

    assert [charge["key"] for charge in await replica.ledger()] == [divers.key]


async def test_only_the_exact_number_of_a_similar_list_is_bought(replica, desk):
    target = (await replica.adapter.locate(desk, acte("25616400"))).targets[0]

    delivery = await replica.adapter.buy(desk, target)

    assert delivery.note["row"] == "2"
    assert [charge["key"] for charge in await replica.ledger()] == [target.key]


@pytest.mark.parametrize(
    ("number", "place", "error"),
    [
        ("25616500", "Montréal", SimilarOnly),
        ("25616600", "Montréal", PaperOnly),
        ("53900", "Gaspé", PaperOnly),
        ("12345678", "Montréal", NotFound),
    ],
    ids=["neighbours only", "exact one on paper", "all on paper", "nothing"],
)
async def test_an_acte_that_cannot_be_had_costs_nothing(replica, desk, number, place, error):
    target = (await replica.adapter.locate(desk, acte(number, place))).targets[0]

    with pytest.raises(error) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False
    assert await replica.ledger() == []


async def test_a_heavy_acte_is_confirmed_and_taken_whole(replica, desk):
    target = (await replica.adapter.locate(desk, acte("23111222", "Québec"))).targets[0]

    delivery = await replica.adapter.buy(desk, target)

    assert delivery.note["amount"] == "1,50 $"
    assert len(delivery.content) > 10_000_000
    assert delivery.content.rstrip().endswith(b"%%EOF")
    assert "transfer" not in delivery.note
    assert len(await replica.ledger()) == 1


async def test_a_plan_passes_selection_and_confirmation(replica, desk):
    (target,) = (await replica.adapter.locate(desk, plan("2", "Deux-Montagnes", "Mirabel"))).targets

    delivery = await replica.adapter.buy(desk, target)

    assert (delivery.note["plan_date"], delivery.note["plan_row"]) == ("1985-12-05", "2/2")
    (charge,) = await replica.ledger()
    assert (charge["plan_date"], charge["key"]) == ("1985-12-05", target.key)


@pytest.mark.parametrize("plan_order", ["ascending", "descending"])
async def test_the_latest_plan_is_taken_in_whatever_order_they_are_listed(replica, desk, plan_order):
    await replica.options(plan_order=plan_order)
    (target,) = (await replica.adapter.locate(desk, plan("2626043", "Montréal"))).targets

    delivery = await replica.adapter.buy(desk, target)

    assert delivery.note["plan_date"] == "2017-05-30"
    assert [charge["plan_date"] for charge in await replica.ledger()] == ["2017-05-30"]


@pytest.mark.parametrize("shown", ["form", "selection"])
async def test_the_plan_of_an_inactive_lot_is_still_had(replica, desk, shown):
    await replica.options(inactive_plan=shown)
    (target,) = (await replica.adapter.locate(desk, plan("1987654", "Terrebonne"))).targets

    delivery = await replica.adapter.buy(desk, target)

    assert "est inactif" in delivery.note["message"]
    assert len(await replica.ledger()) == 1


async def test_an_inactive_lot_has_no_index(replica, desk):
    (target,) = (await replica.adapter.locate(desk, index("1987654", "Terrebonne"))).targets

    with pytest.raises(InactiveLot) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is False
    assert await replica.ledger() == []


async def test_the_history_shows_what_was_bought_and_gives_it_again_free(replica, desk):
    (target,) = (await replica.adapter.locate(desk, index())).targets
    bought = await replica.adapter.buy(desk, target)

    purchases = await replica.adapter.purchases(desk, datetime.now(UTC) - timedelta(minutes=5))
    (purchase,) = purchases
    again = await replica.adapter.recover(desk, purchase)

    assert (purchase.target_number, purchase.amount_cents, purchase.demande) == (
        "2784195",
        150,
        bought.note["demande"],
    )
    assert again.content == bought.content
    assert again.target == target
    assert len(await replica.ledger()) == 1
    assert await replica.adapter.purchases(desk, datetime.now(UTC) + timedelta(hours=1)) == ()


async def test_a_site_without_a_history_says_so(replica, page, desk):
    await replica.options(history=False)

    assert await replica.adapter.purchases(desk, datetime.now(UTC)) is None
