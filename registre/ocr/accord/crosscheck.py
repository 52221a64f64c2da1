"""An index's rows held against the actes of their numbers: agreement is witnessed, disagreement doubted. Pure.

An acte is a witness that was bought apart: `acte` stands among a row's witnesses, or beside its value in `others`.
Nothing is overwritten, and no doubt that something else raised is lifted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from registre.domain.reading import ActeReading, Doubt, Inscription, PageReading, RowKind
from registre.domain.text import digits, tokens
from registre.ocr.acte import amounts_in, shown_amount
from registre.ocr.correction.lexicon import lexicon
from registre.ocr.index.fields import parse_date
from registre.ocr.index.vocabulary import plain

#: How an acte is named among the witnesses of a row.
ACTE: Final = "acte"
#: What stands before the text of an acte proper: its sheet of the registry.
_HEAD: Final = 1500
_NUMBER: Final = re.compile(r"numero d'inscription\s*:?\s*(\d[\d \u00a0-]*\d)")
_DATE: Final = re.compile(
    r"date (?:et heure )?de presentation(?: d'inscription)?\s*:?\s*(\d{4}[-/ ]\d{1,2}[-/ ]\d{1,2})"
)
#: Numbers that differ in so many digits at most may be one number misread.
_MISREAD: Final = 2


@dataclass(frozen=True, slots=True)
class ActeFacts:
    """What an acte says that its row in an index says too."""

    #: as ordered
    numero: str
    #: the number that its own sheet prints; None where it was not read
    printed: str | None
    date: str | None
    #: the title it bears, where that is a nature the registry knows
    nature: str | None
    parties: tuple[str, ...]
    #: in cents
    montants: tuple[int, ...]
    lots: tuple[str, ...]
    references: tuple[str, ...]
    #: it cancels what it refers to
    radiates: bool
    #: every word of it, folded
    words: frozenset[str] = frozenset()


def facts_of(numero: str, type_acte: str | None, text: str, content: ActeReading) -> ActeFacts:
    """The facts of an acte ordered as `numero`, from its joined text and what was found there."""
    head = plain(text[:_HEAD])
    number, date = _NUMBER.search(head), _DATE.search(head)
    first = next((section.start for section in content.sections if section.sujet == "parties"), _HEAD)
    titles = [section.titre for section in content.sections if section.titre and section.start < min(first, _HEAD)]
    natures = [nature for nature in map(lexicon().nature, titles) if nature]
    return ActeFacts(
        numero,
        digits(number[1]) if number else None,
        parse_date(date[1]).text if date else None,
        natures[0] if natures else None,
        tuple(partie.nom for partie in content.parties),
        content.montants,
        content.lots,
        content.references,
        type_acte == "Radiation",
        frozenset(tokens(text)),
    )


def crosscheck(pages: Sequence[PageReading], actes: Sequence[ActeFacts], lot: str = "") -> tuple[PageReading, ...]:
    """The pages of an index of `lot`, each row held against the acte of its number. Doing it twice changes nothing."""
    by_number = {acte.numero: acte for acte in actes}
    known = frozenset(row.numero for page in pages for row in page.rows if row.numero)
    missing = [acte for acte in actes if acte.numero not in known and lot and lot in acte.lots]
    cancelled = {number: acte for acte in actes if acte.radiates for number in acte.references}
    return tuple(
        replace(
            page,
            rows=tuple(_held(row, by_number, cancelled, missing, page.reader) for row in page.rows),
            doubts=(*page.doubts, *_unknown(page, by_number, known, lot)),
        )
        for page in pages
    )


def _held(
    row: Inscription,
    actes: Mapping[str, ActeFacts],
    cancelled: Mapping[str, ActeFacts],
    missing: Sequence[ActeFacts],
    reader: str,
) -> Inscription:
    number = row.numero
    if row.kind is not RowKind.INSCRIPTION or not number:
        return row
    acte = actes.get(number)
    if acte is not None:
        for name, verdict in _verdicts(row, acte):
            row = _noted(row, name, verdict, reader)
    else:
        twins = [other for other in missing if _is_misread(row, other)]
        if len(twins) == 1:
            row = _noted(row, "numero", twins[0].numero, reader)
    by = cancelled.get(number)
    if by is not None:
        told = any(digits(item) == digits(by.numero) for item in row.radiations)
        row = _noted(row, "radiations", True if told else [by.numero], reader)
    return row


def _verdicts(row: Inscription, acte: ActeFacts) -> Iterator[tuple[str, Any]]:
    """Field → True where the acte says the same, else what it says. Fields it says nothing of are left out."""
    if acte.printed is not None:
        yield "numero", True if acte.printed == digits(row.numero or "") else acte.printed
    if acte.date and row.date:
        yield "date", True if acte.date == row.date else acte.date
    read = lexicon().nature(row.nature)
    if acte.nature and read:
        yield "nature", True if acte.nature == read else acte.nature.capitalize()
    if acte.parties and row.parties:
        yield from _parties(row, acte)
    amounts = set(amounts_in(row.remarques or ""))
    if acte.montants and amounts:
        same = amounts <= set(acte.montants)
        yield "remarques", True if same else ", ".join(map(shown_amount, acte.montants))


def _parties(row: Inscription, acte: ActeFacts) -> Iterator[tuple[str, Any]]:
    mine = {_name(partie.nom) for partie in row.parties}
    if mine <= {_name(name) for name in acte.parties}:
        yield "parties", True
    # one whom the acte names elsewhere than among those who appear is no stranger to it
    elif not frozenset[str]().union(*mine) <= acte.words:
        yield "parties", [{"nom": name, "qualite": None} for name in acte.parties]


def _noted(row: Inscription, name: str, verdict: Any, reader: str) -> Inscription:
    """The row with the acte's word on one field."""
    before = {by: value for by, value in row.others.get(name, {}).items() if by != ACTE}
    read = row.witnesses.get(name) or (reader.partition("+")[0],)
    read = tuple(by for by in read if by != ACTE)
    others = {key: value for key, value in row.others.items() if key != name}
    if verdict is True:
        return replace(
            row,
            witnesses={**row.witnesses, name: (*read, ACTE)},
            others={**others, name: before} if before else others,
        )
    return replace(
        row.doubted(name),
        witnesses={**row.witnesses, name: read},
        others={**others, name: {**before, ACTE: verdict}},
    )


