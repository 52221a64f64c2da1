"""Several environments: each a database with its object store, named and set by variables of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

#: The variable that names them.
SETTING: Final = "REGISTRE_ENVIRONMENTS"
_FLAGS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on", "oui"), True),
    **dict.fromkeys(("", "0", "false", "no", "off", "non"), False),
}


class Secret(str):
    """Text that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(•••)"


@dataclass(frozen=True, slots=True)
class Environment:
    """One database and its object store; one set of processes serves several."""

    name: str
    database_url: Secret
    object_root: str
    #: whether stored documents are read
    ocr: bool


def read_environments(env: Mapping[str, str], state: Path) -> tuple[tuple[Environment, ...], list[str]]:
    """All of them, the one served first at the head, and what is wrong with their settings."""
    wrong: list[str] = []
    places = tuple(_environment(name, env, state, wrong) for name in _names(env, wrong))
    return places, wrong + _shared(places)


def variables(name: str) -> tuple[str, str, str]:
    """What an environment is set by, in the order of `Environment`."""
    return (f"DATABASE_URL_{name.upper()}", f"REGISTRE_OBJECTS_{name.upper()}", f"OCR_{name.upper()}")


def _names(env: Mapping[str, str], wrong: list[str]) -> list[str]:
    names = re.split(r"[\s,]+", env.get(SETTING, "").strip().lower())
    bad = [name for name in names if name and not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    wrong.extend(f"{SETTING}: « {name} » n'est pas un nom (lettres sans accent et chiffres)" for name in bad)
    wrong.extend(f"{SETTING}: « {name} » y est deux fois" for name in twice)
    return [name for name in dict.fromkeys(names) if name and name not in bad]


def _environment(name: str, env: Mapping[str, str], state: Path, wrong: list[str]) -> Environment:
    url, objects, ocr = (env.get(variable, "").strip() for variable in variables(name))
    if not url:
        wrong.append(f"{variables(name)[0]} manque: l'adresse de Postgres de l'environnement « {name} »")
    if ocr.lower() not in _FLAGS:
        wrong.append(f"{variables(name)[2]}={ocr}: il faut oui ou non")
    return Environment(name, Secret(url), objects or str(state / f"objects-{name}"), ocr=_FLAGS.get(ocr.lower(), False))


def _shared(places: tuple[Environment, ...]) -> list[str]:
    """Two environments in one place would answer each other's orders."""
    return [
        f"{variable}: la même valeur que pour « {first.name} »"
        for first, second in combinations(places, 2)
        for variable, one, other in (
            (variables(second.name)[0], first.database_url, second.database_url),
            (variables(second.name)[1], first.object_root, second.object_root),
        )
        if one and one.rstrip("/") == other.rstrip("/")
    ]
