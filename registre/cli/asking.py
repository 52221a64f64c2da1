"""The conversation of `review`: one doubtful field after the other, its picture, its readings, a person's answer."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
from rich.text import Text

from registre.cli import words
from registre.cli.context import actor, opened
from registre.cli.doubts import Queue, key_of
from registre.cli.output import Output
from registre.cli.picture import half_blocks
from registre.cli.review import FIELDS, confirmed, document_of
from registre.db import document as documents
from registre.domain.errors import RegistreError
from registre.domain.reading import Box, PageReading
from registre.domain.review import OpenDoubt
from registre.ocr.accord.answers import InvalidAnswer, parse_answer, shown
from registre.ocr.accord.why import why, why_text
from registre.ocr.crop import Crop
from registre.ocr.document import all_rows
from registre.ocr.reader import Reader
from registre.settings import Settings
from registre.shapes import doubt_from, row_from
from registre.stages import settle
from registre.storage.objects import Objects

#: Widest and tallest picture, in characters.
_WIDEST: Final = 120
_TALLEST: Final = 20
_STOP: Final = frozenset({"q", "quitter", "stop"})
#: Answer to a correction that has lost its row: take it back.
_ABANDON: Final = "a"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A doubtful field with what is laid before a person."""

    doubt: OpenDoubt
    page: PageReading
    reason: str
    #: value as JSON and who read it, the one kept first
    choices: tuple[tuple[Any, str], ...]
    #: None where there is none, for the reason told
    picture: Crop | None
    missing: str = ""


def ask_all(
    output: Output, settings: Settings, given: str | None, *, page: int | None, name: str | None, person: str
) -> int:
    """Go through what is open until nothing is, or the person stops. Each answer is kept at once."""
    settled = 0
    with asyncio.Runner() as runner, _session(runner) as reader:
        queue = Queue(settings, runner.run(_document(settings, given)), page, name)
        while (item := runner.run(queue.next())) is not None:
            with output.err.status("L'image vient…"):
                found = runner.run(_laid_out(settings, reader, item))
            with _picture_file(settings, found) as path:
                _show(output, found, path)
                answer = _answer(output, found)
            if answer is None:
                break
            if answer == ():
                queue.skipped.add(key_of(item))
                continue
            try:
                said = runner.run(_keep(settings, found, answer[0], person))
            except RegistreError as exc:
                queue.skipped.add(key_of(item))
                output.say(Text(f"{exc.text} Rien n'est écrit.", style="yellow"))
                continue
            settled += 1
            output.say(Text(said, style="green"))
        left = runner.run(queue.left())
    output.say(f"\n{words.plural(settled, 'champ tranché', 'champs tranchés')}; {left} à trancher.")
    return 0


@contextmanager
def _session(runner: asyncio.Runner) -> Generator[Reader]:
    reader = Reader(1)
    try:
        yield reader
    finally:
        runner.run(reader.close())


async def _document(settings: Settings, given: str | None) -> UUID | None:
    async with opened(settings) as connection:
        return await document_of(connection, given)


async def _laid_out(settings: Settings, reader: Reader, item: OpenDoubt) -> _Shown:
    async with opened(settings) as connection:
        held = await documents.document(connection, item.document_id)
        pages = await documents.pages(connection, item.document_id)
    assert held is not None  # noqa: S101  a page has its document
    page = next(page for page in pages if page.number == item.number)
    box, near, reason = _where(item, pages)
    figures = [str(item.item[name]) for name in ("read", "other") if item.item.get(name)]
    picture, missing = None, "un texte de l'ancien système n'en a pas"
    if not held.path.endswith(".txt"):
        try:
            content = await Objects(settings.object_root).get(held.object_key)
            picture = await reader.crop(content, item.number, box, near, figures)
        except RegistreError as exc:
            missing = exc.text
    return _Shown(item, page, reason, _choices(item, page), picture, missing)


def _where(item: OpenDoubt, pages: list[PageReading]) -> tuple[Box | None, str, str]:
    """Where it stands on the page, the words it stands among, and why it is doubted."""
    if item.place is None:
        doubt = doubt_from(item.item)
        return None, doubt.near, why_text(doubt)
    row = row_from(item.item)
    box = row.places.get(item.field) or row.places.get("row")
    if item.review is not None:
        said = f"{shown(item.field, item.value)} (correction {item.review} de {item.actor})"
        return box, row.raw, f"{said} n'a plus sa ligne depuis une relecture"
    before = sum(len(page.rows) for page in pages if page.number < item.number)
    return box, row.raw, why(all_rows(pages), before + item.place, item.field)


def _choices(item: OpenDoubt, page: PageReading) -> tuple[tuple[Any, str], ...]:
    if item.review is not None:
        return ()
    if item.place is None:
        first, _, second = page.reader.partition("+")
        pairs = [(item.item.get("read"), first), (item.item.get("other"), second or "autre")]
        return tuple((value, reader) for value, reader in pairs if value)
    if item.field == "row":
        return ((True, "oui"), (False, "non"))
    values: dict[str, tuple[Any, list[str]]] = {}
    kept: list[str] = item.item["witnesses"].get(item.field) or [page.reader.partition("+")[0]]
    others: dict[str, Any] = item.item["others"].get(item.field, {})
    for value, by in [*((item.item.get(item.field), reader) for reader in kept), *((v, r) for r, v in others.items())]:
        values.setdefault(shown(item.field, value), (value, []))[1].append(by)
    suggested = [suggestion["value"] for suggestion in item.item["suggestions"] if suggestion["field"] == item.field]
    for value in suggested if item.field == "nature" else ():
        values.setdefault(shown(item.field, value), (value, []))[1].append("habitudes du registre")
    return tuple((value, ", ".join(dict.fromkeys(readers))) for value, readers in values.values())


