"""The process's browser: started when needed, started again when it died, nothing of ours leaked into it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from registre.browser.actions import goto, take_dialogs
from registre.browser.launch import MARKER, Browser
from registre.browser.session import Session
from registre.browser.snapshot import safe_url, take_snapshot
from registre.domain.account import Account
from registre.domain.errors import BrowserLost
from tests.sites.conftest import KINDS, account, executable

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def own() -> Browser:
    """A browser that may be killed."""
    path = next((found for kind in KINDS if (found := executable(kind))), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    return Browser(path)


def processes() -> list[int]:
    """Browser processes this process started, by their marker."""
    mark = f"{MARKER}={os.getpid()}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def test_it_starts_late_dies_alone_and_is_started_again(own, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@nowhere/db")
    before = set(processes())
    assert not own.is_running

    context = await own.new_context()
    session = Session(account(), context, await context.new_page())
    mine = set(processes()) - before
    assert mine
    assert not any(b"DATABASE_URL" in Path(f"/proc/{pid}/environ").read_bytes() for pid in mine)
    for pid in mine:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    with pytest.raises(BrowserLost):
        await goto(session.page, "http://127.0.0.1/", what="page")
    assert session.broken
    await session.close()

    again = await own.new_context()
    assert own.is_running
    await again.close()
    await own.close()
    assert set(processes()) <= before


async def test_it_is_not_closed_under_someone_elses_page(own):
    first, second = await own.new_context(), await own.new_context()
    await first.close()
    await own.close_unused()
    await second.new_page()
    await second.close()
    await own.close_unused()
    assert not own.is_running


async def test_pages_that_died_with_it_do_not_keep_it_open(own):
    before = set(processes())
    await (await own.new_context()).new_page()
    for pid in set(processes()) - before:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while own.is_running:
        await asyncio.sleep(0.01)
    again = await own.new_context()
    await again.close()
    await own.close_unused()
    assert not own.is_running


async def test_a_browser_that_cannot_start_is_named(tmp_path):
    with pytest.raises(BrowserLost):
        await Browser(tmp_path / "absent").new_context()


async def test_a_password_is_in_no_repr():
    assert "erable" not in repr(account())
    assert isinstance(account(), Account)


async def test_a_snapshot_shows_the_page_and_hides_what_was_typed(page):
    await page.set_content(
        """<label>Code d'utilisateur <input name=txtVaCodeUtils value="21B4101"></label>
        <input type=password name=txtMotPasse value="erable-rouge-41"><input type=submit value=Soumettre>
        <iframe srcdoc="<p>Client : 21B4101</p>"></iframe>"""
    )

    shot = await take_snapshot(page, secrets=("21B4101", "erable-rouge-41"))

    assert shot.png is not None
    assert shot.png.startswith(b"\x89PNG")
    assert "21B4101" not in shot.html
    assert "erable" not in shot.html
    assert "Soumettre" in shot.html
    assert "Client : ***" in shot.html


async def test_a_snapshot_of_a_closed_page_does_not_fail(browser):
    context = await browser.new_context()
    page = await context.new_page()
    await context.close()

    shot = await take_snapshot(page)

    assert shot.png is None


async def test_an_address_keeps_no_secret():
    url = safe_url("http://user:pass@127.0.0.1:1/Sirf/x.asp?no=12&jeton=abc#frag")

    assert url == "http://127.0.0.1:1/Sirf/x.asp?no=12&jeton=***"


async def test_dialogs_are_accepted_and_kept(browser):
    context = await browser.new_context()
    session = Session(account(), context, await context.new_page())

    await session.page.set_content("<script>window.answer = confirm('Vous serez facturé.')</script>")

    assert take_dialogs(session.page) == ("Vous serez facturé.",)
    assert take_dialogs(session.page) == ()
    assert await session.page.evaluate("window.answer") is True
    await session.close()
