"""Who calls: the API key, in its header or (badly) in the address."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from registre.sandbox.gemini import wire
from registre.sandbox.gemini.books import Books


@dataclass(frozen=True, slots=True)
class Caller:
    """The project a key belongs to."""

    project: str
    key_in_url: bool


def caller(request: Request, books: Books) -> Caller | Response:
    """The caller, or the API's refusal."""
    in_url = request.query_params.get("key")
    key = request.headers.get("x-goog-api-key") or in_url
    if not key:
        message = (
            "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity."
        )
        return JSONResponse(wire.error(403, message), 403)
    project = books.options.keys.get(key)
    if project is None:
        details = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ]
        return JSONResponse(wire.error(400, "API key not valid. Please pass a valid API key.", details), 400)
    return Caller(project, in_url is not None)
