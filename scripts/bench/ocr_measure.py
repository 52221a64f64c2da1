"""A reading against the truth: edit distance, rows matched, fields right, values silently wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from ocr_samples import DEMANDE, ReadSample

from registre.domain.reading import Inscription, PageReading, RowKind
from registre.domain.request import DocumentKind
from registre.domain.text import fold
from registre.ocr.document import all_rows, check_rows
from registre.ocr.index.vocabulary import is_heading
from registre.sandbox.documents import PageTruth

#: Fields of a row that are compared exactly.
FIELDS = ("numero", "date", "nature", "parties", "remarques", "avis_adresse", "radiations")
#: Of these a wrong value that nothing doubts is counted.
CRITICAL = ("numero", "date", "radiations", "avis_adresse", "parties")


@dataclass(slots=True)
class Score:
    """Sums over pages; the rates are taken when printed."""

    pages: int = 0
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    edits: int = 0
    characters: int = 0
    rows: int = 0
    rows_found: int = 0
    rows_extra: int = 0
    numero: int = 0
    date: int = 0
    nature: int = 0
    parties: int = 0
    remarques: int = 0
    avis_adresse: int = 0
    radiations: int = 0
    #: rows that carry a number, and those whose number is right or doubted
    numbered: int = 0
    numero_right: int = 0
    numero_right_or_doubted: int = 0
    #: wrong and not marked uncertain
    silent_numero: int = 0
    silent_date: int = 0
    silent_radiations: int = 0
    silent_avis_adresse: int = 0
    silent_parties: int = 0
    #: the lot of the header, wrong and doubted nowhere
    silent_lot: int = 0
    #: rows that the page does not have, and that nothing doubts
    silent_rows: int = 0
    #: right but marked uncertain
    doubted_numero: int = 0
    doubted_parties: int = 0
    #: fields right and marked uncertain, of all fields right
    fields_right: int = 0
    fields_doubted: int = 0
    header: int = 0
    header_right: int = 0

    def add(self, other: Score) -> None:
        """Sum in place; memory is a peak."""
        for item in fields(self):
            a, b = getattr(self, item.name), getattr(other, item.name)
            setattr(self, item.name, max(a, b) if item.name == "rss_mb" else a + b)

    @property
    def cer(self) -> float:
        """Character error rate, 0 to 1."""
        return self.edits / max(self.characters, 1)


def distance(a: str, b: str) -> int:
    """Levenshtein distance, bit-parallel (Myers 1999) on Python's long integers."""
    if len(a) > len(b):
        a, b = b, a
    if not a:
        return len(b)
    masks: dict[str, int] = {}
    for index, char in enumerate(a):
        masks[char] = masks.get(char, 0) | (1 << index)
    full, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    plus, minus, score = full, 0, len(a)
    for char in b:
        match = masks.get(char, 0)
        zero = ((((match & plus) + plus) ^ plus) | match | minus) & full
        up = (minus | ~(zero | plus)) & full
        down = plus & zero
        score += 1 if up & last else 0
        score -= 1 if down & last else 0
        up = ((up << 1) | 1) & full
        down = (down << 1) & full
        plus = (down | ~(zero | up)) & full
        minus = up & zero
    return score


def plain_text(text: str) -> str:
    """Whitespace collapsed, apostrophes and the space before a colon unified: not what a reader is judged on."""
    return re.sub(r" ([:;!?%$»])", r"\1", " ".join(text.replace("’", "'").split()))


def table_text(text: str) -> str:
    """What stands below the last column heading: the header's blocks have no one order."""
    lines = text.split("\n")
    cut = max((index + 1 for index, line in enumerate(lines) if is_heading(line)), default=0)
    return "\n".join(lines[cut:])


def measure(done: ReadSample, readings: Sequence[PageReading]) -> tuple[Score, list[str]]:
    """A document's score and what was wrong, a line each."""
    score = Score(pages=len(readings), cpu_s=done.cpu_s, rss_mb=done.rss_mb)
    truths = done.sample.truths
    for wanted, got in zip(truths, readings, strict=True):
        if wanted.text:
            _score_text(wanted, got, done.sample.kind, score)
    if done.sample.kind is not DocumentKind.INDEX:
        return score, []
    rows = [row for wanted in truths for row in wanted.rows]
    faults = score_rows(rows, all_rows(check_rows(readings)), score)
    return score, faults + _score_headers(truths, readings, score)


def _score_text(wanted: PageTruth, got: PageReading, kind: DocumentKind, score: Score) -> None:
    pair = [wanted.text, re.sub(rf"Demande ?: ?{DEMANDE}\n?", "", got.text)]
    if kind is DocumentKind.INDEX:
        pair = [table_text(text) for text in pair]
    expected, seen = (plain_text(text) for text in pair)
    score.edits += distance(expected, seen)
    score.characters += len(expected)


