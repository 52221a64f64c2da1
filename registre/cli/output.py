"""What reaches the terminal: tables, bars, sentences; or one JSON document. The only place that prints."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Piped output has no width of its own; tables are composed for this one.
_PIPE_WIDTH = 100

Cell = str | Text
#: Commands that look at one environment's rows.
_COMMAND = re.compile(
    r"\bregistre (?=(?:submit|status|watch|show|get|search|review|adopt|accounts|charges|triage|diagnose|requeue|cancel"
    r"|migrate)\b)"
)


class Output:
    """Where a command speaks: people on `out` and `err`, programs by `json_document` alone."""

    def __init__(self) -> None:
        self.json = False
        #: the environment that `registre --env` named: commands shown are for it
        self.environment: str | None = None
        self._out: Console | None = None
        self._err: Console | None = None

    @property
    def out(self) -> Console:
        """Standard output."""
        self._out = self._out or _console(stderr=False)
        return self._out

    @property
    def err(self) -> Console:
        """Standard error: progress, warnings."""
        self._err = self._err or _console(stderr=True)
        return self._err

    def say(self, text: Cell = "") -> None:
        """A line for a person; silent under --json."""
        if not self.json:
            self.out.print(self._aimed(text), markup=False, highlight=False, soft_wrap=not self.out.is_terminal)

    def warn(self, text: str) -> None:
        """A line on standard error, whatever the format."""
        self.err.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, title: str | None = None) -> None:
        """Aligned columns with one rule under the head; readable when piped. A head that starts with > aligns right,
        one that starts with ! never wraps."""
        if self.json:
            return
        if title:
            self.out.print(Text(title, style="bold"))
        self.out.print(table(columns, rows))

    def json_document(self, value: object) -> None:
        """The one document of --json."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=plain) + "\n")

    def fail(self, code: str, text: str, hint: str) -> None:
        """One sentence and what to do next, on standard error; and as data under --json."""
        if self.json:
            self.json_document({"error": {"code": code, "text": text, "hint": hint}})
        self.err.print(Text.assemble(("registre: ", "bold red"), text), soft_wrap=True)
        if hint:
            self.err.print(self._aimed(Text(f"  → {hint}", style="cyan")), soft_wrap=True)

    def _aimed(self, text: Cell) -> Cell:
        """With --env, each command that is shown says so too."""
        plain_text = text.plain if isinstance(text, Text) else text
        ends = [match.end() for match in _COMMAND.finditer(plain_text)] if self.environment else []
        if not ends:
            return text
        return Text(f"--env {self.environment} ").join((text if isinstance(text, Text) else Text(text)).divide(ends))


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """See `Output.table`."""
    lined = sys.stdout.isatty()
    shown = Table(
        box=SIMPLE_HEAD if lined else None,
        pad_edge=False,
        show_edge=False,
        header_style="bold",
        padding=(0, 1 if lined else 2, 0, 0),
    )
    for name in columns:
        shown.add_column(
            name.lstrip(">!"),
            justify="right" if name.startswith(">") else "left",
            no_wrap=name.startswith((">", "!")),
            overflow="fold",
        )
    for row in rows:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return shown


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH, highlight=False, emoji=False)


def plain(value: object) -> object:
    """What JSON has no word for."""
    match value:
        case UUID() | Path():
            return str(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Enum():
            return value.value
        case set() | frozenset():
            return sorted(cast("set[Any]", value))
        case Mapping():
            return dict(cast("Mapping[Any, Any]", value))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON")


def _set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Output).json = True


#: `--json`, on every command.
json_option = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_set_json,
    is_eager=True,
    help="Un document JSON sur la sortie standard, aux clés stables.",
)
pass_output = click.make_pass_decorator(Output, ensure=True)
