"""One request and its redirects, sent by us over a connection of its own, each address once.

Chromium repeats a request by itself when a reused connection is reset before the answer, POST included (measured on
156: two hits for one click). Nothing here ever sends again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from playwright.async_api import BrowserContext, Request

from registre.crash import crash_point

_MAX_HOPS: Final = 10
_CHUNK: Final = 65_536
_CONNECT_S: Final = 20.0
#: Headers the connection itself decides.
_DROPPED: Final = frozenset({"host", "connection", "content-length", "accept-encoding", "cookie"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one chain of requests gave. `status` is 0 when no answer began."""

    url: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    #: why the transfer is not whole; None when it is
    error: str | None = None
    #: every address asked, in order, the last one included
    hops: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """First header of that name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(slots=True)
class _Ask:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    #: asked just before the request leaves
    may_send: Callable[[], bool]
    deadline: float = 0.0
    #: the connection while it lives, so that giving up can end the thread that reads it
    wire: socket.socket | None = None


def always() -> bool:
    """Nothing speaks against sending."""
    return True


async def ask_once(
    context: BrowserContext,
    request: Request,
    *,
    timeout_s: float,
    may_send: Callable[[], bool] = always,
) -> Answer:
    """Send a browser's intercepted request ourselves, redirects followed, each address once.

    Uses and updates the context's cookies. Never raises for a network fault: the answer says what arrived.
    """
    ask = _Ask(
        request.method,
        urldefrag(request.url).url,
        request.headers,
        request.post_data_buffer,
        may_send,
    )
    ask.deadline = time.monotonic() + timeout_s
    hops: list[str] = []
    while True:
        hops.append(ask.url)
        cookies = await context.cookies(ask.url)
        cookie = "; ".join(f"{c.get('name', '')}={c.get('value', '')}" for c in cookies)
        answer = replace(await _in_thread(ask, cookie), hops=tuple(hops))
        await _store_cookies(context, answer)
        location = answer.header("location")
        if answer.status not in _REDIRECTS or not location or len(hops) > _MAX_HOPS:
            return answer
        ask.url = urldefrag(urljoin(ask.url, location)).url
        if answer.status not in {307, 308}:
            ask.method, ask.body = "GET", None


class Asking:
    """Requests under way, so that whoever gives up waiting can cut them off."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Answer]] = set()

    async def ask(
        self,
        context: BrowserContext,
        request: Request,
        *,
        timeout_s: float,
        may_send: Callable[[], bool] = always,
    ) -> Answer:
        """`ask_once`; an answer without status when it was cut off."""
        task = asyncio.create_task(ask_once(context, request, timeout_s=timeout_s, may_send=may_send))
        self._tasks.add(task)
        try:
            await asyncio.wait({task})
        finally:
            self._tasks.discard(task)
        return Answer(request.url, error="abandonné") if task.cancelled() else task.result()

    def cut_off(self) -> None:
        """Give up every request under way."""
        for task in self._tasks:
            task.cancel()


async def _in_thread(ask: _Ask, cookie: str) -> Answer:
    connection = _connection(ask.url)
    try:
        return await asyncio.to_thread(_send, connection, ask, cookie)
    finally:
        # also reached on cancellation: a socket shut down ends the thread's read
        with contextlib.suppress(OSError):
            if ask.wire is not None:
                ask.wire.shutdown(socket.SHUT_RDWR)
        connection.close()


def _connection(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return HTTPSConnection(host, parts.port, timeout=_CONNECT_S, context=ssl.create_default_context())
    return HTTPConnection(host, parts.port, timeout=_CONNECT_S)


def _send(connection: HTTPConnection, ask: _Ask, cookie: str) -> Answer:
    parts = urlsplit(ask.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {name: value for name, value in ask.headers.items() if name.lower() not in _DROPPED}
    if ask.body is None:
        headers.pop("content-type", None)
    headers |= {"Accept-Encoding": "identity", "Connection": "close"} | ({"Cookie": cookie} if cookie else {})
    try:
        connection.connect()
        ask.wire = wire = connection.sock
        wire.settimeout(max(1.0, ask.deadline - time.monotonic()))
        if not ask.may_send():
            return Answer(ask.url, error="retenu: la demande n'est plus à ce processus")
        connection.request(ask.method, path, body=ask.body, headers=headers)
        crash_point("after_paying_click")
        response = connection.getresponse()
    except (OSError, HTTPException) as exc:
        return Answer(ask.url, error=_reason(exc))
    content, error = _read(connection, response, ask.deadline)
    return Answer(ask.url, response.status, tuple(response.getheaders()), content, error)


def _read(connection: HTTPConnection, response: HTTPResponse, deadline: float) -> tuple[bytes, str | None]:
    """All that arrives, and why it stopped short if it did."""
    announced = response.length
    chunks: list[bytes] = []
    error = None
    try:
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            if time.monotonic() > deadline:
                error = "délai dépassé pendant le transfert"
                break
    except (OSError, HTTPException) as exc:
        error = _reason(exc)
    content = b"".join(chunks)
    if error is None and announced is not None and len(content) < announced:
        error = f"{len(content)} octets reçus sur {announced} annoncés"
    return content, error


def _reason(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}"


async def _store_cookies(context: BrowserContext, answer: Answer) -> None:
    host = urlsplit(answer.url).hostname or ""
    for name, value in answer.headers:
        if name.lower() != "set-cookie":
            continue
        try:
            morsels = SimpleCookie(value)
        except CookieError:
            continue
        for morsel in morsels.values():
            await context.add_cookies(
                [
                    {
                        "name": morsel.key,
                        "value": morsel.coded_value,
                        "domain": morsel["domain"] or host,
                        "path": morsel["path"] or "/",
                        "httpOnly": bool(morsel["httponly"]),
                        "secure": bool(morsel["secure"]),
                        # -1: until the context closes; 1: long past, which deletes it
                        "expires": 1 if morsel["max-age"] == "0" else -1,
                    }
                ]
            )
