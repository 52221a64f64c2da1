"""What a view of a page says, as printed; and that poured into whatever schema a request sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from registre.domain.reading import Inscription
from registre.sandbox.documents.sheet import Sheet
from registre.sandbox.foncier.holdings.lot_history import grouped
from registre.sandbox.gemini.pages import View, row_spans

#: A row of which less than this stands in the picture is not there, in points.
_SLIVER: Final = 4.0

Json = dict[str, Any]


def said(view: View | None) -> Json:
    """Everything a reader may ask of a view; of a page that is not ours, that it cannot be read."""
    if view is None:
        return {"etat": "illisible", "texte": "", "en_tete": {}, "lignes_visibles": 0, "lignes": []}
    sheet = view.page.sheet
    rows = [
        _cut(_printed(row, sheet), top, bottom, view)
        for row, (top, bottom) in zip(sheet.rows, row_spans(sheet), strict=True)
        if min(bottom, view.bottom) - max(top, view.top) > _SLIVER
    ]
    header = sheet.header if view.top < sheet.height * 0.1 else {}
    return page_said(text_of(view), header, rows)


def page_said(text: str, header: Mapping[str, str], rows: Sequence[Json]) -> Json:
    """A legible page: its text, what stands above the table, its rows."""
    return {
        "etat": "lisible",
        "texte": text,
        "en_tete": dict(header),
        "lignes_visibles": len(rows),
        "lignes": list(rows),
    }


def row_said(row: Inscription, printed: Callable[[str], str] = str) -> Json:
    """A row's cells; `printed` says how a number stands on the page."""
    radiations = (radiation.partition(" ") for radiation in row.radiations)
    return {
        "type": row.kind.value,
        "date": row.date,
        "numero": printed(row.numero) if row.numero else None,
        "nature": row.nature,
        "parties": [{"nom": partie.nom, "qualite": partie.qualite} for partie in row.parties],
        "remarques": row.remarques,
        "avis_adresse": printed(row.avis_adresse) if row.avis_adresse else None,
        "radiations": [f"{letter}{space}{printed(figures)}" for letter, space, figures in radiations],
        "coupee": False,
    }


def text_of(view: View) -> str:
    """What is printed in a view, in reading order."""
    sheet = view.page.sheet
    if view.whole:
        return sheet.reading()
    runs = [run for run in sheet.texts if run.y - run.size >= view.top and run.y <= view.bottom]
    return "".join(run.text + run.after for run in runs).strip()


def pour(schema: Mapping[str, Any], value: object, definitions: Mapping[str, Any] | None = None) -> object:
    """`value` in the shape of a JSON schema: what it does not ask is left out, what we do not know is null or empty."""
    definitions = cast("Mapping[str, Any]", schema.get("$defs", {})) if definitions is None else definitions
    if "$ref" in schema:
        return pour(definitions[str(schema["$ref"]).rsplit("/", 1)[-1]], value, definitions)
    if "anyOf" in schema:
        return _either(cast("list[Mapping[str, Any]]", schema["anyOf"]), value, definitions)
    kind = schema.get("type")
    if kind == "object":
        known: Mapping[str, object] = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
        properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))
        return {name: pour(inner, known.get(name), definitions) for name, inner in properties.items()}
    if kind == "array":
        items = cast("list[object]", value) if isinstance(value, list) else []
        return [pour(schema.get("items", {}), item, definitions) for item in items]
    if value is None:
        return {"string": "", "integer": 0, "number": 0, "boolean": False}.get(str(kind))
    return value


def _either(branches: list[Mapping[str, Any]], value: object, definitions: Mapping[str, Any]) -> object:
    if value is None and any(branch.get("type") == "null" for branch in branches):
        return None
    return pour(next(branch for branch in branches if branch.get("type") != "null"), value, definitions)


def _printed(row: Inscription, sheet: Sheet) -> Json:
    """A row's cells as they are printed: dates of old forms short, numbers of modern ones in groups."""
    runs = {run.text for run in sheet.texts}

    def number(value: str) -> str:
        if not value.isdigit():
            return value
        return grouped(value) if any(run.endswith(grouped(value)) for run in runs) else value

    short = (row.date or "")[2:]
    return {**row_said(row, number), "date": short if short and short in runs else row.date}


def _cut(row: Json, top: float, bottom: float, view: View) -> Json:
    """A row cut by the picture's edge shows its first line or its last ones, not both."""
    if top >= view.top - _SLIVER and bottom <= view.bottom + _SLIVER:
        return row
    row = {**row, "coupee": True}
    if top < view.top:
        row |= {"date": None, "numero": None, "nature": None, "parties": row["parties"][-1:], "radiations": []}
    else:
        row |= {"parties": row["parties"][:1], "remarques": None}
    return row
