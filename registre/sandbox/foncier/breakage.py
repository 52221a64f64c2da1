"""Answers that break the connection: nothing at all, half a body, or silence."""

from __future__ import annotations

import asyncio
from asyncio import BaseTransport, WriteTransport
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: Where the server leaves the connection of a request, for `cut`.
TRANSPORT: Final = "registre.transport"


class ResetResponse(Response):
    """Cuts the connection before any byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _cut(scope, receive)


class CutResponse(Response):
    """Promises its whole body, sends half, cuts the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _cut(scope, receive)


class HangResponse(Response):
    """Says nothing until the client gives up or `seconds` have passed, then cuts the connection."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await _disconnect(receive)
        except TimeoutError:
            await _cut(scope, receive)


async def _cut(scope: Scope, receive: Receive) -> None:
    transport: BaseTransport | None = scope.get(TRANSPORT)
    if not isinstance(transport, WriteTransport):
        raise ConnectionResetError("cut on purpose")
    transport.abort()
    await _disconnect(receive)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
