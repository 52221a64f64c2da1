"""The shapes of the system before: its sanitized JSON, still written; its verbose text, still read.

Its own parser lost rows in twelve known ways (a value swallowing the next line, bold labels, a remark that mentions
« Numéro » or « Ligne 4: », organisations fused into one party …). Here a label counts only at the start of a line,
with any decoration, and what follows belongs to it up to the next label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from registre.domain.reading import Inscription, PageReading, PageState, Partie, RowKind
from registre.ocr.index.fields import numbers_in, parse_date, parse_radiations
from registre.ocr.index.vocabulary import is_role, plain

_PAGE: Final = re.compile(r"^[ \t*#]*-{3}[ \t]*Page[ \t]+(\d+)[ \t]*-{3}[ \t*]*$", re.MULTILINE | re.IGNORECASE)
_ROW: Final = re.compile(r"^[ \t*#_-]*Ligne[ \t]+(\d+)[ \t]*:?[ \t*_]*(?=\n|\Z)", re.MULTILINE | re.IGNORECASE)
#: label (folded, at the start of a line) → field; longer before shorter
_LABELS: Final = (
    ("nom des parties", "noms"), ("noms des parties", "noms"), ("parties", "noms"), ("names of parties", "noms"),
    ("qualite", "qualites"), ("qualites", "qualites"),
    ("date de presentation d'inscription", "date"), ("date de presentation (d'inscription)", "date"),
    ("date de presentation", "date"), ("date d'enregistrement", "date"), ("enregistrement - date", "date"),
    ("enregistrement-date", "date"), ("date", "date"),
    ("numero d'inscription", "numero"), ("n° d'inscription", "numero"), ("n° d'enregistrement", "numero"),
    ("numero", "numero"), ("n°", "numero"), ("no", "numero"),
    ("nature de l'acte", "nature"), ("nature", "nature"), ("titre de l'acte", "nature"),
    ("avis d'adresse", "avis"), ("remarques", "remarques"), ("remarque", "remarques"),
    ("radiations", "radiations"), ("radiation", "radiations"),
)  # fmt: skip
_LINE: Final = re.compile(r"^[ \t*_•-]*([^:\n]{2,45}?)[ \t*_]*:+[ \t*_]*(.*)$")
_OPTION: Final = re.compile(
    r"Option[ \t]*\d+[ \t]*:?[ \t]*(.+?)[ \t]*\(Confiance[^\d\n]*(\d+)[ \t]*%[^)\n]*\)", re.IGNORECASE
)
_OPTION_FIRST: Final = re.compile(r"Option[ \t]*\d+[ \t]*\((\d+)[ \t]*%\)[ \t]*:?[ \t]*([^\n]+)", re.IGNORECASE)
#: `(95%)` or `[95 %]` that ends a value: how sure its reader was. In remarks it may be a rate of interest.
_SURE: Final = re.compile(r"\s*[(\[](confiance[^\d\n]*)?(\d{1,3})\s*%\s*[)\]]\s*$", re.IGNORECASE)
#: Certainty from which a value of the old system is not doubted for itself.
_CERTAIN: Final = 90
#: Fields that the old system's readers had to get right.
_CRITICAL: Final = ("date", "numero", "parties", "radiations", "avis_adresse")
_SEPARATOR: Final = re.compile(r"^\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?\s*)?$")
_EMPTY: Final = frozenset({"", "vide", "[vide]", "null", "-", "aucun", "aucune", "n/a", "[illisible]"})
_TAIL: Final = re.compile(r"^(?:✅|(?:total|nombre|lignes? extraites?|fin |=+$|-{3,}))", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"\b(?:1(?:re|ere)|2(?:e|eme|ieme)|3(?:e|eme|ieme)) partie\b")
_HEADER: Final = tuple(
    (name, re.compile(rf"^[ \t*]*{label}[ \t*]*:[ \t*]*(.+?)[ \t*]*$", re.IGNORECASE | re.MULTILINE))
    for name, label in (
        ("circonscription", "circonscription(?: fonci[eè]re)?"),
        ("cadastre", "cadastre"),
        ("lot", "(?:num[ée]ro d[eu] )?lot(?: num[ée]ro)?"),
    )
)
#: Where one name ends and the next begins: a separator; a capital group with a comma; capitals after small letters.
_BETWEEN_NAMES: Final = (
    re.compile(r"\s*[;&\n]\s*"),
    re.compile(r"(?<!,)\s+(?=[A-ZÀ-Þ'’-]{2,}(?: [A-ZÀ-Þ'’-]{2,})*, )"),
    re.compile(r"(?<=[a-zà-ÿ.])\s+(?=[A-ZÀ-Þ]{2,})"),
)


def sanitized(pages: Sequence[PageReading]) -> dict[str, Any]:
    """The document in the old `{pages: [{pageNumber, metadata, inscriptions}]}` shape, for its readers.

    It has room for one radiation and none for notes, addresses or doubt; `registre show --json` has all of it.
    """
    return {
        "pages": [
            {
                "pageNumber": page.number,
                "metadata": {
                    "circonscription": page.header.get("circonscription"),
                    "cadastre": page.header.get("cadastre"),
                    "lot_number": page.header.get("lot"),
                },
                "inscriptions": [_sanitized(row) for row in page.rows if row.kind is RowKind.INSCRIPTION],
            }
            for page in sorted(pages, key=lambda page: page.number)
        ]
    }


def _sanitized(row: Inscription) -> dict[str, Any]:
    return {
        "acte_publication_date": row.date,
        "acte_publication_number": row.numero,
        "acte_nature": row.nature,
        "parties": [{"name": partie.nom, "role": partie.qualite or ""} for partie in row.parties],
        "remarques": row.remarques,
        "radiation_number": ", ".join(row.radiations) or None,
    }


@dataclass(frozen=True, slots=True)
class _Cell:
    """A field's value, and how sure its reader was, in percent; None where it did not say."""

    text: str | None
    sure: int | None = None


