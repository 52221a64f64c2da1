"""The archive for support: report, settings, versions, recent history and logs, without names, numbers or secrets.

Sentences that quote rows or the registry are left out whole; what remains is codes, counts, times, and our own words
with every address's password masked.
"""

from __future__ import annotations

import json
import platform
import re
import zipfile
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from registre.db import health
from registre.db.pool import Connection
from registre.diagnostics.log_tail import log_tails
from registre.diagnostics.rule import Finding
from registre.revision import revision
from registre.settings import Settings, effective

_LOGGED: Final = ("browser", "ocr", "clock")
#: Newest events and failed tries of each environment.
_HISTORY: Final = 1000
#: Libraries that a fault may come from.
_LIBRARIES: Final = frozenset(
    {"dramatiq", "dramatiq-pg", "psycopg", "psycopg-pool", "playwright", "obstore", "redis", "rapidocr", "onnxruntime"}
)
_PASSWORD: Final = re.compile(r"(?<=://)([^:@/\s]*):[^@/\s]*(?=@)|(?<=password=)\S+")
#: Keys of `data` that may hold somebody's words.
_WORDS: Final = frozenset({"text", "workers", "last", "username"})


async def write(
    path: Path,
    settings: Settings,
    findings: Sequence[Finding],
    scenes: Sequence[tuple[str, Connection]],
    plain: Callable[[object], object],
) -> list[str]:
    """Write the archive and answer the names in it. `plain` turns what JSON has no word for into text."""
    parts: dict[str, object] = {
        "report.json": [public(finding) for finding in findings],
        "settings.json": [
            {"name": name, "value": mask(value), "source": source} for name, value, source in effective(settings)
        ],
        "versions.json": _versions(),
    }
    for role, lines in log_tails(settings.state, _LOGGED).items():
        parts[f"logs/{role}.json"] = lines
    for name, connection in scenes:
        parts[f"{name}/events.json"] = await health.recent_events(connection, limit=_HISTORY)
        parts[f"{name}/errors.json"] = await health.recent_errors(connection, limit=_HISTORY)
        parts[f"{name}/processes.json"] = await health.workers(connection)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, json.dumps(content, ensure_ascii=False, indent=1, default=plain))
    return list(parts)


def public(finding: Finding) -> dict[str, Any]:
    """A finding for a stranger."""
    shown: dict[str, Any] = {
        "rule": finding.rule,
        "level": finding.level,
        "environment": finding.environment,
        "explained_by": finding.explained_by.partition(":")[0] if finding.private else finding.explained_by,
        "data": {name: value for name, value in finding.data.items() if name not in _WORDS},
    }
    if not finding.private:
        words = {
            "about": finding.about,
            "evidence": finding.evidence,
            "cause": finding.cause,
            "command": finding.command,
        }
        shown |= {name: mask(text) for name, text in words.items()}
    return shown


def mask(text: str) -> str:
    """Without the passwords of addresses."""
    return _PASSWORD.sub(lambda found: f"{found[1]}:•••" if found[1] is not None else "•••", text)


def _versions() -> dict[str, str]:
    libraries = {found.name.lower(): found.version for found in distributions() if found.name.lower() in _LIBRARIES}
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"registre": revision(), "python": platform.python_version(), "system": system, **libraries}
