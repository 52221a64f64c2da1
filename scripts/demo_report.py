"""What the demonstration shows at its end: a table of the orders, and the proofs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import psycopg
from rich.console import Console
from rich.table import Table

from registre.domain.text import digits

#: A party that stands on a scanned page only.
SEARCH: Final = ("marchessault", "agathe")
#: Rows of which something is doubted.
DOUBTED: Final = """SELECT row FROM registre.page p, jsonb_array_elements(p.rows) AS row
WHERE jsonb_array_length(row -> 'uncertain') > 0"""

console = Console(width=None if sys.stdout.isatty() else 150)

ROWS = """
SELECT q.document_source, q.document_number, q.status_id, s.name, j.error_text, d.pages,
       (SELECT sum(jsonb_array_length(rows)) FROM registre.page p WHERE p.document_id = d.id) AS rows,
       (SELECT sum(jsonb_array_length(row -> 'uncertain'))
        FROM registre.page p, jsonb_array_elements(p.rows) AS row WHERE p.document_id = d.id) AS doubts,
       extract(epoch FROM j.finished_at - j.created_at) AS seconds,
       (SELECT coalesce(sum(amount_cents), 0) FROM registre.charge c WHERE c.job_id = j.id AND c.state = 'have'),
       q.supabase_path
FROM registre.job j JOIN extraction_queue q ON q.id = j.order_id JOIN extraction_status s ON s.id = q.status_id
LEFT JOIN registre.document d ON d.id = j.document_id
ORDER BY j.created_at, q.document_source, q.document_number
"""


def report(url: str, state: Path, gemini: str, registre: Callable[..., str], started: float) -> bool:
    """The table, and the proofs: replica's ledger against ours, the double order, the misreadings, the search."""
    ledger = [json.loads(line) for line in (state / "ledger.jsonl").read_text().splitlines()]
    charged = sum(int(charge["cents"]) for charge in ledger)
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(ROWS).fetchall()
        documents = one(connection, "SELECT count(*) FROM registre.document")
        paid = one(connection, "SELECT coalesce(sum(amount_cents), 0) FROM registre.charge WHERE state = 'have'")
        doubted = [row for (row,) in connection.execute(DOUBTED)]
    with urlopen(f"{gemini}/__ctl/planted", timeout=10) as answer:
        planted: list[dict[str, Any]] = json.loads(answer.read())
    caught = sum(any(tells(row, misread) for row in doubted) for misread in planted)
    show(rows)
    found = json.loads(registre("search", *SEARCH, "--json"))
    hits = found["pages"]
    proofs = [
        (
            charged == paid and len(ledger) == documents,
            f"le registre a facturé {len(ledger)} documents, {cents(charged)}; ici {documents}, {cents(paid)}",
        ),
        (
            sum(row[1].replace(" ", "") == "2784195" and row[0] == "index" for row in rows) == 2
            and sum(c["numero"] == "2784195" and c["product"] == "index" for c in ledger) == 1,
            "l'index 2 784 195, demandé deux fois, a été acheté une fois",
        ),
        (all(row[2] in (4, 5) for row in rows), "chaque demande a une fin"),
        (sum(row[2] == 4 for row in rows) == 2, "deux refus, sans frais: lot inexistant, numéros semblables"),
        (
            caught == len(planted) > 0,
            f"Gemini (doublure) a mal lu exprès {len(planted)} numéros, dates ou radiations; {caught} sont signalés",
        ),
        (len(hits) > 0, f"« registre search {' '.join(SEARCH)} » trouve la partie d'une page numérisée"),
    ]
    for good, text in proofs:
        console.print(f"{'[green]✔' if good else '[red]✘'}[/] {text}", highlight=False)
    console.print(
        f"\nDocuments: {state / 'objects'}\nJournaux:  {state}/honcho.log, {state}/sandbox.log\n"
        f"Pour continuer: export REGISTRE_STATE={state}\n"
        f"                .venv/bin/registre up ; .venv/bin/registre search hypothèque\n"
        f"Durée: {time.monotonic() - started:.0f} s",
        highlight=False,
        soft_wrap=True,
    )
    return all(good for good, _ in proofs)


def tells(row: dict[str, Any], misread: dict[str, Any]) -> bool:
    """Whether this doubted row shows the misreading beside what it keeps; a date that cannot be shows as none."""
    name = misread["field"]
    others = row["others"].get(name, {})
    if name not in row["uncertain"] or "gemini" not in others:
        return False
    if others["gemini"] is None:
        return _figures(misread["true"]) == _figures(row[name])
    return _figures(misread["given"]) in _figures(others["gemini"])


def _figures(value: object) -> str:
    return digits(json.dumps(value))


def cents(amount: int) -> str:
    return f"{amount / 100:.2f} $"


def show(rows: list[tuple[Any, ...]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in (
        ("Demande", "left"),
        ("Statut", "left"),
        ("Pages", "right"),
        ("Lignes", "right"),
        ("Douteux", "right"),
        ("Secondes", "right"),
        ("Coût", "right"),
        ("Document ou motif", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold" if name == "Document ou motif" else "ellipsis")  # type: ignore[arg-type]
    for kind, number, status, name, error, pages, lines, doubts, seconds, cents, path in rows:
        table.add_row(
            f"{kind.split('_')[0]} {number}",
            f"{status} {name}",
            str(pages or ""),
            str(lines or ""),
            str(doubts or ""),
            f"{float(seconds or 0):.1f}",
            f"{cents / 100:.2f} $",
            error if status == 4 else path or "",
        )
    console.print(table)


def one(connection: psycopg.Connection, query: str, *values: object) -> int:
    row = connection.execute(query, values or None).fetchone()  # pyright: ignore[reportArgumentType]
    return int(row[0]) if row else 0
