"""The lines and the table that chaos prints."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from chaos_lib.check import CLASSES
from chaos_lib.run import Outcome

#: Seconds from a SIGKILL to the next committed step of its job.
BARS: Final = {"p95": 10.0, "max": 20.0}


def line(outcome: Outcome) -> str:
    """One run."""
    ends = ", ".join(f"{count} {end}" for end, count in sorted(outcome.judged.get("ends", {}).items()))
    figures = outcome.judged.get("figures", {})
    return (
        f"seed {outcome.seed}: {'ok' if outcome.good else 'FAILED'} in {outcome.seconds:.0f} s; "
        f"{sum(outcome.blows.values())} blows, {outcome.restarts} restarts; billed {figures.get('billed', '?')}; {ends}"
    )


def faults(outcome: Outcome) -> list[str]:
    """Why a run failed."""
    said = [f"  VIOLATION {kind}: {what}" for kind, what in outcome.judged.get("violations", [])]
    if not outcome.ended:
        said.append("  VIOLATION stuck: orders had not ended when patience did")
    if outcome.broken:
        said.append(f"  broke: {outcome.broken}")
    return said


def table(outcomes: Sequence[Outcome]) -> str:
    """All runs."""
    blows: Counter[str] = sum((outcome.blows for outcome in outcomes), Counter())
    figures: Counter[str] = sum((Counter(outcome.judged.get("figures", {})) for outcome in outcomes), Counter())
    violations = Counter(kind for outcome in outcomes for kind, _ in outcome.judged.get("violations", []))
    violations["stuck"] += sum(not outcome.ended for outcome in outcomes)
    rows = [
        ("runs", f"{len(outcomes)} ({sum(o.good for o in outcomes)} good), {sum(o.seconds for o in outcomes):.0f} s"),
        ("orders", str(sum(outcome.orders for outcome in outcomes))),
        ("billed", f"{figures.pop('billed', 0)}, documents {figures.pop('documents', 0)}"),
        ("blows", str(sum(blows.values()))),
        *((f"  {kind}", str(count)) for kind, count in sorted(blows.items())),
        ("restarts", str(sum(outcome.restarts for outcome in outcomes))),
        ("answers lost by the proxy", str(sum(outcome.answers_lost for outcome in outcomes))),
        *((name.replace("_", " "), str(count)) for name, count in sorted(figures.items())),
        ("unproven", str(sum(len(outcome.judged.get("unproven", [])) for outcome in outcomes))),
        *recoveries([one for outcome in outcomes for one in outcome.recoveries]),
        ("violations", " / ".join(str(violations[kind]) for kind in CLASSES)),
        ("", " / ".join(CLASSES)),
    ]
    return "\n".join(f"{name:<28}{value}" for name, value in rows)


def recoveries(times: Sequence[tuple[str, float, bool]]) -> list[tuple[str, str]]:
    """By what was killed: all, and those during which nothing else struck."""
    rows: list[tuple[str, str]] = []
    for what in sorted({what for what, _, _ in times}):
        every = [seconds for kind, seconds, _ in times if kind == what]
        alone = [seconds for kind, seconds, crowded in times if kind == what and not crowded]
        rows.append((f"recovery, {what}", spread(every) + (f"; struck alone: {spread(alone)}" if alone else "")))
    return rows


def spread(times: Sequence[float]) -> str:
    """p50, p95 and max."""
    at = [percentile(times, share) for share in (0.5, 0.95)]
    return f"p50 {at[0]:.1f} s, p95 {at[1]:.1f} s, max {max(times):.1f} s of {len(times)}"


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest time that at least `share` of them do not exceed."""
    return sorted(times)[max(0, math.ceil(len(times) * share) - 1)]
