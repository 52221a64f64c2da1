"""What every request passes on its way to a screen: faults, slowness, session; and its line in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from registre.sandbox.foncier.breakage import HangResponse, ResetResponse
from registre.sandbox.foncier.paths import Screen
from registre.sandbox.foncier.sessions import COOKIE, Session
from registre.sandbox.foncier.site import LoggedRequest, Site
from registre.sandbox.foncier.visit import Visit, turned_away

Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_SEARCH_FORMS = frozenset({"index", "acte", "plan"})
_SLOW_ACCOUNT_S = 2.0


def endpoint(site: Site, screen: Screen, handler: Handler, *, signed: bool = True) -> Endpoint:
    """Make a route of a handler. `signed` screens turn away whoever has no signed-in session."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        session = site.sessions.touch(request.cookies.get(COOKIE))
        account = session.account if session else None
        response = await _obstacle(site, screen, session, request)
        if response is None and signed and (session is None or session.account is None):
            response = turned_away(site, screen)
        if response is None:
            known = session or site.sessions.open()
            fields = site.pages.fields(body) if request.method == "POST" else {}
            response = await handler(Visit(site, request, screen, known, fields))
            account = known.account or account
            if known is not session:
                response.set_cookie(COOKIE, known.cookie, path="/", httponly=True)
            session = known
            if site.faults.take_answer(screen, account):
                response = ResetResponse()
        _log(site, screen, request, session, account, response)
        return response

    return answer


async def _obstacle(site: Site, screen: Screen, session: Session | None, request: Request) -> Response | None:
    """The answer of a site that is closed or failing, after the wait of a slow one; None lets the request in."""
    await asyncio.sleep(_latency_s(site, screen, session, request.method))
    options = site.options
    if options.challenge:
        return _broken(site, "challenge")
    if options.maintenance != "off":
        return _broken(site, "maintenance")
    if options.closed:
        return _broken(site, "closed")
    fault = site.faults.take_gate(screen, session.account if session else None)
    if fault is None:
        return None
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "hang":
        return HangResponse(fault.seconds)
    if fault.kind == "expire":
        if session:
            site.sessions.end(session)
        return turned_away(site, screen)
    return _broken(site, fault.kind)


def _broken(site: Site, kind: str) -> Response:
    if kind == "challenge":
        return site.pages.html("challenge.html", status=403)
    if kind == "maintenance":
        return site.pages.html("maintenance.html", status=503 if site.options.maintenance == "503" else 200)
    if kind == "closed":
        return site.pages.html("closed.html")
    if kind == "reset":
        return ResetResponse()
    return site.pages.html("asp_error.html", status=500)


def _latency_s(site: Site, screen: Screen, session: Session | None, method: str) -> float:
    options = site.options
    account = site.accounts.find(session.account) if session else None
    seconds = _SLOW_ACCOUNT_S if account and "slow" in account.flags else 0.0
    if options.profile == "normal":
        seconds += site.dice.uniform(0.3, 1.5)
    elif options.profile == "slow-form" and screen in _SEARCH_FORMS and method == "GET":
        seconds += 12
    elif options.profile == "crawl" and screen in _SEARCH_FORMS:
        seconds += 40
    return seconds * options.latency_scale


def _log(
    site: Site, screen: Screen, request: Request, session: Session | None, account: str | None, response: Response
) -> None:
    if site.options.debug:
        response.headers["X-Replica-Page"] = screen
    site.log.append(
        LoggedRequest(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            method=request.method,
            path=request.url.path,
            query=request.url.query,
            screen=screen,
            account=account,
            session=session.name if session else None,
            status=response.status_code,
        )
    )
