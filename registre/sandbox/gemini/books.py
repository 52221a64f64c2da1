"""The stand-in's state: options, faults to come, quota windows, uploaded files, and what arrived when, by its clock."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from registre.sandbox.foncier.catalogue import Catalogue
from registre.sandbox.gemini.options import Fault, Options
from registre.sandbox.gemini.pages import Library

MINUTE: Final = 60.0
DAY: Final = 86_400.0
#: Ten minutes at the highest rate that anything here can reach.
_KEPT: Final = 100_000
#: Lessons remembered; a page's is some kilobytes.
_LESSONS: Final = 2_048


@dataclass(slots=True)
class Arrival:
    """One request to generate, as it was met."""

    number: int
    #: seconds since the stand-in started
    at: float
    project: str
    model: str
    method: str
    #: the key came in the address, where proxies log it
    key_in_url: bool
    status: int = 0
    input_tokens: int = 0
    outcome: str = ""
    page: str | None = None


@dataclass(slots=True)
class StoredFile:
    """One uploaded file."""

    name: str
    mime_type: str
    display_name: str
    size: int
    data: bytes = b""
    active: bool = False


@dataclass(slots=True)
class Window:
    """What a project and model were granted of late: moments and tokens."""

    granted: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    today: int = 0
    day: int = 0


class Books:
    """Everything one stand-in remembers."""

    def __init__(self, options: Options, holdings: Catalogue) -> None:
        self.options = options
        self.library = Library(holdings)
        self.faults: list[Fault] = []
        self.files: dict[str, StoredFile] = {}
        self.uploads = 0
        self.deleted: list[str] = []
        self.planted: list[dict[str, Any]] = []
        #: SHA-256 of a picture → name of the page it shows, and what is printed there
        self.lessons: OrderedDict[str, tuple[str, dict[str, Any]]] = OrderedDict()
        self.arrivals: deque[Arrival] = deque(maxlen=_KEPT)
        self._start = time.monotonic()
        self._count = 0
        self._windows: dict[tuple[str, str], Window] = {}

    def now(self) -> float:
        """Seconds since the start, on a clock that nobody can set."""
        return time.monotonic() - self._start

    def arrive(self, project: str, model: str, method: str, *, key_in_url: bool) -> Arrival:
        """Write a request down."""
        self._count += 1
        arrival = Arrival(self._count, self.now(), project, model, method, key_in_url)
        self.arrivals.append(arrival)
        return arrival

    def learn(self, picture: str, page: str, said: dict[str, Any]) -> None:
        """Remember what a picture shows that is of no document of the sandbox; `picture` is its SHA-256."""
        self.lessons[picture] = (page, said)
        while len(self.lessons) > _LESSONS:
            self.lessons.popitem(last=False)

    def take_fault(self, model: str) -> Fault | None:
        """The oldest fault that covers a request to `model`, used up once."""
        for fault in self.faults:
            if fault.model not in (None, model):
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count == 0:
                    self.faults.remove(fault)
            return fault
        return None

    def grant(self, project: str, model: str, tokens: int) -> tuple[str, float] | None:
        """Count a request against its quota, or name the dimension that is full and the seconds until it is not."""
        quota = self.options.quota
        now = self.now()
        window = self._windows.setdefault((project, model), Window())
        while window.granted and window.granted[0][0] <= now - MINUTE:
            window.granted.popleft()
        if window.day != int(now // DAY):
            window.day, window.today = int(now // DAY), 0
        if quota.rpd is not None and window.today >= quota.rpd:
            return "rpd", DAY - now % DAY
        if quota.rpm is not None and len(window.granted) >= quota.rpm:
            return "rpm", window.granted[0][0] + MINUTE - now
        if quota.tpm is not None and sum(spent for _, spent in window.granted) + tokens > quota.tpm:
            return "tpm", window.granted[0][0] + MINUTE - now if window.granted else MINUTE
        window.granted.append((now, tokens))
        window.today += 1
        return None

    def rates(self, seconds: float) -> dict[str, dict[str, int]]:
        """The most requests and input tokens in any `seconds`, by project and model; refused ones (429) apart."""
        found: dict[str, dict[str, int]] = {}
        for name in sorted({(item.project, item.model) for item in self.arrivals}):
            mine = [item for item in self.arrivals if (item.project, item.model) == name]
            taken = [item for item in mine if item.status != 429]
            found["/".join(name)] = {
                "requests": _densest(((item.at, 1) for item in taken), seconds),
                "tokens": _densest(((item.at, item.input_tokens) for item in taken), seconds),
                "refused": len(mine) - len(taken),
                "total": len(mine),
            }
        return found

    def shown_arrivals(self) -> list[dict[str, Any]]:
        """The arrivals as plain JSON values, oldest first."""
        return [asdict(arrival) for arrival in self.arrivals]

    def reset(self) -> None:
        """Forget everything but the options, the lessons and the pages seen."""
        self.faults.clear()
        self.files.clear()
        self.uploads = 0
        self.deleted.clear()
        self.planted.clear()
        self.arrivals.clear()
        self._windows.clear()
        self._count = 0


def _densest(events: Iterable[tuple[float, int]], seconds: float) -> int:
    """The largest sum in any half-open window of that length."""
    inside: deque[tuple[float, int]] = deque()
    total = most = 0
    for at, amount in events:
        inside.append((at, amount))
        total += amount
        while inside[0][0] <= at - seconds:
            total -= inside.popleft()[1]
        most = max(most, total)
    return most
