"""Stand-in for Gemini's API (v1beta) on loopback: it knows what the replica's documents say, and errs when told to."""

from __future__ import annotations
