"""What a reading is as JSON, and back: Pydantic over the domain's own classes, for database, export and schema alike.

`registre/domain/reading.py` is the one definition. What the paid reader is asked for names the same fields
(`registre/ocr/gemini/schema.py`; a test holds the two together).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from registre.domain.reading import ActeReading, Correction, Doubt, Inscription, PageReading

Json = dict[str, Any]


def to_json(value: PageReading | Inscription | Doubt | ActeReading | Correction) -> Json:
    """Plain JSON values, every field named."""
    return _adapter(type(value)).dump_python(value, mode="json")


def page_from(raw: Json) -> PageReading:
    """A page from its JSON; a field that an older writer did not know takes its default.

    Raises:
        pydantic.ValidationError: it is not a page.
    """
    return _adapter(PageReading).validate_python(raw)


def row_from(raw: Json) -> Inscription:
    """A row from its JSON; raises as `page_from`."""
    return _adapter(Inscription).validate_python(raw)


def doubt_from(raw: Json) -> Doubt:
    """A doubt from its JSON; raises as `page_from`."""
    return _adapter(Doubt).validate_python(raw)


def acte_from(raw: Json) -> ActeReading:
    """What an acte says from its JSON; raises as `page_from`."""
    return _adapter(ActeReading).validate_python(raw)


def json_schema() -> Json:
    """JSON Schema of what is exported: a `page` and an `acte`, their parts under `$defs`."""
    shapes = (("page", PageReading), ("acte", ActeReading))
    keys, schema = TypeAdapter.json_schemas(
        [(name, "serialization", _adapter(shape)) for name, shape in shapes], title="Lecture"
    )
    return {**schema, "type": "object", "properties": {name: keys[name, "serialization"] for name, _ in shapes}}


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    # built at first use: milliseconds that most commands never need
    return TypeAdapter(shape)
