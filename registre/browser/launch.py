"""One Chromium per process: launched at the first need, relaunched after it died, or borrowed over CDP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, Playwright, async_playwright
from playwright.async_api import Error as PlaywrightError

from registre.domain.errors import BrowserLost

#: Environment variable of every browser process we start; its value is the pid of the owner.
MARKER: Final = "REGISTRE_BROWSER"
#: What the browser may inherit. Nothing else: our environment holds database and account secrets.
_INHERITED: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH"),
    *(
        "FONTCONFIG_FILE",
        "FONTCONFIG_PATH",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
    ),
)
#: Full Chromium reloads an error page by itself, which sends the request again (4 hits seen, Chromium 156).
_OWN_ARGS: Final = ("--disable-auto-reload",)
_LAUNCH_MS: Final = 30_000
#: A driver or a context comes within a second or two, on a machine out of breath within ten.
_DRIVER_S: Final = 30.0
_CONTEXT_S: Final = 20.0
#: How long a dying browser may take to close before we stop waiting for it.
_CLOSE_S: Final = 5.0


class Browser:
    """The process's only browser. Safe under concurrent tasks; opens nothing until `new_context`."""

    def __init__(
        self,
        executable: Path | None,
        *,
        args: Sequence[str] = (),
        cdp_endpoint: str | None = None,
    ) -> None:
        """`cdp_endpoint`, when given, wins over `executable`; one of the two is needed."""
        self._executable = executable
        self._args = [*args, *(arg for arg in _OWN_ARGS if arg not in args)]
        self._cdp_endpoint = cdp_endpoint
        self._lock = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        #: contexts about to be opened, and those open in the living browser
        self._opening = 0
        self._open: set[BrowserContext] = set()

    @property
    def is_running(self) -> bool:
        """True while a live browser stands behind this object."""
        return self._chromium is not None and self._chromium.is_connected()

    async def new_context(self) -> BrowserContext:
        """Open a fresh, empty context (own cookies), starting the browser when there is none.

        Raises:
            BrowserLost: the browser cannot start, died while opening, or does not answer: then it is ended.
        """
        self._opening += 1
        try:
            context = await self._open_context()
        finally:
            self._opening -= 1
        self._open.add(context)
        context.once("close", self._forget)
        return context

    def has(self, context: BrowserContext) -> bool:
        """False for a context that was closed, or whose browser is gone."""
        return context in self._open

    async def close_unused(self) -> None:
        """As `close`, unless a context is open: several pools share the browser."""
        async with self._lock:
            if not self._open and not self._opening:
                await self._stop()

    async def close(self) -> None:
        """Close the browser and its driver; the next `new_context` starts another."""
        async with self._lock:
            await self._stop()

    async def _open_context(self) -> BrowserContext:
        async with self._lock:
            if not self.is_running:
                await self._stop()
                await self._start()
            chromium = self._chromium
        if chromium is None:
            raise BrowserLost
        try:
            async with asyncio.timeout(_CONTEXT_S):
                return await chromium.new_context(
                    accept_downloads=True,
                    locale="fr-CA",
                    viewport={"width": 1280, "height": 720},
                    # what a worker of the page sends would pass by those who watch the page
                    service_workers="block",
                )
        except PlaywrightError as exc:
            raise BrowserLost from exc
        except TimeoutError as exc:
            await self._end(chromium)
            raise BrowserLost("Le navigateur ne répond plus; il est remplacé.") from exc

    def _forget(self, context: BrowserContext) -> None:
        self._open.discard(context)

    async def _end(self, chromium: Chromium) -> None:
        """End a browser that does not answer, unless someone already did."""
        async with self._lock:
            if self._chromium is chromium:
                await self._stop()

    async def _start(self) -> None:
        try:
            async with asyncio.timeout(_DRIVER_S):
                self._playwright = await async_playwright().start()
            if self._cdp_endpoint:
                self._chromium = await self._playwright.chromium.connect_over_cdp(
                    self._cdp_endpoint, timeout=_LAUNCH_MS
                )
            else:
                self._chromium = await self._launch(self._playwright)
        except (PlaywrightError, OSError) as exc:  # a TimeoutError is an OSError
            await self._stop()
            raise BrowserLost(f"Le navigateur n'a pas pu démarrer: {_first_line(exc)}") from exc

    async def _launch(self, playwright: Playwright) -> Chromium:
        environment: dict[str, str | float | bool] = {
            name: os.environ[name] for name in _INHERITED if name in os.environ
        }
        environment[MARKER] = str(os.getpid())
        return await playwright.chromium.launch(
            executable_path=self._executable,
            args=self._args,
            env=environment,
            headless=True,
            timeout=_LAUNCH_MS,
            # signals belong to the process's own drain, not to the browser
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )

    async def _stop(self) -> None:
        self._open.clear()
        chromium, self._chromium = self._chromium, None
        playwright, self._playwright = self._playwright, None
        for closing in (
            chromium.close() if chromium else None,
            playwright.stop() if playwright else None,
        ):
            if closing is None:
                continue
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await closing
            except (PlaywrightError, TimeoutError):
                continue  # it is dead or dying: nothing left to close


def _first_line(exc: BaseException) -> str:
    return (str(exc).strip().splitlines() or [type(exc).__name__])[0]
