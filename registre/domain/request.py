"""What a customer orders, checked; and what the registry offers for it (a target)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from registre.domain.errors import InvalidRequest
from registre.domain.option import Option, match_option
from registre.domain.text import fold, slug


class DocumentKind(StrEnum):
    """`document_source` of the public table."""

    INDEX = "index"
    ACTE = "acte"
    PLAN = "plan_cadastraux"


class TypeActe(StrEnum):
    """The four kinds of published document the acte form offers."""

    ACTE = "Acte"
    AVIS_ADRESSE = "Avis d'adresse"
    RADIATION = "Radiation"
    ACTE_DIVERS = "Acte divers"


#: Letters, digits and dashes; `399-184`, `10A-77`, `PC-12345`, `2784195`. At least one digit.
_LOT = re.compile(r"^(?=.*\d)[A-Z0-9]+(?:-[A-Z0-9]+)*$")
#: Numéro d'inscription: 4 to 13 digits, dashes on old forms.
_INSCRIPTION = re.compile(r"^[0-9][0-9-]{2,11}[0-9]$")


@dataclass(frozen=True, slots=True)
class Request:
    """An order as it can be placed: number without spaces, names as the customer wrote them."""

    kind: DocumentKind
    number: str
    circonscription: str
    cadastre: str | None = None
    designation_secondaire: str | None = None
    type_acte: TypeActe | None = None

    @property
    def key(self) -> str:
        """Folded words of the order: two rows with one key ask for the same thing."""
        parts = (
            self.circonscription,
            self.cadastre or "",
            self.designation_secondaire or "",
            self.type_acte or "",
        )
        return "/".join((self.kind, self.number, *(fold(part) for part in parts)))


@dataclass(frozen=True, slots=True)
class Target:
    """One purchasable combination, in the registry's own words."""

    kind: DocumentKind
    number: str
    circonscription: str
    cadastre: str | None = None
    designation_secondaire: str | None = None
    type_acte: TypeActe | None = None

    @property
    def key(self) -> str:
        """Natural key of the document: one purchase per key."""
        parts = (self.circonscription, self.cadastre, self.designation_secondaire, self.type_acte)
        return "/".join(("foncier", self.kind, *(slug(part) if part else "-" for part in parts), self.number))

    def to_json(self) -> dict[str, str | None]:
        """Plain fields, for the job row."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, str | None]) -> Target:
        """Inverse of `to_json`."""
        type_acte = raw.get("type_acte")
        return cls(
            kind=DocumentKind(raw["kind"] or ""),
            number=raw["number"] or "",
            circonscription=raw["circonscription"] or "",
            cadastre=raw.get("cadastre"),
            designation_secondaire=raw.get("designation_secondaire"),
            type_acte=TypeActe(type_acte) if type_acte else None,
        )

    def with_type(self, type_acte: TypeActe) -> Target:
        """The same number as another type of document."""
        return replace(self, type_acte=type_acte)


def normalize_number(text: str) -> str:
    """Spaces of any kind out, letters upper case, typographic dashes plain: ` 2 784 195` → `2784195`."""
    return re.sub(r"[\u2010-\u2015\u2212]", "-", re.sub(r"\s+", "", text)).upper()


def is_lot(number: str) -> bool:
    """Whether a normalized number has the shape of a lot: `2784195`, `399-184`, `10A-77`."""
    return _LOT.match(number) is not None


def number_in(number: str, text: str) -> bool:
    """The number stands in `text` on its own, however spaces group it: `2784195` in `lot 2 784 195`."""
    spaced = r"\s?".join(re.escape(character) for character in normalize_number(number))
    return re.search(rf"(?<![0-9A-Z]){spaced}(?![0-9A-Z])", text.upper()) is not None


def parse_request(raw: Mapping[str, object]) -> Request:
    """Check an order's fields and return it, or say in one sentence what is wrong.

    `raw` uses the public table's column names.

    Raises:
        InvalidRequest: a field is missing or cannot be what it claims.
    """
    source = _text(raw, "document_source") or ""
    try:
        kind = DocumentKind(source)
    except ValueError:
        raise InvalidRequest(f"document_source « {source} » inconnu: il faut index, acte ou plan_cadastraux.") from None
    circonscription = _text(raw, "circonscription_fonciere")
    if not circonscription:
        raise InvalidRequest("La circonscription foncière manque; registre n'en suppose aucune.")
    number = normalize_number(_text(raw, "document_number_normalized") or _text(raw, "document_number") or "")
    if not number:
        raise InvalidRequest("Le numéro du document manque.")
    if kind is DocumentKind.ACTE:
        return Request(kind, _inscription(number), circonscription, type_acte=_type_acte(raw))
    cadastre = _text(raw, "cadastre")
    if not cadastre:
        raise InvalidRequest("Le cadastre manque; il est obligatoire pour un index ou un plan.")
    if not is_lot(number):
        raise InvalidRequest(f"Le numéro de lot « {number} » n'a pas la forme d'un lot (ex. 2784195, 399-184, 10A-77).")
    return Request(kind, number, circonscription, cadastre, _text(raw, "designation_secondaire") or None)


def _inscription(number: str) -> str:
    if not _INSCRIPTION.match(number):
        raise InvalidRequest(
            f"« {number} » n'a pas la forme d'un numéro d'inscription (4 à 13 chiffres, ex. 25616321)."
        )
    return number


def _type_acte(raw: Mapping[str, object]) -> TypeActe:
    given = _text(raw, "acte_type")
    if not given:
        raise InvalidRequest("Le type d'acte manque (Acte, Avis d'adresse, Radiation ou Acte divers).")
    try:
        label = match_option(given, [Option(t.value, t.value) for t in TypeActe], what="Type d'acte").label
    except Exception as exc:
        if not hasattr(exc, "candidates"):
            raise
        raise InvalidRequest(
            f"Type d'acte « {given} » inconnu: il faut Acte, Avis d'adresse, Radiation ou Acte divers."
        ) from exc
    return TypeActe(label)


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name)
    return "" if value is None else str(value).strip()
