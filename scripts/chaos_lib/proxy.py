"""A TCP proxy that can be told to cut, delay, fall silent, refuse, or lose the answer to one request."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final

_CHUNK: Final = 65_536
#: close() sends RST instead of FIN
_ABRUPT: Final = struct.pack("ii", 1, 0)


class _Link:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        #: what the client said makes this one special: it listens, or it asked for what costs money
        self.marked = False

    def abort(self) -> None:
        for writer in (self.near, self.far):
            wire = writer.get_extra_info("socket")
            if wire is not None:
                with suppress(OSError):
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABRUPT)
            writer.transport.abort()


class Proxy:
    """In front of one server. `mark`: words in what a client sends that mark its connection."""

    def __init__(self, target: int, *, mark: tuple[bytes, ...] = ()) -> None:
        self._target, self._mark = target, mark
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._marked_flow = asyncio.Event()
        self._marked_flow.set()
        self._delay_s = 0.0
        self._refuses = False
        #: answers on marked connections to be lost
        self.to_lose = 0
        self.lost = 0
        self.port = 0

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for link in tuple(self._links):
            link.abort()

    async def refuse(self, seconds: float) -> None:
        """Reset every connection, new ones too."""
        self._refuses = True
        self.cut()
        await asyncio.sleep(seconds)
        self._refuses = False

    async def delay(self, seconds: float) -> None:
        """Each piece comes 150 ms late."""
        self._delay_s = 0.15
        await asyncio.sleep(seconds)
        self._delay_s = 0.0

    async def silence(self, seconds: float, *, then_cut: bool) -> None:
        """Connections stay open and nothing passes; afterwards it all arrives, or they are reset."""
        self._flows.clear()
        await asyncio.sleep(seconds)
        if then_cut:
            self.cut()
        self._flows.set()

    async def silence_marked(self, seconds: float) -> None:
        """Nothing comes back on the marked connections, then they are reset: what was to be heard is lost."""
        self._marked_flow.clear()
        await asyncio.sleep(seconds)
        for link in tuple(self._links):
            if link.marked:
                link.abort()
        self._marked_flow.set()

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            near.transport.abort()
            return
        link = _Link(near, far)
        self._links.add(link)
        if self._refuses:
            link.abort()
        try:
            await asyncio.gather(self._there(link, reader), self._back(link, far_reader))
        except OSError:
            pass  # either side broke it: so is the other side's
        finally:
            link.abort()
            self._links.discard(link)

    async def _there(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            link.marked = link.marked or any(word in data for word in self._mark)
            await self._flows.wait()
            await asyncio.sleep(self._delay_s)
            link.far.write(data)
            await link.far.drain()
        link.far.write_eof()

    async def _back(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(_CHUNK):
            if link.marked and self.to_lose > 0:
                self.to_lose -= 1
                self.lost += 1
                raise ConnectionResetError("lost on purpose")
            await self._flows.wait()
            if link.marked:
                await self._marked_flow.wait()
            await asyncio.sleep(self._delay_s)
            link.near.write(data)
            await link.near.drain()
        link.near.write_eof()
