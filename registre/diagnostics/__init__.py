"""Why something does not work, and what to type next: a base of small rules, and one for a single job."""

from __future__ import annotations
