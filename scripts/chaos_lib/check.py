"""Judges what a run left: `python -m chaos_lib.check LEDGER OBJECTS DATABASE_URL`. One line a violation, then exit 1.

A program of its own that reads only what lasts: the sandbox's ledger, the objects, the rows, the event log. It counts
with its own queries; of the product it uses only the name a purchase gives its document.

    lost          an order without a visible end, money without a row that knows of it
    bought twice  one document billed more often than the orders for it allow
    stored twice  one purchase in two documents, or an object that no row knows
    stuck         an order that still moves, or whose public status says something else
    half-written  bytes, pages or text that are not all there
    fence         a job's fence that went back, or two claims under one
    wrong         a document that is not the one ordered
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import pypdfium2
from psycopg.rows import dict_row

from registre.sandbox.foncier.ledger import Charge

Row = dict[str, Any]

#: What the table at the end counts, in its order.
CLASSES: Final = ("lost", "bought twice", "stored twice", "stuck", "half-written", "fence", "wrong")
_FINAL: Final = {"done": 5, "refused": 4, "failed": 4, "cancelled": 4}
#: Charges a person finds with `registre charges` and decides about.
_FOR_A_PERSON: Final = {"intent", "paid", "unproven"}

_QUERIES: Final = {
    "order": """SELECT q.id, q.status_id, q.error_message, q.ocr_error, q.file_content IS NOT NULL AS has_text,
        j.id AS job, j.state, j.stage, j.kind, j.error_code, j.fresh, j.request ->> 'document_number' AS number,
        j.document_id FROM extraction_queue q LEFT JOIN registre.job j ON j.order_id = q.id""",
    "charge": """SELECT c.id, c.document_key, c.state, c.demande, c.document_id, c.amount_cents, j.state AS job_state,
        j.error_code, j.fresh, a.is_active AS account_works FROM registre.charge c
        JOIN registre.job j ON j.id = c.job_id LEFT JOIN public.worker_accounts a ON a.id = c.account_id""",
    "document": "SELECT id, document_key, kind, target, sha256, size, pages, object_key, path FROM registre.document",
    "page": "SELECT document_id, number, state FROM registre.page",
    "event": """SELECT job_id, name, (data ->> 'fence')::bigint AS fence FROM registre.event
        WHERE data ? 'fence' ORDER BY id""",
    "figures": """SELECT (SELECT count(*) FROM registre.event WHERE name = 'job.lease_expired') AS leases_expired,
        (SELECT count(*) FROM registre.event WHERE name = 'job.fenced') AS fenced,
        (SELECT count(*) FROM registre.event WHERE name = 'job.announced_again') AS announced_again,
        (SELECT count(*) FROM registre.charge WHERE note ->> 'found' = 'history') AS found_in_history,
        (SELECT count(*) FROM registre.charge WHERE state = 'void') AS proven_unpaid,
        (SELECT count(*) FROM registre.attempt) AS tries""",
}


@dataclass
class Evidence:
    """All that a run left."""

    ledger: list[Charge]
    objects: Path
    tables: dict[str, list[Row]]


@dataclass
class Judgement:
    """`violations`: (class, what). `figures` are no violations."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    #: purchases whose end nothing could tell, by name
    unproven: list[str] = field(default_factory=list)


def load(ledger: Path, objects: Path, url: str) -> Evidence:
    """Read everything."""
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    with psycopg.connect(url, row_factory=dict_row) as connection:
        tables = {name: connection.execute(query).fetchall() for name, query in _QUERIES.items()}
    return Evidence([Charge.model_validate_json(line) for line in lines], objects, tables)


