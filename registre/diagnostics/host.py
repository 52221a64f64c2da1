"""What this machine says of itself: memory, load, processes, disks. Reads /proc; elsewhere it knows less."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

#: Replaced in tests by a folder that looks like it.
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes."""

    total: int
    available: int
    swap_total: int
    swap_free: int


def memory() -> Memory | None:
    """None where there is no /proc/meminfo."""
    try:
        text = (PROC / "meminfo").read_text()
    except OSError:
        return None
    found = {name: int(size) * 1024 for name, size in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    if "MemAvailable" not in found:
        return None
    return Memory(
        found["MemTotal"],
        found["MemAvailable"],
        found.get("SwapTotal", 0),
        found.get("SwapFree", found.get("SwapTotal", 0)),
    )


def load() -> tuple[float, int]:
    """Average of the last 5 minutes, and how many cores share it."""
    cores = os.cpu_count() or 1
    try:
        return float((PROC / "loadavg").read_text().split()[1]), cores
    except (OSError, ValueError, IndexError):
        return 0.0, cores


def process_state(pid: int | None) -> str | None:
    """The letter of a process's state (`T` stopped, `Z` defunct); None where there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return None


def commands() -> dict[int, str]:
    """Command line of each process that we may see."""
    found: dict[int, str] = {}
    for line in PROC.glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words:
            found[int(line.parent.name)] = words
    return found


def defunct() -> list[str]:
    """Names of processes that have ended and that nobody has asked about."""
    names: list[str] = []
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        head, _, tail = text.rpartition(")")
        if tail.split()[:1] == ["Z"]:
            names.append(head.partition("(")[2])
    return names


def resident(pid: int | None) -> int | None:
    """Bytes of memory of a process."""
    try:
        found = re.search(r"^VmRSS:\s+(\d+) kB", (PROC / str(pid) / "status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
