"""Bytes: objects in a local folder or in S3, and the grammar of their keys."""

from __future__ import annotations