def read_stored(*texts: str | None) -> tuple[PageReading, ...]:
    """Pages and rows of what the old system stored of a document, from the text that yields most rows; the first where
    they are equal. Each may be verbose text or the old JSON.
    """
    readings = [_sanitized_pages(text) or read_verbose(text) for text in texts if text and text.strip()]
    return max(readings, key=lambda pages: sum(len(page.rows) for page in pages), default=())


def read_verbose(text: str) -> tuple[PageReading, ...]:
    """Pages and rows of a text that the old system stored. Never raises; what is not understood stays in `raw`.

    Critical fields are doubted unless the text says that its reader was 90 % sure of them.
    """
    marks = list(_PAGE.finditer(text))
    if not marks:
        return (_page(1, text),) if text.strip() else ()
    bounds = [*(mark.start() for mark in marks[1:]), len(text)]
    pages: dict[int, PageReading] = {}
    for mark, end in zip(marks, bounds, strict=True):
        # a page printed twice was asked for twice: the later answer continues the first
        number, body = int(mark[1]), text[mark.end() : end]
        pages[number] = _page(number, f"{pages[number].text}\n{body}" if number in pages else body)
    return tuple(pages.values())


def _page(number: int, text: str) -> PageReading:
    starts = _true_rows(text)
    bounds = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    blocks = [text[start.end() : end].strip("\n") for start, end in zip(starts, bounds, strict=True)]
    rows = tuple(_row(block, _cells(block)) for block in blocks) or tuple(_table(text))
    head = text[: starts[0].start()] if starts else text
    header = {name: found[1] for name, pattern in _HEADER if (found := pattern.search(head))}
    return PageReading(number, PageState.READ, "legacy", "1", text.strip(), rows, header)


def _table(text: str) -> Iterator[Inscription]:
    """Rows of a Markdown table whose head names our columns."""
    columns: list[str | None] = []
    for line in text.split("\n"):
        bare = line.strip()
        if not bare.startswith("|"):
            columns = []
            continue
        cells = [cell.strip() for cell in bare.strip("|").split("|")]
        labels = [_label(cell) for cell in cells]
        if sum(label is not None for label in labels) > 1:
            columns = labels
        elif columns and not _SEPARATOR.match(bare):
            named = dict(zip(columns, cells, strict=False))
            yield _row(
                bare, {name: _value(re.sub(r"<br ?/?>", "; ", cell), name) for name, cell in named.items() if name}
            )


