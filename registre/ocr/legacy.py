"""The shapes of the system before: its sanitized JSON, still written; its verbose text, still read.

Its own parser lost rows in twelve known ways (a value swallowing the next line, bold labels, a remark that mentions
« Numéro » or « Ligne 4: », organisations fused into one party …). Here a label counts only at the start of a line,
with any decoration, and what follows belongs to it up to the next label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from registre.domain.reading import Inscription, PageReading, PageState, Partie, RowKind
from registre.domain.text import digits
from registre.ocr.fields import numbers_in, parse_date
from registre.ocr.vocabulary import is_role, plain

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


def read_verbose(text: str) -> tuple[PageReading, ...]:
    """Pages and rows of a text that the old system stored. Never raises; what is not understood stays in `raw`."""
    marks = list(_PAGE.finditer(text))
    if not marks:
        return (_page(1, text),) if text.strip() else ()
    bounds = [*(mark.start() for mark in marks[1:]), len(text)]
    return tuple(_page(int(mark[1]), text[mark.end() : end]) for mark, end in zip(marks, bounds, strict=True))


def _page(number: int, text: str) -> PageReading:
    starts = _true_rows(text)
    bounds = [*(start.start() for start in starts[1:]), len(text)][: len(starts)]
    rows = tuple(_row(text[start.end() : end].strip("\n")) for start, end in zip(starts, bounds, strict=True))
    head = text[: starts[0].start()] if starts else text
    header = {name: found[1] for name, pattern in _HEADER if (found := pattern.search(head))}
    return PageReading(number, PageState.READ, "imported", "1", text.strip(), rows, header)


def _true_rows(text: str) -> list[re.Match[str]]:
    """Row marks that count on: a remark that quotes « Ligne 4: » does not open a row."""
    kept: list[re.Match[str]] = []
    for found in _ROW.finditer(text):
        if not kept or int(found[1]) > int(kept[-1][1]):
            kept.append(found)
    return kept


def _row(block: str) -> Inscription:
    cells = _cells(block)
    dated = cells.get("date")
    when = parse_date(dated) if dated else None
    numero = re.sub(r"\s", "", cells.get("numero") or "") or None
    radiations = tuple(
        f"{kind.upper()} {digits(number)}"
        for kind, number in re.findall(r"\b([TP])[ .:]*(\d[\d ]*\d)", cells.get("radiations") or "", re.IGNORECASE)
    )
    doubts = [
        *(["date"] if when is not None and (when.doubtful or when.text is None) else []),
        *(["numero"] if numero is not None and not numbers_in(cells.get("numero") or "") else []),
    ]
    return Inscription(
        RowKind.INSCRIPTION,
        when.text if when is not None else None,
        numero,
        cells.get("nature"),
        tuple(_parties(cells.get("noms"), cells.get("qualites"))),
        cells.get("remarques"),
        cells.get("avis"),
        radiations,
        block.strip(),
        tuple(doubts),
    )


def _cells(block: str) -> dict[str, str | None]:
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
    return {name: _value("\n".join(lines)) for name, lines in cells.items()}


def _label(text: str) -> str | None:
    bare = " ".join(re.sub(r"[*_#]", "", plain(text)).split())
    return next((field for label, field in _LABELS if bare == label), None)


def _value(text: str) -> str | None:
    """The likeliest of the options given, else the text; None where it says that there is nothing."""
    options = [(int(sure), value) for value, sure in _OPTION.findall(text)]
    value = max(options, key=lambda option: option[0])[1] if options else text
    bare = " ".join(re.sub(r"\*+", "", value).split())
    return None if bare.strip(" :.").lower() in _EMPTY else bare


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
