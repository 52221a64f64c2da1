"""Faults to come: what goes wrong, where, for whom, and how many more times."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from registre.sandbox.foncier.options import SPOILED, Delivery
from registre.sandbox.foncier.paths import Screen

#: `slow`, `hang` and `prepare` take `seconds`; `delivery` takes `delivery`; `expire` ends the session before the page;
#: `lost_answer` lets a request that may bill do its work and cuts the connection instead of answering.
FaultKind = Literal[
    "http500", "reset", "hang", "slow", "expire", "maintenance", "closed", "challenge",
    "prepare", "never_ready", "delivery", "lost_answer",
]  # fmt: skip


class Fault(BaseModel):
    """One fault. It hits the next `count` requests (None: every one until cleared) its scope covers."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    #: a screen, or every screen; `prepare`, `never_ready` and `delivery` happen at their own place and ignore it
    route: Screen | Literal["*"] = "*"
    account: str | None = None
    #: number of the document, for `prepare`, `never_ready` and `delivery`
    numero: str | None = None
    count: Annotated[int, Field(ge=1)] | None = 1
    #: share of covered requests that are hit
    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    seconds: Annotated[float, Field(ge=0)] = 30
    delivery: Delivery = "truncated"


#: Screens that may bill, for a `lost_answer` that names none.
_BILLING: Final = frozenset[Screen]({"confirmation", "processing", "viewer"})

_Covers = Callable[[Fault], bool]


class FaultBook:
    """The faults set, oldest first; the first that covers a request is the one that happens."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self.pending: list[Fault] = []

    def take_gate(self, screen: Screen, account: str | None) -> Fault | None:
        """The fault that befalls a request on its way in."""
        inside = {"prepare", "never_ready", "delivery", "lost_answer"}
        return self._take(
            lambda fault: fault.kind not in inside and fault.route in ("*", screen) and fault.account in (None, account)
        )

    def take_answer(self, screen: Screen, account: str | None) -> Fault | None:
        """The fault that loses the answer to a request whose work is done."""
        return self._take(
            lambda fault: (
                fault.kind == "lost_answer"
                and screen in (_BILLING if fault.route == "*" else {fault.route})
                and fault.account in (None, account)
            )
        )

    def take_preparation(self, account: str | None, numero: str) -> Fault | None:
        """The fault that delays a document, for ever or for a while."""
        kinds = {"prepare", "never_ready"}
        return self._take(lambda fault: fault.kind in kinds and _concerns(fault, account, numero))

    def take_delivery(self, account: str | None, numero: str, *, spoiled: bool) -> Fault | None:
        """The fault that spoils one GET of a PDF (`spoiled`), or changes how the viewer links to it."""
        return self._take(
            lambda fault: (
                fault.kind == "delivery"
                and (fault.delivery in SPOILED) is spoiled
                and _concerns(fault, account, numero)
            )
        )

    def _take(self, covers: _Covers) -> Fault | None:
        for fault in self.pending:
            if not covers(fault) or self._dice.random() >= fault.rate:
                continue
            if fault.count is not None:
                fault.count -= 1
                if fault.count == 0:
                    self.pending.remove(fault)
            return fault
        return None


def _concerns(fault: Fault, account: str | None, numero: str) -> bool:
    return fault.account in (None, account) and fault.numero in (None, numero)
