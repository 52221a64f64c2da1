"""usage: what paid reading took and cost, by day, model and outcome, and by document."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from uuid import UUID

import click

from registre.cli import words
from registre.cli.context import opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import usage as ledger
from registre.db.usage import DayRow, DocumentRow
from registre.limits import prices
from registre.settings import Settings, read_settings


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Jours à couvrir.")
@click.option("--document", type=click.UUID, help="Un seul document.")
@json_option
@pass_output
def usage(output: Output, *, days: int, document: UUID | None) -> None:
    """Ce que la lecture payante a pris et coûté: par jour, modèle et issue, puis par document.

    \b
    Exemple:
      registre usage --days 30
    """
    run(_usage(output, read_settings(), days=days, document=document))


async def _usage(output: Output, settings: Settings, *, days: int, document: UUID | None) -> None:
    span = timedelta(days=days)
    async with opened(settings) as connection:
        by_day = await ledger.usage_by_day(connection, span=span)
        by_document = await ledger.usage_by_document(connection, span=span, document_id=document)
    table = prices.load(settings.gemini_prices)
    if output.json:
        output.json_document(
            {
                "days": [] if document else by_day,
                "documents": by_document,
                "prices": {"as_of": table.as_of, "source": table.source},
                "ceilings_cents": {
                    "day": settings.gemini_daily_ceiling_cents,
                    "document": settings.gemini_document_ceiling_cents,
                },
            }
        )
        return
    if not document:
        _show_days(output, by_day, settings, days)
    _show_documents(output, by_document)
    if by_day:
        output.say(f"\nPrix de {table.as_of}; « sent »: sans réponse, compté à l'estimation.")


def _show_days(output: Output, rows: list[DayRow], settings: Settings, days: int) -> None:
    if not rows:
        output.say(f"Aucune lecture payante depuis {days} jour(s).")
        return
    output.table(
        ["!Jour", "!Modèle", "Issue", ">Appels", ">Jetons lus", ">Écrits", ">Pensés", ">Coût (US)"],
        [
            [
                row.day.isoformat(),
                row.model,
                row.outcome,
                _count(row.calls),
                _count(row.input_tokens),
                _count(row.output_tokens),
                _count(row.thinking_tokens),
                _dollars(row.microdollars),
            ]
            for row in rows
        ],
        title="Lecture payante, par jour (heure du Pacifique)",
    )
    today = sum(row.microdollars for row in rows if row.day == rows[0].day)
    ceiling = settings.gemini_daily_ceiling_cents
    share = f", {today / ceiling / 100:.0f} % du plafond de {ceiling / 100:.2f} $" if ceiling else ""
    total = sum(row.microdollars for row in rows)
    output.say(f"\nEnsemble {_dollars(total)}; le {rows[0].day.isoformat()}: {_dollars(today)}{share}.")


def _show_documents(output: Output, rows: list[DocumentRow]) -> None:
    if not rows:
        return
    output.say()
    output.table(
        ["!Document", "Fichier", ">Pages", ">Appels", ">Jetons lus", ">Coût (US)", "!Dernier appel"],
        [
            [
                str(row.document_id)[:8],
                PurePosixPath(row.path).name if row.path else "—",
                str(row.pages),
                _count(row.calls),
                _count(row.input_tokens),
                _dollars(row.microdollars),
                words.moment(row.last_at),
            ]
            for row in rows
        ],
        title="Documents les plus chers",
    )


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _dollars(microdollars: int) -> str:
    return f"{microdollars / 1e6:.4f} $"
