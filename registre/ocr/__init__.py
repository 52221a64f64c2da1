"""Reading PDFs without any outside service: what a page says, and for an index its rows as data."""

from __future__ import annotations
