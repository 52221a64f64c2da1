"""French words for what the database calls otherwise, and how counts, times and money are said. No I/O."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

KINDS: Final = {"index": "index", "acte": "acte", "plan_cadastraux": "plan"}
STAGES: Final = {"fetch": "recherche", "download": "achat", "store": "rangement", "ocr": "lecture"}
STATES: Final = {
    "queued": "en file",
    "waiting": "attend",
    "running": "en cours",
    "done": "terminé",
    "refused": "refusé",
    "failed": "échoué",
    "cancelled": "annulé",
    "imported": "importé",
}
CHARGES: Final = {
    "intent": "en suspens",
    "paid": "payé",
    "have": "payé, document reçu",
    "void": "non facturé",
    "unproven": "à vérifier",
    "lost": "perdu",
}


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 demande`, `2 demandes`; several words need `many`."""
    return f"{count} {one if count < 2 else many or one + 's'}"


def span(length: timedelta) -> str:
    """`0,4 s`, `12 s`, `3 min 05`, `2 h 10`, `4 j`."""
    seconds = max(length.total_seconds(), 0)
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".", ",")
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min {int(seconds % 60):02d}"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    return f"{minutes // 1440} j"


def money(cents: int) -> str:
    """`1,50 $`."""
    return f"{cents // 100},{cents % 100:02d} $"
