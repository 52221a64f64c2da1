"""ocr: reads stored documents again, from their objects; the site is never asked and nothing is bought."""

from __future__ import annotations

import re
from typing import Final

import click

from registre.cli import words
from registre.cli.context import actor, chosen_settings, find_jobs, opened, program, run
from registre.cli.output import Output, json_option, pass_output
from registre.cli.watch import exit_code, follow
from registre.db import report
from registre.db.job import reread_job
from registre.settings import Settings

#: Answers that mean that nothing will be read.
_REFUSALS: Final = {
    "no_document": "aucun document n'est rangé",
    "not_stored": "le document n'est pas encore rangé",
    "no_such_page": "le document a moins de pages",
}


@click.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@click.option(
    "--engine",
    type=click.Choice(["auto", "offline", "tesseract", "gemini"]),
    default="auto",
    show_default=True,
    help="auto: hors ligne, et Gemini si une clé est donnée; offline: sans Gemini; tesseract: hors ligne, et Tesseract "
    "pour second témoin de chaque page; gemini: hors ligne et Gemini, ou pas du tout.",
)
@click.option("--pages", metavar="1-3,5", help="Seulement ces pages; sans cela, toutes.")
@click.option("--wait", is_flag=True, help="Attend la fin et la montre.")
@json_option
@pass_output
def ocr(output: Output, ids: tuple[str, ...], *, engine: str, pages: str | None, wait: bool) -> int:
    """Relit des documents rangés, sans toucher au registre.

    Une page qui n'a pas changé, relue par le même lecteur avec la même consigne, n'est pas redemandée: rien n'est payé
    deux fois.

    \b
    Exemples:
      registre ocr 3f2a91c0
      registre ocr 3f2a91c0 --engine offline --pages 2,4-6 --wait
    """
    return run(_ocr(output, chosen_settings(), ids, engine, page_numbers(pages), wait=wait))


def page_numbers(text: str | None) -> list[int] | None:
    """`1-3,5` → 1, 2, 3, 5; None for all.

    Raises:
        click.UsageError: not written so.
    """
    if text is None:
        return None
    numbers: set[int] = set()
    for part in text.replace(" ", "").split(","):
        found = re.fullmatch(r"([1-9]\d{0,3})(?:-([1-9]\d{0,3}))?", part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise click.UsageError(f"--pages: « {part} » n'est ni une page (5) ni une suite de pages (1-3).")
        numbers.update(range(int(found[1]), int(found[2] or found[1]) + 1))
    return sorted(numbers)


async def _ocr(
    output: Output, settings: Settings, given: tuple[str, ...], engine: str, pages: list[int] | None, *, wait: bool
) -> int:
    async with opened(settings) as connection:
        ids = await find_jobs(connection, given)
        answers = {
            job_id: await reread_job(connection, job_id, actor=actor(), pages=pages, engine=engine) for job_id in ids
        }
        jobs = {job.id: job for job in await report.list_jobs(connection, ids=ids)}
        read = [job_id for job_id, answer in answers.items() if answer == "ocr"]
        if output.json and not wait:
            output.json_document(
                {
                    "pages": pages,
                    "engine": engine,
                    "jobs": [
                        {"id": jobs[job_id].order_id, "job_id": job_id, "answer": answer}
                        for job_id, answer in answers.items()
                    ],
                }
            )
        for job_id, answer in answers.items() if not output.json else ():
            said = "sera relue" if answer == "ocr" else _REFUSALS.get(answer) or words.ANSWERS.get(answer, answer)
            shown = str(jobs[job_id].shown_id)[:8]
            output.say(f"{shown}  {words.ordered(jobs[job_id].kind, jobs[job_id].request)}: {said}")
        if wait and read:
            return exit_code(await follow(connection, output, read))
        if read and not output.json:
            output.say(f"\n{program(settings)} watch {' '.join(str(jobs[job_id].shown_id)[:8] for job_id in read)}")
    return 0 if len(read) == len(answers) else 3
