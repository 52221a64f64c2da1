"""show: what a document says, page by page; for an index its rows as a table, doubtful fields marked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_settings, find_job, opened, run
from registre.cli.jobs import job_json
from registre.cli.output import Output, json_option, pass_output
from registre.db import report
from registre.db.adopt import text_document
from registre.db.document import Document, document, pages
from registre.db.pool import Connection
from registre.db.report import JobRow
from registre.domain.errors import RegistreError
from registre.domain.reading import Doubt, Inscription, PageReading
from registre.settings import Settings
from registre.shapes import json_schema, to_json

_STATES: Final = {
    "read": "lue",
    "blank": "blanche",
    "second_reader": "refusée par Gemini, lue",
    "retaken": "reprise en deux moitiés, lue",
    "failed": "non lue",
}


def _schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=1))
        context.exit()


@click.command()
@click.argument("id")
@click.option("--page", "only", type=click.IntRange(1), help="Seulement cette page.")
@click.option("--text", "with_text", is_flag=True, help="Montre aussi le texte d'un index, pas seulement ses lignes.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_schema,
    help="Le schéma JSON de ce que --json écrit.",
)
@click.option("--legacy", is_flag=True, help="Les lignes d'un index dans la forme JSON de l'ancien système.")
@json_option
@pass_output
def show(output: Output, id: str, *, only: int | None, with_text: bool, legacy: bool) -> int:
    """Montre un document: où est le PDF, ce qu'on en sait, ce qui y est écrit. Les champs douteux portent un « ? ».

    \b
    Exemple:
      registre show 3f2a91c0 --page 2
    """
    return run(_show(output, chosen_settings(), id, only, with_text=with_text, legacy=legacy))


async def _show(
    output: Output, settings: Settings, given: str, only: int | None, *, with_text: bool, legacy: bool
) -> int:
    async with opened(settings) as connection:
        job, held = await held_document(connection, given)
        read = await pages(connection, held.id)
    from registre.ocr.document import check_rows

    shown = [page for page in check_rows(read) if only in {None, page.number}]
    if only is not None and only > held.pages:
        raise click.UsageError(f"Le document a {words.plural(held.pages, 'page')}.")
    location = locate(settings, held)
    if legacy:
        from registre.ocr.legacy import sanitized

        output.json_document(sanitized(shown))
        return 0
    if output.json:
        output.json_document(_json(job, held, location, shown))
        return 0
    _facts(output, job, held, location, shown)
    for page in shown:
        show_page(output, page, held.pages, with_text=with_text)
    if not read:
        output.say("Un plan n'est pas lu." if held.kind == "plan_cadastraux" else "Pas encore lu.")
    return 0


async def held_document(connection: Connection, given: str) -> tuple[JobRow, Document]:
    """The job meant and its document.

    Raises:
        RegistreError: it has none yet, or none will come.
    """
    job = (await report.list_jobs(connection, ids=[await find_job(connection, given)]))[0]
    document_id = job.document_id or await text_document(connection, job.id)
    held = await document(connection, document_id) if document_id else None
    if held is None:
        shown = str(job.shown_id)[:8]
        raise _NoDocument(f"La demande {shown} n'a pas de document: {words.STATES[job.state]}. registre status {shown}")
    return job, held


class _NoDocument(RegistreError):
    code = "no_document"
    hint = ""


def locate(settings: Settings, held: Document) -> str:
    """Where the PDF lies: a path, or an address in S3."""
    from registre.storage.objects import Objects

    return Objects(settings.object_root).locate(held.path)


def _json(job: JobRow, held: Document, location: str, shown: Sequence[PageReading]) -> dict[str, Any]:
    return {
        **job_json(job),
        "document": {**_as_dict(held), "location": location},
        "pages": [to_json(page) for page in shown],
    }


def _as_dict(held: Document) -> dict[str, Any]:
    return {name: value for name, value in asdict(held).items() if name != "object_key"}


def _facts(output: Output, job: JobRow, held: Document, location: str, shown: Sequence[PageReading]) -> None:
    checked = {True: "vu dans le document", False: "PAS VU dans le document", None: "pas encore vérifié"}
    output.say(Text(words.target(held.kind, held.target), style="bold"))
    output.say(f"{'Texte' if held.path.endswith('.txt') else 'PDF':<10}{location}")
    output.say(f"          {words.plural(held.pages, 'page')}, {held.size} octets, sha-256 {held.sha256[:16]}…")
    output.say(f"Rangé le  {words.moment(held.created_at)}, demande {job.shown_id} ({words.STATES[job.state]})")
    mark = "" if held.number_checked is not False else "yellow"
    output.say(Text(f"Numéro    {checked[held.number_checked]}", style=mark))
    header: dict[str, str] = {}
    for page in shown:
        header = {**page.header, **header}
    for name, value in header.items():
        output.say(f"  {name.replace('_', ' ')}: {value}")
    if held.content is not None:
        from registre.cli.acte import show_acte
        from registre.shapes import acte_from

        show_acte(output, acte_from(held.content))
    if held.corrections:
        output.say(f"Copie corrigée: {words.plural(len(held.corrections), 'correction')}, le texte lu reste (--json).")


def show_page(output: Output, page: PageReading, total: int, *, with_text: bool) -> None:
    """One page: its rows, what is doubted, its text."""
    sure = "" if page.confidence is None else f", certitude {page.confidence:.0%}"
    output.say()
    output.say(Text(f"— Page {page.number} de {total} ({_STATES[page.state]} par {page.reader}{sure})", style="bold"))
    if page.error:
        output.say(Text(page.error, style="red"))
    if page.rows:
        output.table(["!Date", "!Numéro", "Nature", "Parties", "Radiations"], [_row(row) for row in page.rows])
        doubtful = sum(bool(row.uncertain) for row in page.rows)
        if doubtful:
            lines = words.plural(doubtful, "ligne")
            output.say(Text(f"{lines} à vérifier sur le PDF (« ? »): registre review ID les montre.", style="yellow"))
    for doubt in page.doubts:
        output.say(Text(f"? {_doubt(doubt)}", style="yellow"))
    if page.text and (with_text or not page.rows):
        output.say(page.text)


def _doubt(doubt: Doubt) -> str:
    """What two readers do not agree on, or what one says is missing."""
    if doubt.read is None and doubt.other is None:
        return doubt.near
    return f"« {doubt.read or 'rien'} » ou « {doubt.other or 'rien'} »: … {doubt.near} …"


def _row(row: Inscription) -> list[Text]:
    if row.kind == "note":
        return [Text(), Text("note", style="dim"), Text(row.raw or row.remarques or ""), Text(), Text()]
    parties = "\n".join(f"{p.nom} ({p.qualite})" if p.qualite else p.nom for p in row.parties)
    clean = replace(row, remarques=row.remarques or None)
    nature = " · ".join(filter(None, (clean.nature, clean.remarques)))
    return [
        _field(row.date, row, "date"),
        _field(row.numero, row, "numero"),
        _field(nature, row, "nature", "remarques"),
        _field(parties, row, "parties"),
        _field("\n".join(row.radiations), row, "radiations"),
    ]


def _field(value: str | None, row: Inscription, *names: str) -> Text:
    if set(names) & set(row.uncertain):
        return Text(f"{value or ''} ?".strip(), style="yellow")
    return Text(value or "")
