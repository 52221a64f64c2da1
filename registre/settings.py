"""Every setting, read once from the environment. Nothing else reads `os.environ`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from registre.domain.errors import ConfigurationError
from registre.environment import SETTING, Environment, Secret, read_environments, variables

__all__ = ["Environment", "Secret", "Settings", "effective", "read_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set. Tunables that are policy stand in `pipeline.py` instead.

    With several environments, `database_url`, `objects`, `environment` and `ocr` are those of one of them: the first,
    or the one `within` names.
    """

    #: names of several environments, the one served first at the head; each has DATABASE_URL_<NAME>, and may have
    #: REGISTRE_OBJECTS_<NAME> and OCR_<NAME>
    environments: tuple[Environment, ...] = field(default=(), metadata={"env": "REGISTRE_ENVIRONMENTS"})

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
    ocr_slots: int = field(default=2, metadata={"env": "REGISTRE_OCR_SLOTS", "old": "OCR_WORKER_POOL_SIZE", "min": 1})
    #: reader subprocesses of one `ocr` process, one core and about 650 MB each
    readers: int = field(default=1, metadata={"env": "REGISTRE_READERS", "min": 1})
    #: tesseract, the second opinion on pages hardly read; absent: the one on the path, if there is one
    tesseract: Path | None = field(default=None, metadata={"env": "REGISTRE_TESSERACT"})
    #: what a document costs, in cents (1,50 $ in 2026); the charge ledger's amount until the site says another
    price_cents: int = field(default=150, metadata={"env": "REGISTRE_PRICE_CENTS", "min": 0})
    #: cents a day beyond which nothing more is bought; 0: no ceiling
    daily_ceiling_cents: int = field(default=0, metadata={"env": "REGISTRE_DAILY_CEILING_CENTS", "min": 0})
    #: the same for each account; 0: no ceiling
    account_daily_ceiling_cents: int = field(
        default=0, metadata={"env": "REGISTRE_ACCOUNT_DAILY_CEILING_CENTS", "min": 0}
    )
    #: purchases a day of each account; 0: any number
    account_daily_orders: int = field(default=0, metadata={"env": "REGISTRE_ACCOUNT_DAILY_ORDERS", "min": 0})
    #: hours during which an index already bought answers a new order
    index_max_age: timedelta = field(default=timedelta(hours=24), metadata={"env": "REGISTRE_INDEX_MAX_AGE_HOURS"})
    #: seconds a stopping process lets its jobs finish before it hands them back; honcho kills after 5
    grace: timedelta = field(default=timedelta(seconds=3), metadata={"env": "REGISTRE_GRACE_SECONDS"})
    #: how many processes of each role should live, as `honcho start -c` says it: browser=2,ocr=1
    expected: dict[str, int] = field(default_factory=dict[str, int], metadata={"env": "REGISTRE_EXPECTED"})
    #: `browser` processes that `scripts/deploy` keeps, where `expected` says nothing
    worker_count: int = field(default=1, metadata={"env": "WORKER_COUNT"})
    #: memory of a deployed process with its children, beyond which systemd starts it again
    memory_max: str = field(default="2G", metadata={"env": "REGISTRE_MEMORY_MAX"})
    #: Gemini's API key; absent: nothing is read by Gemini
    gemini_api_key: Secret | None = field(default=None, metadata={"env": "GEMINI_API_KEY"})
    #: the model that reads; absent: the default of `ocr/gemini/models.json`
    gemini_model: str | None = field(default=None, metadata={"env": "GEMINI_MODEL", "old": "OCR_EXTRACT_MODEL_GEMINI"})
    #: another address for Gemini's API: the sandbox's stand-in
    gemini_base_url: str | None = field(default=None, metadata={"env": "GEMINI_BASE_URL"})
    #: a model table instead of `ocr/gemini/models.json`
    gemini_models: Path | None = field(default=None, metadata={"env": "GEMINI_MODELS"})
    #: whose quota Gemini's is: processes that share a key share a name
    gemini_project: str = field(default="default", metadata={"env": "GEMINI_PROJECT"})
    #: requests/min, input tokens/min, requests/day (0: none); then models of their own: gemini-2.5-pro=150/2000000/1000
    gemini_limits: str = field(default="1600/6400000/0", metadata={"env": "GEMINI_LIMITS"})
    #: US cents a day beyond which paid reading waits, and beyond which a document is not read further; 0: no ceiling
    gemini_daily_ceiling_cents: int = field(default=0, metadata={"env": "GEMINI_DAILY_CEILING_CENTS"})
    #: what pages do while Gemini or its quota is away: wait, or go on with the offline reader alone
    gemini_away: str = field(default="wait", metadata={"env": "GEMINI_AWAY"})
    gemini_document_ceiling_cents: int = field(default=0, metadata={"env": "GEMINI_DOCUMENT_CEILING_CENTS"})
    #: a price table instead of `limits/prices.json`
    gemini_prices: Path | None = field(default=None, metadata={"env": "GEMINI_PRICES"})
    #: name of this machine, before its capacity keys, where several share a Redis
    host: str | None = field(default=None, metadata={"env": "REGISTRE_HOST"})
    #: what this machine has, in cores and GB, and which part of it stays free
    server_max_cpu: int = field(default=8, metadata={"env": "SERVER_MAX_CPU", "min": 1})
    server_max_ram: int = field(default=16, metadata={"env": "SERVER_MAX_RAM", "min": 1})
    server_reserve_cpu_percent: int = field(default=20, metadata={"env": "SERVER_RESERVE_CPU_PERCENT"})
    server_reserve_ram_percent: int = field(default=20, metadata={"env": "SERVER_RESERVE_RAM_PERCENT"})
    #: cores/GB of a browser process, of an OCR slot on an index, of one on an acte
    server_costs: str = field(default="registre=3/1,index=1.5/0.75,acte=1/0.5", metadata={"env": "SERVER_COSTS"})
    #: OCR slots that stay with each kind while any are left
    ocr_min_index_workers: int = field(default=1, metadata={"env": "OCR_MIN_INDEX_WORKERS"})
    ocr_min_acte_workers: int = field(default=1, metadata={"env": "OCR_MIN_ACTE_WORKERS"})
    #: how often idle OCR slots may change their kind
    ocr_rebalance_interval_ms: int = field(default=30_000, metadata={"env": "OCR_REBALANCE_INTERVAL_MS", "min": 100})
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

    @property
    def ocr(self) -> bool:
        """Whether this environment's documents are read; a single environment always is."""
        return next((found.ocr for found in self.environments if found.name == self.environment), True)

    def within(self, name: str) -> Settings:
        """The settings as they are in that environment.

        Raises:
            ConfigurationError: there is no such environment.
        """
        for found in self.environments:
            if found.name == name:
                return replace(self, database_url=found.database_url, objects=found.object_root, environment=found.name)
        if not self.environments and name == self.environment:
            return self
        known = ", ".join(found.name for found in self.environments) or self.environment
        raise ConfigurationError(f"Aucun environnement « {name} »; il y a: {known}.")


