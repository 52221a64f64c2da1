"""Which address leads to which screen. Paths arrive in lower case: the site's servers ignore case."""

from __future__ import annotations

import base64
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.acte_form import acte_form, doubtful_acte
from registre.sandbox.foncier.control import control_routes
from registre.sandbox.foncier.delivery import pdf
from registre.sandbox.foncier.entrance import entry, entry_frame, login, logout, unknown, welcome
from registre.sandbox.foncier.gate import Handler, endpoint
from registre.sandbox.foncier.history import again, history
from registre.sandbox.foncier.lot_form import lot_form
from registre.sandbox.foncier.ordering import confirmation, processing, selection
from registre.sandbox.foncier.site import Site
from registre.sandbox.foncier.viewer import menu, page, viewer

#: One pixel; the pages give every image its size.
_GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAGaZzAAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==")

_OPEN: Final[tuple[tuple[str, paths.Screen, Handler], ...]] = (
    (paths.ENTRY, "entry", entry),
    (paths.ENTRY_FRAME, "entry", entry_frame),
    (paths.LOGIN, "login", login),
    (paths.LOGIN_ALIAS, "login", login),
)
_SIGNED: Final[tuple[tuple[str, paths.Screen, Handler], ...]] = (
    (paths.WELCOME, "welcome", welcome),
    (paths.LOGOUT, "logout", logout),
    (paths.HISTORY, "history", history),
    (paths.AGAIN, "again", again),
    (paths.INDEX, "index", lot_form("index")),
    (paths.ACTE, "acte", acte_form),
    (paths.DOUBTFUL_ACTE, "acte", doubtful_acte),
    (paths.PLAN, "plan", lot_form("plan")),
    (paths.SELECTION, "selection", selection),
    (paths.CONFIRMATION, "confirmation", confirmation),
    (paths.PROCESSING, "processing", processing),
    (paths.VIEWER, "viewer", viewer),
    (paths.MENU, "menu", menu),
    (paths.PAGE, "page", page),
    (paths.PDF, "pdf", pdf),
)


def site_routes(site: Site) -> list[Route]:
    """Every route, the control plane's first."""
    methods = ["GET", "POST"]
    routes = control_routes(site)
    routes += [
        Route("/", _home),
        Route("/favicon.ico", _no_icon),
        Route(f"{paths.IMAGES.lower()}{{name}}.gif", _image),
    ]
    for path, screen, handler in _OPEN:
        routes.append(Route(path.lower(), endpoint(site, screen, handler, signed=False), methods=methods))
    for path, screen, handler in _SIGNED:
        routes.append(Route(path.lower(), endpoint(site, screen, handler), methods=methods))
    routes.append(Route("/{rest:path}", endpoint(site, "unknown", unknown, signed=False), methods=methods))
    return routes


async def _home(request: Request) -> Response:
    del request
    return RedirectResponse(paths.ENTRY, 302)


async def _no_icon(request: Request) -> Response:
    """Browsers ask for it beside an inline PDF, where no page can say there is none."""
    del request
    return Response(status_code=204)


async def _image(request: Request) -> Response:
    del request
    return Response(_GIF, media_type="image/gif", headers={"Cache-Control": "max-age=86400"})
