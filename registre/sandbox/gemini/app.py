"""The stand-in for Gemini's API as an application; `registre.sandbox.server.serve` puts it on a port.

    python -m registre.sandbox.gemini.app --port 8791

Served under /v1beta (and /v1): models (list, get), generateContent, streamGenerateContent, countTokens, files and their
upload. Known of the real API and kept: addresses, camelCase bodies, header x-goog-api-key, the errors of a missing key
(403), a wrong one (400) and an unknown model (404), RetryInfo and QuotaFailure of a 429, finish reasons, usage without
the counts that are nothing, an answer without candidates when the prompt is blocked. Invented: how many tokens a text
has (its letters by 3.6), the day of a daily quota (24 hours from the start), how long anything takes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from registre.sandbox.foncier.breakage import TRANSPORT
from registre.sandbox.foncier.catalogue import Catalogue, catalogue
from registre.sandbox.gemini import files, wire
from registre.sandbox.gemini.books import Books
from registre.sandbox.gemini.control import control_routes
from registre.sandbox.gemini.gate import Caller, caller
from registre.sandbox.gemini.generate import count_tokens, generate
from registre.sandbox.gemini.options import KEY, Options

_Handler = Callable[[Request, Books, Caller], Awaitable[Response]]
#: Models that are listed where every name is served.
_LISTED = ("gemini-3.8-flash", "gemini-3.5-flash-lite")
#: The API takes 100 MB inline; no page is a tenth of that.
_MAX_BODY = 100 * 1024 * 1024


class GeminiApp(Starlette):
    """One stand-in, with its own books."""

    def __init__(self, books: Books) -> None:
        super().__init__(routes=_routes(books), max_body_size=_MAX_BODY)
        self.books = books

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # uvicorn's `send` is a method of the request's cycle, which knows its connection; others have none
            transport: object = getattr(getattr(send, "__self__", None), "transport", None)
            scope = {**scope, TRANSPORT: transport}
        await super().__call__(scope, receive, send)


def create_app(options: Options | None = None, *, holdings: Catalogue | None = None) -> GeminiApp:
    """A stand-in that knows the pages of `holdings`, the whole catalogue where None."""
    return GeminiApp(Books(options or Options(), holdings or catalogue()))


def _routes(books: Books) -> list[Route]:
    version = "/{version:str}"
    return [
        *control_routes(books),
        Route(f"/upload{version}/files", _upload(books), methods=["POST"]),
        Route(f"{version}/models", _guarded(books, _models), methods=["GET"]),
        Route(f"{version}/models/{{model:path}}", _guarded(books, _model), methods=["GET", "POST"]),
        Route(f"{version}/files", _guarded(books, _files), methods=["GET"]),
        Route(f"{version}/files/{{name:str}}", _guarded(books, _file), methods=["GET", "DELETE"]),
    ]


def _guarded(books: Books, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        who = caller(request, books)
        return who if isinstance(who, Response) else await handler(request, books, who)

    return endpoint


def _upload(books: Books) -> Callable[[Request], Awaitable[Response]]:
    begin = _guarded(books, _begin_upload)

    async def endpoint(request: Request) -> Response:
        # the second request goes to an address that is itself the permission
        upload = request.query_params.get("upload_id")
        return await files.finish(request, books, upload) if upload else await begin(request)

    return endpoint


async def _begin_upload(request: Request, books: Books, _who: Caller) -> Response:
    return await files.start(request, books)


async def _models(_request: Request, books: Books, _who: Caller) -> Response:
    return JSONResponse({"models": [_described(name) for name in books.options.models or _LISTED]})


async def _model(request: Request, books: Books, who: Caller) -> Response:
    name, _, method = str(request.path_params["model"]).partition(":")
    if not _served(books, name):
        message = f"models/{name} is not found for API version v1beta, or is not supported for {method or 'get'}."
        return JSONResponse(wire.error(404, message), 404)
    if request.method == "GET" and not method:
        return JSONResponse(_described(name))
    if method in {"generateContent", "streamGenerateContent"}:
        return await generate(request, books, who, name, method)
    if method == "countTokens":
        return await count_tokens(request, books)
    return JSONResponse(wire.error(404, "Requested entity was not found."), 404)


async def _files(request: Request, books: Books, _who: Caller) -> Response:
    return files.listed(request, books)


async def _file(request: Request, books: Books, _who: Caller) -> Response:
    return files.one(request, books, str(request.path_params["name"]))


def _served(books: Books, name: str) -> bool:
    return name.startswith("gemini-") if books.options.models is None else name in books.options.models


def _described(name: str) -> wire.Json:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stand-in alone; its first line of output is its address, the second its key."""
    from registre.sandbox.server import run_apps

    parser = argparse.ArgumentParser(prog="registre.sandbox.gemini.app", description="Doublure locale de Gemini.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    asyncio.run(run_apps([(create_app(), given.port)], given.host, _announce))


def _announce(urls: Sequence[str]) -> None:
    sys.stdout.write(f"{urls[0]}\n{KEY}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
