"""Crash points: inert unless told, at the asked arrival and no other; every point stands somewhere in the product."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registre.crash import POINTS, arm, crash_point
from registre.domain.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_happens_unless_told() -> None:
    arm(None)
    for point in POINTS:
        crash_point(point)


def test_the_process_ends_at_the_arrival_that_was_asked_for() -> None:
    program = """
from registre.crash import arm, crash_point
arm("after_intent:2")
for name in ("after_claim", "after_intent", "after_claim", "after_intent", "after_claim"):
    print(name, flush=True)
    crash_point(name)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == ["after_claim", "after_intent", "after_claim", "after_intent"]


@pytest.mark.parametrize("setting", ["after_lunch:1", "after_intent", "after_intent:0", "after_intent:x", ":1"])
def test_a_wrong_setting_stops_the_process_with_the_points(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="after_intent"):
        arm(setting)


def test_every_point_stands_in_the_product_and_no_other() -> None:
    sources = [path for folder in ("actors", "registre") for path in (ROOT / folder).rglob("*.py")]
    found = {name for path in sources for name in re.findall(r'(?<!")crash_point\("(\w+)"\)', path.read_text())}

    assert found == set(POINTS)
