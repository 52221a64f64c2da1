"""Reports of technical failures: one event for each job that ends badly, nothing personal in it.

An event is composed of what is listed here; what is not listed does not leave, whatever the SDK gathers.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from registre.domain.errors import ConfigurationError, RegistreError
from registre.domain.fault import fault_of
from registre.domain.request import DocumentKind
from registre.revision import revision

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

#: How long a process that stops waits for reports on their way.
CLOSE_S: Final = 2.0
#: Bytes of an attachment; markup is cut, a picture that is larger stays here.
_MAX_MARKUP: Final = 256_000
_MAX_PICTURE: Final = 1_000_000
_EVENT: Final = ("event_id", "timestamp", "platform", "level", "release", "environment", "fingerprint", "tags", "sdk")
_FRAME: Final = ("function", "module", "lineno", "in_app")

_log = structlog.get_logger("sentry")


def configure(dsn: str | None, *, environment: str) -> None:
    """Turn reporting on when an address is given. No integration: one error is one event, and nothing is patched.

    Raises:
        ConfigurationError: the address is none of Sentry's.
    """
    if dsn is None:
        return
    # A tenth of a second of every process that reports nothing: loaded here alone, which `_is_loaded` relies on.
    import sentry_sdk
    from sentry_sdk.utils import BadDsn

    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=f"registre@{revision()}",
            default_integrations=False,
            send_client_reports=False,
            include_local_variables=False,
            include_source_context=False,
            in_app_include=["registre", "actors"],
            max_breadcrumbs=0,
            before_send=_compose,
        )
    except BadDsn as exc:
        raise ConfigurationError("SENTRY_DSN n'est pas une adresse de Sentry (https://clé@hôte/numéro).") from exc


def report(
    error: BaseException, *, job_id: str, kind: str, site: str, stage: str, environment: str | None = None
) -> None:
    """One broken job, with its masked page. Grouped as `registre triage` groups it: a changed page is one issue and not
    a thousand. Whatever goes wrong in here stays here."""
    fault = fault_of(error, site=site, stage=stage)
    tags = {
        "site": site,
        "stage": stage,
        "code": error.code if isinstance(error, RegistreError) else "bug",
        "job": job_id,
        # what an application wrote may be anything
        "kind": kind if kind in set(DocumentKind) else "?",
        "group": fault,
    }
    evidence = error.evidence if isinstance(error, RegistreError) else {}
    _send(error, fault.split("/", 2), tags, evidence, environment)


def report_crash(error: BaseException, *, role: str) -> None:
    """A process that dies of an error of its own; what it worked on is returned by the clock."""
    # a task group wraps the one error that ended it
    while len(inner := getattr(error, "exceptions", ())) == 1:
        error = inner[0]
    _send(error, ["process", role, type(error).__name__], {"role": role, "code": "crash"}, {}, None)


def watch_threads(role: str) -> None:
    """Report threads that die: their process looks alive and works no more."""
    told = threading.excepthook

    def tell(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            report_crash(args.exc_value, role=role)
        told(args)

    threading.excepthook = tell


def close() -> None:
    """Send what is on its way, for two seconds at most."""
    if not _is_loaded():
        return
    import sentry_sdk

    try:
        sentry_sdk.get_client().close(timeout=CLOSE_S)
    except Exception as exc:  # noqa: BLE001  a report is never worth a clean stop
        _log.warning("sentry.unclosed", error=type(exc).__name__)


def _is_loaded() -> bool:
    return "sentry_sdk" in sys.modules


def _send(
    error: BaseException,
    fingerprint: list[str],
    tags: dict[str, str],
    evidence: dict[str, bytes],
    environment: str | None,
) -> None:
    if not _is_loaded():
        return
    import sentry_sdk

    if not sentry_sdk.get_client().is_active():
        return
    try:
        with sentry_sdk.new_scope() as scope:
            scope.fingerprint = fingerprint
            scope.set_tags(tags)
            for name, content in evidence.items():
                if name.endswith(".html"):
                    scope.add_attachment(content[:_MAX_MARKUP], name, content_type="text/html")
                elif len(content) <= _MAX_PICTURE:
                    scope.add_attachment(content, name, content_type="image/png")
            if environment is not None:
                scope.add_event_processor(lambda event, _hint: {**event, "environment": environment})
            scope.capture_exception(error)
    except Exception as exc:  # noqa: BLE001  a report is never worth a job
        _log.warning("sentry.unsent", error=type(exc).__name__)


def _compose(given: Event, _hint: Hint) -> Event:
    event = cast("dict[str, Any]", given)
    composed = {name: event[name] for name in _EVENT if name in event}
    values: list[dict[str, Any]] = event.get("exception", {}).get("values", [])
    composed["exception"] = {"values": [_exception(value) for value in values]}
    return cast("Event", composed)


def _exception(value: dict[str, Any]) -> dict[str, Any]:
    """Type, what the type says of itself, and the lines: an error's own text quotes what was ordered and answered."""
    trace: dict[str, Any] = value.get("stacktrace") or {}
    frames: list[dict[str, Any]] = trace.get("frames", [])
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "value": _MESSAGES.get(str(value.get("type")), ""),
        "stacktrace": {"frames": [{name: frame.get(name) for name in _FRAME} for frame in frames]},
    }


def _messages(parent: type[RegistreError]) -> dict[str, str]:
    found = {parent.__name__: f"{parent.message} {parent.hint}"}
    for child in parent.__subclasses__():
        found |= _messages(child)
    return found


_MESSAGES: Final = _messages(RegistreError)
