"""cancel: what has not been bought, stopped for good."""

from __future__ import annotations

from collections.abc import Sequence

import click

from registre.cli import words
from registre.cli.context import actor, chosen_settings, find_jobs, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import job as jobs_db
from registre.db import report
from registre.settings import Settings


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@json_option
@pass_output
def cancel(output: Output, ids: tuple[str, ...]) -> int:
    """Annule des demandes, sauf celles dont l'achat est commencé.

    Un achat va toujours à son terme.

    \b
    Exemple:
      registre cancel 3f2a91c0
    """
    return run(_cancel(output, chosen_settings(), ids))


async def _cancel(output: Output, settings: Settings, given: Sequence[str]) -> int:
    async with opened(settings) as connection:
        ids = await find_jobs(connection, given)
        answers = {job_id: await jobs_db.cancel_job(connection, job_id, actor=actor()) for job_id in ids}
        jobs = {job.id: job for job in await report.list_jobs(connection, ids=ids)}
    if output.json:
        output.json_document(
            {
                "jobs": [
                    {"id": jobs[job_id].order_id, "job_id": job_id, "answer": answer}
                    for job_id, answer in answers.items()
                ]
            }
        )
    else:
        for job_id, answer in answers.items():
            job = jobs[job_id]
            output.say(f"{str(job.shown_id)[:8]}  {words.ordered(job.kind, job.request)}: {words.ANSWERS[answer]}")
    return 3 if "too_late" in answers.values() else 0
