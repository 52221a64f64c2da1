"""A proxy in front of Postgres that swallows notifications, as a transaction pooler does."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

_NOTIFICATION = b"A"


class DeafProxy:
    """Forwards everything but NotificationResponse, on a port of its own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        name = parts.netloc.rpartition("@")[0]
        self.url = parts._replace(netloc=f"{name}@127.0.0.1:{port}", query="sslmode=disable").geturl()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        """Message by message: a letter, a length that counts itself, the rest."""
        with contextlib.suppress(OSError, struct.error), server.makefile("rb") as stream:
            while head := stream.read(5):
                [length] = struct.unpack("!I", head[1:])
                body = stream.read(length - 4)
                if head[:1] != _NOTIFICATION:
                    client.sendall(head + body)
        client.close()
        server.close()
