"""Reports of technical failures: one event for each job that ends badly, nothing personal in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration

import registre
from registre.domain.errors import RegistreError

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: Parts of an event that could carry a name, a number or a password.
_PERSONAL = ("request", "user", "breadcrumbs", "extra", "server_name", "modules")


def configure(dsn: str | None, *, environment: str) -> None:
    """Turn reporting on when an address is given. Log lines are never events: one error, one event."""
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=f"registre@{registre.__version__}",
        default_integrations=False,
        integrations=[LoggingIntegration(level=None, event_level=None)],
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        before_send=_strip,
    )


def report(error: BaseException, *, job_id: str, site: str, stage: str) -> None:
    """One broken job. Grouped by site, screen and code, so that a changed page is one issue and not a thousand."""
    code = error.code if isinstance(error, RegistreError) else "bug"
    screen = (error.screen if isinstance(error, RegistreError) else None) or stage
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = [site, screen, code] if code != "bug" else [site, stage, type(error).__name__]
        for name, value in (("site", site), ("stage", stage), ("code", code), ("job", job_id)):
            scope.set_tag(name, value)
        scope.capture_exception(error)


def _strip(event: Event, _hint: Hint) -> Event:
    for name in _PERSONAL:
        event.pop(name, None)
    # Messages quote what was ordered and what the site said; the code, the type and the lines say enough.
    for value in event.get("exception", {}).get("values", []):
        value["value"] = ""
    return event
