"""A healthy house gets no warning, and the look changes nothing."""

from __future__ import annotations


def faults(document):
    return [finding["rule"] for finding in document["findings"] if finding["level"] != "ok"]


async def test_nothing_is_wrong_with_a_healthy_house(house):
    code, document = house.diagnose()

    assert (faults(document), code, document["level"], document["first"]) == ([], 0, "ok", None)
