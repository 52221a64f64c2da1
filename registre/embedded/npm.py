"""Chromium out of an npm package, for a machine that is not Debian's kin: a headless shell packed with brotli."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final

from registre.embedded import launcher
from registre.embedded.process import Identity, run

LAUNCHER: Final = "chromium-npm"

_PACKAGE: Final = "@sparticuz/chromium"

#: Node is there when npm is; it unpacks brotli and spares us a Python package for it.
_DECOMPRESS: Final = """
const { createReadStream, createWriteStream } = require('fs');
const { createBrotliDecompress } = require('zlib');
const { pipeline } = require('stream');
const [from, to] = process.argv.slice(1);
pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to), e => process.exit(e ? 1 : 0));
"""


async def unpack(own: Path) -> str | None:
    """Unpack the package's browser, libraries and fonts below `own`; return the reason of a failure."""
    work, root = own / "npm", own / "sparticuz"
    await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    root.mkdir()
    try:
        return await _unpack(work, root, own)
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)


async def _unpack(work: Path, root: Path, own: Path) -> str | None:
    code, output = await _run("npm", "install", "--prefix", str(work), "--ignore-scripts", "--no-audit", _PACKAGE)
    packed = work / "node_modules" / _PACKAGE / "bin"
    if code or not (packed / "chromium.br").exists():
        return (output.strip().splitlines() or ["sans explication"])[-1]
    for archive in sorted(packed.glob("*.br")):
        target = root / archive.stem
        code, output = await _run("node", "-e", _DECOMPRESS, str(archive), str(target))
        if code:
            return output.strip()[-200:] or f"{archive.name} ne se décompresse pas"
        if target.suffix == ".tar":
            await _run("tar", "-xf", str(target), "-C", str(root))
            target.unlink()
    (root / "chromium").chmod(0o755)
    launcher.write(own / LAUNCHER, root / "chromium", libraries=(root / "lib", root), fonts=(root / "fonts",))
    return None


async def _run(*command: str) -> tuple[int, str]:
    return await run(Identity(), *command, environment=os.environ, patience_s=300)
