"""One request to one screen: what a handler gets, and the answers every screen may give."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.demand import Demand
from registre.sandbox.foncier.options import Options
from registre.sandbox.foncier.sessions import Session
from registre.sandbox.foncier.site import Site


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with its session; on signed-in screens the session has an account."""

    site: Site
    request: Request
    screen: paths.Screen
    session: Session
    #: posted fields; empty for a GET
    form: dict[str, str]

    @property
    def options(self) -> Options:
        """The options as they are now."""
        return self.site.options

    @property
    def posted(self) -> bool:
        """A POST, that is a submitted form."""
        return self.request.method == "POST"

    def page(self, template: str, *, status: int = 200, **context: object) -> Response:
        """A page of the site."""
        return self.site.pages.html(template, status=status, session=self.session, **context)

    def out_of_order(self) -> Response:
        """The page a request gets that does not follow from what was shown before. Status 200, as ASP sites do."""
        return self.page("sequence_error.html")

    def demand(self) -> Demand | None:
        """The session's demand that the address names."""
        return self.session.demands.get(self.request.query_params.get("no", ""))


def redirect(path: str, **query: object) -> Response:
    """A 302, the only kind ASP's `Response.Redirect` makes."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, 302)


def turned_away(site: Site, screen: paths.Screen) -> Response:
    """What a request without a signed-in session gets; inside the frameset the frame shows the login page."""
    variant = site.options.expired
    if variant == "C":
        return site.pages.html("session_expired.html")
    if variant == "A" and screen not in ("menu", "page"):
        return redirect(paths.ENTRY)
    return redirect(paths.LOGIN)
