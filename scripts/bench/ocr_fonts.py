"""Fonts that the sandbox does not use, out of Debian's packages: unpacked once below a cache folder."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

#: Package → the files wanted of it, by what they set.
_WANTED: Final = {
    "fonts-liberation": (
        "LiberationSans-Regular.ttf", "LiberationSansNarrow-Regular.ttf", "LiberationSerif-Regular.ttf"
    ),
    "fonts-crosextra-carlito": ("Carlito-Regular.ttf",),
    "fonts-crosextra-caladea": ("Caladea-Regular.ttf",),
    "fonts-lato": ("Lato-Medium.ttf",),
    "fonts-freefont-ttf": ("FreeSans.ttf", "FreeMono.ttf", "FreeSerifItalic.ttf"),
    "fonts-cmu": ("cmunrm.ttf", "cmuntt.ttf"),
    "fonts-courier-prime": ("Courier Prime.otf",),
    "fonts-inconsolata": ("Inconsolata.otf",),
    "fonts-breip": ("Breip.ttf",),
    "fonts-ecolier-court": ("Ecolier-court.ttf",),
    "fonts-dancingscript": ("DancingScript-Regular.otf",),
    "fonts-comic-neue": ("ComicNeue-Regular.otf",),
    "fonts-urw-base35": (
        "NimbusSans-Regular.otf", "NimbusSans-Bold.otf", "NimbusSansNarrow-Regular.otf", "NimbusRoman-Regular.otf",
        "NimbusMonoPS-Regular.otf", "C059-Roman.otf", "P052-Roman.otf", "Z003-MediumItalic.otf",
    ),
    "fonts-open-sans": ("OpenSans-Regular.ttf",),
    "fonts-roboto-unhinted": ("Roboto-Regular.ttf",),
    "fonts-linuxlibertine": ("LinLibertine_R.otf",),
    "fonts-hack": ("Hack-Regular.ttf",),
    "fonts-tlwg-typewriter-otf": ("TlwgTypewriter.otf",),
    "fonts-dejavu-core": ("DejaVuSans.ttf", "DejaVuSansMono.ttf", "DejaVuSerif.ttf"),
}  # fmt: skip
PRINTED: Final = (
    "LiberationSans-Regular.ttf", "LiberationSansNarrow-Regular.ttf", "Carlito-Regular.ttf", "Lato-Medium.ttf",
    "FreeSans.ttf", "Caladea-Regular.ttf", "LiberationSerif-Regular.ttf",
)  # fmt: skip
TYPED: Final = ("Courier Prime.otf", "FreeMono.ttf", "cmuntt.ttf", "Inconsolata.otf")
BOOK: Final = ("cmunrm.ttf", "Caladea-Regular.ttf", "LiberationSerif-Regular.ttf")
WRITTEN: Final = (
    "Breip.ttf", "Ecolier-court.ttf", "DancingScript-Regular.otf", "ComicNeue-Regular.otf", "FreeSerifItalic.ttf"
)  # fmt: skip
#: Of the third corpus: what offices print, type and write with.
OFFICE: Final = (
    "NimbusSans-Regular.otf", "NimbusSans-Bold.otf", "NimbusSansNarrow-Regular.otf", "NimbusRoman-Regular.otf",
    "C059-Roman.otf", "P052-Roman.otf", "OpenSans-Regular.ttf", "Roboto-Regular.ttf", "LinLibertine_R.otf",
    "DejaVuSans.ttf", "DejaVuSerif.ttf", "LiberationSans-Regular.ttf",
)  # fmt: skip
TYPEWRITER: Final = ("NimbusMonoPS-Regular.otf", "Hack-Regular.ttf", "TlwgTypewriter.otf", "DejaVuSansMono.ttf")
PENNED: Final = (
    "Z003-MediumItalic.otf", "Breip.ttf", "DancingScript-Regular.otf", "ComicNeue-Regular.otf",
    "Ecolier-court.ttf",
)  # fmt: skip


class NoFonts(RuntimeError):
    """The packages cannot be had here."""


@cache
def font_files() -> dict[str, Path]:
    """Font files by name.

    Raises:
        NoFonts: Debian's packages cannot be reached, or this is no Debian.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registre-bench-fonts"
    found = _found(base)
    if len(found) < sum(map(len, _WANTED.values())):
        _fetch(base)
        found = _found(base)
    missing = {name for names in _WANTED.values() for name in names} - set(found)
    if missing:
        raise NoFonts(f"not in the packages: {', '.join(sorted(missing))}")
    return found


def _found(base: Path) -> dict[str, Path]:
    wanted = {name for names in _WANTED.values() for name in names}
    return {path.name: path for path in sorted(base.rglob("*.[to]tf")) if path.name in wanted}


def _fetch(base: Path) -> None:
    """Download with lists of our own where the system has none, and unpack; nothing is installed."""
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="registre-fonts-") as folder:
        work = Path(folder)
        for part in ("state/lists/partial", "cache/archives/partial", "debs"):
            (work / part).mkdir(parents=True)
        own = [f"Dir::State={work}/state", "Dir::State::status=/var/lib/dpkg/status", f"Dir::Cache={work}/cache"]
        options = [part for option in (*own, "APT::Sandbox::User=") for part in ("-o", option)]
        if not _ran(["apt-get", "-qq", *options, "update"], work):
            raise NoFonts("apt-get update failed")
        for package in _WANTED:
            if not _ran(["apt-get", "-qq", *options, "download", package], work / "debs"):
                raise NoFonts(f"apt-get download {package} failed")
        for archive in (work / "debs").glob("*.deb"):
            _ran(["dpkg", "-x", str(archive), str(base)], work)


def _ran(command: list[str], folder: Path) -> bool:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
