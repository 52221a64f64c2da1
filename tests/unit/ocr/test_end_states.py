"""The one state in which a page ends, of two readings; and which page wants a second opinion."""

from __future__ import annotations

import pytest

from registre.domain.reading import PageReading, PageState
from registre.ocr.gemini.judge import Verdict
from registre.ocr.gemini.outcome import Outcome
from registre.ocr.gemini.result import reading
from registre.ocr.gemini.schema import PageTexte
from registre.stages.witnesses import _agreed, _is_weak

READ, BLANK, SECOND, RETAKEN, FAILED = (
    PageState.READ, PageState.BLANK, PageState.SECOND_READER, PageState.RETAKEN, PageState.FAILED,
)  # fmt: skip


def page(state: PageState, reader: str = "rapidocr", confidence: float | None = 0.9) -> PageReading:
    text = "" if state in {BLANK, FAILED} else "lot 1 234 567"
    return PageReading(1, state, reader, "1", text, confidence=confidence, error="rien" if state is FAILED else None)


@pytest.mark.parametrize(
    ("offline", "paid", "together"),
    [
        (READ, READ, READ),
        (READ, FAILED, SECOND),
        (READ, RETAKEN, RETAKEN),
        (READ, BLANK, READ),
        (BLANK, READ, READ),
        (BLANK, RETAKEN, RETAKEN),
        (BLANK, BLANK, BLANK),
        (BLANK, FAILED, BLANK),
        (FAILED, READ, READ),
        (FAILED, RETAKEN, RETAKEN),
        (FAILED, FAILED, FAILED),
    ],
)
def test_two_readings_end_in_one_state(offline: PageState, paid: PageState, together: PageState):
    ended = _agreed(page(offline), page(paid, "gemini", None))

    assert (ended.state, ended.is_read) == (together, together in {READ, SECOND, RETAKEN})


@pytest.mark.parametrize(("outcome", "retaken", "state"), [
    (Outcome.READ, False, READ),
    (Outcome.READ, True, RETAKEN),
    (Outcome.INCOMPLETE, True, RETAKEN),
    (Outcome.BLANK, True, BLANK),
    (Outcome.REFUSED, False, FAILED),
    (Outcome.TRUNCATED, True, FAILED),
    (Outcome.LOOP, True, FAILED),
])  # fmt: skip
def test_a_paid_reading_tells_whether_it_took_halves(outcome: Outcome, retaken: bool, state: PageState):
    answer = PageTexte(etat="lisible", texte="lot 1 234 567")

    assert reading(1, Verdict(outcome, answer), "1", retaken=retaken).state is state


@pytest.mark.parametrize(
    ("first", "weak"),
    [
        (page(READ), False),
        (page(READ, confidence=0.74), True),
        (page(READ, "text_layer", None), False),
        (page(FAILED, confidence=None), True),
        (page(BLANK, confidence=None), False),
    ],
)
def test_what_is_hardly_read_wants_a_second_opinion(first: PageReading, weak: bool):
    assert _is_weak(first) is weak
