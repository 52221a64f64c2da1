"""Where a server can live: a user it may run as, binaries that user can run, a folder that user can enter.

Postgres refuses to run as root, and `nobody`, whom root can become, cannot enter a folder of mode 700. In order:
become `nobody`; stay root outside but be `nobody` in a user namespace, where root's files look like nobody's own;
copy the binaries, then the data's folder too, to a place everyone may enter. Data that exists decides: its owner
runs it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from registre.domain.errors import ConfigurationError
from registre.embedded.process import Identity, run
from registre.embedded.state import make_folder

#: Root's place for what other users must reach; not under /var/tmp, which machines sweep by age.
_PUBLIC: Final = Path("/var/lib/registre")


@dataclass(frozen=True, slots=True)
class Program:
    """A server binary and what must be copied with it for it to run elsewhere."""

    executable: Path
    #: folder below which the copied parts keep their places
    base: Path
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """How and where a server runs."""

    identity: Identity
    executable: Path
    #: the server's own folder, mode 700
    folder: Path

    @property
    def owner(self) -> int:
        """Number of the user to whom the server's files belong, as seen from outside."""
        return os.geteuid() if self.identity.user is None else self.identity.user


async def settle(program: Program, home: Path) -> Seat:
    """Find or make the seat of the server whose files are kept in `home`.

    Raises:
        ConfigurationError: the folder is another user's, or root found no way.
    """
    make_folder(home)
    folder = home / "run"
    if folder.is_symlink() and not folder.exists():
        raise ConfigurationError(
            f"Les données de {home} ont disparu de {folder.readlink()}; restaurez-les, ou ôtez {folder}."
        )
    if os.geteuid() != 0:
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise ConfigurationError(f"{folder} appartient à un autre utilisateur: démarrez sous son nom.")
        return Seat(Identity(), program.executable, _take(folder, Identity()))
    async for identity, executable, place in _ways(program, folder):
        if await _can_run(identity, executable, place):
            return Seat(identity, executable, _take(place / "run" if place == home else place, identity))
    raise ConfigurationError(
        f"Root ne peut faire tourner {program.executable.name} pour {home} sous aucun autre utilisateur; "
        "placez l'état ailleurs, ou donnez DATABASE_URL et REDIS_URL."
    )


async def _ways(program: Program, folder: Path) -> AsyncIterator[tuple[Identity, Path, Path]]:
    """Identity, executable and place to try as root, cheapest first; copies are made only when reached."""
    home = folder.parent
    owner = folder.stat().st_uid if folder.exists() and any(folder.iterdir()) else None
    place = folder.resolve() if folder.is_symlink() else home
    dropped = _dropped(owner)
    if owner != 0:
        yield dropped, program.executable, place
    if not owner:
        yield _namespace(), program.executable, place
    if owner == 0:
        return
    executable = await asyncio.to_thread(_copied, program)
    yield dropped, executable, place
    if owner is None:
        yield dropped, executable, _public_folder(folder)


def _dropped(owner: int | None) -> Identity:
    entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    return Identity(entry.pw_uid, entry.pw_gid)


def _namespace() -> Identity:
    nobody = pwd.getpwnam("nobody")
    return Identity(prefix=("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"))


async def _can_run(identity: Identity, executable: Path, place: Path) -> bool:
    script = 'cd "$1" && exec "$2" --version'
    code, _ = await run(identity, "/bin/sh", "-c", script, "sh", str(place), str(executable))
    return code == 0


def _take(folder: Path, identity: Identity) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    if identity.user is not None:
        os.chown(folder, identity.user, identity.group or -1)
    return folder.resolve()


def _public_folder(folder: Path) -> Path:
    """A new folder everyone can reach, found again through a link at `folder`."""
    target = make_folder(_PUBLIC) / f"{folder.parent.name}-{secrets.token_hex(6)}"
    target.mkdir(mode=0o700)
    nobody = _dropped(None)
    os.chown(target, nobody.user or -1, nobody.group or -1)
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        folder.rmdir()
    folder.symlink_to(target)
    return target


def _copied(program: Program) -> Path:
    """The executable of a copy in a public place, one copy for each build."""
    build = hashlib.sha256(program.executable.read_bytes()).hexdigest()[:16]
    target = make_folder(_PUBLIC) / f"bin-{build}"
    if not target.exists():
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        for part in program.parts:
            source = program.base / part
            (draft / part).parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, draft / part, symlinks=True)
            else:
                shutil.copy2(source, draft / part)
        _open_to_all(draft)
        try:
            draft.replace(target)
        except OSError:
            shutil.rmtree(draft)
            if not target.exists():
                raise
    return target / program.executable.relative_to(program.base)


def _open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
