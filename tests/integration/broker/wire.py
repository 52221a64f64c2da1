"""A wire to Postgres that can be cut, frozen or refused, and one that behaves as a transaction pooler does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class Wire:
    """Forwards bytes between clients and a server, until told otherwise."""

    def __init__(self, url: str, *, refusing: bool = False) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        reserved = socket.create_server(("127.0.0.1", 0))
        self._port = reserved.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self._port}").geturl()
        if refusing:
            reserved.close()
        else:
            self._listen(reserved)

    def freeze(self) -> None:
        """As a stopped server or a black hole: connections are taken, bytes go nowhere."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Everything held back flows."""
        self._flowing.set()

    def open(self) -> None:
        """Stop refusing."""
        self._listen(socket.create_server(("127.0.0.1", self._port)))

    def close(self) -> None:
        self._flowing.set()
        for end in self._ends:
            end.close()

    def _listen(self, listener: socket.socket) -> None:
        self._ends.append(listener)
        _thread(self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                _thread(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(self._server)
        self._ends += [client, server]
        _thread(self._pump, server, client)
        self._pump(client, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Pooler(Wire):
    """Each statement runs on whatever server connection is free, and what the server says unasked is lost.

    Simple-protocol clients only, as psycopg2 is.
    """

    def __init__(self, url: str) -> None:
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()
        super().__init__(url)

    def _serve(self, client: socket.socket) -> None:
        """The client logs in on a connection of its own, which then joins the pool."""
        server = socket.create_connection(self._server)
        self._ends += [client, server]
        with contextlib.suppress(OSError, EOFError):
            size = _exactly(client, 4)
            server.sendall(size + _exactly(client, int.from_bytes(size, "big") - 4))
            for message in _messages(server):
                client.sendall(message)
                if message[:1] == b"Z":
                    break
                if message[:1] == b"R" and message[5:9] in _ASKS:
                    server.sendall(_message(client))
            self._give(server)
            while (statement := _message(client))[:1] != b"X":
                self._run(client, statement)
        client.close()

    def _run(self, client: socket.socket, statement: bytes) -> None:
        server = self._take()
        server.sendall(statement)
        for answer in _messages(server):
            client.sendall(answer)
            if answer[:1] == b"Z" and answer[5:6] == b"I":
                break
            if answer[:1] == b"Z":
                server.sendall(_message(client))
        self._give(server)

    def _take(self) -> socket.socket:
        with self._lock:
            server = self._idle.pop(0)
        server.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while server.recv(65536):  # what came while nobody was linked to it
                pass
        server.setblocking(True)
        return server

    def _give(self, server: socket.socket) -> None:
        with self._lock:
            self._idle.append(server)


#: authentication messages that wait for an answer: cleartext, md5, SASL, SASL continued
_ASKS = {number.to_bytes(4, "big") for number in (3, 5, 10, 11)}


def _thread(work: object, *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _exactly(end: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = end.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _message(end: socket.socket) -> bytes:
    head = _exactly(end, 5)
    return head + _exactly(end, int.from_bytes(head[1:], "big") - 4)


def _messages(end: socket.socket) -> Iterator[bytes]:
    while True:
        yield _message(end)
