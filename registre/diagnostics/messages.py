"""Rules on the broker's table: messages put aside, in nobody's queue, without a job, past their time, or forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from registre.db import health
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import START, SWEEP_BY_HAND, Finding, Scene, fault, fine
from registre.diagnostics.work import messages, stage_of
from registre.domain.job import Stage

#: Shows the newest; nothing that a stranger wrote gets into a command.
_SHOW: Final = (
    'psql "$DATABASE_URL" -x -c "SELECT queue_name, message FROM dramatiq.queue WHERE state = \'{}\' '
    'ORDER BY mtime DESC LIMIT 5"'
)


async def counts(scene: Scene) -> AsyncIterator[Finding]:
    """How many messages there are, by state."""
    found = await scene.once("messages", messages)
    by_state = {"queued": 0, "delayed": 0, "consumed": 0, "rejected": 0}
    for item in found:
        delayed = item.state == "queued" and item.queue_name.endswith(".DQ")
        by_state["delayed" if delayed else item.state] += item.messages
    words = ("en file", "différés", "pris", "écartés")
    shown = ", ".join(f"{count} {word}" for count, word in zip(by_state.values(), words, strict=True))
    yield fine("messages", f"messages: {shown}", counts=by_state)


async def foreign(scene: Scene) -> AsyncIterator[Finding]:
    """Every queue has its process."""
    for item in await scene.once("messages", messages):
        name = item.queue_name.removesuffix(".DQ")
        if stage_of(name) is None and item.state == "queued":
            yield fault(
                "foreign_queue",
                f"{plural(item.messages, 'message')} dans la file « {name} », que personne ne lit",
                "un autre programme écrit dans dramatiq.queue, ou un ancien y a laissé sa file",
                "ils restent là",
                _SHOW.format("queued"),
                serious=False,
                about=name,
            )


async def rejected(scene: Scene) -> AsyncIterator[Finding]:
    """Messages put aside: not ours, or deadly."""
    for item in await scene.once("messages", messages):
        if item.state != "rejected":
            continue
        yield fault(
            "rejected_messages",
            f"{plural(item.messages, 'message écarté', 'messages écartés')} dans {item.queue_name}, "
            f"ex. {item.sample[:8]}",
            "un autre programme écrit dans dramatiq.queue"
            if item.undecodable
            else "leur exécution a échoué ou tué son processus",
            "aucune: la demande fait foi, et l'horloge réécrit son message; effacés après un jour",
            _SHOW.format("rejected"),
            serious=False,
            about=item.queue_name,
            queue=item.queue_name,
            messages=item.messages,
            sample=item.sample,
            undecodable=item.undecodable,
        )


async def orphans(scene: Scene) -> AsyncIterator[Finding]:
    """Every message has its job."""
    count, sample = await health.orphan_messages(scene.connection)
    if count:
        yield fault(
            "orphan_messages",
            f"{plural(count, 'message')} pour des demandes qui n'existent pas, ex. {str(sample)[:8]}",
            "des lignes de registre.job ont été effacées à la main",
            "aucune: ils seront lus et jetés; l'effacement, lui, a perdu l'histoire de ces demandes",
            "registre status",
            serious=False,
            count=count,
        )


async def overdue(scene: Scene) -> AsyncIterator[Finding]:
    """Delayed messages move on when their time has come."""
    late = sum(
        item.overdue
        for item in await scene.once("messages", messages)
        if scene.settings.ocr or stage_of(item.queue_name) is not Stage.OCR
    )
    if late:
        yield fault(
            "overdue_messages",
            f"{plural(late, 'message différé dont', 'messages différés dont')} l'heure est passée de plus de 10 s",
            "aucun processus de ce rôle ne promeut les messages échus",
            "ces demandes attendent plus longtemps que prévu",
            START,
            serious=False,
            count=late,
        )


async def abandoned(scene: Scene) -> AsyncIterator[Finding]:
    """A message taken is in somebody's hands."""
    left = sum(item.abandoned for item in await scene.once("messages", messages))
    if left:
        yield fault(
            "abandoned_messages",
            f"{plural(left, 'message pris', 'messages pris')} par un processus qui ne les tient plus",
            "ce processus est mort et aucun autre ne reprend ses messages",
            "la demande, elle, est reprise par l'horloge",
            f"{START}   (ou, une fois: {SWEEP_BY_HAND})",
            serious=False,
            count=left,
        )
