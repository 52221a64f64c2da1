"""get: copies of PDFs under readable names, each checked against its hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import click

from registre.cli import words
from registre.cli.context import chosen_settings, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.cli.show import held_document
from registre.db.document import Document
from registre.db.report import JobRow
from registre.domain.errors import RegistreError, StorageFailed
from registre.settings import Settings


class _Occupied(RegistreError):
    code = "occupied"
    hint = "Choisissez un autre dossier avec --to, ou déplacez ce fichier."


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="Dossier d'arrivée."
)
@json_option
@pass_output
def get(output: Output, ids: tuple[str, ...], folder: Path) -> int:
    """Copie les PDF sous leur nom lisible, après contrôle des octets. N'écrase jamais un autre fichier.

    \b
    Exemple:
      registre get 3f2a91c0 --to ~/dossiers/tremblay
    """
    return run(_get(output, chosen_settings(), ids, folder))


async def _get(output: Output, settings: Settings, given: Sequence[str], folder: Path) -> int:
    async with opened(settings) as connection:
        wanted = [await held_document(connection, text) for text in given]
    from rich.progress import Progress

    copies: list[dict[str, Any]] = []
    with Progress(console=output.err, disable=len(wanted) < 2, transient=True) as bar:
        for job, held in bar.track(wanted, description="Copie"):
            copies.append(await _copy(settings, job, held, folder))
    if output.json:
        output.json_document({"copies": copies})
        return 0
    for copy in copies:
        pages = words.plural(int(copy["pages"]), "page")
        output.say(f"{copy['path']}  ({pages}, {'déjà là' if copy['already'] else 'octets vérifiés'})")
    return 0


async def _copy(settings: Settings, job: JobRow, held: Document, folder: Path) -> dict[str, Any]:
    from registre.storage.objects import Objects

    content = await Objects(settings.object_root).get(held.object_key)
    if hashlib.sha256(content).hexdigest() != held.sha256:
        raise StorageFailed(f"L'objet {held.object_key} n'a plus les octets achetés (sha-256); rien n'a été copié.")
    target = folder.expanduser() / PurePosixPath(held.path).name
    already = place(target, content)
    return {
        "id": job.order_id,
        "job_id": job.id,
        "path": target.absolute(),
        "sha256": held.sha256,
        "size": held.size,
        "pages": held.pages,
        "already": already,
    }


def place(target: Path, content: bytes) -> bool:
    """Write the whole file or none; True when the very same bytes were there already.

    Raises:
        RegistreError: another file has that name, or the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=".registre-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(draft).chmod(0o666 & ~_umask())
            # A link, unlike a rename, refuses to take the place of what is there.
            os.link(draft, target)
        finally:
            Path(draft).unlink()
    except FileExistsError as exc:
        if target.is_file() and target.read_bytes() == content:
            return True
        raise _Occupied(f"{target} existe déjà et contient autre chose; il n'a pas été touché.") from exc
    except OSError as exc:
        raise _Occupied(f"{target} ne peut pas être écrit: {exc.strerror}.") from exc
    return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
