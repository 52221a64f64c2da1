"""What a seed says: which orders arrive when, what strikes whom and when. Pure; the same seed, the same plan.

How the machine schedules the processes is not in the seed, so a replay strikes the same blows at the same offsets and
may still meet the processes elsewhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from registre.crash import POINTS
from registre.sandbox.foncier.catalogue import catalogue

#: Process name → role of the Procfile. Two of what holds money or leads, so that a survivor exists.
PROCESSES: Final = {
    "browser.1": "browser",
    "browser.2": "browser",
    "ocr.1": "ocr",
    "clock.1": "clock",
    "clock.2": "clock",
}
#: Browsers come up twice as often: that is where the money is.
_VICTIMS: Final = (*PROCESSES, "browser.1", "browser.2")
_WORKERS: Final = ("browser.1", "browser.2", "browser.1", "browser.2", "ocr.1")
#: Points that the `ocr` role meets; the browser role meets the others.
_OCR_POINTS: Final = ("before_claim", "after_claim", "after_object_write", "mid_ocr", "before_commit")

#: kind → weight
BLOWS: Final = {
    "kill": 6,
    "term": 3,
    "freeze": 4,
    "kill chromium": 2,
    "freeze chromium": 2,
    "disk full": 2,
    "postgres restart": 2,
    "postgres cut": 2,
    "postgres delay": 1,
    "postgres silent": 2,
    "postgres refuse": 1,
    "listen silent": 2,
    "redis flush": 1,
    "redis gone": 1,
    "redis silent": 1,
    "site cut": 2,
    "site delay": 1,
    "site silent": 2,
    "site answer lost": 4,
    "site killed": 1,
    "fault lost_answer": 2,
    "fault reset": 2,
    "fault http500": 2,
    "fault slow": 1,
    "fault hang": 1,
    "fault expire": 2,
    "fault truncated": 1,
    "fault reset delivery": 1,
    "messages copied": 2,
    "messages lost": 2,
    "message untold": 1,
}
#: Seconds a lasting blow lasts. A freeze may outlive a lease (8 s).
_LASTING: Final = {
    "freeze": (2, 13),
    "freeze chromium": (2, 13),
    "disk full": (2, 8),
    "postgres restart": (0, 4),
    "postgres delay": (2, 6),
    "postgres silent": (2, 12),
    "postgres refuse": (1, 6),
    "listen silent": (2, 8),
    "redis gone": (1, 6),
    "redis silent": (2, 8),
    "site delay": (2, 6),
    "site silent": (2, 12),
    "fault slow": (1, 9),
    "fault hang": (1, 9),
}


#: Columns of the public table: source, number, circonscription, cadastre, désignation, type of acte.
Row = tuple[str, str, str, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Order:
    """A row of the public table, when it arrives, and by which door."""

    at: float
    row: Row
    by_cli: bool = False


@dataclass(frozen=True, slots=True)
class Blow:
    """One stroke. `target` is a process's name where it needs one."""

    at: float
    kind: str
    target: str = ""
    seconds: float = 0.0
    count: int = 1

    @property
    def label(self) -> str:
        """What it is counted as."""
        return f"{self.kind} {self.target.split('.')[0]}".strip()


