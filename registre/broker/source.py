"""Where messages come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One environment's queue."""

    #: given to each actor as its keyword argument `environment`
    environment: str
    url: str
    #: what is claimed from here; None: every queue of the process
    queues: frozenset[str] | None = None
