"""A CSV of orders: heads in any usual spelling, every line checked, all faults told with their line numbers. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click

from registre.domain.errors import InvalidRequest
from registre.domain.request import Request, parse_request
from registre.domain.text import fold

#: Column of the public table → what else its head may say, folded.
_HEADS: Final = {
    "document_source": ("source", "sorte", "document", "type de document", "type document", "kind"),
    "document_number": (
        *("numero", "no", "numero du document", "numero de document", "lot", "numero de lot", "inscription"),
        *("numero d inscription", "numero inscription", "number"),
    ),
    "document_number_normalized": ("numero normalise",),
    "circonscription_fonciere": ("circonscription",),
    "cadastre": (),
    "designation_secondaire": ("designation",),
    "acte_type": ("type", "type d acte", "type acte", "nature"),
}
_COLUMN: Final = {
    fold(head): column for column, others in _HEADS.items() for head in (column, column.replace("_", " "), *others)
}
_KINDS: Final = {
    "index": "index",
    "index des immeubles": "index",
    "index immeubles": "index",
    "acte": "acte",
    "actes": "acte",
    "plan": "plan_cadastraux",
    "plan cadastral": "plan_cadastraux",
    "plan cadastraux": "plan_cadastraux",
    "plans cadastraux": "plan_cadastraux",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One order of the file, checked: a request, or the sentence that says why not."""

    #: as an editor counts, the head being line 1
    number: int
    request: Request | None
    typed: str
    fault: str | None = None


def read_orders(content: bytes) -> list[Line]:
    """Every order of the file, good or bad; blank lines are passed over.

    Raises:
        click.UsageError: no head, an unknown column, or no line at all.
    """
    text = _decode(content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    columns = _columns(next(reader, list[str]()))
    lines: list[Line] = []
    start = reader.line_num + 1
    for cells in reader:
        number, start = start, reader.line_num + 1
        if any(cell.strip() for cell in cells):
            lines.append(_line(number, columns, cells))
    if not lines:
        raise click.UsageError("Le fichier ne contient aucune demande.")
    return lines


def kind_of(text: str) -> str:
    """`plan`, `Plan cadastral` → `plan_cadastraux`; what is not known stays, for the check to refuse."""
    return _KINDS.get(fold(text), text)


def check(raw: Mapping[str, str | None]) -> Request:
    """A request from the public table's columns, its kind in any usual spelling. Raises InvalidRequest."""
    return parse_request({**raw, "document_source": kind_of(raw.get("document_source") or "")})


def _line(number: int, columns: list[str], cells: list[str]) -> Line:
    typed = ""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return Line(number, None, typed, f"{len(cells)} valeurs pour {len(columns)} colonnes.")
    raw = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
    typed = raw.get("document_number") or raw.get("document_number_normalized") or ""
    try:
        return Line(number, check(raw), typed)
    except InvalidRequest as exc:
        return Line(number, None, typed, exc.text)


def _columns(head: list[str]) -> list[str]:
    columns = [_COLUMN.get(fold(name), "") for name in head]
    unknown = [name.strip() for name, column in zip(head, columns, strict=True) if not column]
    if not any(columns) or unknown:
        what = (
            f"colonne inconnue: {', '.join(unknown)}" if any(columns) else "la première ligne doit nommer les colonnes"
        )
        raise click.UsageError(f"Fichier de demandes: {what}. Colonnes admises: {', '.join(_HEADS)}.")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise click.UsageError(f"Fichier de demandes: colonne donnée deux fois: {', '.join(twice)}.")
    return columns


def _decode(content: bytes) -> str:
    """UTF-8, with or without mark; else what a French spreadsheet writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(";\t,", key=head.count)
