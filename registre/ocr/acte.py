"""What an acte's text says: its sections, parties, lots, amounts and the inscriptions it refers to. Pure.

Everything is found in the text as read and nothing is added to it; offsets point into that text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from registre.domain.reading import ActeReading, Partie, Section
from registre.domain.text import digits, fold
from registre.ocr.index.fields import NUMBER_DIGITS
from registre.ocr.index.vocabulary import plain

_PAGE_MARK: Final = re.compile(r"^--- Page \d+ ---$", re.MULTILINE)
#: A line of capitals, at most six words: how notaries title a clause.
_TITLE: Final = re.compile(r"^[ \t]*(?=[^\n]*[A-ZÀ-Þ]{3})[A-ZÀ-ÞŒ'’ ,()-]{3,60}[ \t]*:?[ \t]*$", re.MULTILINE)
_MOST_WORDS: Final = 6
#: subject → folded words one of which a title must have
_SUBJECTS: Final = (
    ("parties", ("comparaissent", "comparait", "comparants", "parties", "appeared")),
    ("designation", ("designation", "description", "immeuble", "lots", "property")),
    ("prix", ("prix", "somme", "montant", "contrepartie", "consideration", "price")),
    ("references", ("titres", "origine", "provenance", "servitudes", "radiation", "references")),
    ("signatures", ("signatures", "signature", "dont acte", "lecture faite")),
)
_NUMBER: Final = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d{1,10}(?:-\d{1,4})*"
#: lots of the old cadastres have letters: 5B, 12A-34
_LOT: Final = rf"(?:{_NUMBER})[A-Z]?(?:-\d{{1,4}})?\b"
_LOTS: Final = re.compile(
    rf"\blots?\s*(?:num[ée]ros?|n[o°º]s?\.?)?\s*:?\s*((?:{_LOT})(?:\s*(?:,|et|and)\s*(?:{_LOT}))*)", re.IGNORECASE
)
_AMOUNT: Final = re.compile(r"(?<![\d,.])(\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+)(?:,(\d{2}))?\s?\$")
_REFERENCE: Final = re.compile(
    rf"(?:sous\s+le|inscrit\w*\s+(?:sous\s+le\s+)?|publi[ée]\w*\s+(?:sous\s+le\s+)?|inscription)\s*(?:num[ée]ro|n[o°º]\.?)?"
    # a notary's own number (« sous le numéro 123 des minutes ») leads nowhere in the registry
    rf"\s*:?\s*({_NUMBER})(?!\d|\s*(?:de\s+(?:ses|mes)|des)\s+minutes)",
    re.IGNORECASE,
)
#: `ci-après « vendeur »;`, quotation marks as a reader may see them
_ROLE: Final = re.compile(
    r"ci-apr[eè]s\s*(?:nomm[ée]\w*\s*|appel[ée]\w*\s*)?[«\"“<]+\s*([^»\"”>\n;]{3,40}?)\s*[»\"”>]+", re.I
)
#: the name that opens a party's description: up to its first comma, or `Prénom NOM`
_NAME: Final = re.compile(r"^\s*(?:ET\s*:?\s*)?((?:\d{4}-\d{4} )?[A-ZÀ-Þ][^,;\n]{3,80}?)\s*(?:,|;|$)")


def read_acte(text: str) -> ActeReading:
    """Read the joined text of a whole acte (`registre.ocr.document.join_pages`)."""
    sections = tuple(_sections(text))
    own = _own_number(text)
    references = dict.fromkeys(
        number for number in map(digits, _REFERENCE.findall(text)) if len(number) in NUMBER_DIGITS and number != own
    )
    return ActeReading(
        sections,
        tuple(_parties(text, sections)),
        tuple(dict.fromkeys(_lots(text))),
        tuple(dict.fromkeys(amounts_in(text))),
        tuple(references),
    )


def _sections(text: str) -> Iterator[Section]:
    titles = [
        found
        for found in _TITLE.finditer(text)
        if len(found[0].split()) <= _MOST_WORDS and not _PAGE_MARK.match(found[0].strip())
    ]
    edges = [0, *(found.start() for found in titles), len(text)]
    names = ["", *(found[0].strip().rstrip(" :") for found in titles)]
    for name, start, end in zip(names, edges[:-1], edges[1:], strict=True):
        if text[start:end].strip():
            yield Section(name, _subject(name), start, end)


def _subject(title: str) -> str:
    if not title:
        return "entete"
    words = fold(title)
    return next((subject for subject, keys in _SUBJECTS if any(key in words for key in keys)), "autre")


def _parties(text: str, sections: Sequence[Section]) -> Iterator[Partie]:
    """Those who appear, each with the qualité that the words after them give."""
    place = next((section for section in sections if section.sujet == "parties"), None)
    if place is None:
        return
    body = _PAGE_MARK.sub("", text[place.start : place.end])
    stop = re.search(r"\bLESQUEL", body)
    body = body[: stop.start()] if stop else body
    start = 0
    for role in _ROLE.finditer(body):
        for line in body[start : role.start()].split("\n"):
            name = _NAME.match(line)
            if name and not _TITLE.match(line):
                yield Partie(name[1].strip(), role[1].strip())
        start = role.end()


def _lots(text: str) -> Iterator[str]:
    for found in _LOTS.findall(text):
        for number in re.findall(_LOT, found):
            yield re.sub(r"\s", "", number)


def _own_number(text: str) -> str:
    """The number the acte itself was published under: its heading names it first."""
    found = re.search(rf"numero d'inscription\s*:?\s*({_NUMBER})", plain(text[:2000]))
    return digits(found[1]) if found else ""


def amounts_in(text: str) -> tuple[int, ...]:
    """Amounts of a text in cents."""
    return tuple(int(digits(whole)) * 100 + int(cents or 0) for whole, cents in _AMOUNT.findall(text))


def shown_amount(cents: int) -> str:
    """As actes print it: `674 000,00 $`."""
    return f"{cents // 100:,}".replace(",", " ") + f",{cents % 100:02d} $"
