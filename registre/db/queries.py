"""Loads the named queries of `sql/*.sql`. SQL stands nowhere else."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def load(table: str) -> dict[str, LiteralString]:
    """Queries of `sql/<table>.sql` by name.

    The cast is honest: the text is a file of this package and nothing is ever inserted into it.
    """
    text = (files("registre.db") / "sql" / f"{table}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return {name: cast("LiteralString", body.strip()) for name, body in zip(parts[::2], parts[1::2], strict=True)}
