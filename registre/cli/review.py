"""review: a person settles what readers doubt, the picture of the field before their eyes; each word is kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import actor, chosen_settings, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.cli.show import held_document
from registre.db import document as documents
from registre.db import review as reviews
from registre.db.pool import Connection
from registre.domain.reading import ILLEGIBLE
from registre.domain.review import LOT, TEXT, OpenDoubt
from registre.settings import Settings

#: Field → what people call it.
FIELDS: Final = {
    "numero": "numéro",
    "date": "date",
    "radiations": "radiations",
    LOT: "lot de l'en-tête",
    "parties": "parties",
    "nature": "nature",
    "remarques": "remarques",
    "avis_adresse": "avis d'adresse",
    "row": "la ligne existe",
    "kind": "inscription ou note",
    TEXT: "chiffre du texte",
}
#: Lines of a list; `--limit` shows more.
_SHOWN: Final = 30


@dataclass(frozen=True, slots=True)
class _Wish:
    """The options of one call."""

    id: str | None
    page: int | None
    row: int | None
    doubt: int | None
    field: str | None
    value: str | None
    confirm: bool
    by: str
    limit: int


@click.command()
@click.argument("id", required=False)
@click.option("--list", "listed", is_flag=True, help="Montre ce qui est à trancher, sans rien demander.")
@click.option("--page", type=click.IntRange(1), help="Seulement cette page.")
@click.option("--row", type=click.IntRange(1), help="Ligne de la page, la première est 1.")
@click.option("--doubt", type=click.IntRange(1), help="Doute du texte ou de l'en-tête, le premier de la page est 1.")
@click.option("--field", type=click.Choice(list(FIELDS)), help="Seulement ce champ.")
@click.option("--set", "value", metavar="VALEUR", help="Ce que la page dit: une valeur, « - » (rien) ou « illisible ».")
@click.option("--confirm", is_flag=True, help="La valeur lue est la bonne.")
@click.option("--by", metavar="NOM", help="Qui a regardé la page; sans cela, votre nom d'utilisateur.")
@click.option("--undo", type=int, metavar="NUMÉRO", help="Retire une correction: le champ redevient douteux.")
@click.option(
    "--export", type=click.Path(dir_okay=False, path_type=Path), help="Écrit les corrections (JSON par ligne)."
)
@click.option("--limit", type=click.IntRange(1), default=_SHOWN, show_default=True, help="Longueur de la liste.")
@json_option
@pass_output
def review(output: Output, id: str | None, *, by: str | None, listed: bool, **options: Any) -> int:
    """Tranche les champs douteux, l'image du champ sous les yeux.

    Numéros d'abord, puis dates, radiations, lots, montants, le reste. Sans ID, tous les documents.
    La correction survit à une relecture; le texte lu reste tel quel.

    \b
    Exemples:
      registre review
      registre review 3f2a91c0 --list
      registre review 3f2a91c0 --page 2 --row 5 --field numero --set 4123456 --by "A. Roy"
      registre review 3f2a91c0 --page 2 --row 5 --field date --confirm
      registre review --undo 12
      registre review --export corrections.jsonl
    """
    settings, undone, export = chosen_settings(), options.pop("undo"), options.pop("export")
    wish = _Wish(id=id, by=by or actor().partition(":")[2], **options)
    if undone is not None:
        return run(_undo(output, settings, undone))
    if export is not None:
        return run(_export(output, settings, wish, export))
    if wish.value is not None or wish.confirm:
        return run(_settle(output, settings, wish))
    if listed or output.json or not sys.stdin.isatty():
        return run(_list(output, settings, wish))
    from registre.cli.asking import ask_all

    return ask_all(output, settings, wish.id, page=wish.page, name=wish.field, person=wish.by)


async def document_of(connection: Connection, given: str | None) -> UUID | None:
    """The document of the order meant; None where none is named."""
    return None if given is None else (await held_document(connection, given))[1].id


async def _list(output: Output, settings: Settings, wish: _Wish) -> int:
    async with opened(settings) as connection:
        document_id = await document_of(connection, wish.id)
        found = await reviews.open_doubts(
            connection, document_id=document_id, number=wish.page, field=wish.field, limit=wish.limit
        )
    if output.json:
        output.json_document({"open": found[0].found if found else 0, "doubts": [_doubt_json(item) for item in found]})
        return 0
    if not found:
        output.say("Rien à trancher.")
        return 0
    output.table(
        ["Document", "!Page", "!Ligne", "Champ", "Lu"],
        [
            [
                words.target(item.kind, item.target),
                str(item.number),
                "" if item.place is None else str(item.place + 1),
                FIELDS.get(item.field, item.field),
                said(item),
            ]
            for item in found
        ],
    )
    output.say(
        f"\n{words.plural(found[0].found, 'champ')} à trancher. Dans un terminal, « registre review » les montre."
    )
    return 0


def said(item: OpenDoubt) -> str:
    """What the readers made of it, one after the other."""
    from registre.ocr.accord.answers import shown

    if item.review is not None:
        return f"{shown(item.field, item.value)} (correction {item.review} de {item.actor}; sa ligne n'est plus lue)"
    if item.place is None:
        if item.item.get("read") is None and item.item.get("other") is None:
            return str(item.item.get("near"))
        return " ou ".join(shown(item.field, item.item.get(name)) for name in ("read", "other"))
    values = [item.item.get(item.field), *item.item["others"].get(item.field, {}).values()]
    text = " ou ".join(dict.fromkeys(shown(item.field, value) for value in values)) if item.field != "row" else ""
    return text or str(item.item.get("raw", ""))[:60]


def _doubt_json(item: OpenDoubt) -> dict[str, Any]:
    return {
        "document_id": item.document_id,
        "kind": item.kind,
        "target": item.target,
        "page": item.number,
        "row": None if item.place is None else item.place + 1,
        "doubt": None if item.doubt is None else item.doubt + 1,
        "field": item.field,
        "review": item.review,
        "value": item.value,
        "item": item.item,
    }


async def _settle(output: Output, settings: Settings, wish: _Wish) -> int:
    from registre.ocr.accord.answers import parse_answer, shown
    from registre.stages import settle

    if wish.id is None or wish.page is None or (wish.row is None) == (wish.doubt is None):
        raise click.UsageError("Donnez ID, --page, et soit --row et --field, soit --doubt.")
    if wish.row is not None and wish.field in {None, LOT, TEXT}:
        raise click.UsageError("Avec --row, --field dit quel champ de la ligne.")
    if wish.confirm and wish.value is not None:
        raise click.UsageError("--set ou --confirm, pas les deux.")
    async with opened(settings) as connection:
        document_id = (await held_document(connection, wish.id))[1].id
        pages = await documents.pages(connection, document_id)
        field, place, doubt = wish.field or "", _index(wish.row), _index(wish.doubt)
        if doubt is not None:
            at = settle.Place(document_id, wish.page, None, doubt, TEXT)
            field = settle.find(pages, at).item.get("field") or TEXT
        at = settle.Place(document_id, wish.page, place, doubt, field)
        found = settle.find(pages, at)
        value = confirmed(found.item, field) if wish.confirm else parse_answer(field, wish.value or "")
        number = await settle.settle(connection, at, value, person=wish.by, actor=actor(), seen=found.item)
    if output.json:
        output.json_document({"review": number, "page": wish.page, "row": wish.row, "field": field, "value": value})
        return 0
    output.say(f"Correction {number}: {FIELDS.get(field, field)} = {shown(field, value)}, par {wish.by}.")
    return 0


def _index(given: int | None) -> int | None:
    return None if given is None else given - 1


def confirmed(item: dict[str, Any], field: str) -> Any:
    """The value that is there already."""
    if "near" in item:
        return item.get("read") or ""
    return True if field == "row" else item.get(field)


async def _undo(output: Output, settings: Settings, number: int) -> int:
    from registre.ocr.accord.answers import shown
    from registre.stages import settle

    async with opened(settings) as connection:
        undone = await settle.undo(connection, number, actor=actor())
    if output.json:
        output.json_document({"review": number, "undone": True})
    field = FIELDS.get(undone.field, undone.field)
    output.say(f"Correction {number} retirée ({field} = {shown(undone.field, undone.value)}); le champ est comme lu.")
    return 0


async def _export(output: Output, settings: Settings, wish: _Wish, path: Path) -> int:
    async with opened(settings) as connection:
        kept = await reviews.export_reviews(connection, await document_of(connection, wish.id))
    lines = [json.dumps(_exported(item), ensure_ascii=False) for item in kept]
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise click.UsageError(f"{path} ne peut pas être écrit: {exc.strerror}.") from exc
    if output.json:
        output.json_document({"path": path.absolute(), "count": len(lines)})
    output.say(Text(f"{words.plural(len(lines), 'correction')} dans {path}."))
    return 0


def _exported(item: dict[str, Any]) -> dict[str, Any]:
    """What a bench needs to ask any reader the same question, and nothing else of the document."""
    before: dict[str, Any] = item["before"] or {}
    boxes: dict[str, Any] = before.get("places") or {}
    keys: Sequence[str] = ("numero", "date") if item["place"] is not None else ("near",)
    return {
        "sha256": item["sha256"],
        "kind": item["kind"],
        "page": item["number"],
        "row": item["place"],
        "field": item["field"],
        "value": item["value"],
        "illegible": item["value"] == ILLEGIBLE,
        "readings": item["readings"],
        "box": boxes.get(item["field"]) or boxes.get("row"),
        "row_box": boxes.get("row"),
        "find": {key: before.get(key) for key in keys},
        "at": item["at"].isoformat(),
    }
