"""Why a field is doubted, in words for the person who is asked about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registre.domain.reading import PERSON, Doubt, Inscription
from registre.domain.review import LOT
from registre.ocr.accord.checks import doubt_order, doubt_radiations


def why(rows: Sequence[Inscription], index: int, name: str) -> str:
    """The reasons that can be told for field `name` of row `index`, of all rows of the document."""
    row = rows[index]
    reasons: list[str] = []
    if name == "row":
        return "un seul lecteur a vu cette ligne"
    others = [reader for reader in row.others.get(name, {}) if not reader.startswith(PERSON)]
    if "acte" in others:
        reasons.append("l'acte de ce numéro dit autre chose")
    if set(others) - {"acte"}:
        reasons.append("deux lectures ne s'accordent pas")
    bare = [replace(other, uncertain=()) for other in rows]
    if name in {"date", "numero"} and name in doubt_order(bare)[index].uncertain:
        same = [other for other in rows if other.numero and other.numero == row.numero and other.date != row.date]
        if name == "numero" and same:
            reasons.append("le même numéro est sous deux dates")
        else:
            reasons.append(
                "la date ne suit pas l'ordre" if name == "date" else "le numéro ne suit pas l'ordre croissant"
            )
    if name == "radiations" and name in doubt_radiations(bare)[index].uncertain:
        reasons.append("aucune ligne du document ne porte ce numéro")
    suggested = [item.value for item in row.suggestions if item.field == name]
    reasons += [f"les habitudes du registre suggèrent « {value} »" for value in suggested]
    return "; ".join(reasons) or "lu sans certitude"


def why_text(doubt: Doubt) -> str:
    """The same for a doubt of the text or header."""
    if doubt.field == LOT:
        return "le lot de l'en-tête n'est pas celui de la demande, ou n'a pas la forme d'un lot"
    if doubt.read is None and doubt.other is None:
        return "un lecteur dit qu'il manque quelque chose"
    return "deux lectures ne s'accordent pas" if doubt.read and doubt.other else "un seul lecteur l'a vu"
