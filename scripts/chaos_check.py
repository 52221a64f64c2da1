"""Judges a run of chaos from what lasts: `chaos_check.py LEDGER OBJECTS DATABASE_URL`. Exit 1 and one line a violation.

Counts with its own queries; of the program it uses only the name a purchase gives its document.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from registre.sandbox.foncier.ledger import Charge

FINAL = {"done", "refused", "failed", "cancelled"}
#: charges a person finds with `registre charges` and decides about
FOR_A_PERSON = {"intent", "paid", "unproven"}


def main() -> int:
    ledger_file, objects, url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    lines = ledger_file.read_text().splitlines() if ledger_file.exists() else []
    ledger = [Charge.model_validate_json(line) for line in lines]
    with psycopg.connect(url, row_factory=dict_row) as connection:
        tables = {name: connection.execute(query).fetchall() for name, query in QUERIES.items()}
    faults = [
        *stuck(tables["job"]),
        *money(ledger, tables),
        *stored(tables["document"], tables["charge"], objects),
        *read(tables["done"]),
        *fences(tables["event"]),
    ]
    jobs = Counter(f"{row['state']} {row['error_code'] or ''}".strip() for row in tables["job"])
    charges = Counter(row["state"] for row in tables["charge"])
    print(f"orders {dict(jobs)}; billed {len(ledger)}; charges {dict(charges)}; documents {len(tables['document'])}")
    print(f"recoveries {tables['recoveries'][0]}")
    for fault in faults:
        print(f"VIOLATION {fault}")
    return 1 if faults else 0


QUERIES = {
    "job": """SELECT j.id, j.order_id, j.state, j.error_code, j.stage, q.status_id
        FROM registre.job j LEFT JOIN extraction_queue q ON q.id = j.order_id""",
    "orphan": "SELECT id FROM extraction_queue q WHERE NOT EXISTS (SELECT FROM registre.job j WHERE j.order_id = q.id)",
    "charge": """SELECT c.id, c.document_key, c.state, c.demande, c.document_id, j.state AS job_state
        FROM registre.charge c JOIN registre.job j ON j.id = c.job_id""",
    "document": "SELECT id, document_key, sha256, size, object_key, path FROM registre.document",
    "done": """SELECT j.id, j.kind, j.request ->> 'document_number' AS ordered, d.target ->> 'number' AS number,
        d.kind AS got, d.pages,
        (SELECT count(*) FROM registre.page p WHERE p.document_id = d.id AND p.state <> 'failed') AS ended,
        q.file_content IS NOT NULL AS has_text
        FROM registre.job j LEFT JOIN registre.document d ON d.id = j.document_id
        LEFT JOIN extraction_queue q ON q.id = j.order_id WHERE j.state = 'done'""",
    "event": """SELECT job_id, name, (data ->> 'fence')::bigint AS fence FROM registre.event
        WHERE data ? 'fence' ORDER BY id""",
    "recoveries": """SELECT (SELECT count(*) FROM registre.event WHERE name = 'job.lease_expired') AS leases,
        (SELECT count(*) FROM registre.event WHERE name = 'job.fenced') AS fenced,
        (SELECT count(*) FROM registre.event WHERE name = 'job.announced_again') AS messages,
        (SELECT count(*) FROM registre.charge WHERE note ->> 'found' = 'history') AS found_in_history,
        (SELECT count(*) FROM registre.charge WHERE state = 'void') AS proven_unpaid,
        (SELECT count(*) FROM registre.attempt) AS tries""",
}


def stuck(jobs: list[dict[str, Any]]) -> Iterator[str]:
    for job in jobs:
        if job["state"] not in FINAL:
            yield f"stuck: order {job['order_id']} is {job['state']} at {job['stage']} ({job['error_code']})"
        elif job["status_id"] != (5 if job["state"] == "done" else 4):
            yield f"stuck: order {job['order_id']} is {job['state']} and says {job['status_id']}"


def money(ledger: list[Charge], tables: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """Each billed document is had, or a charge for it waits for a person; and none was billed twice."""
    for row in tables["orphan"]:
        yield f"lost: row {row['id']} has no job"
    by_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for charge in tables["charge"]:
        by_key[charge["document_key"]].append(charge)
    billed = Counter(line.key for line in ledger)
    for key, times in billed.items():
        known = [charge for charge in by_key[key] if charge["state"] != "void"]
        if times > len(known):
            yield f"lost: {key} billed {times} times, known of {len(known)}"
        if times > 1 + sum(charge["state"] == "lost" for charge in known):
            yield f"bought twice: {key} billed {times} times"
    demandes = {line.demande: line.key for line in ledger}
    for charge in tables["charge"]:
        yield from misplaced(charge, billed, demandes)


def misplaced(charge: dict[str, Any], billed: Counter[str], demandes: dict[str, str]) -> Iterator[str]:
    key = charge["document_key"]
    if charge["state"] == "have" and not billed[key]:
        yield f"never billed: {key} is had"
    if charge["demande"] and demandes.get(charge["demande"]) != key:
        yield f"mixed up: charge for {key} carries the number of {demandes.get(charge['demande'])}"
    if charge["state"] in FOR_A_PERSON and charge["job_state"] != "failed":
        yield f"lost: charge for {key} is {charge['state']} and its order {charge['job_state']}"


def stored(documents: list[dict[str, Any]], charges: list[dict[str, Any]], objects: Path) -> Iterator[str]:
    """Every document's bytes are whole in both places, and there is one document a purchase."""
    paid = Counter(charge["document_key"] for charge in charges if charge["state"] in {"have", "lost"})
    for key, count in Counter(document["document_key"] for document in documents).items():
        if count > max(1, paid[key]):
            yield f"stored twice: {key}, {count} documents"
    for document in documents:
        for place in (document["object_key"], document["path"]):
            file = objects / place
            content = file.read_bytes() if file.exists() else b""
            if hashlib.sha256(content).hexdigest() != document["sha256"] or len(content) != document["size"]:
                yield f"half-written: {place}, {len(content)} of {document['size']} bytes"


def read(done: list[dict[str, Any]]) -> Iterator[str]:
    for job in done:
        if job["got"] != job["kind"] or job["number"] != "".join(job["ordered"].split()):
            yield f"silently wrong: {job['id']} for {job['kind']} {job['ordered']} got {job['got']} {job['number']}"
        if job["kind"] != "plan_cadastraux" and (job["ended"] != job["pages"] or not job["has_text"]):
            yield f"half-written: order {job['id']} is done with {job['ended']} of {job['pages']} pages"


def fences(events: list[dict[str, Any]]) -> Iterator[str]:
    """A job's fence never goes back, and each claim has one of its own."""
    last: dict[object, int] = defaultdict(int)
    for event in events:
        if event["name"] == "job.fenced":
            continue  # the overtaken one's own, older by nature
        before = last[event["job_id"]]
        if event["fence"] < before or (event["name"] == "job.running" and event["fence"] == before):
            yield f"fence of {event['job_id']} went from {before} to {event['fence']} ({event['name']})"
        last[event["job_id"]] = event["fence"]


if __name__ == "__main__":
    sys.exit(main())
