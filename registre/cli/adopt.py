"""adopt: texts that the old system left on its rows become pages and rows; the texts themselves are not touched."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
from rich.progress import Progress
from rich.text import Text

from registre.cli import words
from registre.cli.context import actor, chosen_settings, find_jobs, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import adopt as adoption
from registre.db import document as documents
from registre.db import review as reviews
from registre.db.adopt import OldText
from registre.db.pool import Connection
from registre.domain.reading import PageReading
from registre.domain.request import DocumentKind, normalize_number
from registre.settings import Settings
from registre.storage.objects import Objects

#: Rows looked at in one call; another call goes on.
_MOST: Final = 10_000
#: Lines of the table.
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class _Found:
    """A row's text as it was understood."""

    row: OldText
    #: the text that was taken
    text: str
    pages: tuple[PageReading, ...]
    #: why nothing is done; empty where it can be
    refused: str = ""

    @property
    def lines(self) -> int:
        return sum(len(page.rows) for page in self.pages)

    @property
    def doubts(self) -> int:
        return sum(len(row.uncertain) for page in self.pages for row in page.rows)


@click.command()
@click.argument("ids", metavar="[ID…]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Toutes les lignes de l'ancien système qui ont un texte.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Prend le texte dans ce fichier (UTF-8); sans ID, montre seulement ce qui y est compris.",
)
@click.option("--yes", is_flag=True, help="Écrit les lignes; sans cela, montre ce qui serait écrit.")
@json_option
@pass_output
def adopt(output: Output, ids: tuple[str, ...], *, everything: bool, file: Path | None, yes: bool) -> int:
    """Reprend en lignes cherchables le texte que l'ancien système a laissé (file_content, boosted_file_content).

    Le texte reste tel quel et le registre n'est pas touché. Les champs critiques sont douteux, sauf si le texte se dit
    sûr à 90 % ou plus. Un document dont le PDF est rangé se relit plutôt: registre ocr ID.

    \b
    Exemples:
      registre adopt --all
      registre adopt 3f2a91c0 --yes
      registre adopt 3f2a91c0 --file page.txt --yes
    """
    if not ids and not everything and file is None:
        raise click.UsageError("Dites lesquelles: des ID, ou --all.")
    if file is not None and (len(ids) > 1 or everything or (yes and not ids)):
        raise click.UsageError("--file donne le texte d'une seule demande: nommez-la.")
    return run(_adopt(output, chosen_settings(), ids, None if file is None else _text_of(file), yes=yes))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise click.UsageError(f"{file} n'est pas du texte en UTF-8.") from exc


async def _adopt(output: Output, settings: Settings, given: Sequence[str], text: str | None, *, yes: bool) -> int:
    from registre.ocr.legacy import read_stored

    if text is not None and not given:
        _pages(output, read_stored(text))
        return 0
    async with opened(settings) as connection:
        ids = await find_jobs(connection, given) if given else None
        rows = await adoption.old_texts(connection, ids=ids, limit=_MOST)
        found = [_understood(row, text) for row in rows]
        good = [item for item in found if not item.refused]
        done: dict[UUID, UUID] = {}
        if yes:
            objects = Objects(settings.object_root)
            with Progress(console=output.err, disable=len(good) < 2, transient=True) as bar:
                for item in bar.track(good, description="Reprise"):
                    done[item.row.job_id] = await _write(connection, objects, item)
    _show(output, found, done, yes=yes)
    return 0 if len(good) == len(found) else 3


def _understood(row: OldText, given: str | None) -> _Found:
    from registre.ocr.legacy import read_stored

    texts = [given] if given is not None else [row.text, row.corrected]
    pages = read_stored(*texts)
    # the one that was taken is the one that reads so
    text = next((text for text in texts if text and read_stored(text) == pages), "")
    if row.kind != DocumentKind.INDEX:
        pages = tuple(replace(page, rows=(), header={}) for page in pages)
    refused = ""
    if row.document_id is not None:
        refused = "le PDF est rangé: registre ocr le relit"
    elif row.state != "imported":
        refused = f"la demande est {words.STATES[row.state]}"
    elif row.kind not in {DocumentKind.INDEX, DocumentKind.ACTE}:
        refused = "ni index ni acte"
    elif not pages:
        refused = "aucun texte"
    elif row.sha256 == hashlib.sha256(text.encode()).hexdigest():
        refused = "déjà repris"
    return _Found(row, text, pages, refused)


