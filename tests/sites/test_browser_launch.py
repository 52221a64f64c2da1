"""The process's browser: started when needed, started again when it died, nothing of ours leaked into it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from registre.browser import launch
from registre.browser.actions import goto, take_dialogs, translated
from registre.browser.launch import MARKER, Browser
from registre.browser.session import Session
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


async def test_a_frozen_browser_is_given_up_within_a_moment_and_replaced(own, monkeypatch):
    monkeypatch.setattr(launch, "_CONTEXT_S", 1.0)
    monkeypatch.setattr(launch, "_CLOSE_S", 1.0)
    before = set(processes())
    context = await own.new_context()
    page = await context.new_page()
    frozen = set(processes()) - before
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)

    with pytest.raises(BrowserLost, match="ne répond pas"):
        async with translated("ouverture de la page", limit_s=0.5):
            await context.new_page()
    with pytest.raises(BrowserLost, match="remplacé"):
        await own.new_context()

    assert not own.has(context)
    assert set(processes()) <= before
    again = await own.new_context()
    assert own.has(again)
    await own.close()
    assert page not in again.pages


async def test_a_browser_that_cannot_start_is_named(tmp_path):
    with pytest.raises(BrowserLost):
        await Browser(tmp_path / "absent").new_context()


async def test_a_password_is_in_no_repr():
    assert "erable" not in repr(account())
    assert isinstance(account(), Account)


async def test_dialogs_are_accepted_and_kept(browser):
    context = await browser.new_context()
    session = Session(account(), context, await context.new_page())

    await session.page.set_content("<script>window.answer = confirm('Vous serez facturé.')</script>")

    assert take_dialogs(session.page) == ("Vous serez facturé.",)
    assert take_dialogs(session.page) == ()
    assert await session.page.evaluate("window.answer") is True
    await session.close()
