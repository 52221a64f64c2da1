"""What a person types for a field, checked by the parsers that read pages; and a field's value as people read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from registre.domain.errors import RegistreError
from registre.domain.reading import ILLEGIBLE
from registre.domain.request import is_lot, normalize_number
from registre.domain.review import LOT, TEXT
from registre.ocr.document import grouped
from registre.ocr.index.fields import Value, is_short_date, parse_avis, parse_date, parse_number, parse_radiations

#: What says that the page has nothing there.
NOTHING: Final = frozenset({"-", "–", "rien", "vide", "[vide]", "aucun", "aucune", "néant"})
_ILLEGIBLE: Final = frozenset({"illisible", ILLEGIBLE})
_LONGEST: Final = 2000
#: Fields of which nothing cannot be said, and fields that hold several values.
_MUST_SAY: Final = frozenset({"row", "kind", LOT})
_MANY: Final = frozenset({"parties", "radiations"})
_PARTIE: Final = re.compile(r"^([^()].*?)(?:\s*\(([^()]+)\))?$")


class InvalidAnswer(RegistreError):
    """What was typed cannot stand in that field."""

    code = "invalid_answer"
    message = "Cette valeur ne convient pas."
    hint = "« - » dit que la page n'a rien à cet endroit, « illisible » que personne ne peut le lire."


def parse_answer(field: str, typed: str) -> Any:
    """The value, as JSON.

    Raises:
        InvalidAnswer: it has not the field's shape.
    """
    text = " ".join(typed.split())
    if text.lower() in _ILLEGIBLE and field not in _MUST_SAY - {LOT}:
        return ILLEGIBLE
    if not text:
        raise InvalidAnswer("Rien n'a été tapé.")
    if len(text) > _LONGEST:
        raise InvalidAnswer(f"C'est plus long que {_LONGEST} caractères.")
    if text.lower() in NOTHING and field not in _MUST_SAY:
        return [] if field in _MANY else "" if field == TEXT else None
    return _PARSERS.get(field, str)(text)


def shown(field: str, value: Any) -> str:
    """The value on one line, as it could be typed."""
    match field, value:
        case _, str() if value == ILLEGIBLE:
            return "illisible"
        case "row", bool():
            return "oui" if value else "non"
        case _, None | "" | [] | ():
            return "(rien)"
        case "numero", str():
            return grouped(value) if value.isdigit() else value
        case "parties", _:
            return "; ".join(f"{p['nom']} ({p['qualite']})" if p.get("qualite") else p["nom"] for p in value)
        case "radiations", _:
            return ", ".join(value)
        case _:
            return str(value)


def _numero(text: str) -> str:
    return _sure(
        parse_number(text), f"« {text} » n'a pas la forme d'un numéro d'inscription (4 à 10 chiffres, ex. 25 616 321)."
    )


def _date(text: str) -> str:
    value = Value(None) if is_short_date(text) else parse_date(text)
    return _sure(value, f"« {text} » n'est pas une date du registre: année entière, mois, jour (ex. 2004-05-17).")


def _radiations(text: str) -> list[str]:
    found, left_over = parse_radiations(text.upper().replace(",", " "))
    if left_over or not found or not all(item[0] in "TP" for item in found):
        raise InvalidAnswer(
            f"« {text} » n'est pas une suite de radiations: T (totale) ou P (partielle), puis le numéro "
            "(ex. T 12 345 678)."
        )
    return list(found)


def _avis(text: str) -> str:
    return _sure(parse_avis(text), f"« {text} » n'est pas le numéro d'un avis d'adresse (ex. 6 012 417).")


def _sure(value: Value, refusal: str) -> str:
    if value.text is None or value.doubtful:
        raise InvalidAnswer(refusal)
    return value.text


def _lot(text: str) -> str:
    lot = normalize_number(text)
    if not is_lot(lot):
        raise InvalidAnswer(f"« {text} » n'a pas la forme d'un lot (ex. 2 784 195, 399-184, 10A-77).")
    return lot


def _partie(text: str) -> dict[str, str | None]:
    found = _PARTIE.match(text)
    if found is None or not re.search(r"[^\W\d_]", found[1]):
        raise InvalidAnswer(f"« {text} » n'est pas un nom. Écrivez: NOM, PRÉNOM (qualité); NOM, PRÉNOM (qualité).")
    return {"nom": found[1].strip(), "qualite": (found[2] or "").strip() or None}


def _one_of(text: str, choices: dict[str, Any]) -> Any:
    try:
        return choices[text.lower()]
    except KeyError:
        raise InvalidAnswer(f"Répondez {' ou '.join(choices)}.") from None


def _parties(text: str) -> list[dict[str, str | None]]:
    return [_partie(part.strip()) for part in text.split(";") if part.strip()]


_PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "numero": _numero,
    "date": _date,
    "radiations": _radiations,
    "avis_adresse": _avis,
    "parties": _parties,
    "row": lambda text: _one_of(text, {"oui": True, "non": False}),
    "kind": lambda text: _one_of(text, {"inscription": "inscription", "note": "note"}),
    LOT: _lot,
}
