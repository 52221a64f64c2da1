"""Fixtures of the database tests."""

from __future__ import annotations

from private_database import database, database_url, empty_tables, sql, template_name

__all__ = ["database", "database_url", "empty_tables", "sql", "template_name"]