@dataclass(frozen=True, slots=True)
class Meddling:
    """A person's word in the midst: `cancel` or `requeue` of the nth order."""

    at: float
    what: str
    order: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One run."""

    seed: int
    orders: tuple[Order, ...]
    blows: tuple[Blow, ...]
    meddling: tuple[Meddling, ...]
    #: process → crash settings of its first lives, in order
    crashes: dict[str, tuple[str, ...]]
    charge_at: str
    preparation_s: int
    #: seconds of the last blow's end, nominally
    ends: float


def make_plan(seed: int, *, orders: int = 8, seconds: float = 10.0) -> Plan:
    """The plan of a seed."""
    dice = random.Random(seed)
    blows = _blows(dice, seconds)
    return Plan(
        seed,
        _orders(dice, orders, seconds),
        blows,
        _meddling(dice, orders, seconds),
        _crashes(dice),
        dice.choice(["viewer", "confirmer"]),
        dice.choice([0, 0, 1, 2]),
        max((blow.at + blow.seconds for blow in blows), default=0.0),
    )


def _orders(dice: random.Random, count: int, seconds: float) -> tuple[Order, ...]:
    """Half at once, the others while blows fall; at least a quarter are doubles in the same or other words."""
    different = max(1, count * 3 // 4)
    pool = _documents()
    rows = [dice.choice(pool[kind]) for kind in dice.choices(["index", "acte", "plan"], [3, 3, 1], k=different)]
    if dice.random() < 0.3:
        rows[-1] = ("index", "9999999", "Montréal", "Cadastre du Québec", None, None)  # does not exist
    if dice.random() < 0.15:
        rows[0] = dice.choice(pool["scan"])
    rows += [_respelled(dice, dice.choice(rows)) for _ in range(count - different)]
    return tuple(
        Order(0.0 if n < count // 2 else round(dice.uniform(0, seconds), 2), row, by_cli=n == count - 1)
        for n, row in enumerate(rows)
    )


def _respelled(dice: random.Random, row: tuple[str, ...]) -> Row:
    kind, number, *rest = row
    if kind != "acte" and number.isdecimal() and len(number) == 7 and dice.random() < 0.5:
        number = f"{number[0]} {number[1:4]} {number[4:]}"
    return (kind, number, *rest)  # pyright: ignore[reportReturnType]


def _documents() -> dict[str, list[Row]]:
    """What can be ordered, by sort. With a text layer unless under `scan`: reading a picture costs 4 CPU seconds."""
    held = catalogue()
    index = [
        (("index", f.lot, f.circonscription, f.cadastre, f.designation_secondaire, None), f.scan is None)
        for f in held.fiches
        if f.actif and len(f.inscriptions) < 13
    ]
    actes = [
        (("acte", a.numero, a.circonscription, None, None, a.type_acte), a.scan is None)
        for a in held.actes
        if not a.papier and a.pages <= 3
    ]
    return {
        "index": [row for row, has_text in index if has_text],
        "acte": [row for row, has_text in actes if has_text],
        "plan": [
            ("plan_cadastraux", p.lot, p.circonscription, p.cadastre, p.designation_secondaire, None)
            for p in held.plans
        ],
        "scan": [row for row, has_text in index if not has_text],
    }


def text_documents() -> list[Row]:
    """Everything with a text layer; benches and tests order these."""
    pool = _documents()
    return pool["acte"] + pool["index"]


def _blows(dice: random.Random, seconds: float) -> tuple[Blow, ...]:
    """About one a second. What lasts longer than the time for blows still ends by itself."""
    struck: list[Blow] = []
    at = dice.uniform(0.3, 2)
    while at < seconds:
        kind = dice.choices(list(BLOWS), list(BLOWS.values()))[0]
        target = {
            "kill": dice.choice(_VICTIMS),
            "term": dice.choice(_VICTIMS),
            "freeze": dice.choice(_VICTIMS),
            "kill chromium": dice.choice(["browser.1", "browser.2"]),
            "freeze chromium": dice.choice(["browser.1", "browser.2"]),
            "disk full": dice.choice(_WORKERS),
        }.get(kind, "")
        low, high = _LASTING.get(kind, (0, 0))
        struck.append(Blow(round(at, 2), kind, target, round(dice.uniform(low, high), 2), dice.choice([1, 2, 4])))
        at += dice.uniform(0.3, 1.7)
    return tuple(struck)


def _meddling(dice: random.Random, orders: int, seconds: float) -> tuple[Meddling, ...]:
    """Somebody cancels or puts back to work, now and then."""
    return tuple(
        Meddling(round(dice.uniform(1, seconds), 2), dice.choice(["cancel", "requeue"]), dice.randrange(orders))
        for _ in range(dice.choice([0, 1, 1, 2]))
    )


def _crashes(dice: random.Random) -> dict[str, tuple[str, ...]]:
    """Two to four lives that end at a named point; the life after them is left alone."""
    lives: dict[str, tuple[str, ...]] = {}
    for _ in range(dice.choice([2, 3, 3, 4])):
        name = dice.choice(_WORKERS)
        points = _OCR_POINTS if name.startswith("ocr") else [p for p in POINTS if p != "mid_ocr"]
        arrivals = dice.choice([1, 1, 1, 2, 3])
        lives[name] = (*lives.get(name, ()), f"{dice.choice(list(points))}:{arrivals}")
    return lives
