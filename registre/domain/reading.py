"""What reading a page yields: its text, and for an index its rows as data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

#: Left, top, right, bottom as shares (0 to 1) of the page's straight, upright picture.
Box = tuple[float, float, float, float]

#: How a person is named among the witnesses of a field: this, and the name.
PERSON: Final = "person:"
#: What a person says of a field that nobody can read; it stays doubted, and is not asked again.
ILLEGIBLE: Final = "[illisible]"


class PageState(StrEnum):
    """How a page's reading ended; a document is read when every page has one of these but the last."""

    READ = "read"
    BLANK = "blank"
    #: the paid reader would not or could not; the second reader did
    SECOND_READER = "second_reader"
    #: the paid reader's answer was cut short or went in circles; read again in halves
    RETAKEN = "retaken"
    FAILED = "failed"


#: Pages that ended so have been read, one way or another.
READ_STATES: Final = frozenset({PageState.READ, PageState.SECOND_READER, PageState.RETAKEN})


class RowKind(StrEnum):
    """A line of an index: a published right, or a note that carries no number of its own."""

    INSCRIPTION = "inscription"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Partie:
    """A party to an inscription, name as printed."""

    nom: str
    #: créancier, débiteur, vendeur … as printed; None where the page gives none
    qualite: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the registry's habits make likely instead of what was read. Never applied by itself."""

    #: `nature` or `parties`
    field: str
    value: str
    #: 3 likely, 5 almost certain
    score: int
    #: numbers of the rules that speak for it (`registre/ocr/correction/rules.toml`)
    rules: tuple[int, ...]
    #: the name it would replace, for `parties`
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class Inscription:
    """One row of an index des immeubles. Never invents: what was not read is None."""

    kind: RowKind
    #: date de présentation, ISO `YYYY-MM-DD`
    date: str | None = None
    #: numéro d'inscription, digits and dashes, no spaces
    numero: str | None = None
    #: nature de l'acte as printed
    nature: str | None = None
    parties: tuple[Partie, ...] = ()
    remarques: str | None = None
    avis_adresse: str | None = None
    #: `T 12345678` (totale) or `P …` (partielle), number without inner spaces
    radiations: tuple[str, ...] = ()
    #: the row's text exactly as read
    raw: str = ""
    #: names of the fields that a domain check or another reader doubts; `row` when only one reader saw it at all
    uncertain: tuple[str, ...] = ()
    #: field → readers that read the value kept; empty while one reader alone has looked
    witnesses: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    #: field → reader → what it read instead
    others: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    #: the nature's usual name, where it is a known one; the list is open
    nature_normalisee: str | None = None
    suggestions: tuple[Suggestion, ...] = ()
    #: field → where it stands on the page; `row` for the whole line; empty where the reader gives no places
    places: dict[str, Box] = field(default_factory=dict[str, Box])

    def is_settled(self, name: str) -> bool:
        """Whether a person said what the page has there: no check doubts it any more."""
        return any(witness.startswith(PERSON) for witness in self.witnesses.get(name, ()))

    def doubted(self, *names: str) -> Inscription:
        """The row with these fields uncertain too, but for what a person settled."""
        marks = {name for name in names if not self.is_settled(name)} - set(self.uncertain)
        return replace(self, uncertain=tuple(sorted({*self.uncertain, *marks}))) if marks else self


@dataclass(frozen=True, slots=True)
class Doubt:
    """A number, date or amount of running text that two readers do not agree on."""

    #: as the text kept has it; None where only the other reader saw something
    read: str | None
    #: as the other reader has it; None where it saw nothing
    other: str | None
    #: the words around it
    near: str
    #: `lot` for the lot in an index's header; empty for running text
    field: str = ""


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page, as one reader read it or as several agree on it."""

    #: 1 for the first page of the PDF
    number: int
    state: PageState
    #: `text_layer`, `rapidocr`, `gemini`; several joined by `+`, the one whose text is kept first
    reader: str
    reader_version: str
    text: str = ""
    rows: tuple[Inscription, ...] = ()
    #: header fields seen on the page: circonscription, cadastre, lot, …
    header: dict[str, str] = field(default_factory=dict[str, str])
    #: mean certainty of the reader, 0 to 1; None where it gives none
    confidence: float | None = None
    #: what went wrong, for `failed`
    error: str | None = None
    #: critical figures of the text that another reader read otherwise
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether something was read on it: neither blank nor failed."""
        return self.state in READ_STATES


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of an acte; `start` and `end` are character offsets into the joined text."""

    #: as printed; empty for what stands before the first title
    titre: str
    #: what it is about: `entete`, `parties`, `designation`, `prix`, `references`, `signatures`, `autre`
    sujet: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ActeReading:
    """What a whole acte says, found in its text; the text itself stays as read."""

    sections: tuple[Section, ...]
    parties: tuple[Partie, ...]
    #: lot numbers without inner spaces
    lots: tuple[str, ...]
    #: amounts in cents
    montants: tuple[int, ...]
    #: numbers of other inscriptions it refers to
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """One change between the text as read and its corrected copy."""

    #: `chiffres`, `montant`, `nom`, `abreviation`; `personne` for what a person said of a doubtful field
    kind: str
    before: str
    after: str
    #: character offset into the text as read
    at: int


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What was checked of a delivered PDF before it counts as the document."""

    size: int
    sha256: str
    pages: int
    #: text layer of the first pages, empty for a scan
    text: str
