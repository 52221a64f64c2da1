"""Everything Playwright that is not about one site: launch, sessions, actions, delivery, snapshots."""

from __future__ import annotations
