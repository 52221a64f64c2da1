"""What the demonstration counts as flagged: the field doubted, and the misreading to be seen beside what is kept."""

from __future__ import annotations

import pytest
from demo_report import tells

_MISREAD = {"field": "date", "true": "2003-06-25", "given": "2003-06-29"}
_IMPOSSIBLE = {"field": "date", "true": "2003-06-25", "given": "2003-96-25"}


def _row(other: object, *, uncertain: tuple[str, ...] = ("date",), kept: str = "2003-06-25"):
    return {"date": kept, "uncertain": list(uncertain), "others": {"date": {"gemini": other}}}


@pytest.mark.parametrize(
    ("row", "misread", "told"),
    [
        (_row("2003-06-29"), _MISREAD, True),
        (_row(None), _IMPOSSIBLE, True),
        (_row(None, kept="1999-01-01"), _IMPOSSIBLE, False),
        (_row("2003-06-21"), _MISREAD, False),
        (_row("2003-06-29", uncertain=("numero",)), _MISREAD, False),
        ({"date": "2003-06-25", "uncertain": ["date"], "others": {}}, _MISREAD, False),
    ],
    ids=["shown", "no date", "another row", "another value", "not doubted", "nothing beside"],
)
def test_a_misreading_is_told_only_where_a_person_can_see_it(row, misread, told):
    assert tells(row, misread) is told
