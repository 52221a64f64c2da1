"""Pairs each party's name with its qualité, line by line, telling a wrapped name from a new party."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from registre.domain.reading import Inscription, Partie
from registre.ocr.engine.words import Word
from registre.ocr.index.fields import is_ditto
from registre.ocr.index.vocabulary import is_role, plain

#: A name that ends so goes on, one that starts so went on.
_GOES_ON = re.compile(
    r"(?:[,&/-]|\b(?:de|du|des|d'|l'|la|le|les|et|and|of|the|a|au|aux|en|pour|saint|sainte|st|ste)|^les [a-z]+"
    r"|^(?:gestion|constructions?|fiducie|entreprises|placements|groupe|caisse populaire|banque|ville|municipalite))$"
)
_WENT_ON = re.compile(
    r"^(?:\(|&|et\b|de\b|du\b|des\b|d'|inc\b|ltee\b|ltd\b|limitee\b|enr\b|s\.?e\.?n\.?c|s\.?e\.?c\b|cie\b|n\.?a\.?$)"
)
#: A company's last word.
_COMPLETE = re.compile(r"\b(?:inc|ltee|ltd|limitee|enr|s\.? ?e\.? ?n\.? ?c|s\.? ?e\.? ?c|s\.? ?a)\.?\)?$")
#: `TREMBLAY, JEAN-FRANÇOIS`: a whole natural person; organisations print without a comma.
_PERSON = re.compile(r"^[a-z' -]+, [a-z'. -]+$")

#: Names are printed in capitals or not: a word in each is two cells run together. Company numbers are no figures.
_CAPITALS = re.compile(r"\b[A-ZÀ-Þ]{3,}")
_SMALL = re.compile(r"\b[A-ZÀ-Þ]?[a-zß-ÿ]{3,}")
_COMPANY = re.compile(r"\b\d{4}[- ]\d{4}\b")
#: Words of a name that are compared with others for an accent, and for a letter.
_LONG = 3
_VERY_LONG = 7
#: `GRANDPERRON ÉLISE` lost its comma; an organisation's first word tells it
_TWO_WORDS = re.compile(r"^[A-ZÀ-Þ'-]{3,}[.;:]? [A-ZÀ-Þ'-]{3,}$")
#: Two names or two words read as one; a figure among letters
_RUN_TOGETHER = re.compile(
    r"\b(?:inc|ltee|ltd|enr)\.? \w|, [a-z' -]+ (?:caisse|banque|ville|fiducie|commission|municipalite|gestion)\b"
    r"|\b(?:gestion|commission|caisse|banque|fiducie|municipalite|constructions|immeubles)(?!nai|ner|nes)[a-z]{3,}"
    r"|[a-z]{3,}inc\b|d'economie[a-z]|\w\"\w|\d['a-z]|[a-z]\d"
    r"|[a-z.](?<! de)(?<! du)(?<! la)(?<! et)(?<! le)(?<! en)(?<!des)(?<!^les)"
    r" (?:caisse|banque|gestion|constructions|les immeubles|municipalite|commission) [a-z]"
)
#: Words that many names have: one of them with a space inside was cut by the reader.
_WHOLE = (
    "banque", "caisse", "canada", "commission", "compagnie", "constructions", "economie", "fiducie", "gestion",
    "habitations", "hypothecaire", "immeubles", "ministre", "municipalite", "placements", "populaire", "quebec",
    "societe", "succession", "transports",
)  # fmt: skip
#: A letter alone that is no initial and no word: `F RANÇOISE`
_LONE = re.compile(r"(?<![\w.'&-])[B-XZ](?= [A-ZÀ-Þ]{2})|(?<=[A-ZÀ-Þ]{3} )[B-XZ](?=,|$)|\bIN C\b")
#: First names that are never without their accent, where a page has accents at all.
_ACCENTED = frozenset({
    "ADELE", "AGNES", "ALDEA", "ANDRE", "ANDREE", "ANGELE", "BENOIT", "CECILE", "CELINE", "DESIRE", "ELISE",
    "EMILE", "ETIENNE", "FRANCOIS", "FRANCOISE", "FREDERIC", "GENEVIEVE", "GERARD", "GISELE", "GREGOIRE",
    "HELENE", "IRENE", "JEROME", "LEO", "LEONIE", "MICHELE", "NOEL", "REGIS", "REJEAN", "REMI", "RENE", "RENEE",
    "SEBASTIEN", "STEPHANE", "THEO", "THERESE", "VALERIE", "ZOE",
})  # fmt: skip
#: A line that might have stood beside the one above, give or take so many heights, may be another party's.
_NARROW = 1.5

#: How an organisation's name begins: never the second half of another's.
_BEGINS = re.compile(
    r"^(?:\d{4}[- ]\d{4} |(?:caisse|banque|bank|ville|fiducie|commission|municipalite|hydro-quebec|fabrique|ministre"
    r"|les immeubles)\b)"
)


def pair_parties(
    lines: Sequence[tuple[str, Sequence[Word]]], edge: float, *, roles_printed: bool
) -> tuple[Partie, ...]:
    """Parties of one row.

    A qualité goes with the name on its line. Where that would cut a name that plainly goes on, the column of
    qualités was set without regard to wrapped names: they are then paired in order.

    `lines` are, top to bottom, the text of the qualité cell and the words of the name cell; `edge` is where the
    name column's text must wrap, in the unit of the words; `roles_printed` says whether there is a qualité column.
    """
    paired = _by_line(lines, edge, roles_printed)
    if any(not partie.nom for partie in paired) or any(_GOES_ON.search(plain(partie.nom)) for partie in paired[:-1]):
        in_order = _by_order(lines, edge)
        return in_order or paired
    return paired


def holds_figures(partie: Partie) -> bool:
    """Whether its name or qualité holds figures that are no company's: those of the column beside it."""
    return any(
        not is_role(text) and sum(map(str.isdigit, _COMPANY.sub(" ", text))) > 2
        for text in (partie.nom, partie.qualite or "")
    )


