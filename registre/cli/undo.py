"""`requeue --undo`: a batch taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import click

from registre.cli import words
from registre.cli.context import actor, opened
from registre.cli.output import Output
from registre.db import requeue as requeues
from registre.db.requeue import BatchEvent
from registre.settings import Settings

#: Lines shown of a long list; all of them are in --json.
_SHOWN: Final = 20
_GOOD: Final = frozenset({"restored", "undone"})


async def undo_batch(output: Output, settings: Settings, given: str, *, yes: bool) -> int:
    """Put what one requeue changed back as it was, where nobody has taken it up since.

    Raises:
        click.UsageError: no such batch.
    """
    async with opened(settings) as connection:
        batch = await requeues.last_batch(connection, actor=actor()) if given == "last" else given.lower()
        events = [] if batch is None else await requeues.batch_events(connection, batch)
        if batch is None or not events:
            raise click.UsageError(
                "Vous n'avez rien relancé." if given == "last" else f"Aucune relance ne porte le lot « {given} »."
            )
        answers: dict[int, str] = {}
        async for chunk in requeues.undo_many(connection, [item.event for item in events], actor=actor(), do=yes):
            answers |= chunk
    if output.json:
        output.json_document(
            {
                "done": yes,
                "batch": batch,
                "count": len(events),
                "jobs": [
                    {"id": item.order_id, "job_id": item.id, "state": item.state, "answer": answers[item.event]}
                    for item in events
                ],
            }
        )
    else:
        _show(output, batch, events, answers, yes=yes)
    return 0 if set(answers.values()) <= _GOOD else 3


def _show(output: Output, batch: str, events: Sequence[BatchEvent], answers: dict[int, str], *, yes: bool) -> None:
    by, at = events[0].actor, words.moment(events[0].at)
    output.say(f"Lot {batch}, relancé par {by} le {at}: {words.plural(len(events), 'demande')}.")
    for answer, count in Counter(answers.values()).items():
        output.say(f"{count}  {words.ANSWERS[answer]}")
    kept = [item for item in events if answers[item.event] not in _GOOD]
    if kept:
        output.say("\nCelles-ci restent comme elles sont:")
        output.table(
            ["!ID", "Demande", "État", "Raison"],
            [
                [
                    str(item.shown_id)[:8],
                    words.ordered(item.kind, item.request),
                    words.STATES[item.state],
                    words.ANSWERS[answers[item.event]],
                ]
                for item in kept[:_SHOWN]
            ],
        )
        if len(kept) > _SHOWN:
            output.say(f"… et {words.plural(len(kept) - _SHOWN, 'autre')}.")
    if "restored" not in answers.values():
        output.say("\nRien à faire.")
    elif not yes:
        output.say("\nRien n'a été fait; ajoutez --yes.")
