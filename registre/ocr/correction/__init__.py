"""The land registry's habits, as data: what a row's other words say about a doubtful nature or name. Only suggests."""

from __future__ import annotations
