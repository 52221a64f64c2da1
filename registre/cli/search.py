"""search: pages by their words, orders by their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.padding import Padding
from rich.text import Text

from registre.cli import words
from registre.cli.context import chosen_settings, opened, run
from registre.cli.jobs import COLUMNS, job_json, rows
from registre.cli.output import Output, json_option, pass_output
from registre.cli.query import Query, Snippet, parse_query, snippet
from registre.db import report
from registre.db.pool import Connection
from registre.db.report import Hit, JobRow
from registre.settings import Settings


# `-mot` is a word to leave out, so nothing here has a one-letter option, not even help.
@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("asked", metavar="MOTS…", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Nombre de pages.")
@json_option
@pass_output
def search(output: Output, asked: tuple[str, ...], limit: int) -> int:
    """Cherche des mots, des parties ou des numéros dans le texte des pages.

    Accents et majuscules comptent peu. "entre guillemets" veut la suite exacte, -mot l'exclut, OU choisit.

    \b
    Exemple:
      registre search hypothèque Tremblay
      registre search 2 784 195
    """
    query = parse_query(" ".join(asked))
    if not query.plain:
        raise click.UsageError("Donnez au moins un mot ou un numéro.")
    return run(_search(output, chosen_settings(), query, limit))


async def _search(output: Output, settings: Settings, query: Query, limit: int) -> int:
    async with opened(settings) as connection:
        hits, approximate = await _pages(connection, query, limit)
        numbered = await report.jobs_numbered(connection, query.numbers, limit=limit) if query.numbers else []
        jobs = await report.list_jobs(connection, ids=numbered)
    found = [(hit, snippet(hit.text, hit.lexemes, query.plain)) for hit in hits]
    if output.json:
        output.json_document(
            {
                "approximate": approximate,
                "found": hits[0].found if hits else 0,
                "pages": [_hit_json(hit, passage) for hit, passage in found],
                "jobs": [job_json(job) for job in jobs],
            }
        )
        return 0
    _show(output, found, jobs, approximate=approximate)
    return 0


async def _pages(connection: Connection, query: Query, limit: int) -> tuple[list[Hit], bool]:
    """Whole words first; only where they find nothing, their beginnings."""
    hits = await report.search_pages(
        connection, query.words, also=query.also, plain=query.plain, prefix=False, limit=limit
    )
    if hits or not query.beginnings:
        return hits, False
    hits = await report.search_pages(connection, query.beginnings, also="", plain=query.plain, prefix=True, limit=limit)
    return hits, bool(hits)


def _hit_json(hit: Hit, passage: Snippet) -> dict[str, Any]:
    return {
        "ids": hit.order_ids or [],
        "document_id": hit.document_id,
        "kind": hit.kind,
        "target": hit.target,
        "path": hit.path,
        "page": hit.page,
        "of": hit.pages,
        "rank": hit.rank,
        "snippet": passage.text,
        "marks": passage.marks,
    }


def _show(output: Output, found: Sequence[tuple[Hit, Snippet]], jobs: Sequence[JobRow], *, approximate: bool) -> None:
    if jobs:
        output.table(COLUMNS, rows(jobs), title="Demandes portant ce numéro")
        output.say()
    if not found:
        output.say("Aucune page ne contient ces mots.")
        return
    if approximate:
        output.say(Text("Rien d'exact; pages dont des mots commencent ainsi:", style="yellow"))
    for hit, passage in found:
        ids = ", ".join(str(order)[:8] for order in hit.order_ids or []) or str(hit.document_id)[:8]
        output.say(
            Text.assemble(
                (words.target(hit.kind, hit.target), "bold"), f"  page {hit.page} de {hit.pages}  ", (ids, "cyan")
            )
        )
        output.out.print(Padding(_marked(passage, plain=not output.out.is_terminal), (0, 0, 1, 2)))
    total = found[0][0].found
    if total > len(found):
        output.say(f"{len(found)} pages sur {total}; --limit en montre plus.")


def _marked(passage: Snippet, *, plain: bool) -> Text:
    """Colour on a terminal, « » around the words elsewhere."""
    if not plain:
        text = Text(passage.text)
        for start, end in passage.marks:
            text.stylize("bold yellow", start, end)
        return text
    shown = passage.text
    for start, end in sorted(set(passage.marks), reverse=True):
        shown = f"{shown[:start]}«{shown[start:end]}»{shown[end:]}"
    return Text(shown)
