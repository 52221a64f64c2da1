"""The composition root: from settings to a worker process's open resources, one Runtime an environment, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import structlog

from registre.accounts import Accounts, Vault
from registre.browser.launch import Browser
from registre.browser.pool import SessionPool
from registre.db import migrate
from registre.db.pool import GONE, Database
from registre.domain.account import AccountLimits
from registre.domain.errors import ConfigurationError
from registre.domain.job import Site
from registre.embedded import chromium
from registre.installation import environments, vault
from registre.ocr.engine import tesseract
from registre.ocr.reader import Reader
from registre.opening import note_start, nothing_opens, why_not
from registre.pipeline import HOLD, IDLE, LEASE
from registre.runtime import Runtime
from registre.settings import Environment, Settings
from registre.sites import adapter_for
from registre.sites.base import SiteAdapter
from registre.stages.context import Rules, StageContext
from registre.storage.objects import Objects

if TYPE_CHECKING:
    from registre.paid_reading import PaidReading

#: Seconds between two tries to open an environment that was not there at the start.
RETRY_S: Final = 3.0

_log = structlog.get_logger("process")


@dataclass(frozen=True, slots=True)
class Web:
    """The way to the registry, shared by all environments of a browser process."""

    browser: Browser
    adapter: SiteAdapter
    vault: Vault


@dataclass(frozen=True, slots=True)
class Tools:
    """What a process has once, whatever the environment."""

    #: checks PDFs; apart, so that a delivery never waits behind pages being read
    inspector: Reader
    reader: Reader
    web: Web | None
    paid: PaidReading | None


class Process:
    """The runtimes of one worker process by environment: those that open at the start, the others once they do."""

    def __init__(self, settings: Settings, role: str, *, slot: str) -> None:
        self._settings = settings
        self._role = role
        #: all of them, in the order in which they are served
        self.environments = environments(settings)
        #: the Procfile's slot, the same after a restart
        self._slot = slot
        self.worker = f"{slot}#{uuid4().hex[:6]}"
        self._runtimes: dict[str, Runtime] = {}
        self._tools: Tools
        #: why each environment did not open at the start; None: it did
        self._reasons: list[ConfigurationError | None] = []
        self._opening: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()
        #: how long ago the broker looked for work in an environment; None before there is a broker
        self.ask_broker: Callable[[str], timedelta | None] | None = None

    @property
    def open_environments(self) -> tuple[Environment, ...]:
        """Those that are open."""
        return tuple(place for place in self.environments if place.name in self._runtimes)

    def runtime(self, environment: str) -> Runtime:
        """The open resources of that environment."""
        return self._runtimes[environment]

    async def start(self) -> None:
        """Open what opens.

        Raises:
            ConfigurationError: a setting, the browser, or every database is missing.
        """
        try:
            self._tools = await _open_tools(self._settings, self._role, self._stack, len(self.environments))
            self._reasons = await asyncio.gather(*(self._try_to_open(place) for place in self.environments))
        except BaseException:
            await self.close()
            raise
        if not self._runtimes:
            await self.close()
            raise nothing_opens(self.environments, self._reasons)

    async def open_the_rest(self, opened: Callable[[str], None]) -> None:
        """Go on trying in the background; `opened` is told the name of each environment that comes."""
        self._opening = [
            asyncio.create_task(self._keep_trying(place, reason, opened))
            for place, reason in zip(self.environments, self._reasons, strict=True)
            if reason
        ]

    async def drain(self) -> None:
        """Take nothing new, let running jobs finish for the grace period, hand the rest back."""
        for task in self._opening:
            task.cancel()
        grace_s = self._settings.grace.total_seconds()
        await asyncio.gather(*(runtime.drain(grace_s) for runtime in self._runtimes.values()))

    async def close(self) -> None:
        """Stop the heartbeat, close the browser, mark the process stopped, close the rest; in this order."""
        runtimes = self._runtimes.values()
        if not runtimes:
            await self._stack.aclose()
            return
        await asyncio.gather(*(runtime.stop_beating() for runtime in runtimes))
        _log.info("process.heartbeat_stopped")
        await asyncio.gather(*(runtime.leave_site() for runtime in runtimes))
        await self._stack.aclose()
        _log.info("process.browser_closed")
        await asyncio.gather(*(runtime.tell_stopped() for runtime in runtimes))
        await asyncio.gather(*(runtime.database.close() for runtime in runtimes))
        _log.info("process.marked_stopped")
        self._runtimes.clear()

    async def _keep_trying(
        self, place: Environment, reason: ConfigurationError | None, opened: Callable[[str], None]
    ) -> None:
        with structlog.contextvars.bound_contextvars(environment=place.name, worker=self.worker):
            while reason is not None:
                _log.warning("environment.not_open", reason=reason.text)
                known = reason.text
                while reason is not None and reason.text == known:
                    await asyncio.sleep(RETRY_S)
                    reason = await self._try_to_open(place)
            _log.info("environment.open")
            opened(place.name)

    async def _try_to_open(self, place: Environment) -> ConfigurationError | None:
        """None when it is open, else why not."""
        database = Database(place.database_url)
        try:
            await database.open()
            async with database.connection() as connection:
                await migrate.require_current(connection)
                await note_start(connection, place.name, slot=self._slot)
            runtime = self._compose(place, database, self._tools)
            await runtime.tell_status()
        except (ConfigurationError, psycopg.Error, *GONE) as exc:
            await database.close()
            return why_not(exc)
        except BaseException:
            await database.close()
            raise
        self._runtimes[place.name] = runtime
        runtime.start_beating()
        return None

    def _compose(self, place: Environment, database: Database, tools: Tools) -> Runtime:
        settings = self._settings
        limits = AccountLimits(
            settings.account_daily_orders, settings.account_daily_ceiling_cents, settings.price_cents
        )
        context = StageContext(
            worker=self.worker,
            database=database,
            objects=Objects(place.object_root),
            inspector=tools.inspector,
            reader=tools.reader,
            rules=Rules(settings.price_cents, settings.daily_ceiling_cents, settings.index_max_age, limits),
        )
        if tools.web is not None:
            accounts = Accounts(
                database, tools.web.vault, site=Site.FONCIER, worker=self.worker, lease=LEASE, limits=limits
            )
            sessions = SessionPool(
                tools.web.browser, tools.web.adapter, accounts, size=settings.browser_slots, hold=HOLD, idle=IDLE
            )
            context = replace(context, sessions=sessions, adapter=tools.web.adapter)
        if tools.paid is not None:
            context = replace(context, paid=tools.paid.of(database))
        runtime = Runtime(place, self._role, context, database, worker=self.worker, name=self._slot)
        runtime.context = replace(context, holds=runtime.holds)
        runtime.polled_ago = self._polled_ago
        return runtime

    def _polled_ago(self, environment: str) -> timedelta | None:
        return self.ask_broker(environment) if self.ask_broker else None


async def _open_tools(settings: Settings, role: str, stack: AsyncExitStack, environments: int) -> Tools:
    inspector, reader = Reader(1), Reader(settings.readers, second=tesseract.find(settings.tesseract))
    stack.push_async_callback(inspector.close)
    stack.push_async_callback(reader.close)
    web = await open_web(settings, stack) if role == "browser" else None
    paid = _open_paid(settings, stack, environments) if role == "ocr" and settings.gemini_api_key else None
    return Tools(inspector, reader, web, paid)


def _open_paid(settings: Settings, stack: AsyncExitStack, environments: int) -> PaidReading:
    # The SDK takes a second to load: only where it is used.
    from registre.paid_reading import PaidReading

    paid = PaidReading(settings, environments=environments)
    stack.push_async_callback(paid.close)
    return paid


async def open_web(settings: Settings, stack: AsyncExitStack) -> Web:
    """The browser and the site; the browser itself starts at the first need and ends with the stack.

    Raises:
        ConfigurationError: no address of the site, or no browser.
    """
    if not settings.foncier_url:
        raise ConfigurationError(
            "REGISTRE_FONCIER_URL manque: l'adresse du registre foncier, ou celle que « registre sandbox » affiche."
        )
    executable = None
    if settings.cdp_url is None:
        executable = await chromium.find(settings.chromium, settings.state / "browser")
    browser = Browser(executable, args=chromium.LAUNCH_ARGS, cdp_endpoint=settings.cdp_url)
    stack.push_async_callback(browser.close)
    return Web(browser, adapter_for(Site.FONCIER, settings.foncier_url), vault(settings))