def _sanitized_pages(text: str) -> tuple[PageReading, ...]:
    """The old JSON shape back as pages; empty where the text is not that."""
    try:
        pages = json.loads(text)["pages"]
        return tuple(
            PageReading(
                int(page["pageNumber"]),
                PageState.READ,
                "legacy",
                "1",
                "\n".join(str(row.get("acte_publication_number") or "") for row in page["inscriptions"]),
                tuple(_from_sanitized(row) for row in page["inscriptions"]),
                {
                    name: str(page["metadata"][key])
                    for name, key in (
                        ("circonscription", "circonscription"),
                        ("cadastre", "cadastre"),
                        ("lot", "lot_number"),
                    )
                    if page.get("metadata", {}).get(key)
                },
            )
            for page in pages
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return ()


def _from_sanitized(row: Mapping[str, Any]) -> Inscription:
    names = "\n".join(str(partie.get("name") or "") for partie in row.get("parties") or ())
    roles = "\n".join(str(partie.get("role") or "") for partie in row.get("parties") or ())
    keys = (("date", "acte_publication_date"), ("numero", "acte_publication_number"), ("nature", "acte_nature"),
            ("remarques", "remarques"), ("radiations", "radiation_number"))  # fmt: skip
    cells = {name: _value(str(row.get(key) or ""), name) for name, key in keys}
    made = _row("", {**cells, "noms": _Cell(names or None), "qualites": _Cell(roles or None)})
    parties = tuple(
        Partie(str(partie["name"]), str(partie.get("role") or "") or None)
        for partie in row.get("parties") or ()
        if partie.get("name")
    )
    return replace(made, parties=parties)


def _true_rows(text: str) -> list[re.Match[str]]:
    """Row marks that count on: a remark that quotes « Ligne 4: » does not open a row."""
    kept: list[re.Match[str]] = []
    for found in _ROW.finditer(text):
        if not kept or int(found[1]) > int(kept[-1][1]):
            kept.append(found)
    return kept


def _row(block: str, cells: Mapping[str, _Cell]) -> Inscription:
    values = {name: cell.text for name, cell in cells.items()}
    dated = values.get("date")
    when = parse_date(dated) if dated else None
    numero = re.sub(r"\s", "", values.get("numero") or "") or None
    radiations, _ = parse_radiations((values.get("radiations") or "").upper())
    # what has no letter before it is a number that is mentioned, not a radiation
    lettered = tuple(item for item in radiations if item[0] in "TP")
    row = Inscription(
        RowKind.INSCRIPTION if numero or when else RowKind.NOTE,
        when.text if when is not None else None,
        numero,
        values.get("nature"),
        tuple(_parties(values.get("noms"), values.get("qualites"))),
        values.get("remarques"),
        values.get("avis"),
        lettered,
        block.strip(),
    )
    doubts = {
        *(["date"] if when is not None and (when.doubtful or when.text is None) else []),
        *(["numero"] if numero is not None and not numbers_in(values.get("numero") or "") else []),
        *(["radiations"] if radiations != lettered else []),
        *_unsure(row, cells),
    }
    return replace(row, uncertain=tuple(sorted(doubts)))


def _unsure(row: Inscription, cells: Mapping[str, _Cell]) -> Iterator[str]:
    """Critical fields with a value that the text does not call certain; of remarks, those with an amount."""
    for name in _CRITICAL:
        cell = cells.get({"parties": "noms", "avis_adresse": "avis"}.get(name, name))
        if getattr(row, name) and (cell is None or (cell.sure or 0) < _CERTAIN):
            yield name
    if "$" in (row.remarques or "") and (cells["remarques"].sure or 0) < _CERTAIN:
        yield "remarques"


def _cells(block: str) -> dict[str, _Cell]:
    """Field → value. A line without a label of ours goes on with the value above it."""
    cells: dict[str, list[str]] = {}
    field: str | None = None
    for line in block.split("\n"):
        if _TAIL.match(line.strip()):
            break
        found = _LINE.match(line)
        label = _label(found[1]) if found else None
        if found and label is not None and label not in cells:
            field = label
            cells[field] = [found[2]]
        elif field is not None and line.strip():
            cells[field].append(line)
    return {name: _value("\n".join(lines), name) for name, lines in cells.items()}


def _label(text: str) -> str | None:
    bare = " ".join(re.sub(r"[*_#]", "", plain(text)).split())
    return next((field for label, field in _LABELS if bare == label), None)


def _value(text: str, name: str = "") -> _Cell:
    """The likeliest of the options given, else the text; None where it says that there is nothing."""
    options = [(int(sure), value) for value, sure in _OPTION.findall(text)]
    options += [(int(sure), value) for sure, value in _OPTION_FIRST.findall(text)]
    sure, value = max(options, key=lambda option: option[0]) if options else (None, text)
    ending = _SURE.search(value)
    if ending is not None and (ending[1] or name != "remarques"):
        sure, value = int(ending[2]), value[: ending.start()]
    bare = " ".join(re.sub(r"\*+", "", value).split())
    return _Cell(None if bare.strip(" :.").lower() in _EMPTY else bare, sure)


def _parties(noms: str | None, qualites: str | None) -> Iterator[Partie]:
    if not noms:
        return
    roles = _roles(qualites or "")
    names = _names(noms, len(roles))
    if len(roles) == len(names):
        yield from (Partie(name, role or None) for name, role in zip(names, roles, strict=True))
    else:
        yield from (Partie(name, qualites) for name in names)


def _roles(text: str) -> list[str]:
    """`Créancier Débiteur` → two; words that open no known qualité belong to the one before."""
    ordinals = [found.group() for found in _ORDINAL.finditer(plain(text))]
    if len(ordinals) > 1:
        starts = [found.start() for found in _ORDINAL.finditer(plain(text))]
        return [text[a:b].strip(" ,;/") for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    roles: list[str] = []
    for word in re.split(r"[\s,;/]+", text.strip()):
        if word and (is_role(word) or not roles):
            roles.append(word)
        elif word:
            roles[-1] += f" {word}"
    return roles


def _names(text: str, wanted: int) -> list[str]:
    """Cut where separators say so, else before each capital group with a comma, if that gives as many as roles."""
    for pattern in _BETWEEN_NAMES:
        names = [name.strip() for name in pattern.split(text) if name.strip()]
        if len(names) == wanted or (len(names) > 1 and pattern is _BETWEEN_NAMES[0]):
            return names
    return [text]
