"""Keeps the PDFs being read in files, so that a 20 MB document is handed to a reader process once, not per page."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from registre.domain.errors import ReaderFailed

_PREFIX = "registre-reader-"
#: Documents kept for their next page.
_KEPT = 8


class Spool:
    """A folder of this process, gone with `close`; what a killed process left behind goes with the next one's start."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        #: path → how many readers hold it, least recently used first
        self._files: OrderedDict[Path, int] = OrderedDict()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, data: bytes) -> AsyncGenerator[Path]:
        """Path of a file with these bytes, valid inside the block.

        Raises:
            ReaderFailed: the temporary folder does not take it.
        """
        async with self._lock:
            try:
                path = await asyncio.to_thread(self._write, data)
            except OSError as exc:
                raise ReaderFailed("Le dossier temporaire n'a pas pris le PDF à lire.") from exc
            self._files[path] = self._files.pop(path, 0) + 1
            self._evict()
        try:
            yield path
        finally:
            # closed in the meantime: then nothing is kept
            if path in self._files:
                self._files[path] -= 1

    async def close(self) -> None:
        """Remove the folder."""
        async with self._lock:
            folder, self._folder = self._folder, None
            self._files.clear()
            if folder is not None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _write(self, data: bytes) -> Path:
        if self._folder is None:
            _sweep()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        path = self._folder / f"{hashlib.sha256(data).hexdigest()}.pdf"
        if path not in self._files:
            path.write_bytes(data)
        return path

    def _evict(self) -> None:
        for path in [path for path, holders in self._files.items() if not holders]:
            if len(self._files) <= _KEPT:
                return
            del self._files[path]
            path.unlink(missing_ok=True)


def _sweep() -> None:
    """Remove folders whose process no longer exists."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
