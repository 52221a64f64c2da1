"""Chaos: `plan` (what the seed says), `house` (real processes), `nemesis` (the blows), `check` (the judge, apart)."""

from __future__ import annotations
