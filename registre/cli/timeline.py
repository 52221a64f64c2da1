"""One job's life as a list of steps: tries, money, waits and decisions in the order of the clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registre.cli import words
from registre.db.document import Document
from registre.db.report import Attempt, ChargeRow, Event

#: Said by the tries already.
_SILENT: Final = frozenset({"job.running"})
_EVENTS: Final = {
    "job.done": "terminé",
    "job.refused": "refusé",
    "job.failed": "échoué",
    "job.cancelled": "annulé",
    "job.waiting": "attend",
    "job.lease_expired": "processus disparu",
    "job.announced_again": "message réécrit",
    "job.fenced": "résultat écarté",
    "job.reread": "relecture demandée",
    "review.settled": "champ douteux tranché",
    "review.undone": "correction retirée",
    "review.reopened": "correction sans ligne depuis une relecture",
    "text.imported": "texte de l'ancien système importé",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the time-line."""

    at: datetime
    #: how long it took; None for what has no length
    duration: timedelta | None
    stage: str | None
    #: code of what happened: a verdict, an event's name, a charge's state
    what: str
    #: the same in French
    label: str
    detail: str = ""
    code: str | None = None
    snapshot: str | None = None


def timeline(
    attempts: Sequence[Attempt],
    events: Sequence[Event],
    charges: Sequence[ChargeRow],
    document: Document | None,
    *,
    seen_at: datetime,
) -> list[Step]:
    """All steps, oldest first."""
    steps = [_attempt(attempt, seen_at) for attempt in attempts]
    steps += _events(events)
    for charge in charges:
        steps += _charge(charge)
    if document is not None:
        steps.append(
            Step(
                document.created_at,
                None,
                None,
                "document.stored",
                "document rangé",
                f"{words.plural(document.pages, 'page')}, {document.size} octets",
            )
        )
    return sorted(steps, key=lambda step: step.at)


def _attempt(attempt: Attempt, seen_at: datetime) -> Step:
    verdict = attempt.verdict or ("running" if attempt.ended_at is None else "?")
    label = words.VERDICTS.get(verdict, "en cours" if verdict == "running" else verdict)
    said = [attempt.error_text or "", f"écran {attempt.screen}" if attempt.screen else ""]
    return Step(
        attempt.started_at,
        (attempt.ended_at or seen_at) - attempt.started_at,
        attempt.stage,
        f"attempt.{verdict}",
        label,
        " · ".join(filter(None, said)) or (f"par {attempt.worker}" if verdict == "running" else ""),
        attempt.error_code,
        attempt.snapshot,
    )


def _events(events: Sequence[Event]) -> Iterator[Step]:
    received = False
    for event in events:
        if event.name == "job.queued":
            # Later ones only repeat the hand-off that the try before them tells.
            if not received:
                received = True
                yield Step(event.at, None, None, "job.queued", "reçue", f"de {event.actor}" if event.actor else "")
        elif event.name not in _SILENT:
            yield _event(event)


def _event(event: Event) -> Step:
    data = event.data
    detail = {
        "job.waiting": f"reprise à {_time(data.get('not_before'))}",
        "job.requeue": f"par {event.actor}: {words.ANSWERS.get(str(data.get('answer')), data.get('answer'))}",
        "job.requeue_undone": f"par {event.actor}",
        "job.cancel": f"par {event.actor}: {words.ANSWERS.get(str(data.get('answer')), data.get('answer'))}",
        "job.lease_expired": event.actor or "",
        "job.reread": f"par {event.actor}",
        "review.settled": f"par {event.actor}: page {data.get('page')}, {data.get('field')}",
        "review.undone": f"par {event.actor}: correction {data.get('review')}",
        "review.reopened": f"correction {data.get('review')}",
        "text.imported": f"par {event.actor}",
    }.get(event.name, "")
    label = {
        "job.requeue": "relance demandée",
        "job.cancel": "annulation demandée",
        "job.requeue_undone": "relance annulée",
    }.get(event.name)
    code = data.get("code")
    return Step(
        event.at,
        None,
        data.get("stage") if event.name == "job.waiting" else None,
        event.name,
        label or _EVENTS.get(event.name, event.name),
        detail,
        str(code) if code else None,
    )


def _charge(charge: ChargeRow) -> Iterator[Step]:
    amount = words.money(charge.amount_cents)
    yield Step(
        charge.intent_at,
        None,
        None,
        "charge.intent",
        "achat commencé",
        f"{amount}, {words.target(str(charge.target.get('kind')), charge.target)}",
    )
    if charge.paid_at is not None:
        said = [amount, f"demande {charge.demande}" if charge.demande else "", f"compte {charge.account or '?'}"]
        yield Step(charge.paid_at, None, None, "charge.paid", "payé", ", ".join(filter(None, said)))
    if charge.settled_at is not None:
        label = {"have": "achat réglé", "void": "non facturé", "lost": "achat perdu"}.get(charge.state, charge.state)
        yield Step(charge.settled_at, None, None, f"charge.{charge.state}", label, str(charge.note.get("why", "")))


def _time(text: object) -> str:
    return f"{datetime.fromisoformat(str(text)).astimezone():%H:%M:%S}" if text else "?"
