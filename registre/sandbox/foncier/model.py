"""What the replica land registry holds: fiches, actes, plans, and how each was digitised. All of it invented."""

from __future__ import annotations

from dataclasses import dataclass

from registre.domain.reading import Inscription, Partie


@dataclass(frozen=True, slots=True)
class Scan:
    """How a paper page was digitised; None on a document means born digital (it has a text layer)."""

    dpi: int = 200
    #: degrees, counter-clockwise
    rotation: float = 0.0
    #: standard deviation of the grey noise, in levels of 0-255
    noise: float = 0.0
    #: radius of the Gaussian blur, pixels
    blur: float = 0.0
    bitonal: bool = False
    jpeg_quality: int = 70


@dataclass(frozen=True, slots=True)
class Fiche:
    """One lot's index des immeubles."""

    circonscription: str
    cadastre: str
    designation_secondaire: str | None
    #: without spaces: `2784195`, `10A-77`
    lot: str
    actif: bool
    #: chronological
    inscriptions: tuple[Inscription, ...]
    concordance: str | None
    #: ISO
    date_etablissement: str
    #: `modern` or `radiation` (computer reports), `old` (typewritten form), `ledger` or `english` (written by hand);
    #: a page prints what its layout has room for: see `registre.sandbox.documents`
    layout: str
    scan: Scan | None


@dataclass(frozen=True, slots=True)
class Acte:
    """One published document."""

    circonscription: str
    #: value of `registre.domain.request.TypeActe`
    type_acte: str
    #: digits only
    numero: str
    #: ISO
    date: str
    #: exists on paper only: listed, never delivered
    papier: bool
    #: large: the site asks a confirmation
    volumineux: bool
    nature: str
    parties: tuple[Partie, ...]
    lots: tuple[str, ...]
    montant: str | None
    pages: int
    scan: Scan | None


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One of the plans offered for a lot."""

    titre: str
    #: ISO
    date: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans cadastraux of one lot."""

    circonscription: str
    cadastre: str
    designation_secondaire: str | None
    lot: str
    #: in the order the site lists them
    versions: tuple[PlanVersion, ...]
    actif: bool
    #: the site asks a confirmation
    confirmation: bool
    scan: Scan | None


Document = Fiche | Acte | Plan
