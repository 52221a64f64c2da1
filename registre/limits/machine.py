"""The machine's size, what each kind of worker takes of it, and how many of each fit. Pure arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from registre.domain.errors import ConfigurationError
from registre.settings import Settings


class Kind(StrEnum):
    """What a lease is for, in the words operators read."""

    #: a `browser` process
    REGISTRE = "registre"
    #: an OCR slot that reads indexes
    INDEX = "index-ocr"
    #: an OCR slot that reads actes
    ACTE = "acte-ocr"


@dataclass(frozen=True, slots=True)
class Size:
    """Cores and GB, in thousandths: they are added up exactly."""

    cpu: int
    ram: int

    def __add__(self, other: Size) -> Size:
        return Size(self.cpu + other.cpu, self.ram + other.ram)

    def times(self, count: int) -> Size:
        """That many of it."""
        return Size(self.cpu * count, self.ram * count)

    def fits(self, room: Size) -> bool:
        """Filling it to the brim is allowed."""
        return self.cpu <= room.cpu and self.ram <= room.ram


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is declared to have, and what of it may be used."""

    most: Size
    available: Size
    reserve_cpu_percent: int
    reserve_ram_percent: int
    costs: dict[Kind, Size]


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of each kind fit together."""

    count: dict[Kind, int]
    used: Size


def machine(settings: Settings, *, cpu: float | None = None, ram: float | None = None) -> Machine:
    """The machine as declared, or another one of that many cores and GB.

    Raises:
        ConfigurationError: SERVER_COSTS is malformed, or a reserve leaves nothing.
    """
    most = Size(
        round((settings.server_max_cpu if cpu is None else cpu) * 1000),
        round((settings.server_max_ram if ram is None else ram) * 1000),
    )
    reserves = settings.server_reserve_cpu_percent, settings.server_reserve_ram_percent
    if max(reserves) >= 100:
        raise ConfigurationError("SERVER_RESERVE_CPU_PERCENT et SERVER_RESERVE_RAM_PERCENT: il faut moins de 100.")
    available = Size(most.cpu * (100 - reserves[0]) // 100, most.ram * (100 - reserves[1]) // 100)
    return Machine(most, available, *reserves, costs(settings.server_costs))


def costs(text: str) -> dict[Kind, Size]:
    """Read SERVER_COSTS: `registre=3/1,index=1.5/0.75,acte=1/0.5`.

    Raises:
        ConfigurationError: it is malformed, or lacks a kind.
    """
    names = {"registre": Kind.REGISTRE, "index": Kind.INDEX, "acte": Kind.ACTE}
    found: dict[Kind, Size] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        match = re.fullmatch(r"(registre|index|acte)=(\d+(?:\.\d{1,3})?)/(\d+(?:\.\d{1,3})?)", part)
        if match is None:
            raise ConfigurationError(f"SERVER_COSTS: « {part} » n'est pas registre=3/1, index=1.5/0.75 ou acte=1/0.5.")
        found[names[match[1]]] = Size(round(float(match[2]) * 1000), round(float(match[3]) * 1000))
    missing = [name for name, kind in names.items() if kind not in found]
    if missing:
        raise ConfigurationError(f"SERVER_COSTS: {', '.join(missing)} manque.")
    return found


def plan(machine: Machine) -> Plan:
    """What such a machine best runs: one pair of OCR slots beside each browser process, first one then the other.

    As many as fit; a machine too small for a pair gets the smaller kind.
    """
    count = dict.fromkeys(Kind, 0)
    used = Size(0, 0)
    grown = True
    while grown:
        grown = False
        for kind in (Kind.REGISTRE, Kind.INDEX, Kind.ACTE):
            if machine.costs[kind].cpu and (used + machine.costs[kind]).fits(machine.available):
                used, grown = used + machine.costs[kind], True
                count[kind] += 1
    return Plan(count, used)


def tally(machine: Machine, browsers: int, readers: int) -> Plan:
    """What so many browser processes and OCR slots take, the slots in equal halves; whether it fits or not."""
    count = {Kind.REGISTRE: browsers, Kind.INDEX: readers - readers // 2, Kind.ACTE: readers // 2}
    used = Size(0, 0)
    for kind, number in count.items():
        used += machine.costs[kind].times(number)
    return Plan(count, used)
