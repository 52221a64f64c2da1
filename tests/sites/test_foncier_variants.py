"""The site as it might also be built: other entries, lists, buttons, charsets. All must lead to the same document."""

from __future__ import annotations

import pytest

from registre.domain.errors import OptionNotFound
from registre.sites.foncier.adapter import FoncierAdapter
from tests.sites.conftest import account, acte, index, plan

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("layout", ["link", "area", "image", "frameset"])
async def test_every_entry_layout_leads_in(replica, page, layout):
    await replica.options(entry=layout)

    await replica.adapter.sign_in(page, account())

    assert (await replica.logins(account().username))["attempts"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"cancel_first": True},
        {"cadastre_always": True},
        {"keep_typed_lot": False, "strict_lot": True},
        {"blank_label": "-- Choisir --", "reversed_options": True},
        {"charset": "utf-8"},
        {"redirects": 2},
        {"confirm": "all", "plan_selection": "always"},
        {
            "renamed_controls": {
                "txtNumrtLot": "txtLot",
                "selCircnFoncr": "selCirc",
                "selCadst": "selCad",
                "btnConfr": "btnOui",
            },
            "confirm": "all",
        },
    ],
    ids=lambda change: "+".join(change),
)
async def test_an_order_survives_a_cosmetic_change(replica, desk, change):
    await replica.options(**change)
    for request in (index(), plan("2784195", "Montréal")):
        target = (await replica.adapter.locate(desk, request)).targets[0]

        assert (await replica.adapter.buy(desk, target)).content.startswith(b"%PDF")

        assert (await replica.ledger())[-1]["key"] == target.key
    assert len(await replica.ledger()) == 2


async def test_an_acte_survives_a_cancel_button_that_comes_first(replica, desk):
    await replica.options(cancel_first=True, renamed_controls={"btnRechr": "btnOk"})
    target = (await replica.adapter.locate(desk, acte("25616400"))).targets[0]

    await replica.adapter.buy(desk, target)

    assert [charge["key"] for charge in await replica.ledger()] == [target.key]


async def test_a_renamed_cadastre_du_quebec_is_known_by_its_value(replica, desk):
    await replica.options(renamed_options={"Cadastre du Québec": "Cadastre rénové du Québec"})

    (target,) = (await replica.adapter.locate(desk, index())).targets

    assert target.cadastre == "Cadastre rénové du Québec"


async def test_an_option_renamed_beyond_recognition_is_not_guessed(replica, desk):
    await replica.options(renamed_options={"Montréal": "Ville-Marie"})

    with pytest.raises(OptionNotFound):
        await replica.adapter.locate(desk, index())


async def test_a_slow_site_is_waited_for(replica, desk):
    await replica.options(profile="crawl", latency_scale=0.05)
    (target,) = (await replica.adapter.locate(desk, index())).targets

    assert (await replica.adapter.buy(desk, target)).content.startswith(b"%PDF")


async def test_the_sites_address_may_end_with_a_slash(replica, page):
    adapter = FoncierAdapter(replica.url + "/")

    await adapter.sign_in(page, account())
    (target,) = (await adapter.locate(page, index())).targets

    assert (await adapter.buy(page, target)).target == target
