"""States of a job, written as the processes would leave them; all values invented."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from registre.db import job as jobs
from registre.db.charge import intend_charge, pay_charge
from registre.db.document import add_document, add_page
from registre.db.job import Trouble
from registre.db.pool import Connection
from registre.domain.job import Job, Stage, State
from registre.domain.reading import PageReading, PageState, PdfFacts
from registre.domain.request import DocumentKind, Target, TypeActe
from registre.domain.text import fold
from registre.revision import revision
from registre.storage.keys import object_key, readable_key

LEASE = timedelta(seconds=30)
WORKER = "poste-browser.1#a1b2c3"


async def place(connection: Connection, **columns: Any) -> tuple[UUID, UUID]:
    """An order by plain INSERT; answers order id and job id."""
    values = {
        "document_source": "index",
        "document_number": "2 784 195",
        "circonscription_fonciere": "Montréal",
        "cadastre": "Cadastre du Québec",
        **columns,
    }
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    row = await (
        await connection.execute(
            f"INSERT INTO public.extraction_queue ({names}) VALUES ({marks}) RETURNING id",
            values,
        )
    ).fetchone()
    job = await (await connection.execute("SELECT id FROM registre.job WHERE order_id = %s", [row[0]])).fetchone()
    return row[0], job[0] if job else None


async def claim(connection: Connection, job_id: UUID, stage: Stage = Stage.FETCH) -> Job:
    job = await jobs.claim_job(connection, job_id, stage, worker=WORKER, lease=LEASE)
    assert job is not None
    return job


async def fail(connection: Connection, job_id: UUID, code: str = "site_unreachable", *, refuse: bool = False) -> None:
    """One try that ends the job."""
    job = await claim(connection, job_id)
    verdict = "refuse" if refuse else "retry"
    trouble = Trouble(verdict, code, f"Texte inventé de {code}.", "search", f"snapshots/{job_id}/0001.png")
    await jobs.finish_job(connection, job, State.REFUSED if refuse else State.FAILED, trouble=trouble)


async def wait(connection: Connection, job_id: UUID, code: str = "no_account", seconds: int = 60) -> None:
    job = await claim(connection, job_id)
    trouble = Trouble("defer", code, "Aucun compte du registre n'est libre.")
    await jobs.delay_job(connection, job, timedelta(seconds=seconds), trouble, spent=False)


async def doubt(connection: Connection, job_id: UUID) -> UUID:
    """A purchase that may have been paid; the job failed for a person to decide."""
    job = await claim(connection, job_id)
    target = Target(
        DocumentKind.INDEX, job.request["document_number"].replace(" ", ""), "Montréal", "Cadastre du Québec"
    )
    await jobs.advance_job(connection, job, Stage.DOWNLOAD, targets=[target])
    job = await claim(connection, job_id, Stage.DOWNLOAD)
    charge = await intend_charge(connection, job, target, account_id=None, amount_cents=150)
    await connection.execute("UPDATE registre.charge SET state = 'unproven' WHERE id = %s", [charge])
    trouble = Trouble("person", "charge_unproven", "L'achat a peut-être été facturé.")
    await jobs.finish_job(connection, job, State.FAILED, trouble=trouble)
    return charge


def index_row(**values: Any) -> dict[str, Any]:
    row = {
        "kind": "inscription",
        "date": "2019-05-14",
        "numero": "24561832",
        "nature": "Hypothèque",
        "parties": [
            {"nom": "Banque Inventée du Nord", "qualite": "créancier"},
            {"nom": "Éloïse Trépanier", "qualite": "débiteur"},
        ],
        "remarques": None,
        "avis_adresse": "7215398",
        "radiations": ["T 26112233"],
        "raw": "2019-05-14 24 561 832 Hypothèque",
        "uncertain": [],
    }
    return {**row, **values}


async def finish(
    connection: Connection,
    job_id: UUID,
    *,
    content: bytes,
    texts: tuple[str, ...],
    rows: tuple[dict[str, Any], ...] = (),
    kind: DocumentKind = DocumentKind.INDEX,
    number: str = "2784195",
) -> UUID:
    """The whole chain, done: bought, stored, read. Answers the document's id."""
    acte = kind is DocumentKind.ACTE
    target = Target(
        kind, number, "Montréal", None if acte else "Cadastre du Québec", None, TypeActe.ACTE if acte else None
    )
    job = await claim(connection, job_id)
    await jobs.advance_job(connection, job, Stage.DOWNLOAD, request_key=f"k/{uuid4()}", targets=[target])
    job = await claim(connection, job_id, Stage.DOWNLOAD)
    charge = await intend_charge(connection, job, target, account_id=None, amount_cents=150)
    await pay_charge(connection, charge, demande="R-1002003", staging_key=f"staging/{charge}.pdf")
    await jobs.advance_job(connection, job, Stage.STORE, staging_key=f"staging/{charge}.pdf")
    job = await claim(connection, job_id, Stage.STORE)
    sha = hashlib.sha256(content).hexdigest()
    bucket, name = readable_key(target, sha)
    document = await add_document(
        connection,
        target,
        PdfFacts(len(content), sha, max(len(texts), 1), ""),
        object_key=object_key(sha),
        path=f"{bucket}/{name}",
        number_checked=True,
    )
    await connection.execute(
        "UPDATE registre.charge SET state = 'have', settled_at = now(), document_id = %s WHERE id = %s",
        [document, charge],
    )
    if kind is DocumentKind.PLAN:
        await jobs.finish_job(connection, job, State.DONE, document_id=document)
        return document
    await jobs.advance_job(connection, job, Stage.OCR, document_id=document)
    job = await claim(connection, job_id, Stage.OCR)
    for page, text in enumerate(texts, start=1):
        reading = PageReading(page, PageState.READ, "text_layer", "1", text, confidence=0.98)
        search_text = f"{fold(text)} {fold(json.dumps(rows, ensure_ascii=False)) if page == 1 else ''}"
        await add_page(connection, document, reading, search_text)
        if page == 1:
            await connection.execute(
                "UPDATE registre.page SET rows = %s, header = %s WHERE document_id = %s AND number = 1",
                [Jsonb(list(rows)), Jsonb({"circonscription": "Montréal", "lot": "2 784 195"}), document],
            )
    await connection.execute("UPDATE public.extraction_queue SET file_content = 'lu' WHERE id = %s", [job.order_id])
    await jobs.finish_job(connection, job, State.DONE)
    return document


async def beat(connection: Connection, role: str, *, status: str = "idle", ago: int = 0) -> None:
    """A process that spoke `ago` seconds ago."""
    await connection.execute(
        "INSERT INTO public.worker_status (worker_id, status, role, host, pid, version, last_heartbeat) "
        "VALUES (%s, %s, %s, 'poste', 4242, %s, now() - %s * interval '1 second') "
        "ON CONFLICT (worker_id) DO UPDATE SET last_heartbeat = EXCLUDED.last_heartbeat, status = EXCLUDED.status",
        [f"poste-{role}.1", status, role, revision(), ago],
    )


async def account(
    connection: Connection, username: str = "12A3456", password: str = "fernet:x", **columns: Any
) -> None:
    values = {"username": username, "password": password, **columns}
    await connection.execute(
        f"INSERT INTO public.worker_accounts ({', '.join(values)}) "
        f"VALUES ({', '.join(f'%({name})s' for name in values)})",
        values,
    )
