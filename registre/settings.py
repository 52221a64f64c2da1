"""Every setting, read once from the environment. Nothing else reads `os.environ`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from registre.domain.errors import ConfigurationError


class Secret(str):
    """Text that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(•••)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set. Tunables that are policy stand in `pipeline.py` instead."""

    #: where this installation keeps its state: embedded servers, objects, keys, downloads
    state: Path = field(default=Path(".registre"), metadata={"env": "REGISTRE_STATE"})
    #: Postgres; absent: the embedded server that `registre up` started
    database_url: Secret | None = field(default=None, metadata={"env": "DATABASE_URL"})
    #: Redis; absent: the embedded one
    redis_url: Secret | None = field(default=None, metadata={"env": "REDIS_URL"})
    #: object storage: a folder, or s3://bucket (its credentials in the usual AWS variables); absent: STATE/objects
    objects: str | None = field(default=None, metadata={"env": "REGISTRE_OBJECTS"})
    #: Fernet key that encrypts account passwords; absent: STATE/secret.key, made at first use
    secret_key: Secret | None = field(default=None, metadata={"env": "REGISTRE_SECRET_KEY"})
    #: base address of the land registry, real or sandbox; no default, so that nothing is bought by accident
    foncier_url: str | None = field(default=None, metadata={"env": "REGISTRE_FONCIER_URL"})
    #: browser executable; absent: looked up (Playwright's own, chromium-headless-shell, chromium, …)
    chromium: Path | None = field(default=None, metadata={"env": "REGISTRE_CHROMIUM"})
    #: a remote browser's CDP address instead of an executable
    cdp_url: Secret | None = field(default=None, metadata={"env": "REGISTRE_CDP_URL"})
    #: Postgres binaries for the embedded server
    postgres_bin: Path | None = field(default=None, metadata={"env": "REGISTRE_POSTGRES_BIN"})
    #: jobs at once in one `browser` process, each with its own account
    browser_slots: int = field(default=3, metadata={"env": "REGISTRE_BROWSER_SLOTS", "min": 1})
    #: documents at once in one `ocr` process
    ocr_slots: int = field(default=2, metadata={"env": "REGISTRE_OCR_SLOTS", "min": 1})
    #: reader subprocesses of one `ocr` process, one core and about 650 MB each
    readers: int = field(default=1, metadata={"env": "REGISTRE_READERS", "min": 1})
    #: what a document costs, in cents (1,50 $ in 2026); the charge ledger's amount until the site says another
    price_cents: int = field(default=150, metadata={"env": "REGISTRE_PRICE_CENTS", "min": 0})
    #: cents a day beyond which nothing more is bought; 0: no ceiling
    daily_ceiling_cents: int = field(default=0, metadata={"env": "REGISTRE_DAILY_CEILING_CENTS", "min": 0})
    #: hours during which an index already bought answers a new order
    index_max_age: timedelta = field(default=timedelta(hours=24), metadata={"env": "REGISTRE_INDEX_MAX_AGE_HOURS"})
    #: seconds a stopping process lets its jobs finish before it hands them back; honcho kills after 5
    grace: timedelta = field(default=timedelta(seconds=3), metadata={"env": "REGISTRE_GRACE_SECONDS"})
    #: debug, info, warning or error
    log_level: str = field(default="info", metadata={"env": "LOG_LEVEL"})
    #: where technical failures are reported; absent: nowhere
    sentry_dsn: Secret | None = field(default=None, metadata={"env": "SENTRY_DSN"})
    #: name of this installation in logs and Sentry
    environment: str = field(default="dev", metadata={"env": "REGISTRE_ENVIRONMENT"})
    #: for trials of recovery only: POINT:N, see `crash.py`
    crash: str | None = field(default=None, metadata={"env": "REGISTRE_CRASH"})

    @property
    def object_root(self) -> str:
        """Where objects are kept."""
        return self.objects or str(self.state / "objects")


_UNITS = {"index_max_age": timedelta(hours=1), "grace": timedelta(seconds=1)}
_LEVELS = ("debug", "info", "warning", "error")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, or report every bad one together.

    Raises:
        ConfigurationError: names each variable and what it must be.
    """
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for item in fields(Settings):
        name: str = item.metadata["env"]
        text = env.get(name, "").strip()
        if not text:
            continue
        try:
            values[item.name] = _parse(item.name, str(item.type), text, item.metadata.get("min", 0))
        except ValueError as exc:
            wrong.append(f"{name}={_shown(str(item.type), text)}: {exc}")
    known = {str(item.metadata["env"]) for item in fields(Settings)}
    wrong.extend(
        f"{name}: réglage inconnu" for name in sorted(env) if name.startswith("REGISTRE_") and name not in known
    )
    if wrong:
        raise ConfigurationError("Réglages à corriger:\n  " + "\n  ".join(wrong))
    return Settings(**values)


def _parse(name: str, kind: str, text: str, least: int) -> object:
    if name == "log_level":
        if text.lower() not in _LEVELS:
            raise ValueError(f"il faut {', '.join(_LEVELS)}")
        return text.lower()
    for marker, parse in _PARSERS.items():
        if kind.startswith(marker):
            return parse(name, text, least)
    return text


def _integer(_name: str, text: str, least: int) -> int:
    if not text.lstrip("-").isdigit() or int(text) < least:
        raise ValueError(f"il faut un nombre entier d'au moins {least}")
    return int(text)


def _duration(name: str, text: str, least: int) -> timedelta:
    try:
        amount = float(text)
    except ValueError:
        raise ValueError("il faut un nombre") from None
    if amount < least:
        raise ValueError(f"il faut au moins {least}")
    return amount * _UNITS[name]


_PARSERS: dict[str, Callable[[str, str, int], object]] = {
    "int": _integer,
    "timedelta": _duration,
    "Path": lambda _name, text, _least: Path(text).expanduser(),
    "Secret": lambda _name, text, _least: Secret(text),
}


def _shown(kind: str, text: str) -> str:
    return "•••" if kind.startswith("Secret") else text


def effective(settings: Settings, environ: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Each setting as (variable, value shown with secrets masked, « défaut » or « environnement »)."""
    env = os.environ if environ is None else environ
    rows: list[tuple[str, str, str]] = []
    for item in fields(Settings):
        name: str = item.metadata["env"]
        value = getattr(settings, item.name)
        source = "environnement" if env.get(name, "").strip() else "défaut"
        if isinstance(value, timedelta):
            value = f"{value / _UNITS[item.name]:g}"
        shown = "" if value is None else "•••" if isinstance(value, Secret) else str(value)
        rows.append((name, shown, source))
    return rows