def _score_headers(truths: Sequence[PageTruth], readings: Sequence[PageReading], score: Score) -> list[str]:
    faults: list[str] = []
    for number, (wanted, got) in enumerate(zip(truths, readings, strict=True), start=1):
        for key, value in wanted.header.items():
            right = got.header.get(key) == value
            score.header += 1
            score.header_right += right
            silent = key == "lot" and not right and not any(doubt.field == "lot" for doubt in got.doubts)
            score.silent_lot += silent
            if not right:
                told = " SILENT" if silent else ""
                faults.append(f"page {number} header {key}: {value!r} read {got.header.get(key)!r}{told}")
    return faults


def score_rows(truth: Sequence[Inscription], read: Sequence[Inscription], score: Score) -> list[str]:
    """Add one document's rows to `score`; returns what was wrong, a line each."""
    faults: list[str] = []
    score.rows += len(truth)
    score.numbered += sum(row.numero is not None for row in truth)
    for wanted, got in align(truth, read):
        if wanted is None and got is not None:
            score.rows_extra += 1
            doubted = not {"row", "numero"}.isdisjoint(got.uncertain)
            faults.append(f"extra row{' (doubted)' if doubted else ''} {got.numero} {got.raw!r}")
            score.silent_rows += got.kind is RowKind.INSCRIPTION and not doubted
        elif wanted is not None and got is None:
            faults.append(f"lost row {wanted.numero} {wanted.date} {wanted.remarques}")
        elif wanted is not None and got is not None:
            _score_row(wanted, got, score, faults)
    return faults


def _score_row(wanted: Inscription, got: Inscription, score: Score, faults: list[str]) -> None:
    score.rows_found += 1
    for name in FIELDS:
        right = is_right(name, wanted, got)
        setattr(score, name, getattr(score, name) + right)
        doubted = name in got.uncertain or "row" in got.uncertain
        score.fields_right += right
        score.fields_doubted += right and doubted
        if not right:
            faults.append(
                f"{wanted.numero} {name}: {getattr(wanted, name)!r} read {getattr(got, name)!r}"
                f"{' (doubted)' if doubted else ' SILENT' if name in CRITICAL else ''}"
            )
        if name in CRITICAL and not right and not doubted:
            setattr(score, f"silent_{name}", getattr(score, f"silent_{name}") + 1)
        if name == "parties" and wanted.parties:
            score.doubted_parties += right and doubted
        if name == "numero" and wanted.numero:
            score.doubted_numero += right and doubted
            score.numero_right += right
            score.numero_right_or_doubted += right or doubted


def is_right(name: str, wanted: Inscription, got: Inscription) -> bool:
    """Whether a field is as printed; where the page names no qualité, any is right."""
    if name == "parties":
        pairs = [(p.nom, p.qualite) for p in wanted.parties]
        seen = [(p.nom, p.qualite) for p in got.parties]
        return len(pairs) == len(seen) and all(
            a == b and (role is None or role == other) for (a, role), (b, other) in zip(pairs, seen, strict=True)
        )
    return getattr(wanted, name) == getattr(got, name)


def align(
    truth: Sequence[Inscription], read: Sequence[Inscription]
) -> list[tuple[Inscription | None, Inscription | None]]:
    """Pair rows in order so that the pairs are as alike as possible."""
    best = [[0.0] * (len(read) + 1) for _ in range(len(truth) + 1)]
    for i, wanted in enumerate(truth):
        for j, got in enumerate(read):
            alike = _alike(wanted, got)
            pair = best[i][j] + alike if alike > 1 else 0.0
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], pair)
    pairs: list[tuple[Inscription | None, Inscription | None]] = []
    i, j = len(truth), len(read)
    while i or j:
        if i and j and best[i][j] > max(best[i - 1][j], best[i][j - 1]):
            i, j = i - 1, j - 1
            pairs.append((truth[i], read[j]))
        elif i and (not j or best[i - 1][j] >= best[i][j - 1]):
            i -= 1
            pairs.append((truth[i], None))
        else:
            j -= 1
            pairs.append((None, read[j]))
    return pairs[::-1]


def _alike(a: Inscription, b: Inscription) -> float:
    points = 0.0
    if a.numero and b.numero:
        points += 4 * (1 - distance(a.numero, b.numero) / max(len(a.numero), len(b.numero))) - 1
    points += a.date is not None and a.date == b.date
    points += a.kind is b.kind
    points += fold(a.nature or a.remarques or "") == fold(b.nature or b.remarques or "")
    return points
