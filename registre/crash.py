"""Named crash points: where a process ends itself by SIGKILL when told to, so that recovery from there can be seen.

`REGISTRE_CRASH=after_intent:2` kills a worker the second time it arrives at `after_intent`. Unset, nothing happens.
"""

from __future__ import annotations

import os
import signal
from typing import Final

from registre.domain.errors import ConfigurationError

#: In the order of a job's life.
POINTS: Final = (
    "before_claim",
    "after_claim",
    "after_intent",  # the intent is committed, nothing was sent
    "after_paying_click",  # a request that may cost money has left, its answer is not there
    "mid_download",  # the paid document's bytes are in memory only
    "after_object_write",
    "mid_ocr",  # a page is read and not written down
    "before_commit",
)

#: point → arrivals left before the end
_left: Final[dict[str, int]] = {}


def arm(setting: str | None) -> None:
    """Take the setting `POINT:N`. Called once, when the process starts.

    Raises:
        ConfigurationError: no such point, or no number of 1 or more.
    """
    if setting is None:
        return
    point, _, arrivals = setting.partition(":")
    if point not in POINTS or not arrivals.isdecimal() or int(arrivals) < 1:
        raise ConfigurationError(f"REGISTRE_CRASH={setting}: il faut POINT:N, POINT parmi {', '.join(POINTS)}.")
    _left[point] = int(arrivals)


def crash_point(name: str) -> None:
    """End here, without any farewell, if this is the arrival that was asked for."""
    if name not in _left:
        return
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
