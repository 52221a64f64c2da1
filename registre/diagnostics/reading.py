"""Rules on reading: what waits to be read in each environment, what could be read now, and why the rest is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

from registre.db import ocr_queue as queue
from registre.diagnostics.phrases import KINDS, plural
from registre.diagnostics.rule import Finding, Scene, Whole, fine
from registre.settings import effective

#: The nine variables that a server of the old system had to set.
_NINE: Final = (
    "REDIS_URL", "SERVER_MAX_CPU", "SERVER_MAX_RAM", "SERVER_RESERVE_CPU_PERCENT", "SERVER_RESERVE_RAM_PERCENT",
    "WORKER_COUNT", "REGISTRE_OCR_SLOTS", "OCR_MIN_INDEX_WORKERS", "OCR_MIN_ACTE_WORKERS",
)  # fmt: skip
#: What else decides how documents are read.
_MORE: Final = ("OCR_REBALANCE_INTERVAL_MS", "REGISTRE_READERS", "REGISTRE_MEMORY_MAX", "GEMINI_MODEL")


async def variables(whole: Whole) -> AsyncIterator[Finding]:
    """What a server's capacity and its OCR slots are set to, and where each value comes from."""
    there = {name: (value, source) for name, value, source in effective(whole.settings)}
    shown = {name: there[name] for name in (*_NINE, *_MORE) if name in there}
    text = ", ".join(f"{name}={value or '—'} ({source})" for name, (value, source) in shown.items())
    flags = {place.name: place.ocr for place in whole.settings.environments}
    if flags:
        text += "; lecture: " + ", ".join(f"{name} {'oui' if read else 'non'}" for name, read in flags.items())
    values = {name: {"value": value, "source": source} for name, (value, source) in shown.items()}
    yield fine("variables", text, values=values, ocr=flags)


async def ocr_queue(scene: Scene) -> AsyncIterator[Finding]:
    """Stored documents that are not read: ready, at work, or held back, and by what."""
    enabled = scene.settings.ocr
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for total in await queue.totals(scene.connection):
        reason = total.reason if enabled or total.reason == "running" else "ocr_off"
        reasons[reason] += total.jobs
        kinds[total.kind] += total.jobs
    eligible, running = reasons.pop("eligible", 0), reasons.pop("running", 0)
    text = f"lecture {'activée' if enabled else 'désactivée'}: {plural(eligible, 'document prêt', 'documents prêts')}"
    text += f", {running} en lecture"
    if reasons:
        text += ", retenus: " + ", ".join(f"{reason} {jobs}" for reason, jobs in sorted(reasons.items()))
    if kinds:
        text += f" ({', '.join(f'{KINDS.get(kind, kind)} {jobs}' for kind, jobs in sorted(kinds.items()))})"
    rows: list[dict[str, Any]] = await queue.rows(scene.connection)
    yield fine(
        "ocr_queue",
        text,
        enabled=enabled,
        eligible=eligible,
        running=running,
        blocked=dict(reasons),
        kinds=dict(kinds),
        rows=rows,
    )
