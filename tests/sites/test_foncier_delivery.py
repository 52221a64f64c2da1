"""Every way the site may deliver a document: same bytes, one hit, one charge, in both browsers."""

from __future__ import annotations

import pytest

from registre.domain.errors import DocumentLate, LayoutChanged, SessionLost, SiteError
from registre.sites.base import charged_by
from tests.sites.conftest import KINDS, account, index

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")


LINKS = (
    *("attachment", "inline", "popup_inline", "popup_attachment"),
    *("script_window", "script_frame", "script_frame_attachment", "one_shot", "delay"),
)


@pytest.mark.parametrize("delivery", LINKS)
@pytest.mark.parametrize("kind", KINDS)
async def test_every_way_of_linking_gives_the_document_with_one_hit(replica, browsers, kind, delivery):
    if kind not in browsers:
        pytest.skip(f"{kind} is not installed")
    await replica.options(delivery=delivery, delivery_delay_s=0.5)
    context = await browsers[kind].new_context()
    page = await context.new_page()
    await replica.adapter.sign_in(page, account())
    (target,) = (await replica.adapter.locate(page, index())).targets

    got = await replica.adapter.buy(page, target)

    assert got.content.startswith(b"%PDF")
    assert got.content.rstrip().endswith(b"%%EOF")
    assert "transfer" not in got.note
    assert await replica.hits("pdf") == 1
    assert len(await replica.ledger()) == 1
    assert len(context.pages) == 1
    await context.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_spoiled_delivery_comes_back_as_it_is(replica, browsers, kind):
    if kind not in browsers:
        pytest.skip(f"{kind} is not installed")
    context = await browsers[kind].new_context()
    page = await context.new_page()
    await replica.adapter.sign_in(page, account())
    (target,) = (await replica.adapter.locate(page, index())).targets
    got = {}

    for delivery in ("truncated", "zero", "html200", "html_as_pdf", "reset"):
        await replica.options(delivery=delivery)
        got[delivery] = await replica.adapter.buy(page, target)
    await context.close()

    assert got["truncated"].content.startswith(b"%PDF")
    assert not got["truncated"].content.rstrip().endswith(b"%%EOF")
    assert got["zero"].content == b""
    assert "Une erreur est survenue" in got["html200"].content.decode("cp1252")
    assert "html" in got["html200"].note["content_type"]
    assert got["html_as_pdf"].note["content_type"] == "application/pdf"
    assert b"<html" in got["html_as_pdf"].content.lower()
    assert got["reset"].content.startswith(b"%PDF")
    assert got["reset"].note["transfer"]
    assert await replica.hits("pdf") == 5


@pytest.mark.parametrize("save_link", ["top", "renamed_class"])
async def test_the_save_link_is_found_by_its_meaning(replica, desk, save_link):
    await replica.options(save_link=save_link)
    (target,) = (await replica.adapter.locate(desk, index())).targets

    assert (await replica.adapter.buy(desk, target)).content.startswith(b"%PDF")


async def test_a_viewer_without_a_save_link_is_paid_and_named(replica, desk):
    await replica.options(save_link="missing")
    (target,) = (await replica.adapter.locate(desk, index())).targets

    with pytest.raises(LayoutChanged) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is True
    assert len(await replica.ledger()) == 1


@pytest.mark.parametrize(
    ("fault", "error"), [("expire", SessionLost), ("http500", SiteError), ("reset", SiteError)], ids=str
)
async def test_a_paid_document_that_fails_to_come_is_known_to_be_paid(replica, desk, fault, error):
    await replica.fault(fault, "pdf")
    (target,) = (await replica.adapter.locate(desk, index())).targets

    with pytest.raises(error) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is True
    assert await replica.hits("pdf") == 1
    assert len(await replica.ledger()) == 1


async def test_a_session_lost_inside_the_frameset_is_seen(replica, desk):
    await replica.fault("expire", "menu")
    (target,) = (await replica.adapter.locate(desk, index())).targets

    with pytest.raises(SessionLost) as caught:
        await replica.adapter.buy(desk, target)

    assert charged_by(caught.value) is True


async def test_a_document_in_preparation_is_waited_for(replica, desk):
    await replica.options(preparation_s=2.5)
    (target,) = (await replica.adapter.locate(desk, index())).targets

    assert (await replica.adapter.buy(desk, target)).content.startswith(b"%PDF")
    assert len(await replica.ledger()) == 1


async def test_a_document_that_never_comes_is_late_not_bought_again(replica, desk, impatient):
    await replica.fault("never_ready", numero="2784195")
    (target,) = (await impatient.locate(desk, index())).targets

    with pytest.raises(DocumentLate) as caught:
        await impatient.buy(desk, target)

    assert charged_by(caught.value) is None
    assert await replica.hits("index", "POST") == 3