def judge(evidence: Evidence) -> Judgement:
    """Every rule over everything."""
    tables = evidence.tables
    documents = {row["id"]: row for row in tables["document"]}
    found = [
        *_ends(tables["order"]),
        *_money(evidence),
        *_stored_twice(evidence),
        *_whole(tables["document"], evidence.objects),
        *_read(tables, documents),
        *_fences(tables["event"]),
    ]
    judged = Judgement(found)
    judged.ends = dict(Counter(f"{row['state']} {row['error_code'] or ''}".strip() for row in tables["order"]))
    judged.unproven = [row["document_key"] for row in tables["charge"] if row["state"] == "unproven"]
    staged = [path for path in evidence.objects.glob("staging/*") if path.is_file()]
    judged.figures = {
        **{name: int(value) for name, value in tables["figures"][0].items()},
        "billed": len(evidence.ledger),
        "documents": len(documents),
        "staging_left": len(staged),
        "for_a_person": sum(row["state"] in _FOR_A_PERSON for row in tables["charge"]),
    }
    return judged


def _ends(orders: list[Row]) -> Iterator[tuple[str, str]]:
    """Each order has ended, once, and says so where a person looks."""
    for order in orders:
        name = f"order {order['id']}"
        if order["job"] is None:
            yield "lost", f"{name} has no job"
        elif order["state"] not in _FINAL:
            yield "stuck", f"{name} is {order['state']} at {order['stage']} ({order['error_code']})"
        elif order["status_id"] != _FINAL[order["state"]]:
            yield "stuck", f"{name} is {order['state']} and says {order['status_id']}"
        elif order["state"] != "done" and not (order["error_code"] and (order["error_message"] or order["ocr_error"])):
            yield "lost", f"{name} is {order['state']} and shows no reason ({order['error_code']})"


