"""The state folder: its lock, and files only their owner reads."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from registre.domain.errors import ConfigurationError

#: First start of everything took 1.5 s on two busy cores; a waiter outlasts a crash recovery.
_LOCK_PATIENCE_S: Final = 120.0


def make_folder(path: Path) -> Path:
    """Create `path` and its missing parents; only what is created gets a mode.

    Root's folders may be passed through (711) because its servers run as another user; their secrets are 600.
    """
    path = path.absolute()
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(f"Le dossier d'état {folder} ne peut pas être créé: {exc.strerror}.") from exc
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def _give(path: Path, user: int) -> None:
    """Root's files belong to whoever owns their folder, so that person can go on without root."""
    if os.geteuid() == 0:
        os.chown(path, user, -1)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def write_private(path: Path, text: str, *, owner: int | None = None) -> None:
    """Replace `path` in one step with a file of mode 600; `owner` defaults to the folder's owner."""
    draft = _draft(path, text)
    _give(draft, path.parent.stat().st_uid if owner is None else owner)
    draft.replace(path)


def create_private(path: Path, text: str) -> str:
    """Write `path` unless it exists; return what it holds. Of several racers one wins, and all get its text."""
    if not path.exists():
        draft = _draft(path, text)
        _give(draft, path.parent.stat().st_uid)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()


@asynccontextmanager
async def locked(folder: Path) -> AsyncGenerator[None]:
    """Hold the folder's lock; it falls with the process that holds it, however that ends.

    Raises:
        ConfigurationError: another process kept it for two minutes, or the folder is not ours.
    """
    path = make_folder(folder) / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as exc:
        raise ConfigurationError(f"Le dossier d'état {folder} appartient à un autre utilisateur.") from exc
    try:
        _give(path, folder.stat().st_uid)
        await _acquire(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


async def _acquire(descriptor: int, folder: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as exc:
            if asyncio.get_running_loop().time() > deadline:
                raise ConfigurationError(
                    f"Un autre démarrage tient le verrou de {folder} depuis trop longtemps."
                ) from exc
            await asyncio.sleep(0.03)
