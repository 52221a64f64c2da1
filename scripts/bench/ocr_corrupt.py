"""Mistakes planted in the second reader's answers over real offline readings: which of them does nothing flag?

A page is read offline once; then the stand-in answers for it again and again, each time with other mistakes, through
the real SDK, the product's reader, its agreement and its checks of the whole document.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import numpy as np
from ocr_gemini import SecondReader
from ocr_measure import FIELDS, align, is_right
from ocr_report import Verdict
from ocr_samples import ReadSample, Recipe, read_all

from registre.domain.reading import Inscription, PageReading, Partie
from registre.domain.request import DocumentKind
from registre.domain.text import digits, fold
from registre.ocr.accord.witness import agree
from registre.ocr.document import all_rows, check_rows
from registre.ocr.engine.image import Gray
from registre.ocr.gemini.result import READER

#: What a second reader does wrong, and how often; whole rows last, since they renumber the others.
_MISTAKES: tuple[dict[str, Any], ...] = (
    {"kind": "digit_swap", "rate": 0.10, "fields": ("numero", "date", "remarques")},
    {"kind": "digit_swap", "rate": 0.20, "fields": ("avis_adresse", "radiations")},
    {"kind": "letter_swap", "rate": 0.08, "fields": ("parties", "nature", "remarques")},
    {"kind": "drop_value", "rate": 0.02, "fields": FIELDS},
    {"kind": "wrong_nature", "rate": 0.05},
    {"kind": "swap_roles", "rate": 0.05},
    {"kind": "drop_party", "rate": 0.05},
    {"kind": "move_remark", "rate": 0.05},
    {"kind": "stop_short", "rate": 0.04},
    {"kind": "drop_row", "rate": 0.03},
    {"kind": "invent", "rate": 0.25},
)
_FIGURES: tuple[dict[str, Any], ...] = ({"kind": "figure_swap", "rate": 0.10},)
#: No run goes on for longer than so many rounds over all pages.
_ROUNDS = 400


@dataclass(slots=True)
class Tally:
    """What became of the fields."""

    injected: int = 0
    #: by kind of mistake
    kinds: Counter[str] = field(default_factory=Counter[str])
    #: corrupted, the offline value kept and right, the field flagged
    kept_right: int = 0
    #: corrupted and flagged, the kept value wrong
    flagged_wrong: int = 0
    #: corrupted and nothing flags it; or wrong, and nothing flags it
    unflagged: Counter[str] = field(default_factory=Counter[str])
    #: right, not corrupted, printed; those of them that the offline reader had otherwise; and those that both had right
    #: and that are flagged all the same
    untouched: int = 0
    misread_offline: int = 0
    false_flags: Counter[str] = field(default_factory=Counter[str])
    #: accents and punctuation alone
    cosmetic: int = 0
    faults: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class _Page:
    """A page ready to be asked for again and again."""

    name: str
    offline: PageReading
    picture: Gray | None


@dataclass(slots=True)
class _Document:
    done: ReadSample
    pages: list[_Page]


def report(recipes: Sequence[Recipe], target: int, seed: int, *, as_json: bool, faults: bool) -> None:
    """Plant at least `target` mistakes in index pages, a tenth as many in actes; print what became of them."""
    scanned = [recipe for recipe in recipes if not recipe.group.endswith("born digital")]
    tallies = asyncio.run(_run(scanned, target, seed))
    verdicts = [verdict for name, tally in tallies.items() for verdict in _verdicts(name, tally)]
    if as_json:
        told = {name: asdict(tally) | ({} if faults else {"faults": []}) for name, tally in tallies.items()}
        print(json.dumps({"tallies": told, "bars": [asdict(verdict) for verdict in verdicts]}, indent=1))
        return
    for name, tally in tallies.items():
        _print(name, tally)
        for line in tally.faults if faults else ():
            print(line, file=sys.stderr)
    for verdict in verdicts:
        print(verdict)


async def _run(recipes: Sequence[Recipe], target: int, seed: int) -> dict[str, Tally]:
    second = await SecondReader.open([])
    documents = [await asyncio.to_thread(_ready, second, done) for done in read_all(recipes, pictures=True)]
    tallies: dict[str, Tally] = {}
    for name, kind, mistakes, wanted in (
        ("index", DocumentKind.INDEX, _MISTAKES, target),
        ("acte", DocumentKind.ACTE, _FIGURES, target // 10),
    ):
        chosen = [document for document in documents if document.done.sample.kind is kind]
        if chosen:
            tallies[name] = await _planted(second, chosen, mistakes, wanted, seed)
    await second.close()
    return tallies


def _ready(second: SecondReader, done: ReadSample) -> _Document:
    pages: list[_Page] = []
    for truth, offline, picture in zip(done.sample.truths, done.readings, done.pictures, strict=True):
        name = f"{done.sample.name}/{offline.number}"
        small = None if picture is None else _token(name)
        if small is not None:
            second.teach(small, name, truth)
        pages.append(_Page(name, offline, small))
    done.pictures = []
    return _Document(done, pages)


def _token(name: str) -> Gray:
    """A small picture that stands for a page: what is planted does not depend on what the stand-in sees."""
    return np.random.default_rng(list(name.encode())).integers(0, 256, (24, 24), dtype=np.uint8)


async def _planted(
    second: SecondReader, documents: Sequence[_Document], mistakes: Sequence[dict[str, Any]], wanted: int, seed: int
) -> Tally:
    tally = Tally()
    books = second.app.books
    for number in range(_ROUNDS):
        told = [{**mistake, "seed": seed * 1_000_003 + number} for mistake in mistakes]
        books.options = books.options.changed({"mistakes": told})
        for document in documents:
            books.planted.clear()
            pages = [await _both(second, page, document.done.sample.kind) for page in document.pages]
            if document.done.sample.kind is DocumentKind.INDEX:
                _judge_rows(document, pages, books.planted, tally)
            else:
                _judge_figures(document, pages, books.planted, tally)
        if tally.injected >= wanted:
            break
    return tally


async def _both(second: SecondReader, page: _Page, kind: DocumentKind) -> PageReading:
    if page.picture is None:
        return page.offline
    return agree(page.offline, await second.read(page.picture, page.offline.number, kind))


def _judge_rows(
    document: _Document, pages: Sequence[PageReading], planted: Sequence[dict[str, Any]], tally: Tally
) -> None:
    truth = [row for page in document.done.sample.truths for row in page.rows]
    corrupted = _corrupted(document, planted, tally)
    place = 0
    for wanted, got in align(truth, all_rows(check_rows(pages))):
        if wanted is None:
            assert got is not None
            if {"row", "numero"}.isdisjoint(got.uncertain):
                _unflagged(tally, document, "extra row", got.raw)
            continue
        fields = corrupted.get(place, set())
        place += 1
        if got is None:
            _unflagged(tally, document, "lost row", f"{wanted.numero} {wanted.remarques}")
            continue
        if "row" in fields and not got.uncertain:
            _unflagged(tally, document, "row", f"{wanted.numero} left out")
        for name in FIELDS:
            _judge_field(document, name, wanted, got, fields, tally)


def _corrupted(document: _Document, planted: Sequence[dict[str, Any]], tally: Tally) -> dict[int, set[str]]:
    """Place of a row in the document → its corrupted fields, `row` where it was left out.

    Where two mistakes fall on one cell, the second may undo the first: that is none.
    """
    starts: dict[str, int] = {}
    start = 0
    for page, truth in zip(document.pages, document.done.sample.truths, strict=True):
        starts[page.name] = start
        start += len(truth.rows)
    cells: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for item in planted:
        if item["kind"] == "invent":
            tally.injected += 1
            tally.kinds["invent"] += 1
        else:
            cells.setdefault((starts[item["page"]] + item["row"], item["field"]), []).append(item)
    found: dict[int, set[str]] = {}
    for (place, name), items in cells.items():
        # what a row left out had wrong before is gone with it
        if name == "row" or (items[0]["true"] != items[-1]["given"] and (place, "row") not in cells):
            tally.injected += 1
            tally.kinds[items[-1]["kind"]] += 1
            found.setdefault(place, set()).add(name)
    return found


def _judge_field(
    document: _Document, name: str, wanted: Inscription, got: Inscription, corrupted: set[str], tally: Tally
) -> None:
    flagged = name in got.uncertain or "row" in got.uncertain
    right = is_right(name, wanted, got)
    alike = right or _cosmetic(name, wanted, got)
    tally.cosmetic += alike and not right and not flagged
    if not flagged and (not alike or name in corrupted):
        _unflagged(tally, document, name, f"{wanted.numero}: {getattr(wanted, name)!r} read {getattr(got, name)!r}")
    elif not corrupted.isdisjoint({name, "row"}):
        tally.kept_right += alike and flagged
        tally.flagged_wrong += not alike
    elif alike and getattr(wanted, name):
        tally.untouched += 1
        if flagged and _from_second(name, got):
            tally.misread_offline += 1
        elif flagged:
            tally.false_flags[name] += 1
            what = f"{getattr(got, name)!r} {got.uncertain} {got.others.get(name)}"
            tally.faults.append(f"{document.done.sample.name} | {wanted.numero} FLAGGED {name} {what}")


def _from_second(name: str, got: Inscription) -> bool:
    """Whether the value comes from the second reader alone: the first read another, or did not see the row."""
    return got.witnesses.get(name) == (READER,)


def _unflagged(tally: Tally, document: _Document, name: str, what: str) -> None:
    tally.unflagged[name] += 1
    tally.faults.append(f"{document.done.sample.name} | UNFLAGGED {name} {what}")


def _cosmetic(name: str, wanted: Inscription, got: Inscription) -> bool:
    """Whether the two differ in accents, case, spaces and punctuation alone; never so for numbers and dates."""
    if name not in {"nature", "parties", "remarques"}:
        return False
    return _bare(getattr(wanted, name)) == _bare(getattr(got, name))


def _bare(value: Any) -> object:
    if isinstance(value, tuple):
        return [(_bare(one.nom), _bare(one.qualite)) for one in cast("tuple[Partie, ...]", value)]
    return fold(value or "").replace(" ", "")


def _judge_figures(
    document: _Document, pages: Sequence[PageReading], planted: Sequence[dict[str, Any]], tally: Tally
) -> None:
    by_page: dict[str, list[dict[str, Any]]] = {}
    for item in planted:
        tally.injected += 1
        tally.kinds[item["kind"]] += 1
        by_page.setdefault(item["page"], []).append(item)
    for source, page, truth in zip(document.pages, pages, document.done.sample.truths, strict=True):
        planted_here = by_page.get(source.name, [])
        doubted = [digits(doubt.other or "") for doubt in page.doubts]
        for item in planted_here:
            if any(digits(item["given"]) in other for other in doubted):
                right = any(digits(item["true"]) in digits(doubt.read or "") for doubt in page.doubts)
                tally.kept_right += right
                tally.flagged_wrong += not right
            else:
                _unflagged(tally, document, "figure", f"{item['true']!r} given {item['given']!r}")
        _judge_untouched(document, page, truth.text, planted_here, tally)


def _judge_untouched(
    document: _Document, page: PageReading, text: str, planted: Sequence[dict[str, Any]], tally: Tally
) -> None:
    """Figures that both have as printed and that are doubted all the same."""
    printed = _figures(text)
    tally.untouched += max(sum(printed.values()) - len(planted), 0)
    spoiled = [digits(item["given"]) for item in planted]
    for doubt in page.doubts:
        read, other = digits(doubt.read or ""), digits(doubt.other or "")
        if any(given in other for given in spoiled):
            continue
        if read and all(figure in printed for figure in _figures(doubt.read or "")):
            tally.false_flags["figure"] += 1
            tally.faults.append(f"{document.done.sample.name} | figure flagged: {doubt}")


def _figures(text: str) -> Counter[str]:
    return Counter(digits(found) for found in re.findall(r"\d[\d \u00a0]*\d|\d", text))


def _print(name: str, tally: Tally) -> None:
    print(f"{name}: {tally.injected} injected ({', '.join(f'{k} {n}' for k, n in sorted(tally.kinds.items()))})")
    print(f"  corrupted, flagged, kept value right   {tally.kept_right}")
    print(f"  corrupted, flagged, kept value wrong   {tally.flagged_wrong}")
    print(f"  uncorrupted, flagged, misread offline  {tally.misread_offline}")
    print(f"  unflagged                              {sum(tally.unflagged.values())} {dict(tally.unflagged) or ''}")
    false = sum(tally.false_flags.values())
    share = f"{false} of {tally.untouched} ({false / max(tally.untouched, 1):.2%})"
    print(f"  right in both readings, flagged        {share} {dict(tally.false_flags) or ''}")
    print(f"  differing in accents and punctuation   {tally.cosmetic}")


def _verdicts(name: str, tally: Tally) -> Iterator[Verdict]:
    unflagged = sum(tally.unflagged.values())
    yield Verdict(f"{name}: injected, unflagged 0", f"{unflagged} of {tally.injected}", unflagged == 0)
    share = sum(tally.false_flags.values()) / max(tally.untouched, 1)
    yield Verdict(f"{name}: false flags <= 2 %", f"{share:.2%}", share <= 0.02)