def is_doubtful(partie: Partie) -> bool:
    """Whether a name or qualité holds what belongs to another cell, or lacks its comma."""
    bare = (_COMPANY.sub(" ", text) for text in (partie.nom, partie.qualite or ""))
    if holds_figures(partie) or any(_CAPITALS.search(text) and _SMALL.search(text) for text in bare):
        return True
    name = partie.nom
    if _LONE.search(name) or _is_cut(plain(name)):
        return True
    if name.count(",") > 1 or _RUN_TOGETHER.search(plain(_COMPANY.sub(" ", name))):
        return True
    if _TWO_WORDS.match(name) and not (_BEGINS.match(plain(name)) or _COMPLETE.search(plain(name))):
        return True
    return bool(name) and not name[0].isalnum() and name[0] not in '("«'


def _is_cut(name: str) -> bool:
    joined = name.replace(" ", "")
    return any(joined.count(word) > name.count(word) for word in _WHOLE)


def doubt_names(rows: Sequence[Inscription]) -> tuple[Inscription, ...]:
    """Mark names of which another row has nearly the same: one of the two was misread."""
    counts = Counter(word for row in rows for word in _name_words(row))
    strange = {word for word in counts if any(_nearly(word, other, counts) for other in counts)}
    spaced = _spaced_otherwise(rows)
    if any(not word.isascii() for word in counts):
        strange |= _ACCENTED.intersection(counts)
    return tuple(
        row.doubted("parties")
        if strange.intersection(_name_words(row)) or spaced.intersection(partie.nom for partie in row.parties)
        else row
        for row in rows
    )


def _spaced_otherwise(rows: Sequence[Inscription]) -> set[str]:
    """Names that the page has with other spaces too, and no less often."""
    counts = Counter(partie.nom for row in rows for partie in row.parties)
    best: dict[str, str] = {}
    for name in counts:
        bare = name.replace(" ", "")
        best[bare] = max(best.get(bare, name), name, key=lambda one: counts[one])
    ties = Counter((name.replace(" ", ""), count) for name, count in counts.items())
    return {
        name
        for name, count in counts.items()
        if best[name.replace(" ", "")] != name or ties[name.replace(" ", ""), count] > 1
    }


def _name_words(row: Inscription) -> set[str]:
    return {word.strip(",.;:'") for partie in row.parties for word in partie.nom.split() if len(word) >= _LONG}


def _nearly(word: str, other: str, counts: Counter[str]) -> bool:
    """Whether `word` is `other` misread, or may be: an accent or one letter apart, and no more frequent."""
    if word == other or len(word) != len(other) or counts[word] > counts[other] or not word.isupper():
        return False
    one, two = plain(word), plain(other)
    apart = sum(a != b for a, b in zip(one, two, strict=True))
    return apart == 0 or (apart == 1 and len(word) >= _VERY_LONG and one[:2] == two[:2])


def may_wrap_otherwise(lines: Sequence[Sequence[Word]], edge: float) -> bool:
    """Whether nothing but the width of a column says which lines are one name, and says it barely."""
    for above, below in pairwise(lines):
        if not above or not below:
            continue
        first, second = (" ".join(word.text for word in words) for words in (above, below))
        height = below[0].height
        over = above[-1].x1 + 0.3 * height + below[0].width - edge
        plainly = (
            is_ditto(second)
            or ("," in first and "," in second)
            or _BEGINS.match(plain(second))
            or _GOES_ON.search(plain(first))
            or _WENT_ON.match(plain(second))
            or _COMPLETE.search(plain(first))
            or _PERSON.match(plain(second))
            or over < -_NARROW * height
        )
        if not plainly:
            return True
    return False


def _by_order(lines: Sequence[tuple[str, Sequence[Word]]], edge: float) -> tuple[Partie, ...]:
    """Names grouped regardless of the qualités beside them, then paired one to one; empty if they do not match."""
    names = _by_line([("", words) for _, words in lines if words], edge, roles_printed=False)
    roles = [role for role, _ in lines if role]
    if len(names) != len(roles):
        return ()
    return tuple(Partie(name.nom, role) for name, role in zip(names, roles, strict=True))


def _by_line(lines: Sequence[tuple[str, Sequence[Word]]], edge: float, roles_printed: bool) -> tuple[Partie, ...]:
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
    if not roles_printed and _BEGINS.match(plain(name)):
        return False
    if _GOES_ON.search(plain(above)) or _WENT_ON.match(plain(name)):
        return True
    if _COMPLETE.search(plain(above)) or (not roles_printed and _PERSON.match(plain(name))):
        return False
    space = 0.3 * first.height
    return reach is not None and reach + space + first.width > edge


def _join(above: str, name: str) -> str:
    if not above:
        return name
    return above + name if above.endswith("-") else f"{above} {name}"
