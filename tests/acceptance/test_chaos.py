"""One fixed seed of chaos, which meets the money, strikes real processes. A violation fails, with its replay."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(1800)
def test_nothing_is_lost_doubled_or_halved_under_a_fixed_seed() -> None:
    words = ["scripts/chaos", "--seed", "1", "--runs", "1", "--orders", "5", "--seconds", "6"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "1 (1 good)" in done.stdout
