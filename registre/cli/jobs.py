"""A job as JSON and as a table line, the same in every command that shows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from registre.cli import words
from registre.cli.output import Cell, table
from registre.db.report import JobRow
from registre.diagnostics.codes import hint

#: Columns of `rows`.
COLUMNS = ("!ID", "Sorte", "!Numéro", "Lieu", "Étape", "!État", ">Essais", ">Depuis", "Détail")


def job_json(job: JobRow) -> dict[str, Any]:
    """Stable keys; `id` is the public row's id."""
    request = job.request
    return {
        "id": job.order_id,
        "job_id": job.id,
        "kind": job.kind,
        "number": request.get("document_number_normalized") or request.get("document_number"),
        "circonscription": request.get("circonscription_fonciere"),
        "cadastre": request.get("cadastre"),
        "designation_secondaire": request.get("designation_secondaire"),
        "acte_type": request.get("acte_type"),
        "stage": job.stage,
        "state": job.state,
        "status_id": job.status_id,
        "attempts": job.attempts,
        "max_attempts": job.max_attempts,
        "crashes": job.crashes,
        "worker": job.worker,
        "lease_until": job.lease_until,
        "not_before": job.not_before,
        "fresh": job.fresh,
        "priority": job.priority,
        "error_code": job.error_code,
        "error_text": job.error_text,
        "hint": hint(job.error_code, short(job)) or None,
        "document_id": job.document_id,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "finished_at": job.finished_at,
    }


def short(job: JobRow) -> str:
    """What a person types for this job."""
    return str(job.shown_id)[:8]


def rows(jobs: Sequence[JobRow]) -> list[list[Cell]]:
    """One line a job."""
    return [
        [
            short(job),
            words.KINDS.get(job.kind, job.kind or "?"),
            words.number(job.request),
            str(job.request.get("circonscription_fonciere") or ""),
            words.place(job),
            words.state(job),
            f"{job.attempts}/{job.max_attempts}",
            words.span(job.seen_at - (job.finished_at or job.created_at)),
            Text(words.detail(job), style="dim" if job.state == "done" else ""),
        ]
        for job in jobs
    ]


def jobs_table(jobs: Sequence[JobRow]) -> Table:
    """The table of `status` and `watch`."""
    return table(COLUMNS, rows(jobs))