def _money(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Our charges are the site's, line by line and to the cent; what is not settled waits for a person."""
    charges = evidence.tables["charge"]
    known: dict[str, list[Row]] = defaultdict(list)
    for charge in charges:
        if charge["state"] != "void":
            known[charge["document_key"]].append(charge)
    billed: dict[str, list[Charge]] = defaultdict(list)
    for line in evidence.ledger:
        billed[line.key].append(line)
    for key, lines in billed.items():
        yield from _billed(key, lines, known[key])
    demandes = {line.demande: line for line in evidence.ledger}
    for charge in charges:
        yield from _misplaced(charge, billed, demandes)


def _billed(key: str, lines: list[Charge], known: list[Row]) -> Iterator[tuple[str, str]]:
    if len(lines) > len(known):
        yield "lost", f"{key} billed {len(lines)} times, known of {len(known)}"
    allowed = 1 + sum(charge["state"] == "lost" for charge in known) + sum(bool(charge["fresh"]) for charge in known)
    if len(lines) > allowed:
        yield "bought twice", f"{key} billed {len(lines)} times"
    ours = sum(charge["amount_cents"] for charge in known if charge["state"] in {"paid", "have", "lost"})
    unsure = any(charge["state"] in {"intent", "unproven"} for charge in known)
    theirs = sum(line.cents for line in lines)
    if len(lines) <= len(known) and ours != theirs and not unsure:
        yield "lost", f"{key} cost {theirs} cents, our charges say {ours}"


def _misplaced(charge: Row, billed: dict[str, list[Charge]], demandes: dict[str, Charge]) -> Iterator[tuple[str, str]]:
    key, state = charge["document_key"], charge["state"]
    if state in {"have", "paid"} and not billed[key]:
        yield "wrong", f"{key} is {state} and was never billed"
    if charge["demande"] and (charge["demande"] not in demandes or demandes[charge["demande"]].key != key):
        yield "wrong", f"charge for {key} carries another purchase's number {charge['demande']}"
    if state in _FOR_A_PERSON and charge["job_state"] != "failed":
        yield "lost", f"charge for {key} is {state} and its order {charge['job_state']}: nobody will look"
    if state == "unproven" and charge["account_works"] and len(billed[key]) <= 1:
        # One line or none, and the account that has it works: the history page could have told.
        yield "lost", f"charge for {key} was given up as unproven; the registry's history tells ({len(billed[key])})"


def _stored_twice(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """One document a purchase, one object a document, and no object that nobody knows."""
    documents = evidence.tables["document"]
    bought = Counter(row["document_key"] for row in evidence.tables["charge"] if row["state"] in {"have", "lost"})
    for key, count in Counter(row["document_key"] for row in documents).items():
        if count > max(1, bought[key]):
            yield "stored twice", f"{key}, {count} documents of {bought[key]} purchases"
    for place, count in Counter(row["path"] for row in documents).items():
        if count > 1:
            yield "stored twice", f"{count} documents at {place}"
    expected = {row[column] for row in documents for column in ("object_key", "path")}
    for file in sorted(evidence.objects.rglob("*.pdf")):
        place = file.relative_to(evidence.objects).as_posix()
        if not place.startswith(("staging/", "rejected/")) and place not in expected:
            yield "stored twice", f"object {place} belongs to no document"


def _whole(documents: list[Row], objects: Path) -> Iterator[tuple[str, str]]:
    """Hash, size and pages, in both places."""
    for document in documents:
        for place in (document["object_key"], document["path"]):
            file = objects / place
            content = file.read_bytes() if file.exists() else b""
            if hashlib.sha256(content).hexdigest() != document["sha256"] or len(content) != document["size"]:
                yield "half-written", f"{place}, {len(content)} of {document['size']} bytes"
            elif (pages := _pages(content)) != document["pages"]:
                yield "half-written", f"{place} has {pages} pages, its row says {document['pages']}"


def _pages(content: bytes) -> int:
    try:
        pdf = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        return 0
    try:
        return len(pdf)
    finally:
        pdf.close()


def _read(tables: dict[str, list[Row]], documents: dict[object, Row]) -> Iterator[tuple[str, str]]:
    """What is done is the document ordered, with each page ended once and text on the public row."""
    ended: dict[object, list[int]] = defaultdict(list)
    for page in tables["page"]:
        if page["state"] != "failed":
            ended[page["document_id"]].append(page["number"])
    for order in tables["order"]:
        if order["state"] != "done":
            continue
        document = documents.get(order["document_id"])
        if document is None:
            yield "half-written", f"order {order['id']} is done without a document"
            continue
        got = (document["kind"], document["target"].get("number"))
        if got != (order["kind"], "".join(order["number"].split())):
            yield "wrong", f"order {order['id']} for {order['kind']} {order['number']} got {got[0]} {got[1]}"
        if order["kind"] == "plan_cadastraux":
            continue
        if sorted(ended[document["id"]]) != list(range(1, document["pages"] + 1)) or not order["has_text"]:
            yield (
                "half-written",
                f"order {order['id']} is done with pages {sorted(ended[document['id']])} of {document['pages']}",
            )


def _fences(events: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """A job's fence never goes back, and each claim has one of its own."""
    last: dict[object, int] = defaultdict(int)
    for event in events:
        if event["name"] == "job.fenced":
            continue  # the overtaken one's own, older by nature
        before = last[event["job_id"]]
        if event["fence"] < before or (event["name"] == "job.running" and event["fence"] == before):
            yield "fence", f"job {event['job_id']} went from {before} to {event['fence']} ({event['name']})"
        last[event["job_id"]] = event["fence"]


def main() -> int:
    """`--json` prints the judgement for the table."""
    words = [word for word in sys.argv[1:] if word != "--json"]
    judged = judge(load(Path(words[0]), Path(words[1]), words[2]))
    if "--json" in sys.argv:
        print(json.dumps(asdict(judged)))
    else:
        print(f"orders {judged.ends}\nfigures {judged.figures}\nunproven {judged.unproven}")
        for kind, what in judged.violations:
            print(f"VIOLATION {kind}: {what}")
    return 1 if judged.violations else 0


if __name__ == "__main__":
    sys.exit(main())
