"""The stand-in's control plane under /__ctl: JSON to read its books and break it on purpose.

    GET  /__ctl/state      options (keys left out), faults pending, numbers of arrivals, files and deletions
    GET  /__ctl/arrivals   every request to generate since the start or the last reset, oldest first
    GET  /__ctl/rates      ?seconds=60: the most requests and input tokens in any such window, by project and model
    GET  /__ctl/planted    every misreading done on purpose: arrival, page, row, field, the truth and what was given
    POST /__ctl/options    {"quota": {"rpm": 60}, "mistakes": [{"kind": "digit_swap", "rate": 0.1}], …}; see Options
    POST /__ctl/faults     {"kind": "http", "status": 429, "retry_s": 7, "count": 2}; see Fault
    POST /__ctl/lessons    {"sha256": …, "page": "corpus/3/1", "said": {…}}: what a picture of ours shows; see truth.py
    POST /__ctl/clear      drops the pending faults
    POST /__ctl/reset      forgets everything but the options

A refused command answers 400 with {"error": …} and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registre.sandbox.command import json_object
from registre.sandbox.gemini.books import MINUTE, Books
from registre.sandbox.gemini.options import Fault, Lesson

_View = Callable[[Books, Mapping[str, str]], object]
_Command = Callable[[Books, Mapping[str, object]], object]


def control_routes(books: Books) -> list[Route]:
    """Routes of the control plane."""
    views = [Route(f"/__ctl/{name}", _view(books, view), methods=["GET"]) for name, view in _VIEWS.items()]
    commands = [Route(f"/__ctl/{name}", _command(books, run), methods=["POST"]) for name, run in _COMMANDS.items()]
    return views + commands


def _view(books: Books, view: _View) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(view(books, request.query_params))
        except ValueError as exc:
            return JSONResponse({"error": str(exc)}, 400)

    return answer


def _command(books: Books, run: _Command) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(run(books, json_object(await request.body())))
        except (TypeError, ValueError) as exc:
            return JSONResponse({"error": str(exc)}, 400)

    return answer


def _state(books: Books, _query: Mapping[str, str]) -> object:
    return {
        "options": books.options.model_dump(mode="json", exclude={"keys"}),
        "faults": [fault.model_dump(mode="json") for fault in books.faults],
        "arrivals": len(books.arrivals),
        "files": sorted(books.files),
        "uploads": books.uploads,
        "deleted": books.deleted,
    }


def _arrivals(books: Books, _query: Mapping[str, str]) -> object:
    return books.shown_arrivals()


def _rates(books: Books, query: Mapping[str, str]) -> object:
    return books.rates(float(query.get("seconds", MINUTE)))


def _planted(books: Books, _query: Mapping[str, str]) -> object:
    return books.planted


def _options(books: Books, raw: Mapping[str, object]) -> object:
    books.options = books.options.changed(raw)
    return books.options.model_dump(mode="json", exclude={"keys"})


def _faults(books: Books, raw: Mapping[str, object]) -> object:
    fault = Fault.model_validate(raw)
    books.faults.append(fault)
    return fault.model_dump(mode="json")


def _lessons(books: Books, raw: Mapping[str, object]) -> object:
    lesson = Lesson.model_validate(raw)
    books.learn(lesson.sha256, lesson.page, lesson.said)
    return {"lessons": len(books.lessons)}


def _clear(books: Books, _raw: Mapping[str, object]) -> object:
    dropped = len(books.faults)
    books.faults.clear()
    return {"dropped": dropped}


def _reset(books: Books, _raw: Mapping[str, object]) -> object:
    books.reset()
    return _state(books, {})


_VIEWS: Final[dict[str, _View]] = {
    "state": _state,
    "arrivals": _arrivals,
    "rates": _rates,
    "planted": _planted,
}
_COMMANDS: Final[dict[str, _Command]] = {
    "options": _options,
    "faults": _faults,
    "lessons": _lessons,
    "clear": _clear,
    "reset": _reset,
}
