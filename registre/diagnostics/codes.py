"""What an error code means and what a person does about it, from the error classes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from registre.domain.errors import RegistreError

#: Codes that only the database writes.
_OTHER = {
    "cancelled": ("Annulé par une personne.", "registre requeue ID --yes la remet en file."),
    "disabled": ("Compte désactivé par une personne.", "registre accounts enable CODE"),
}


@cache
def errors() -> dict[str, type[RegistreError]]:
    """Every error class by its code."""
    return {error.code: error for error in (RegistreError, *_below(RegistreError))}


def meaning(code: str) -> str:
    """The code's sentence; the code itself where it is not one of ours."""
    if code in _OTHER:
        return _OTHER[code][0]
    return errors()[code].message if code in errors() else code


def hint(code: str | None, shown_id: str = "ID") -> str:
    """What to do about it, with `shown_id` in the commands; empty for no code."""
    if code is None:
        return ""
    text = _OTHER[code][1] if code in _OTHER else errors().get(code, RegistreError).hint
    return re.sub(r"\bID\b", shown_id, text)


def _below(parent: type[RegistreError]) -> Iterator[type[RegistreError]]:
    for child in parent.__subclasses__():
        # Those of the domain only: others never reach a job's row.
        if child.__module__ != RegistreError.__module__:
            continue
        yield child
        yield from _below(child)
