"""Postgres: the pool, the named queries, and one typed function per query."""

from __future__ import annotations
