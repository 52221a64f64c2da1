"""The command line `registre`. French for people, `--json` for programs; each module here holds a few commands."""

from __future__ import annotations

from registre.cli.app import main

__all__ = ["main"]
