"""What is shown of a job: phrases, hints, steps, files placed, money foreseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import click
import pytest

from registre.cli import words
from registre.cli.context import id_range, masked
from registre.cli.get import place
from registre.cli.timeline import timeline
from registre.db.report import Attempt, ChargeRow, Event
from registre.diagnostics.codes import errors, hint, meaning
from registre.domain.errors import RegistreError

_T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.42, "0,4 s"), (12, "12 s"), (185, "3 min 05"), (7800, "2 h 10"), (345600, "4 j"), (-5, "0,0 s")],
)
def test_a_span_reads_as_people_say_it(seconds, shown):
    assert words.span(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("typed", "shown"), [("2784195", "2 784 195"), ("399-184", "399-184"), ("0123456", "0123456"), ("1234", "1234")]
)
def test_a_long_number_is_grouped(typed, shown):
    assert words.number({"document_number": typed}) == shown


def test_every_error_code_has_a_meaning_and_something_to_do():
    for code in errors():
        assert meaning(code).strip()
        assert hint(code, "3f2a91c0").strip()
        assert " ID" not in hint(code, "3f2a91c0")


def test_a_code_nobody_knows_gets_the_general_hint():
    assert hint("jamais_vu", "3f2a91c0") == RegistreError.hint.replace("ID", "3f2a91c0")


@pytest.mark.parametrize("given", ["3f2a9", "xyzxyz", "", "3f2a91c0" * 5])
def test_what_cannot_be_an_id_is_refused(given):
    with pytest.raises(click.UsageError):
        id_range(given)


def test_a_beginning_means_all_ids_that_begin_so():
    low, high = id_range("3F2A91")

    assert str(low) == "3f2a9100-0000-0000-0000-000000000000"
    assert str(high) == "3f2a91ff-ffff-ffff-ffff-ffffffffffff"


@pytest.mark.parametrize(
    "url",
    ["pg://moi:cache@h:1/b", "redis://:cache@h:1/0", "host=h password=cache", "pg:///b?password=cache"],
)
def test_an_address_loses_its_password(url):
    assert "cache" not in masked(url)


def _attempt(**values):
    start = {"id": 1, "stage": "fetch", "fence": 1, "worker": "poste#1", "started_at": _T0, "ended_at": None}
    rest = {"verdict": None, "error_code": None, "error_text": None, "screen": None, "snapshot": None}
    return Attempt(**{**start, **rest, **values})


def test_steps_stand_in_the_order_of_the_clock_and_hand_offs_are_not_repeated():
    events = [
        Event(1, _T0, "job.queued", "application", {"stage": "fetch"}),
        Event(2, _T0 + timedelta(seconds=1), "job.running", "poste#1", {}),
        Event(3, _T0 + timedelta(seconds=3), "job.queued", None, {"stage": "download"}),
        Event(4, _T0 + timedelta(seconds=9), "job.failed", None, {"code": "bad_pdf"}),
    ]
    attempts = [_attempt(started_at=_T0 + timedelta(seconds=1), ended_at=_T0 + timedelta(seconds=3), verdict="done")]
    charge = ChargeRow(
        id=uuid4(),
        job_id=uuid4(),
        order_id=None,
        document_key="k",
        target={"kind": "index", "number": "1", "circonscription": "Montréal"},
        state="paid",
        amount_cents=150,
        demande="R-1",
        staging_key=None,
        note={},
        intent_at=_T0 + timedelta(seconds=4),
        paid_at=_T0 + timedelta(seconds=5),
        settled_at=None,
        account="12A3456",
        job_state="failed",
        job_code="bad_pdf",
    )

    steps = timeline(attempts, events, [charge], None, seen_at=_T0 + timedelta(seconds=60))

    assert [step.what for step in steps] == ["job.queued", "attempt.done", "charge.intent", "charge.paid", "job.failed"]
    assert steps[1].duration == timedelta(seconds=2)
    assert "R-1" in steps[3].detail
    assert steps[4].code == "bad_pdf"


def test_a_try_that_runs_is_as_long_as_now():
    step = timeline([_attempt()], [], [], None, seen_at=_T0 + timedelta(seconds=7))[0]

    assert (step.what, step.duration) == ("attempt.running", timedelta(seconds=7))


def test_a_copy_never_takes_the_place_of_another_file(tmp_path):
    target = tmp_path / "nouveau" / "index.pdf"

    assert place(target, b"un") is False
    assert place(target, b"un") is True
    with pytest.raises(RegistreError, match="existe déjà"):
        place(target, b"deux")

    assert target.read_bytes() == b"un"
    assert [path.name for path in target.parent.iterdir()] == ["index.pdf"]
