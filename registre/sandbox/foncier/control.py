"""The control plane under /__ctl: JSON for tests and demos to read the replica's books and break it on purpose.

    GET  /__ctl/state      options, faults pending, accounts, number of charges and of live sessions
    GET  /__ctl/ledger     every charge, oldest first, with the document's natural key
    GET  /__ctl/requests   the last 5000 requests, oldest first
    GET  /__ctl/sessions   live signed-in sessions
    GET  /__ctl/logins     login attempts, failures and lock, by account
    POST /__ctl/options    {"delivery": "inline", …}: any field of Options but accounts and ledger
    POST /__ctl/faults     {"kind": "http500", "route": "viewer", "account": …, "numero": …, "count": 2}; see Fault
    POST /__ctl/clear      drops the pending faults
    POST /__ctl/expire     {"account": …} or {}: ends that account's sessions, or all
    POST /__ctl/lock       {"account": …}
    POST /__ctl/unlock     {"account": …}
    POST /__ctl/advance    {"seconds": 1200}: moves the site's clock, for inactivity and preparation
    POST /__ctl/reset      {} or {"ledger": true}: the state of the start; charges go only when told

A refused command answers 400 with {"error": …} and changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from registre.sandbox.command import json_object
from registre.sandbox.foncier.faults import Fault
from registre.sandbox.foncier.site import Site

_Command = Callable[[Site, Mapping[str, object]], Awaitable[object]]
_View = Callable[[Site], object]


def control_routes(site: Site) -> list[Route]:
    """Routes of the control plane."""
    views = [Route(f"/__ctl/{name}", _view(site, view), methods=["GET"]) for name, view in _VIEWS.items()]
    commands = [Route(f"/__ctl/{name}", _command(site, run), methods=["POST"]) for name, run in _COMMANDS.items()]
    return views + commands


def _view(site: Site, view: _View) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        del request
        return JSONResponse(view(site))

    return answer


def _command(site: Site, run: _Command) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(await run(site, json_object(await request.body())))
        except KeyError as exc:
            return JSONResponse({"error": f"missing or unknown: {exc}"}, 400)
        except (TypeError, ValueError) as exc:
            return JSONResponse({"error": str(exc)}, 400)

    return answer


def _state(site: Site) -> object:
    return {
        "options": site.options.shown(),
        "faults": [fault.model_dump(mode="json") for fault in site.faults.pending],
        "accounts": site.accounts.shown(),
        "charges": len(site.ledger.charges),
        "sessions": len(site.sessions.live()),
    }


def _ledger(site: Site) -> object:
    return [charge.shown() for charge in site.ledger.charges]


def _requests(site: Site) -> object:
    return [entry.shown() for entry in site.log]


def _sessions(site: Site) -> object:
    now = site.now()
    return [
        {
            "session": session.name,
            "account": session.account,
            "idle_s": round(now - session.seen, 3),
            "demands": {demand.number: demand.phase for demand in session.demands.values()},
        }
        for session in site.sessions.live()
    ]


def _logins(site: Site) -> object:
    return site.accounts.shown()


async def _options(site: Site, raw: Mapping[str, object]) -> object:
    site.options = site.options.changed(raw)
    return site.options.shown()


async def _faults(site: Site, raw: Mapping[str, object]) -> object:
    fault = Fault.model_validate(raw)
    site.faults.pending.append(fault)
    return fault.model_dump(mode="json")


async def _clear(site: Site, raw: Mapping[str, object]) -> object:
    del raw
    dropped = len(site.faults.pending)
    site.faults.pending.clear()
    return {"dropped": dropped}


async def _expire(site: Site, raw: Mapping[str, object]) -> object:
    return {"ended": site.sessions.end_all(_account(raw) if raw else None)}


async def _lock(site: Site, raw: Mapping[str, object]) -> object:
    site.accounts.lock(_account(raw))
    return {"locked": sorted(site.accounts.locked)}


async def _unlock(site: Site, raw: Mapping[str, object]) -> object:
    site.accounts.unlock(_account(raw))
    return {"locked": sorted(site.accounts.locked)}


async def _advance(site: Site, raw: Mapping[str, object]) -> object:
    seconds = raw["seconds"]
    if not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError("seconds is a number, 0 or more")
    site.skip(seconds)
    return {"advanced": seconds}


async def _reset(site: Site, raw: Mapping[str, object]) -> object:
    await site.reset(ledger=raw.get("ledger") is True)
    return _state(site)


def _account(raw: Mapping[str, object]) -> str:
    return str(raw["account"])


_VIEWS: dict[str, _View] = {
    "state": _state,
    "ledger": _ledger,
    "requests": _requests,
    "sessions": _sessions,
    "logins": _logins,
}
_COMMANDS: dict[str, _Command] = {
    "options": _options,
    "faults": _faults,
    "clear": _clear,
    "expire": _expire,
    "lock": _lock,
    "unlock": _unlock,
    "advance": _advance,
    "reset": _reset,
}
