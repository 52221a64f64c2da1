"""Chromium out of Debian's packages: into the system as root, else unpacked into a folder with what it needs."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sysconfig
from pathlib import Path
from typing import Final

from registre.embedded import driver, launcher
from registre.embedded.process import Identity, run

LAUNCHER: Final = "chromium-debian"

#: Best first.
_BROWSERS: Final = {
    "chromium-headless-shell": "usr/lib/chromium/chromium-headless-shell",
    "chromium": "usr/lib/chromium/chromium",
}
#: Without any font, text has no width and no link can be clicked.
_FONT: Final = "fonts-dejavu-core"
#: What Playwright's driver needs beside the C library; see driver.py.
_ATOMIC: Final = "libatomic1"

#: Never unpacked beside the system's: a second C library breaks every program that loads it.
_LEFT_OUT: Final = frozenset({"libc6", "libc-bin", "libgcc-s1"})

_APT: Final = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2")
_PATIENCE_S: Final = 900.0


async def install(browsers: tuple[str, ...] = tuple(_BROWSERS)) -> str | None:
    """Install as root; return the reason of a failure."""
    code, output = await _run(*_APT, "update")
    for browser in browsers:
        code, output = await _run(*_APT, "-y", "--no-install-recommends", "install", browser, _FONT, _ATOMIC)
        if code == 0:
            return None
    return _last_line(output)


async def unpack(own: Path) -> str | None:
    """Unpack a browser and whatever this machine lacks for it below `own`; return the reason of a failure.

    Needs no right over the system: apt gets lists and a cache of its own, and only tells what it would install.
    """
    work, root = own / "apt", own / "debian"
    try:
        return await _unpack(work, root, own)
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)


async def _unpack(work: Path, root: Path, own: Path) -> str | None:
    (work / "debs").mkdir(parents=True, exist_ok=True)
    apt = (*_APT, *_private(work))
    code, output = await _run(*apt, "update")
    if code:
        return _last_line(output)
    for browser, program in _BROWSERS.items():
        code, output = await _run(*apt, "--simulate", "--no-install-recommends", "install", browser, _FONT, _ATOMIC)
        if code:
            continue
        names = _packages(output) | {browser, "chromium-common", _FONT}
        code, output = await _run(*apt, "download", *sorted(names), folder=work / "debs")
        if code:
            continue
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
        root.mkdir()
        for package in sorted((work / "debs").glob("*.deb")):
            code, output = await _run("dpkg", "-x", str(package), str(root))
            if code:
                return _last_line(output)
        _write_launchers(own, root, root / program)
        return None
    return _last_line(output)


def _private(work: Path) -> tuple[str, ...]:
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    options = (
        f"Dir::State={work}/state",
        "Dir::State::status=/var/lib/dpkg/status",
        f"Dir::Cache={work}/cache",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
        "APT::Update::Post-Invoke-Success=",
    )
    return tuple(part for option in options for part in ("-o", option))


def _packages(simulation: str) -> set[str]:
    """Names of what the simulated installation would bring in."""
    return set(re.findall(r"^Inst ([^\s:]+)", simulation, re.MULTILINE)) - _LEFT_OUT


def _write_launchers(own: Path, root: Path, program: Path) -> None:
    triplet = str(sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu")
    libraries = root / "usr/lib" / triplet
    launcher.write(
        own / LAUNCHER,
        program,
        libraries=(libraries, root / "lib" / triplet, libraries / "pulseaudio"),
        fonts=(root / "usr/share/fonts",),
    )
    if (libraries / "libatomic.so.1").exists():
        alone = own / "libatomic"  # Node must not load the browser's libraries
        alone.mkdir(exist_ok=True)
        shutil.copy(libraries / "libatomic.so.1", alone)
        launcher.write(own / driver.LAUNCHER, driver.bundled_node(), libraries=(alone,))


async def _run(*command: str, folder: Path = Path("/")) -> tuple[int, str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    return await run(Identity(), *command, folder=folder, environment=environment, patience_s=_PATIENCE_S)


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "sans explication"
