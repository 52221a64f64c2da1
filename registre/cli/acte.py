"""What an acte says as a whole, for people: sections, parties, lots, amounts, the inscriptions it refers to."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from registre.cli import words
from registre.cli.output import Output
from registre.domain.reading import ActeReading
from registre.ocr.acte import shown_amount
from registre.ocr.document import grouped

_SUBJECTS: Final = {
    "entete": "en-tête",
    "parties": "parties",
    "designation": "immeuble",
    "prix": "prix",
    "references": "renvois",
    "signatures": "signatures",
    "autre": "",
}
#: Items of one kind that are shown; --json has all.
_SHOWN: Final = 12


def show_acte(output: Output, acte: ActeReading) -> None:
    """Everything found in its text; what was not found says so."""
    titles = [
        f"{section.titre or 'en-tête'}" + (f" ({subject})" if section.titre and subject else "")
        for section in acte.sections
        for subject in (_SUBJECTS.get(section.sujet, section.sujet),)
    ]
    parties = [f"{partie.nom} ({partie.qualite})" if partie.qualite else partie.nom for partie in acte.parties]
    _line(output, "Sections", titles, ", ")
    _line(output, "Parties", parties, "\n")
    _line(output, "Lots", [_grouped(lot) for lot in acte.lots], ", ")
    _line(output, "Montants", [shown_amount(cents) for cents in acte.montants], ", ")
    _line(output, "Renvoie à", [_grouped(number) for number in acte.references], ", ")


def _line(output: Output, label: str, items: list[str], between: str) -> None:
    shown = between.join(items[:_SHOWN])
    if len(items) > _SHOWN:
        shown += f"{between}… et {words.plural(len(items) - _SHOWN, 'autre')} (--json)"
    first, *rest = (shown or "rien trouvé").split("\n")
    output.say(Text(f"{label:<10}{first}", style="" if items else "dim"))
    for line in rest:
        output.say(f"{'':<10}{line}")


def _grouped(number: str) -> str:
    return grouped(number) if number.isdigit() and len(number) > 4 else number
