"""Pairs each party's name with its qualité, line by line, telling a wrapped name from a new party."""

from __future__ import annotations

import re
from collections.abc import Sequence

from registre.domain.reading import Partie
from registre.ocr.fields import is_ditto
from registre.ocr.vocabulary import is_role, plain
from registre.ocr.words import Word

#: A name that ends so goes on, one that starts so went on.
_GOES_ON = re.compile(r"(?:[,&/-]|\b(?:de|du|des|d'|l'|la|le|les|et|and|of|the|a|au|aux|en|pour|saint|sainte|st|ste))$")
_WENT_ON = re.compile(
    r"^(?:\(|&|et\b|de\b|du\b|des\b|d'|inc\b|ltee\b|ltd\b|limitee\b|enr\b|s\.?e\.?n\.?c|s\.?e\.?c\b|cie\b|n\.?a\.?$)"
)
#: `TREMBLAY, JEAN-FRANÇOIS`: a whole natural person; organisations print without a comma.
_PERSON = re.compile(r"^[a-z' -]+, [a-z'. -]+$")


def pair_parties(
    lines: Sequence[tuple[str, Sequence[Word]]], edge: float, *, roles_printed: bool
) -> tuple[Partie, ...]:
    """Parties of one row.

    `lines` are, top to bottom, the text of the qualité cell and the words of the name cell; `edge` is where the
    name column's text must wrap, in the unit of the words; `roles_printed` says whether there is a qualité column.
    """
    names: list[str] = []
    roles: list[str | None] = []
    reach: float | None = None
    for role, words in lines:
        name = " ".join(word.text for word in words)
        if role and (not roles or _opens(role, roles[-1], bool(name))):
            names.append(name)
            roles.append(role)
            reach = words[-1].x1 if words else None
            continue
        if role:
            roles[-1] = f"{roles[-1]} {role}" if roles[-1] else role
        if not name:
            continue
        if names and (not names[-1] or _same_name(names[-1], name, reach, words[0], edge, roles_printed)):
            names[-1] = _join(names[-1], name)
        else:
            names.append(name)
            roles.append(None)
        reach = words[-1].x1
    return tuple(Partie(name, role) for name, role in zip(names, roles, strict=True) if name or role)


def _opens(role: str, before: str | None, named: bool) -> bool:
    """Whether a qualité starts a new party; a lone lower-case word under another qualité is its second half."""
    if is_role(role) or is_ditto(role) or before is None:
        return True
    if not named:
        return False
    return not (role[:1].islower() and before[:1].isupper())


def _same_name(above: str, name: str, reach: float | None, first: Word, edge: float, roles_printed: bool) -> bool:
    """Whether `name` continues `above`: grammar says so, or its first word would not have fitted there."""
    if is_ditto(name) or ("," in name and "," in above):
        return False
    if _GOES_ON.search(plain(above)) or _WENT_ON.match(plain(name)):
        return True
    if not roles_printed and _PERSON.match(plain(name)):
        return False
    space = 0.3 * first.height
    return reach is not None and reach + space + first.width > edge


def _join(above: str, name: str) -> str:
    if not above:
        return name
    return above + name if above.endswith("-") else f"{above} {name}"
