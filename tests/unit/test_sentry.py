"""Reports: one event a broken job, grouped by site, screen and code, and nothing personal in it."""

from __future__ import annotations

import json

import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from registre import sentry
from registre.domain.errors import LayoutChanged

SECRETS = ("erable-rouge-41", "TREMBLAY, JEAN", "2784195")


class Kept(Transport):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict] = []

    def capture_envelope(self, envelope) -> None:
        self.events += [item.payload.json for item in envelope.items if item.payload.json]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch):
    transport = Kept()
    init = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **words: init(**words, transport=transport))
    sentry.configure("https://key@127.0.0.1/1", environment="test")
    yield transport
    init(dsn=None)


def raised(error: Exception) -> Exception:
    password = SECRETS[0]
    try:
        raise error from ValueError(f"{password} {SECRETS[1]}")
    except type(error) as caught:
        return caught


def test_a_broken_job_is_one_event_with_its_tags_and_group(kept: Kept) -> None:
    sentry.report(
        raised(LayoutChanged(" ".join(SECRETS), screen="search_index")), job_id="j", site="foncier", stage="fetch"
    )

    [event] = kept.events
    assert event["fingerprint"] == ["foncier", "search_index", "layout_changed"]
    assert event["tags"] == {"site": "foncier", "stage": "fetch", "code": "layout_changed", "job": "j"}
    assert event["environment"] == "test"
    assert event["release"].startswith("registre@")


def test_an_event_carries_no_name_number_or_password(kept: Kept) -> None:
    sentry.report(raised(LayoutChanged(" ".join(SECRETS))), job_id="j", site="foncier", stage="fetch")

    text = json.dumps(kept.events)
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_bug_is_grouped_by_its_type(kept: Kept) -> None:
    sentry.report(raised(KeyError("x")), job_id="j", site="foncier", stage="ocr")

    assert kept.events[0]["fingerprint"] == ["foncier", "ocr", "KeyError"]


def test_without_an_address_nothing_is_sent(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentry_sdk, "init", lambda **_words: pytest.fail("must not be turned on"))
    sentry.configure(None, environment="test")