async def _write(connection: Connection, objects: Objects, item: _Found) -> UUID:
    """The text as an object of its own, then its pages, judged as any reading."""
    from registre.ocr.acte import read_acte
    from registre.ocr.document import searchable
    from registre.stages.judgement import judge

    row = item.row
    content = item.text.encode()
    sha = hashlib.sha256(content).hexdigest()
    key, path = f"objects/{sha[:2]}/{sha}.txt", f"textes/{row.job_id}.txt"
    for place in (key, path):
        await objects.put(place, content)
    # numbered as the text numbers them; what it does not have is missing, not blank
    last = max(page.number for page in item.pages)
    async with connection.transaction():
        document_id = await adoption.add_text(
            connection,
            row.job_id,
            kind=row.kind,
            target=_target(row),
            sha256=sha,
            size=len(content),
            pages=last,
            object_key=key,
            path=path,
        )
        await reviews.lock_document(connection, document_id)
        for page in item.pages:
            await documents.add_page(connection, document_id, page, searchable(page.text, page.rows), again=True)
        judged = await judge(connection, document_id)
        acte = read_acte(judged.content) if row.kind == DocumentKind.ACTE else None
        await documents.note_content(connection, document_id, acte, judged.corrections)
        data = {"pages": len(item.pages), "rows": item.lines}
        await adoption.note_adopted(connection, row.job_id, actor=actor(), data=data)
    return document_id


def _target(row: OldText) -> dict[str, Any]:
    """The order's own words: nobody located this document at the registry."""
    request = row.request
    number = request.get("document_number_normalized") or request.get("document_number")
    return {
        "kind": row.kind,
        "number": normalize_number(str(number or "")),
        "circonscription": request.get("circonscription_fonciere"),
        "cadastre": request.get("cadastre"),
        "designation_secondaire": request.get("designation_secondaire"),
        "type_acte": request.get("acte_type"),
    }


def _show(output: Output, found: Sequence[_Found], done: dict[UUID, UUID], *, yes: bool) -> None:
    if output.json:
        output.json_document({"done": yes, "count": len(found), "texts": [_json(item, done) for item in found]})
        return
    if not found:
        output.say("Aucun texte à reprendre.")
        return
    output.table(
        ["!ID", "Demande", ">Pages", ">Lignes", ">Douteux", ""],
        [
            [
                str(item.row.order_id)[:8],
                words.ordered(item.row.kind, item.row.request),
                str(len(item.pages)),
                str(item.lines),
                str(item.doubts),
                Text(item.refused, style="yellow"),
            ]
            for item in found[:_SHOWN]
        ],
    )
    if len(found) > _SHOWN:
        output.say(f"… et {words.plural(len(found) - _SHOWN, 'autre')}.")
    good = sum(not item.refused for item in found)
    texts = words.plural(good, "texte")
    output.say(f"\n{texts} {'repris' if yes else 'à reprendre; ajoutez --yes'}." if good else "\nRien à reprendre.")


def _json(item: _Found, done: dict[UUID, UUID]) -> dict[str, Any]:
    return {
        "id": item.row.order_id,
        "job_id": item.row.job_id,
        "pages": len(item.pages),
        "rows": item.lines,
        "doubts": item.doubts,
        "refused": item.refused or None,
        "document_id": done.get(item.row.job_id),
    }


def _pages(output: Output, pages: Sequence[PageReading]) -> None:
    """What a file's text says; nothing is written."""
    from registre.cli.show import show_page
    from registre.shapes import to_json

    if output.json:
        output.json_document({"done": False, "pages": [to_json(page) for page in pages]})
    for page in pages:
        show_page(output, page, len(pages), with_text=False)
    if not pages:
        output.say("Aucun texte.")
