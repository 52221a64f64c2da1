"""The browser's executable: where it may be, whether it really works, how this machine can get one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from playwright.async_api import BrowserType, Error, async_playwright

from registre.domain.errors import ConfigurationError
from registre.domain.exits import Exit
from registre.embedded import debian, driver, npm
from registre.embedded.process import Identity, run
from registre.embedded.state import locked

#: For every launch, beside Playwright's own. Nothing here hides what the browser is.
LAUNCH_ARGS: Final = (
    "--disable-quic",  # one protocol to reason about: what the network log shows is TCP
    "--disable-sync",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
)

#: Names to look for on PATH, best first, each with the programs its wrapper script starts: a script does not pass on
#: the signals that end a browser. The headless shell takes half the memory of the full browser.
_NAMES: Final = {
    "chromium-headless-shell": ("/usr/lib/chromium/chromium-headless-shell",),
    "chromium": ("/usr/lib/chromium/chromium", "/usr/lib64/chromium/chromium"),
    "chromium-browser": ("/usr/lib/chromium-browser/chromium-browser", "/usr/lib64/chromium-browser/chromium-browser"),
    "google-chrome-stable": ("/opt/google/chrome/chrome",),
    "google-chrome": ("/opt/google/chrome/chrome",),
}

#: Playwright's downloads, below its folder of browsers.
_SHELLS: Final = (
    "chromium_headless_shell-*/chrome-*/headless_shell",
    "chromium_headless_shell-*/chrome-*/chrome-headless-shell",
)

_LAUNCH_PATIENCE_MS: Final = 30_000
_NONE: Final = (
    "Aucun Chromium utilisable. Installez chromium-headless-shell ou chromium (apt-get install chromium), "
    "ou indiquez un exécutable par REGISTRE_CHROMIUM."
)


async def find(setting: Path | None, own: Path) -> Path:
    """The executable to launch: the setting, else Playwright's, else the system's, else the one in our folder `own`.

    Each candidate is launched and must lay out a line of text; one that cannot is passed over.

    Raises:
        ConfigurationError: none works, or the setting's does not (then nothing else is tried).
    """
    await driver.prepare(own)
    reasons: list[str] = []
    async with async_playwright() as playwright:
        candidates = [setting] if setting else list(_candidates(Path(playwright.chromium.executable_path), own))
        for candidate in candidates:
            reason = await _reason_against(playwright.chromium, candidate)
            if reason is None:
                return candidate
            reasons.append(f"{candidate}: {reason}")
    if setting:
        raise ConfigurationError(f"REGISTRE_CHROMIUM ne peut pas servir: {reasons[0]}", exits=Exit.BROWSER)
    raise ConfigurationError(" ".join((_NONE, *reasons)), exits=Exit.BROWSER)


async def install(own: Path, say: Callable[[str], None]) -> Path:
    """Get a browser by whatever way this machine has, and return its executable. Takes 10 s to a few minutes.

    `own` is the folder for what cannot go into the system; `say` gets one line of French for each way tried.

    Raises:
        ConfigurationError: no way worked; says what to do by hand.
    """
    own = own.absolute()
    async with locked(own):
        for name, way in _ways(own):
            say(f"Chromium: {name} …")
            reason = await way()
            if reason is None:
                try:
                    return await find(None, own)
                except ConfigurationError as exc:
                    reason = exc.text
            say(f"Chromium: {name}: {reason}")
    raise ConfigurationError(_NONE)


async def ensure(setting: Path | None, own: Path, say: Callable[[str], None]) -> Path:
    """`find`, and where that fails and nothing was set, `install`."""
    try:
        return await find(setting, own)
    except ConfigurationError:
        if setting:
            raise
    return await install(own, say)


def _candidates(playwrights: Path, own: Path) -> Iterator[Path]:
    # `executable_path` names the full build even where only the shell was downloaded.
    browsers = playwrights.parents[2]
    for pattern in _SHELLS:
        yield from sorted(browsers.glob(pattern), reverse=True)
    if playwrights.exists():
        yield playwrights
    for name, programs in _NAMES.items():
        found = shutil.which(name)
        if found and not _is_snap(Path(found)):
            yield from (Path(program) for program in programs if os.access(program, os.X_OK))
            yield Path(found)
    yield from (path for path in (own / debian.LAUNCHER, own / npm.LAUNCHER) if path.exists())


def _is_snap(path: Path) -> bool:
    """Ubuntu's stub, or the snap itself, whose confinement hides our folders from it."""
    target = path.resolve()
    with target.open("rb") as file:
        return target.name == "snap" or b"/snap/bin/" in file.read(8192)


async def _reason_against(browsers: BrowserType, executable: Path) -> str | None:
    """Why this browser will not do; None when it launches and gives a line of text a width.

    Without any font, text is 0 pixels wide and Playwright takes every link for hidden.
    """
    if not os.access(executable, os.X_OK):
        return "introuvable ou non exécutable"
    try:
        browser = await browsers.launch(
            executable_path=executable, headless=True, args=LAUNCH_ARGS, timeout=_LAUNCH_PATIENCE_MS
        )
        try:
            page = await browser.new_page()
            await page.set_content("<span>Registre foncier</span>")
            box = await page.locator("span").bounding_box()
        finally:
            await browser.close()
    except Error as exc:
        return _gist(exc.message)
    return None if box and box["width"] > 0 else "aucune police de caractères (installez fonts-dejavu-core)"


def _gist(message: str) -> str:
    """The line that names the fault, of the page of advice that a failed launch prints."""
    lines = [line.strip(" ║╔╗╚╝═") for line in message.splitlines()]
    telling = [line for line in lines if "error while loading" in line or "rror:" in line or "Timeout" in line]
    return (telling or [line for line in lines if line] or ["sans explication"])[0][:300]


def _ways(own: Path) -> Iterator[tuple[str, Callable[[], Awaitable[str | None]]]]:
    """Name and action of each way this machine has; an action answers with the reason of its failure, or None."""
    yield "téléchargement par Playwright", _by_playwright
    if shutil.which("apt-get") and os.geteuid() == 0:
        yield "apt-get install", debian.install
    if shutil.which("apt-get") and shutil.which("dpkg"):
        yield f"paquets Debian déballés dans {own}", partial(debian.unpack, own)
    if shutil.which("npm"):
        yield f"paquet npm déballé dans {own}", partial(npm.unpack, own)


async def _by_playwright() -> str | None:
    command = (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")
    code, output = await run(Identity(), *command, patience_s=60, environment=os.environ)
    return None if code == 0 else _gist(output)
