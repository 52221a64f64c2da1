"""The newest log lines of each role, as far as a stranger may read them: codes, counts and times, no sentence."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

#: Lines of a role.
LINES: Final = 1000
#: A line is rarely longer; what is read of a file that may have 50 MB.
_BYTES: Final = 600
#: Keys whose value is ours: a word of a list, an id, a name of a process. Figures are kept whatever their key.
_OURS: Final = frozenset({
    "time", "level", "event", "environment", "worker", "job", "document", "stage", "site", "code", "verdict", "kind",
    "lease", "queue", "role", "next", "what", "model", "theirs", "ours", "other", "state", "holder", "silent", "slots",
    "migrations", "environments", "operation", "until_tomorrow", "booked",
})  # fmt: skip
#: Of a traceback: where, and the error's type; its text quotes what was ordered.
_FRAME: Final = re.compile(r'^\s*File "[^"]+", line \d+(?:, in \S+)?')
_TYPE: Final = re.compile(r"^(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Timeout|Group|Warning)\b")


def log_tails(state: Path, roles: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """By role; a role without any log is left out. Files of `STATE/logs`, where `scripts/deploy` has them written, else
    systemd's journal."""
    found = {role: _of_files(sorted((state / "logs").glob(f"{role}.*.log*"), key=_age)) for role in roles}
    found = {role: lines or _of_journal(role) for role, lines in found.items()}
    return {role: [public_line(line) for line in lines[-LINES:]] for role, lines in found.items() if lines}


def public_line(line: str) -> dict[str, Any]:
    """A log line for a stranger."""
    try:
        told: Any = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        kept = _FRAME.match(line) or _TYPE.match(line)
        return {"line": kept[0].strip() if kept else "…"}
    shown: dict[str, Any] = {}
    for name, value in told.items():  # pyright: ignore[reportUnknownVariableType]
        if name in _OURS or isinstance(value, int | float):
            shown[name] = value
        elif name == "exception":
            shown[name] = [line for part in str(value).splitlines() if (line := public_line(part)["line"]) != "…"]  # pyright: ignore[reportUnknownArgumentType]
    return shown


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _of_files(files: list[Path]) -> list[str]:
    """The newest lines, oldest first; whole lines only."""
    lines: list[str] = []
    for file in reversed(files):
        with file.open("rb") as log:
            size = file.stat().st_size
            log.seek(max(0, size - LINES * _BYTES))
            text = log.read().decode(errors="replace")
        newest = text.splitlines()[1 if size > LINES * _BYTES else 0 :]
        lines = [*newest, *lines]
        if len(lines) >= LINES:
            break
    return lines[-LINES:]


def _of_journal(role: str) -> list[str]:
    for scope in ([], ["--user"]):
        words = ["journalctl", *scope, "-u", f"registre-{role}-*", "-n", str(LINES), "-o", "cat", "--no-pager", "-q"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return []
        if lines := done.stdout.splitlines():
            return lines
    return []
