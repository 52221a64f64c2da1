"""The bench's tables and its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ocr_measure import CRITICAL, FIELDS, Score


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bar, what was measured, and whether it holds."""

    bar: str
    measured: str
    holds: bool

    def __str__(self) -> str:
        return f"{'HOLDS ' if self.holds else 'FAILS '} {self.bar}: {self.measured}"


def table(scores: Mapping[str, Score]) -> None:
    """One line a group."""
    names = [name[:7] for name in FIELDS]
    heading = ["group".ljust(44), "pages", "CPU-s", "   CER", " rows", "found", "extra", *[f"{n:>7}" for n in names]]
    print("  ".join([*heading, "silent n/d/r/a/p/lot+rows", "numbers doubted", "doubted", "header", "RSS MB"]))
    total = Score()
    for group, score in sorted(scores.items()):
        total.add(score)
        _line(group, score)
    _line("all", total)


def _line(group: str, score: Score) -> None:
    cells = [group.ljust(44), f"{score.pages:5d}", f"{score.cpu_s / max(score.pages, 1):5.2f}", f"{score.cer:6.2%}"]
    if score.rows:
        cells += [f"{score.rows:5d}", f"{score.rows_found / score.rows:5.1%}", f"{score.rows_extra:5d}"]
        cells += [f"{getattr(score, name) / score.rows:7.1%}" for name in FIELDS]
        silent = "/".join(str(getattr(score, f"silent_{name}")) for name in CRITICAL)
        doubted = score.fields_doubted / max(score.fields_right, 1)
        numbers = score.doubted_numero / max(score.numero_right, 1)
        header = score.header_right / max(score.header, 1)
        silent = f"{silent}/{score.silent_lot}+{score.silent_rows}"
        cells += [f"{silent:>23}", f"{numbers:7.2%}", f"{doubted:7.1%}", f"{header:6.1%}"]
    cells.append(f"{score.rss_mb:6.0f}")
    print("  ".join(cells))


def bars(scores: Mapping[str, Score]) -> list[Verdict]:
    """What the bars say of scanned pages: modern ones at 300 dpi, and all."""
    modern, every = Score(), Score()
    for group, score in scores.items():
        every.add(score)
        if group.startswith(("modern", "radiation")) and "300 dpi" in group:
            modern.add(score)
    found: list[Verdict] = []
    if modern.numbered:
        exact = modern.numero_right / modern.numbered
        flagged = modern.numero_right_or_doubted / modern.numbered
        measured = f"{exact:.2%} exact, {flagged:.2%} exact or flagged, of {modern.numbered}"
        found.append(Verdict("modern 300 dpi: >= 99 % exact numbers", measured, exact >= 0.99))
        silent = modern.silent_numero + modern.silent_rows
        found.append(Verdict("modern 300 dpi: silent wrong numbers 0", str(silent), silent == 0))
    if every.numbered:
        silent = every.silent_numero + every.silent_rows
        found.append(Verdict("all pages: silent wrong numbers 0", f"{silent} of {every.numbered}", silent == 0))
    return found
