"""Where in a queue's order the next claim begins.

Rows that were claimed leave dead entries at the front of the index, and while any session holds an old snapshot
(a backup, a report, a forgotten transaction) nothing can remove them: every claim would walk over all of them. So a
claim begins where the last one ended, and at the very front only now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

from registre.broker import timing

#: priority and eta
Place = tuple[int, int]

FRONT: Place = (-(2**31), -(2**63))


@dataclass
class Front:
    """One queue's."""

    _last: Place = FRONT
    #: when the front is due
    _due: float = 0.0
    #: before it is not worth it: a look at the front took this long
    _earliest: float = 0.0

    def begin(self, now: float) -> Place:
        """Where a claim made now begins."""
        return FRONT if now >= self._due else self._last

    def claimed(self, began: Place, last: Place | None, *, full: bool, now: float, took: float) -> bool:
        """A claim has ended at `last` (None: it found nothing), `full` if it got all it asked for. Answers whether it
        is worth asking again at once, from the front."""
        self._last = last or self._last
        if began == FRONT:
            # At most a tenth of the time is spent on walking over the dead.
            self._earliest = now + 10 * took
            self._due = max(now + timing.FRONT_S, self._earliest)
        elif not full and now >= self._earliest:
            self._due = 0.0
            return True
        return False

    def stir(self) -> None:
        """Something came that may stand before the last place."""
        self._due = min(self._due, self._earliest)