def _is_misread(row: Inscription, acte: ActeFacts) -> bool:
    """Whether the row may be the acte's, its number misread: same date or a party of it, few digits otherwise."""
    mine, theirs = digits(row.numero or ""), digits(acte.numero)
    if len(mine) != len(theirs) or sum(a != b for a, b in zip(mine, theirs, strict=True)) > _MISREAD:
        return False
    names = {_name(name) for name in acte.parties}
    return bool(row.date and row.date == acte.date) or any(_name(partie.nom) in names for partie in row.parties)


def _unknown(page: PageReading, actes: Mapping[str, ActeFacts], known: frozenset[str], lot: str) -> Iterator[Doubt]:
    """Numbers that an acte of this lot alone refers to and the index should have, and has not."""
    span = [int(number) for number in known if number.isdigit()] or [0]
    for row in page.rows:
        acte = actes.get(row.numero or "")
        if acte is None or acte.lots != (lot,):
            continue
        for number in acte.references:
            if number in known or not min(span) <= int(number) <= max(span):
                continue
            doubt = Doubt(None, number, f"l'acte {acte.numero} renvoie au numéro {number}, que l'index n'a pas")
            if doubt not in page.doubts:
                yield doubt


def _name(text: str) -> frozenset[str]:
    """A name whichever way it is written: `DUFRESNE, PHILÉAS` is `Philéas DUFRESNE`."""
    return frozenset(tokens(text))
