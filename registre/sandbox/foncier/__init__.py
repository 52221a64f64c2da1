"""Replica of the land registry (Registre foncier)."""

from __future__ import annotations
