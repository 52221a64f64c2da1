"""What reading a page yields: its text, and for an index its rows as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class PageState(StrEnum):
    """How a page's reading ended; a document is read when every page has one of these."""

    READ = "read"
    BLANK = "blank"
    FAILED = "failed"


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
    #: names of the fields a domain check doubts
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReading:
    """One page, read by one reader."""

    #: 1 for the first page of the PDF
    number: int
    state: PageState
    #: `text_layer`, `rapidocr`
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

    def rows_json(self) -> list[dict[str, Any]]:
        """Rows as plain JSON values."""
        return [asdict(row) for row in self.rows]


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What was checked of a delivered PDF before it counts as the document."""

    size: int
    sha256: str
    pages: int
    #: text layer of the first pages, empty for a scan
    text: str
