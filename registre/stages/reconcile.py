"""Our ledger against the site's own history of an account, line by line and to the cent. Comparing is pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from registre.db import charge as charges
from registre.db.charge import Booked
from registre.db.pool import Connection
from registre.domain.errors import Fenced
from registre.domain.job import FINAL_STATES, ChargeState
from registre.domain.request import normalize_number
from registre.domain.text import fold
from registre.pipeline import PROOF_WAIT
from registre.sites.base import Purchase

#: The site's clock and ours may differ by this much.
CLOCK_SLACK: Final = timedelta(minutes=15)
#: A history that shows days only puts its lines at the day's end.
_LATEST: Final = timedelta(hours=25)
_PROVEN: Final = frozenset({ChargeState.PAID, ChargeState.HAVE, ChargeState.LOST})
_DOUBTED: Final = frozenset({ChargeState.INTENT, ChargeState.UNPROVEN})


class Kind(StrEnum):
    """How a purchase stands in the two ledgers."""

    #: in both, to the cent
    MATCHED = "matched"
    #: in doubt with us, paid according to the site
    FOUND = "found"
    #: in both, at different prices
    AMOUNT = "amount"
    #: the site does not know it
    OURS_ONLY = "ours_only"
    #: the site billed it and we have not bought it, or thought that we had not
    THEIRS_ONLY = "theirs_only"
    #: several purchases of one number: which line is which nobody can tell
    AMBIGUOUS = "ambiguous"
    #: under way, or too young to be told
    PENDING = "pending"


#: Nothing is wrong with these.
FINE: Final = frozenset({Kind.MATCHED, Kind.PENDING})


@dataclass(frozen=True, slots=True)
class Finding:
    """One purchase, as we have it and as the site has it; at least one of the two."""

    kind: Kind
    ours: Booked | None = None
    theirs: Purchase | None = None
    #: what is proven and may be written down: paid or void
    settles: ChargeState | None = None


def compare(ours: Sequence[Booked], theirs: Sequence[Purchase], *, since: datetime) -> tuple[Finding, ...]:
    """Every purchase of either side since then, once, oldest of ours first.

    An intent is proven void only when all that we know to be paid is in the history, so that it can be trusted to be
    whole, and no line left over could be this purchase under any name.
    """
    pairs, ambiguous, left = _pair([charge for charge in ours if charge.state is not ChargeState.VOID], theirs)
    whole = all(charge.id in pairs for charge in ours if charge.state in _PROVEN)
    found = [
        _judge(charge, pairs.get(charge.id), ambiguous=charge in ambiguous, whole=whole, left=left)
        for charge in ours
        if charge.state is not ChargeState.VOID
    ]
    voids = [charge for charge in ours if charge.state is ChargeState.VOID]
    wrongly, _, strangers = _pair(voids, left)
    found += [Finding(Kind.THEIRS_ONLY, charge, wrongly[charge.id]) for charge in voids if charge.id in wrongly]
    told = [line for line in strangers if line.moment is None or line.moment >= since]
    unclaimed = [line for line in told if not any(_may_be(charge, line) for charge in ambiguous)]
    found += [Finding(Kind.THEIRS_ONLY, None, line) for line in unclaimed]
    return tuple(found)


async def settle(connection: Connection, finding: Finding, *, actor: str) -> bool:
    """Write down what is proven, with an event; False when the charge has changed meanwhile."""
    charge = finding.ours
    if charge is None or finding.settles is None:
        return False
    try:
        async with connection.transaction():
            if finding.settles is ChargeState.VOID:
                await charges.void_charge(connection, charge.id, {"why": "absent from the site's history"})
            elif finding.theirs is not None:
                await charges.pay_charge(
                    connection,
                    charge.id,
                    demande=finding.theirs.demande,
                    amount_cents=finding.theirs.amount_cents,
                    note={"found": "history"},
                )
            await charges.note_settled(connection, charge.id, was=charge.state, actor=actor, why="reconcile")
    except Fenced:
        return False
    return True


def _judge(charge: Booked, line: Purchase | None, *, ambiguous: bool, whole: bool, left: Sequence[Purchase]) -> Finding:
    if line is not None:
        if charge.state in _DOUBTED:
            return Finding(Kind.FOUND, charge, line, ChargeState.PAID)
        same = line.amount_cents in {None, charge.amount_cents}
        return Finding(Kind.MATCHED if same else Kind.AMOUNT, charge, line)
    if ambiguous:
        return Finding(Kind.AMBIGUOUS, charge)
    if charge.state is not ChargeState.INTENT:
        return Finding(Kind.OURS_ONLY, charge)
    if charge.age < PROOF_WAIT or charge.job_state not in FINAL_STATES:
        return Finding(Kind.PENDING, charge)
    number = normalize_number(charge.target.number)
    free = whole and all(normalize_number(other.target_number) != number for other in left)
    return Finding(Kind.OURS_ONLY, charge, None, ChargeState.VOID if free else None)


def _pair(
    ours: Sequence[Booked], theirs: Sequence[Purchase]
) -> tuple[dict[UUID, Purchase], list[Booked], list[Purchase]]:
    """By the site's own number first, then by number, place and time where that leaves no choice; what is left."""
    by_demande = {line.demande: line for line in theirs if line.demande}
    pairs: dict[UUID, Purchase] = {
        charge.id: by_demande[charge.demande] for charge in ours if charge.demande and charge.demande in by_demande
    }
    taken = {id(line) for line in pairs.values()}
    free = [line for line in theirs if id(line) not in taken]
    rest = [charge for charge in ours if charge.id not in pairs and not charge.demande]
    rivals = {id(line): sum(_may_be(charge, line) for charge in rest) for line in free}
    ambiguous: list[Booked] = []
    for charge in rest:
        lines = [line for line in free if _may_be(charge, line)]
        if len(lines) == 1 and rivals[id(lines[0])] == 1:
            pairs[charge.id] = lines[0]
        elif lines:
            ambiguous.append(charge)
    taken = {id(line) for line in pairs.values()}
    return pairs, ambiguous, [line for line in theirs if id(line) not in taken]


def _may_be(charge: Booked, line: Purchase) -> bool:
    """Whether this line could be this purchase, as far as the line tells."""
    target = charge.target
    if normalize_number(line.target_number) != normalize_number(target.number):
        return False
    if line.kind not in {None, target.kind}:
        return False
    place = line.shown.get("circonscription")
    if place and fold(place) != fold(target.circonscription):
        return False
    return line.moment is None or charge.intent_at - CLOCK_SLACK <= line.moment <= charge.intent_at + _LATEST
