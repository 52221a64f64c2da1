"""Reports: one event a broken job, grouped by site, screen and code, and nothing personal in it."""

from __future__ import annotations

import threading

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from actors import roles as process
from registre import sentry
from registre.domain.errors import ConfigurationError, LayoutChanged
from registre.domain.fault import fault_code, fault_of

#: Password, party, numbers, search, query, header, database: all invented, none may leave.
SECRETS = (
    "erable-rouge-41", "TREMBLAY, JEAN", "2784195", "hypothèque Rosemont", "jeton=9f8e7d", "Bearer abc123",
    "postgres://u:motdepasse@h/b", "12A3456", "exact-word-of-the-source",
)  # fmt: skip


class Kept(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list = []

    def capture_envelope(self, envelope) -> None:
        self.envelopes.append(envelope)

    @property
    def events(self) -> list[dict]:
        return [item.payload.json for envelope in self.envelopes for item in envelope.items if item.type == "event"]

    @property
    def attachments(self) -> dict[str, bytes]:
        return {
            item.headers["filename"]: item.payload.get_bytes()
            for envelope in self.envelopes
            for item in envelope.items
            if item.type == "attachment"
        }

    @property
    def text(self) -> str:
        return b"".join(envelope.serialize() for envelope in self.envelopes).decode(errors="replace")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch):
    transport = Kept()
    init = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **words: init(**words, transport=transport))
    sentry.configure("https://key@127.0.0.1/1", environment="test")
    yield transport
    for scope in (sentry_sdk.get_global_scope(), sentry_sdk.get_isolation_scope(), sentry_sdk.get_current_scope()):
        scope.clear()
        scope.set_client(None)


def raised(error: BaseException) -> BaseException:
    """With a traceback, local variables, a cause and a note that all say too much."""
    password, party, lot = SECRETS[:3]
    try:
        try:
            headers = {"Authorization": SECRETS[5]}
            raise ValueError(f"{password} {party} {lot} {headers}")
        except ValueError as exc:
            exc.add_note(" ".join(SECRETS))
            raise error from exc
    except type(error) as caught:  # exact-word-of-the-source
        caught.add_note(" ".join(SECRETS))
        return caught


def report(error: BaseException, **words: object) -> None:
    sentry.report(error, **{"job_id": "j", "kind": "index", "site": "foncier", "stage": "fetch", **words})


def test_a_broken_job_is_one_event_with_its_tags_and_group(kept: Kept) -> None:
    report(raised(LayoutChanged(" ".join(SECRETS), screen="search_index")), environment="prod")

    [event] = kept.events
    assert event["fingerprint"] == ["foncier", "search_index", "layout_changed"]
    assert event["tags"] == {
        "site": "foncier",
        "stage": "fetch",
        "code": "layout_changed",
        "job": "j",
        "kind": "index",
        "group": "foncier/search_index/layout_changed",
    }
    assert event["environment"] == "prod"
    assert event["release"].startswith("registre@")
    # Who reads it sees what it means and where it broke.
    [cause, error] = event["exception"]["values"]
    assert (cause["type"], cause["value"]) == ("ValueError", "")
    assert error["value"].startswith(LayoutChanged.message)
    assert [frame["function"] for frame in error["stacktrace"]["frames"]] == ["raised"]


def test_an_event_carries_nothing_of_a_person_an_account_or_an_order(kept: Kept) -> None:
    sentry_sdk.set_user({"username": SECRETS[7]})
    sentry_sdk.set_context("page", {"query": SECRETS[4]})
    sentry_sdk.set_extra("search", SECRETS[3])
    sentry_sdk.add_breadcrumb(message=SECRETS[6])
    for error in (
        LayoutChanged(" ".join(SECRETS)),
        KeyError(" ".join(SECRETS)),
        ExceptionGroup(SECRETS[1], [OSError()]),
    ):
        report(raised(error), kind=SECRETS[1])

    assert len(kept.events) == 3
    assert [secret for secret in SECRETS if secret in kept.text] == []
    assert "motdepasse" not in kept.text
    assert {"user", "extra", "breadcrumbs", "server_name", "contexts", "request", "modules"}.isdisjoint(
        {key for event in kept.events for key in event}
    )
    assert {event["tags"]["kind"] for event in kept.events} == {"?"}


def test_the_masked_page_goes_with_it_within_bounds(kept: Kept) -> None:
    error = LayoutChanged()
    error.evidence = {"page.html": b"<p>" + b"a" * 2_000_000, "page.png": b"\x89PNG"}
    report(error)
    assert kept.attachments["page.png"] == b"\x89PNG"
    assert kept.attachments["page.html"].startswith(b"<p>a")
    assert len(kept.attachments["page.html"]) < 300_000

    kept.envelopes.clear()
    error.evidence = {"page.png": b"p" * 5_000_000}
    report(error)
    assert (len(kept.events), kept.attachments) == (1, {})


def test_one_jobs_page_does_not_go_with_the_next(kept: Kept) -> None:
    error = LayoutChanged()
    error.evidence = {"page.html": b"<p>"}
    report(error)
    report(LayoutChanged())

    assert len([item for envelope in kept.envelopes for item in envelope.items if item.type == "attachment"]) == 1


def test_a_bug_is_grouped_by_its_type(kept: Kept) -> None:
    report(raised(KeyError("x")), stage="ocr")

    assert kept.events[0]["fingerprint"] == ["foncier", "ocr", "bug.KeyError"]
    assert kept.events[0]["tags"]["code"] == "bug"
    assert fault_code(fault_of(KeyError("x"), site="foncier", stage="ocr")) == "bug"


def test_a_crash_of_the_process_is_one_event(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_settings: object, _role: str) -> None:
        raise RuntimeError(" ".join(SECRETS))

    monkeypatch.setattr(process, "_work", crash)
    monkeypatch.setattr(sentry, "configure", lambda *_args, **_words: None)
    monkeypatch.setattr(process.sys, "argv", ["actors", "browser"])
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    with pytest.raises(RuntimeError):
        process.main()

    [event] = kept.events
    assert event["fingerprint"] == ["process", "browser", "RuntimeError"]
    assert event["tags"] == {"role": "browser", "code": "crash"}
    assert [secret for secret in SECRETS if secret in kept.text] == []


def test_what_is_not_set_up_is_said_and_not_reported(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_settings: object, _role: str) -> None:
        raise ConfigurationError("REGISTRE_FONCIER_URL manque")

    monkeypatch.setattr(process, "_work", refuse)
    monkeypatch.setattr(sentry, "configure", lambda *_args, **_words: None)
    monkeypatch.setattr(process.sys, "argv", ["actors", "ocr"])
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)

    assert process.main() == 2
    assert kept.events == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_is_one_event(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _args: None)
    sentry.watch_threads("browser")
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

    assert [event["fingerprint"] for event in kept.events] == [["process", "browser", "ZeroDivisionError"]]


def test_an_error_of_the_reporting_stays_there(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentry_sdk, "new_scope", lambda: 1 / 0)
    report(LayoutChanged())
    monkeypatch.setattr(sentry_sdk, "get_client", lambda: 1 / 0)
    sentry.close()

    assert kept.events == []


def test_without_an_address_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentry_sdk, "init", lambda **_words: pytest.fail("must not be turned on"))
    sentry.configure(None, environment="test")
    report(LayoutChanged())
    sentry.close()


def test_an_address_that_is_none_stops_the_start_in_one_sentence() -> None:
    with pytest.raises(ConfigurationError, match="SENTRY_DSN"):
        sentry.configure("sentry.example/1", environment="test")
