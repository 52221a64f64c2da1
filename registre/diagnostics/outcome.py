"""Rules on what came out: failures by cause, how often tries fail, and what the old system left."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registre.db import health
from registre.diagnostics.codes import errors, hint, meaning
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import Finding, Level, Scene, fault, fine
from registre.domain.errors import NeedsPerson

#: A failure nobody has touched for this long has been seen and left.
_RECENT: Final = timedelta(days=7)
#: Share of tries that fail for a technical reason, and the least number of them that says something.
_RATE: Final = 0.1
_FEW: Final = 10
_TECHNICAL: Final = frozenset({"retry", "infra", "drift", "bug", "crash", "person"})
_ANSWERS: Final = frozenset({"done", "refuse"})
_CONTRADICTIONS: Final = {
    "done_without_text": ("status_id 5 sans texte", "l'ancien système a marqué lu ce qui ne l'était pas"),
    "stored_without_path": ("status_id 3 ou 5 sans supabase_path", "l'ancien système a perdu l'emplacement du PDF"),
    "finished_with_owner": ("lignes finies qui gardent un worker_id", "l'ancien système laissait ce champ"),
    "path_malformed": ("supabase_path qui ne sont ni compartiment/clé ni une adresse", "écrits à la main"),
    "text_without_end": ("status_id 3 qui ont pourtant un texte", "l'ancien système n'a pas fini ces lignes"),
    "exhausted_rows": ("lignes en attente dont les essais sont épuisés", "l'ancien système les laissait là"),
}


async def endings(scene: Scene) -> AsyncIterator[Finding]:
    """Failures by cause; refusals are answers, not faults."""
    found = await health.endings(scene.connection)
    if not found:
        yield fine("failures", "aucune demande échouée ni refusée")
    for item in found:
        sample = str(item.sample)[:8]
        data = {
            "code": item.code,
            "state": item.state,
            "count": item.jobs,
            "sample": item.sample,
            "latest": item.latest,
        }
        text = f"{item.code}: {plural(item.jobs, 'échouée' if item.state == 'failed' else 'refusée')}, ex. {sample}"
        if item.state == "refused":
            cause = meaning(item.code)
            yield Finding("refusals", Level.OK, text, cause, data=data, about=item.code)
        elif item.age is not None and item.age > _RECENT:
            yield fine("failures", f"{text} (la dernière il y a {item.age.days} jours)", about=item.code, **data)
        else:
            yield fault(
                "failures",
                text,
                item.text or meaning(item.code),
                hint(item.code, sample),
                _requeue(item.code, sample),
                serious=False,
                about=item.code,
                private=True,
                **data,
            )


def _requeue(code: str, sample: str) -> str:
    """Where a person must look first, the safe command only shows."""
    error = errors().get(code)
    if error is not None and issubclass(error, NeedsPerson):
        return f"registre status {sample} ; registre charges"
    return f"registre requeue --code {code}   (montre; --yes le fait)"


async def rate(scene: Scene) -> AsyncIterator[Finding]:
    """How many tries of the last hour failed for a technical reason, and for which most."""
    technical: Counter[str] = Counter()
    answered = 0
    for item in await health.recent_tries(scene.connection):
        if item.verdict in _TECHNICAL:
            technical[item.code or item.verdict] += item.tries
        elif item.verdict in _ANSWERS:
            answered += item.tries
    failed, total = technical.total(), technical.total() + answered
    text = f"{failed} essais sur {total} ont échoué depuis une heure"
    if total < _FEW or failed <= total * _RATE:
        yield fine("failure_rate", text, failed=failed, tries=total)
        return
    code, count = technical.most_common(1)[0]
    yield fault(
        "failure_rate",
        f"{text}, surtout {code} ({count})",
        meaning(code),
        "les demandes prennent plus de temps, ou finissent par échouer",
        "registre status --status erreur",
        serious=False,
        about=code,
        failed=failed,
        tries=total,
        codes=dict(technical),
    )


async def takeover(scene: Scene) -> AsyncIterator[Finding]:
    """What the old system left."""
    rows = await health.imported_rows(scene.connection)
    if rows:
        yield fault(
            "imported",
            f"{plural(sum(rows.values()), 'ligne inachevée', 'lignes inachevées')} de l'ancien système",
            "elles datent d'avant la migration",
            "elles attendent une décision; rien ne les traite",
            "registre requeue --imported   (montre ce que cela coûterait; --yes le fait)",
            serious=False,
            by_status=rows,
        )
    for what, jobs, sample in await health.inconsistent_rows(scene.connection):
        title, cause = _CONTRADICTIONS[what]
        yield fault(
            what,
            f"{jobs} {title}, ex. {sample[:8]}",
            cause,
            "ces lignes disent ce qui n'est pas",
            f"registre status {sample[:8]}",
            serious=False,
            count=jobs,
            sample=sample,
        )
