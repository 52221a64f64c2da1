"""What each stage does: takes a claimed job, returns a result, hands nothing off."""

from __future__ import annotations
