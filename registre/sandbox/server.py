"""The replica land registry as an application and as a server on loopback.

    python -m registre.sandbox.server --port 8790 --ledger charges.jsonl --profile fast

Its first line of output is its address. Everything else it can be told: `foncier/options.py` at start,
`/__ctl/…` while it runs (`foncier/control.py`).

Known of the real site, and kept: the addresses of the entry, login, search, selection and confirmation pages; ids and
names of their controls; the cascade of lists by post-back; `td.contValErr`; the sentences for what does not exist;
frames `menu` and `page`; the save link's title, classes and address part; four redirects before a document; 1,50 $.

Invented, because nobody recorded it: the entry page's markup; the address and text of the welcome, logout, processing
and viewer pages; the charset (windows-1252, switchable) and the cookie's letters; every option value but NULL, 000000,
000001 and A; the search button's name and the list's radio names; what a wrong password, a locked account, an expired
password, a missing card, the personal question, an expired session, maintenance and closed hours look like; the price
on the confirmation page; when a confirmation is asked; that the charge falls when the document is shown; that a shown
document may be saved again free; that a login must follow a GET of its form; the page for requests out of order; that
one account's sessions do not disturb each other; and the whole *Historique des consultations* (times in UTC).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, cast, get_args

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from registre.sandbox import documents
from registre.sandbox.foncier.breakage import TRANSPORT
from registre.sandbox.foncier.catalogue import Catalogue, Document, PlanVersion, catalogue
from registre.sandbox.foncier.options import Options
from registre.sandbox.foncier.pdfs import Render
from registre.sandbox.foncier.routes import site_routes
from registre.sandbox.foncier.site import Site

#: Forms are small; anything larger is not one.
_MAX_BODY: Final = 64 * 1024


class RegistryApp(Starlette):
    """The application of one replica; paths are matched whatever their case."""

    def __init__(self, site: Site) -> None:
        super().__init__(routes=site_routes(site), max_body_size=_MAX_BODY)
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # uvicorn's `send` is a method of the request's cycle, which knows its connection; others have none
            transport: object = getattr(getattr(send, "__self__", None), "transport", None)
            scope = {**scope, "path": scope["path"].lower(), TRANSPORT: transport}
        await super().__call__(scope, receive, send)


def create_app(
    options: Options | None = None, *, holdings: Catalogue | None = None, render: Render | None = None
) -> RegistryApp:
    """A replica with its own state; it reads the ledger file back if there is one.

    Raises:
        ValueError: the ledger file is something else.
    """
    return RegistryApp(Site(options or Options(), holdings or catalogue(), render or _render))


def _render(document: Document, demande: str, version: PlanVersion | None) -> bytes:
    return documents.render(document, demande=demande, version=version)


class Server:
    """A replica being served; `url` has no trailing slash."""

    def __init__(self, url: str, server: uvicorn.Server, task: asyncio.Task[None]) -> None:
        self.url = url
        self._server = server
        self._task = task

    async def stop(self) -> None:
        """Stop serving; requests under way are given a second."""
        self._server.should_exit = True
        await self._task


class _QuietServer(uvicorn.Server):
    """Leaves signals to whoever owns the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Serve `app` in the running loop; port 0 takes a free one. It accepts connections when this returns.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.create_server((host, port), backlog=128)
    bound = cast("int", listener.getsockname()[1])
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="registre-sandbox")
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    return Server(f"http://{host}:{bound}", server, task)


async def run(options: Options, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a replica until SIGINT or SIGTERM; `ready` is called with its address."""
    await run_apps([(create_app(options), port)], host, lambda urls: ready(urls[0]))


async def run_apps(apps: Sequence[tuple[Starlette, int]], host: str, ready: Callable[[Sequence[str]], None]) -> None:
    """Serve several applications, each on its port, until SIGINT or SIGTERM; `ready` is called with their addresses.

    Raises:
        OSError: a port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    servers: list[Server] = []
    try:
        for app, port in apps:
            servers.append(await serve(app, host=host, port=port))
        for number in signals:
            loop.add_signal_handler(number, stop.set)
        ready([server.url for server in servers])
        await stop.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        for server in servers:
            await server.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the replica alone."""
    profiles = cast("tuple[str, ...]", get_args(Options.model_fields["profile"].annotation))
    parser = argparse.ArgumentParser(prog="registre.sandbox.server", description="Réplique locale du Registre foncier.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, default=None)
    parser.add_argument("--profile", choices=profiles, default="fast")
    given = parser.parse_args(arguments)
    options = Options(ledger=given.ledger, profile=given.profile)
    asyncio.run(run(options, given.host, given.port, _announce))


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
