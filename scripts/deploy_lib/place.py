"""The folder of a deployed installation: releases, which role runs which, settings, state, inventories, logs."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

from honcho import environ

#: In the order in which they stop: who buys first, who returns what others held last. They start the other way round.
ROLES = ("browser", "ocr", "clock")
#: Releases that stay, the running ones beside them.
KEPT = 5
#: Where each release says that it was put to work; one that never was is not gone back to.
_MARK = "DEPLOYED"
#: Of the caller's environment: what belongs to the clone that deploys, and what are settings.
_NOT_OURS = ("PYTHONPATH", "VIRTUAL_ENV")
_SETTINGS = (
    "REGISTRE_", "DATABASE_URL", "REDIS_URL", "OCR_", "GEMINI_", "SERVER_", "SENTRY_", "AWS_",
    "WORKER_COUNT", "LOG_LEVEL",
)  # fmt: skip


class Place:
    """FOLDER/releases/STAMP-REVISION, FOLDER/current (commands), FOLDER/roles/ROLE (processes), FOLDER/.env, …"""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.releases = self.root / "releases"
        self.settings = self.root / ".env"
        self.run = self.root / "run"
        self.bin = self.root / "bin"
        self.inventories = self.root / "inventory"

    @property
    def state(self) -> Path:
        """Private servers, objects, keys, logs."""
        return Path(self.environment()["REGISTRE_STATE"])

    @property
    def logs(self) -> Path:
        """Where `registre diagnose --bundle` looks for them."""
        return self.state / "logs"

    def make(self) -> None:
        """Every folder."""
        for folder in (self.releases, self.root / "roles", self.logs, self.run, self.bin, self.inventories):
            folder.mkdir(parents=True, exist_ok=True)

    # --- releases ---

    def new_release(self, commit: str) -> Path:
        """The folder of a release that begins to exist now."""
        folder = self.releases / f"{stamp()}-{commit[:10]}"
        folder.mkdir()
        (folder / "REVISION").write_text(f"{commit}\n")
        return folder

    def release_of(self, role: str) -> Path | None:
        """What that role runs, or `current`."""
        link = self._link(role)
        return link.resolve() if link.is_symlink() else None

    def switch(self, role: str, release: Path) -> None:
        """From now on that role, or `current`, is of this release. The link changes in one step."""
        link = self._link(role)
        fresh = link.with_name(f"{link.name}.{secrets.token_hex(4)}")
        fresh.symlink_to(os.path.relpath(release, link.parent))
        fresh.replace(link)
        (release / _MARK).touch()

    def before(self, release: Path) -> Path | None:
        """The release that was at work before that one."""
        older = (found for found in self.releases.iterdir() if found.name < release.name and (found / _MARK).exists())
        return max(older, key=lambda found: found.name, default=None)

    def prune(self) -> list[Path]:
        """Remove old releases, but none that runs and none whose .venv a later one uses."""
        every = sorted(self.releases.iterdir())
        kept = {*every[-KEPT:], *(found for role in (*ROLES, "current") if (found := self.release_of(role)))}
        lenders = {(release / ".venv").resolve().parent for release in kept}
        gone = [release for release in every if release not in kept | lenders]
        for release in gone:
            shutil.rmtree(release, ignore_errors=True)
        return gone

    def _link(self, role: str) -> Path:
        return self.root / "current" if role == "current" else self.root / "roles" / role

    # --- settings ---

    def environment(self) -> dict[str, str]:
        """The caller's, with the settings of this folder alone: a restart never uses what a shell once exported."""
        own = {name: value for name, value in os.environ.items() if name not in _NOT_OURS and not _is_setting(name)}
        return {"REGISTRE_STATE": str(self.root / "state"), **own, **self.given()}

    def given(self) -> dict[str, str]:
        """The settings file's; before there is one, the caller's."""
        if self.settings.exists():
            return environ.parse(self.settings.read_text(encoding="utf-8"))
        return {name: value for name, value in os.environ.items() if _is_setting(name)}

    def write_settings(self) -> None:
        """Keep the caller's settings: what starts at boot has no caller."""
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(self.given().items())]
        self.settings.touch(mode=0o600)
        head = "# Réglages de cette installation, lus par chaque processus à son démarrage (voir README).\n"
        self.settings.write_text(head + "".join(lines))

    def counts(self) -> dict[str, int]:
        """How many processes of each role: REGISTRE_EXPECTED, else WORKER_COUNT browsers and one of each other."""
        given = self.environment()
        counts = {"browser": int(given.get("WORKER_COUNT") or 1), "ocr": 1, "clock": 1}
        told = re.findall(r"(browser|ocr)=(\d+)", given.get("REGISTRE_EXPECTED", ""))
        return counts | {role: int(count) for role, count in told}


def _is_setting(name: str) -> bool:
    return name.startswith(_SETTINGS)


def stamp() -> str:
    """Sorts by time."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
