"""A registry account as one holder has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Account:
    """A registry account as leased. The password never appears in a repr, hence not in logs."""

    id: UUID
    username: str
    password: str = field(repr=False)
