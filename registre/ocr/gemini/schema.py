"""The one definition of an answer's shape: sent with the request, checked on return, turned into domain rows.

Values come as printed; what they mean is worked out here, by the same rules as for the offline readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from registre.domain.reading import Inscription, Partie, RowKind
from registre.domain.request import DocumentKind, normalize_number
from registre.ocr.index.fields import Value, parse_avis, parse_date, parse_number, parse_radiations

Etat = Literal["lisible", "illisible", "blanche"]
Champ = Literal["date", "numero", "nature", "parties", "remarques", "avis_adresse", "radiations"]
_HEADER_DATES = ("date_etablissement",)


class _Shape(BaseModel):
    # every field is required: an answer that forgets one is not an answer
    model_config = ConfigDict(extra="forbid", frozen=True)


class PartieLue(_Shape):
    nom: str
    qualite: str | None


class Ligne(_Shape):
    """One row of the table, each cell as printed."""

    type: Literal["inscription", "note"]
    date: str | None
    numero: str | None
    nature: str | None
    parties: list[PartieLue]
    remarques: str | None
    avis_adresse: str | None
    radiations: list[str]
    #: cells that the model itself is not sure of
    doutes: list[Champ]
    #: cut by the upper or lower edge of the picture
    coupee: bool


class EnTete(_Shape):
    """What stands above the table."""

    circonscription: str | None
    cadastre: str | None
    designation_secondaire: str | None
    lot: str | None
    date_etablissement: str | None
    concordance: str | None
    plans: str | None
    droits_a_jour: str | None
    radiations_a_jour: str | None
    page: str | None
    pages: str | None


class PageIndex(_Shape):
    """A page of an index des immeubles."""

    etat: Etat
    en_tete: EnTete
    #: counted before the rows are written
    lignes_visibles: Annotated[int, Field(ge=0, le=200)]
    lignes: list[Ligne]


class PageTexte(_Shape):
    """A page of an acte or of a plan."""

    etat: Etat
    texte: str


Answer = PageIndex | PageTexte


def answer_type(kind: DocumentKind) -> type[Answer]:
    """The shape asked of a page of that kind."""
    match kind:
        case DocumentKind.INDEX:
            return PageIndex
        case DocumentKind.ACTE | DocumentKind.PLAN:
            return PageTexte
        case _:
            assert_never(kind)


def answer_schema(kind: DocumentKind) -> dict[str, Any]:
    """The shape as JSON Schema, of the keywords that the API takes."""
    return answer_type(kind).model_json_schema()


def inscriptions(lignes: Sequence[Ligne]) -> tuple[Inscription, ...]:
    """Rows as data; what could not be parsed is doubted, never dropped."""
    return tuple(_inscription(ligne) for ligne in lignes)


def header(en_tete: EnTete) -> dict[str, str]:
    """Header fields by key, as the offline readers name them."""
    found = {name: value.strip() for name, value in en_tete.model_dump().items() if value and value.strip()}
    if "lot" in found:
        found["lot"] = normalize_number(found["lot"])
    for name in _HEADER_DATES:
        if name in found:
            found[name] = parse_date(found[name]).text or found[name]
    return found


def page_text(page: PageIndex) -> str:
    """The page as running text: header values, then a row a line, cell after cell."""
    lines = [value for value in page.en_tete.model_dump().values() if value]
    return "\n".join([*lines, *(printed(ligne) for ligne in page.lignes)])


def printed(ligne: Ligne) -> str:
    """A row as it stands on the page."""
    parties = [text for partie in ligne.parties for text in (partie.qualite, partie.nom) if text]
    cells = [ligne.date, ligne.numero, ligne.nature, *parties, ligne.remarques, ligne.avis_adresse, *ligne.radiations]
    return " ".join(cell.strip() for cell in cells if cell and cell.strip())


def _inscription(ligne: Ligne) -> Inscription:
    date = parse_date(ligne.date) if ligne.date else Value(None)
    number = parse_number(ligne.numero) if ligne.numero else Value(None)
    avis = parse_avis(ligne.avis_adresse) if ligne.avis_adresse else Value(None)
    radiations, left_over = parse_radiations(" ".join(ligne.radiations))
    kind = RowKind(ligne.type)
    doubts: set[str] = set(ligne.doutes)
    doubts |= {"row"} if ligne.coupee else set()
    doubts |= {"date"} if date.doubtful else set()
    doubts |= {"numero"} if number.doubtful or (kind is RowKind.INSCRIPTION and number.text is None) else set()
    doubts |= {"avis_adresse"} if avis.doubtful else set()
    doubts |= {"radiations"} if left_over else set()
    return Inscription(
        kind=kind,
        date=date.text,
        numero=number.text,
        nature=_text(ligne.nature),
        parties=tuple(Partie(p.nom.strip(), _text(p.qualite)) for p in ligne.parties if p.nom.strip()),
        remarques=_text(ligne.remarques),
        avis_adresse=avis.text,
        radiations=radiations,
        raw=printed(ligne),
        uncertain=tuple(sorted(doubts)),
    )


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None