_UNITS = {"index_max_age": timedelta(hours=1), "grace": timedelta(seconds=1)}
_CHOICES = {"log_level": ("debug", "info", "warning", "error"), "gemini_away": ("wait", "offline")}


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, or report every bad one together.

    Raises:
        ConfigurationError: names each variable and what it must be.
    """
    env = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for item in _plain_fields():
        name, text = _given(env, item)
        if not text:
            continue
        if rival := _rival(env, item, text):
            wrong.append(rival)
            continue
        try:
            values[item.name] = _parse(item.name, str(item.type), text, item.metadata.get("min", 0))
        except ValueError as exc:
            wrong.append(f"{name}={_shown(str(item.type), text)}: {exc}")
    settings = Settings(**values)
    places, more = read_environments(env, settings.state)
    wrong.extend(more)
    wrong.extend(_unknown(env, places))
    if wrong:
        raise ConfigurationError("Réglages à corriger:\n  " + "\n  ".join(wrong))
    return replace(settings, environments=places).within(places[0].name) if places else settings


def _plain_fields() -> list[Field[Any]]:
    return [item for item in fields(Settings) if item.name != "environments"]


def _given(env: Mapping[str, str], item: Field[Any]) -> tuple[str, str]:
    """The variable that sets this, and its text: the one of today, else the one the system before used."""
    names: list[str] = [item.metadata["env"], *([item.metadata["old"]] if "old" in item.metadata else [])]
    return next(((name, env[name].strip()) for name in names if env.get(name, "").strip()), (names[0], ""))


def _rival(env: Mapping[str, str], item: Field[Any], text: str) -> str | None:
    """Both names set, and not to the same."""
    old = env.get(item.metadata.get("old", ""), "").strip()
    if not old or old == text:
        return None
    return f"{item.metadata['env']}={text} et {item.metadata['old']}={old}: gardez le premier"


def _unknown(env: Mapping[str, str], places: tuple[Environment, ...]) -> list[str]:
    known = {str(item.metadata[key]) for item in fields(Settings) for key in ("env", "old") if key in item.metadata}
    known.update(variable for place in places for variable in variables(place.name))
    each = variables("")
    return [
        f"{name}: réglage inconnu" + (f", ou environnement absent de {SETTING}" if name.startswith(each) else "")
        for name in sorted(env)
        if name.startswith(("REGISTRE_", *each)) and name not in known
    ]


def _parse(name: str, kind: str, text: str, least: int) -> object:
    if name in _CHOICES:
        if text.lower() not in _CHOICES[name]:
            raise ValueError(f"il faut {', '.join(_CHOICES[name])}")
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


def _counts(_name: str, text: str, _least: int) -> dict[str, int]:
    found = re.findall(r"(browser|ocr)=(\d+)", text)
    if re.sub(r"(browser|ocr)=\d+", "", text).strip(" ,"):
        raise ValueError("il faut browser=2,ocr=1")
    return {role: int(count) for role, count in found}


_PARSERS: dict[str, Callable[[str, str, int], object]] = {
    "dict": _counts,
    "int": _integer,
    "timedelta": _duration,
    "Path": lambda _name, text, _least: Path(text).expanduser(),
    "Secret": lambda _name, text, _least: Secret(text),
}


def _shown(kind: str, text: str) -> str:
    return "•••" if kind.startswith("Secret") else text


def effective(settings: Settings, environ: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    """Each setting as (variable, value shown with secrets masked, where it comes from).

    The last is « environnement », « défaut », or « sans effet » where each environment has a value of its own.
    """
    env = os.environ if environ is None else environ
    names = " ".join(found.name for found in settings.environments)
    rows = [(SETTING, names, _source(env, SETTING))]
    for found in settings.environments:
        values = ("•••", found.object_root, "oui" if found.ocr else "non")
        rows.extend(
            (name, value, _source(env, name)) for name, value in zip(variables(found.name), values, strict=True)
        )
    for item in _plain_fields():
        name: str = item.metadata["env"]
        value = getattr(settings, item.name)
        if settings.environments and item.name in {"database_url", "objects", "environment"}:
            rows.append((name, "", "sans effet"))
            continue
        if isinstance(value, timedelta):
            value = f"{value / _UNITS[item.name]:g}"
        elif item.name == "expected":
            value = ",".join(f"{role}={count}" for role, count in value.items())
        shown = "" if value is None else "•••" if isinstance(value, Secret) else str(value)
        used, given = _given(env, item)
        source = _source(env, name) if used == name or not given else f"environnement ({used})"
        rows.append((name, shown, source))
    return rows


def _source(env: Mapping[str, str], name: str) -> str:
    return "environnement" if env.get(name, "").strip() else "défaut"
