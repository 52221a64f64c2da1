"""What may cost is sent once, even when the connection breaks: Chromium by itself would send it again."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Error as PlaywrightError

from registre.browser.actions import click
from registre.browser.capture import capture_document
from registre.browser.once import SentOnce, is_sealed
from registre.domain.errors import PageTimeout, SiteError
from tests.sites.conftest import KINDS

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")

FORM = b"<title>f</title><form method=post action=/pay><input name=a value=1><input type=submit value=Payer></form>"
PDF = b"%PDF-1.4 " + b"x" * 5000 + b" %%EOF"


class RawServer:
    """Answers by path, keeps connections alive, counts what reaches it."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.cookies: list[str] = []
        self.url = ""
        #: the answer to /pay never comes
        self.silent = False

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
                await reader.readexactly(int(fields.get("content-length", 0)))
                method, path, _ = lines[0].split(" ")
                if path != "/favicon.ico":
                    self.hits.append(f"{method} {path}")
                    self.cookies.append(fields.get("cookie", ""))
                if not self._write(writer, path):
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _write(self, writer: asyncio.StreamWriter, path: str) -> bool:
        if path == "/never" or (path == "/pay" and self.silent):
            return True
        if path == "/pay" or path.startswith("/reset"):
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            return False
        pages = {
            "/": (200, "text/html", FORM),
            "/hops": (200, "text/html", FORM.replace(b"/pay", b"/hop1")),
            "/hop1": (302, "/hop2", b""),
            "/hop2": (302, "/end", b""),
            "/end": (200, "text/html", b"<title>fin</title>arriv\xe9e"),
            "/slow": (200, "text/html", b"<a href=/never>Sauvegarder</a>"),
            "/late": (200, "text/html", LATE),
            "/popup": (200, "text/html", FORM.replace(b"method=post", b"method=post target=_blank")),
            "/frame": (
                200,
                "text/html",
                FORM.replace(b"method=post", b"method=post target=f") + b"<iframe name=f></iframe>",
            ),
            "/fetch": (
                200,
                "text/html",
                b"<button onclick=\"fetch('/pay', {method: 'POST', body: 'a=1'})\">Payer</button>",
            ),
            "/twice": (200, "text/html", b"<a href=/doc.pdf onmouseup=\"window.open('/doc.pdf')\">Sauvegarder</a>"),
            "/wrapped": (200, "text/html", b"<a href=/wrapper target=_blank>Sauvegarder</a>"),
            "/wrapper": (200, "text/html", b"<embed src=/doc.pdf type=application/pdf>"),
            "/object": (200, "text/html", b"<a href=/holder target=_blank>Sauvegarder</a>"),
            "/holder": (200, "text/html", b"<object type=application/pdf data=/doc.pdf></object>"),
            "/blob": (200, "text/html", BLOB),
            "/lost": (200, "text/html", b"<a href=/reset>Sauvegarder</a>"),
            "/none": (200, "text/html", b"<a href='#'>Sauvegarder</a>"),
            "/doc.pdf": (200, "application/pdf", PDF),
        }
        status, kind, body = pages.get(path, (404, "text/plain", b"?"))
        extra = f"Location: {kind}\r\nSet-Cookie: seen={path[1:]}; path=/; HttpOnly" if status == 302 else ""
        shown = extra or f"Content-Type: {kind}; charset=windows-1252"
        writer.write(f"HTTP/1.1 {status} X\r\n{shown}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return True


LATE = b"""<title>f</title><button onclick="setTimeout(pay, 200)">Payer</button><script>
function pay() {
  fetch('/pay', {method: 'POST'}).catch(function () {}).then(function () { window.tried = true })
}</script>"""
BLOB = b"""<a id=a href=#>Sauvegarder</a><script>
document.getElementById('a').onclick = function () {
  var link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(['%PDF-1.4 fait ici'], {type: 'application/pdf'}))
  link.download = 'x.pdf'; link.click()
}</script>"""


@pytest_asyncio.fixture(loop_scope="session")
async def raw() -> AsyncIterator[RawServer]:
    server = RawServer()
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield server
    listener.close()


@pytest_asyncio.fixture(loop_scope="session", params=KINDS)
async def tab(browsers, request):
    if request.param not in browsers:
        pytest.skip(f"{request.param} is not installed")
    context = await browsers[request.param].new_context()
    yield await context.new_page()
    await context.close()


async def test_a_post_whose_connection_is_reset_is_not_sent_again(raw, tab):
    await tab.goto(raw.url)

    async with SentOnce(tab, timeout_s=5) as guard:
        with pytest.raises(SiteError):
            await click(tab, tab.get_by_role("button"), what="paiement", timeout_s=5)

    assert raw.hits.count("POST /pay") == 1
    assert "Reset" in guard.failure


async def test_a_post_whose_sender_no_longer_holds_the_job_never_leaves(raw, tab):
    await tab.goto(raw.url)

    with pytest.raises(SiteError):
        async with SentOnce(tab, timeout_s=10, may_send=lambda: False) as guard:
            await click(tab, tab.get_by_role("button", name="Payer"), what="paiement", timeout_s=10)

    assert "retenu" in guard.failure
    assert "POST /pay" not in raw.hits


async def test_a_post_given_up_while_its_answer_is_out_is_not_sent_by_the_browser_instead(raw, tab):
    raw.silent = True
    await tab.goto(raw.url)

    async def pay():
        async with SentOnce(tab, timeout_s=30):
            await click(tab, tab.get_by_role("button"), what="paiement", timeout_s=30)

    paying = asyncio.create_task(pay())
    await reached(raw, "POST /pay")
    paying.cancel()
    await asyncio.gather(paying, return_exceptions=True)

    assert is_sealed(tab)
    with pytest.raises(PlaywrightError):  # nothing at all leaves the page any more
        await tab.goto(raw.url + "/end", timeout=5000)
    assert raw.hits.count("POST /pay") == 1
    assert "GET /end" not in raw.hits


async def test_a_click_that_wakes_up_after_it_was_given_up_sends_nothing(raw, tab):
    await tab.goto(raw.url + "/late")

    async with SentOnce(tab, timeout_s=30) as guard:
        await tab.get_by_role("button").click()
        assert guard.shut() == 0
    await tab.wait_for_function("window.tried")

    assert raw.hits == ["GET /late"]


@pytest.mark.parametrize("way", ["popup", "frame", "fetch"])
async def test_a_post_that_takes_another_way_is_sent_once_and_counted(raw, tab, way):
    raw.silent = True
    await tab.goto(f"{raw.url}/{way}")

    async with SentOnce(tab, timeout_s=2) as guard:
        await tab.get_by_role("button").click()
        await reached(raw, "POST /pay")
        left = guard.shut()
    await asyncio.sleep(0.3)

    assert left == 1
    assert raw.hits.count("POST /pay") == 1


async def reached(raw, line):
    async with asyncio.timeout(10):
        while line not in raw.hits:
            await asyncio.sleep(0.01)


async def test_redirects_are_followed_one_by_one_and_the_page_ends_where_they_lead(raw, tab):
    await tab.goto(raw.url + "/hops")

    async with SentOnce(tab, timeout_s=5) as guard:
        await click(tab, tab.get_by_role("button"), what="envoi", timeout_s=5)

    assert tab.url == raw.url + "/end"
    assert "arrivée" in await tab.content()
    assert raw.hits == ["GET /hops", "POST /hop1", "GET /hop2", "GET /end"]
    assert [hop.removeprefix(raw.url) for hop in guard.hops] == ["/hop1", "/hop2", "/end"]
    assert raw.cookies[-1] == "seen=hop2"


async def capture(raw, tab, path, **more):
    await tab.goto(raw.url + path)
    link = tab.get_by_text("Sauvegarder")
    return await capture_document(tab, link.click, timeout=timedelta(seconds=5), **more)


async def test_a_link_that_opens_a_window_and_navigates_asks_once(raw, tab):
    got = await capture(raw, tab, "/twice")

    assert got.content == PDF
    assert raw.hits.count("GET /doc.pdf") == 1
    assert len(tab.context.pages) == 1


@pytest.mark.parametrize("path", ["/wrapped", "/object"])
async def test_a_document_embedded_in_a_page_of_its_own_is_taken(raw, tab, path):
    got = await capture(raw, tab, path)

    assert got.content == PDF
    assert (len(raw.hits), raw.hits.count("GET /doc.pdf")) == (3, 1)


async def test_a_document_made_by_the_page_is_taken(raw, tab):
    assert (await capture(raw, tab, "/blob")).content == b"%PDF-1.4 fait ici"


async def test_a_document_whose_connection_is_reset_is_asked_once_and_reported(raw, tab):
    got = await capture(raw, tab, "/lost")

    assert (got.status, got.content) == (0, b"")
    assert "Reset" in got.error
    assert raw.hits.count("GET /reset") == 1


async def test_a_document_given_up_while_it_is_out_is_not_asked_by_the_browser_instead(raw, tab):
    await tab.goto(raw.url + "/slow")
    taking = asyncio.create_task(
        capture_document(tab, tab.get_by_text("Sauvegarder").click, timeout=timedelta(seconds=30))
    )
    await reached(raw, "GET /never")

    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    await asyncio.sleep(0.5)

    assert raw.hits.count("GET /never") == 1


async def test_nothing_at_all_is_a_timeout(raw, tab):
    await tab.goto(raw.url + "/none")

    with pytest.raises(PageTimeout):
        await capture_document(tab, tab.get_by_text("Sauvegarder").click, timeout=timedelta(seconds=0.5))


async def test_the_page_browses_freely_after_a_capture(raw, tab):
    await capture(raw, tab, "/twice")

    await tab.goto(raw.url + "/end")

    assert await tab.title() == "fin"