async def _keep(settings: Settings, found: _Shown, value: Any, person: str) -> str:
    """Write the answer; says what was written."""
    item = found.doubt
    async with opened(settings) as connection:
        if item.review is None:
            at = settle.Place(item.document_id, item.number, item.place, item.doubt, item.field)
            number = await settle.settle(connection, at, value, person=person, actor=actor(), seen=item.item)
        elif value == _ABANDON:
            await settle.undo(connection, item.review, actor=actor())
            return f"Correction {item.review} retirée."
        else:
            at = settle.Place(item.document_id, item.number, value, None, item.field)
            value = item.value
            async with connection.transaction():
                await settle.undo(connection, item.review, actor=actor())
                number = await settle.settle(connection, at, value, person=person, actor=actor())
    return f"Correction {number}: {FIELDS.get(item.field, item.field)} = {shown(item.field, value)}."


@contextmanager
def _picture_file(settings: Settings, found: _Shown) -> Generator[Path | None]:
    """The picture where any viewer can open it, as long as the question stands."""
    if found.picture is None:
        yield None
        return
    settings.state.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="review-", dir=settings.state) as folder:
        item = found.doubt
        line = "" if item.place is None else f"-l{item.place + 1}"
        path = Path(folder) / f"p{item.number}{line}-{item.field}.png"
        path.write_bytes(found.picture.around)
        yield path


def _show(output: Output, found: _Shown, path: Path | None) -> None:
    item = found.doubt
    line = "" if item.place is None else f", ligne {item.place + 1}"
    output.say()
    output.say(Text(f"{words.target(item.kind, item.target)} · page {item.number} de {item.pages}{line}", style="bold"))
    if found.picture is not None and output.out.color_system is not None:
        output.out.print(half_blocks(found.picture.field, min(output.out.width, _WIDEST), _TALLEST))
    output.say(f"Image   {path or found.missing}")
    if path is None and item.item.get("raw"):
        output.say(f"Lu      {item.item['raw']}")
    _neighbours(output, found)
    if item.place is None and item.item.get("near"):
        output.say(f"Texte   … {item.item['near']} …")
    output.say(Text(f"Doute   {FIELDS.get(item.field, item.field)}: {found.reason}", style="yellow"))
    for index, (value, readers) in enumerate(found.choices, start=1):
        output.say(f"  {index}  {shown(item.field, value)}   ({readers})")


def _neighbours(output: Output, found: _Shown) -> None:
    """The rows above and below: their numbers and dates say where this one must lie."""
    place = found.doubt.place
    if place is None:
        return
    rows: list[list[str]] = []
    lost = found.doubt.review is not None
    first, last = (0, len(found.page.rows)) if lost else (max(place - 1, 0), min(place + 2, len(found.page.rows)))
    for index in range(first, last):
        row = found.page.rows[index]
        mark = "→" if index == place and not lost else " "
        number = shown("numero", row.numero)
        rows.append([f"{mark} {index + 1}", row.date or "", number, row.nature or row.raw[:40]])
    output.table(["!Ligne", "!Date", "!Numéro", "Nature"], rows)


def _answer(output: Output, found: _Shown) -> tuple[Any, ...] | None:
    """A tuple of the one value said, an empty one to pass on, None to stop. Asks until it can be understood."""
    if found.doubt.review is not None:
        return _whereto(output, found)
    numbers = f"1-{len(found.choices)}" if len(found.choices) > 1 else "1" if found.choices else ""
    ways = [f"{numbers} = ce choix" if numbers else "1 = vu", "une autre valeur", "-", "illisible"]
    prompt = f"[{', '.join(ways)}; Entrée = passer, q = arrêter]"
    while True:
        try:
            typed = click.prompt(prompt, default="", show_default=False, prompt_suffix=" ").strip()
        except click.Abort:
            return None
        if typed.lower() in _STOP:
            return None
        if not typed:
            return ()
        try:
            return (_meant(found, typed),)
        except InvalidAnswer as exc:
            output.say(Text(f"{exc.text} {exc.hint}", style="red"))


def _whereto(output: Output, found: _Shown) -> tuple[Any, ...] | None:
    """The same for a correction without a row: the row of the page that it belongs to, or that it is given up."""
    rows = len(found.page.rows)
    ways = f"1-{rows} = sa ligne, a = l'abandonner" if found.doubt.place is not None else "a = l'abandonner"
    while True:
        try:
            typed = click.prompt(f"[{ways}; Entrée = passer, q = arrêter]", "", show_default=False, prompt_suffix=" ")
        except click.Abort:
            return None
        match typed.strip().lower():
            case text if text in _STOP:
                return None
            case "":
                return ()
            case "a":
                return (_ABANDON,)
            case text if text.isdigit() and found.doubt.place is not None and 1 <= int(text) <= rows:
                return (int(text) - 1,)
            case _:
                output.say(Text(f"Répondez par un numéro de ligne de 1 à {rows}, ou a.", style="red"))


def _meant(found: _Shown, typed: str) -> Any:
    if typed.isdigit() and 1 <= int(typed) <= len(found.choices):
        return found.choices[int(typed) - 1][0]
    if typed == "1":
        return confirmed(found.doubt.item, found.doubt.field)
    # « =2 » says the value 2 where 2 would be a choice
    return parse_answer(found.doubt.field, typed.removeprefix("="))
