"""What a reader process may take: memory and processor, held to by the kernel; and how one that took more is told."""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import parent_process
from typing import Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: How a process ends that met the limit of its memory and noticed.
_NO_MEMORY: Final = 77
#: How one ends that did not notice: the libraries call abort, or trap.
_ABORTED: Final = frozenset({-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one piece of work may take."""

    #: processor time, the same however busy the machine is
    cpu: timedelta
    #: by the clock, its process's start included
    wall: timedelta


def enter(memory: int) -> None:
    """First thing in a reader process: take no more than that, lead a group, and never outlive the parent."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.join,), daemon=True, name="parent-watch").start()


def within(cpu: timedelta, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do the work within so much processor time; the process ends where that or its memory is not enough."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + cpu.total_seconds()) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    try:
        return work(*args, **kwargs)
    except MemoryError:
        # what is left of the heap is in pieces: the next page gets a fresh one
        os._exit(_NO_MEMORY)


def reason(code: int | None, bounds: Bounds) -> str:
    """Why a process ended by itself, for a person."""
    if code == -signal.SIGXCPU:
        return f"La lecture a pris plus de {bounds.cpu.total_seconds():.0f} s de calcul; son processus a été arrêté."
    if code == _NO_MEMORY or code in _ABORTED:
        return "La lecture demande plus de mémoire qu'un lecteur n'en a; son processus s'est arrêté."
    if code == -signal.SIGKILL:
        return "Le processus de lecture a été tué (mémoire de la machine épuisée, ou arrêt forcé)."
    if code is None:
        return "Le processus de lecture n'a pas pu démarrer."
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return f"Le processus de lecture s'est arrêté brusquement ({how})."


def _follow(parent_ended: Callable[[], None]) -> None:
    parent_ended()
    os.killpg(0, signal.SIGKILL)
