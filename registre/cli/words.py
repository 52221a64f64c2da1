"""How things are said in French: states, stages, verdicts, kinds, times, money. No I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from rich.text import Text

from registre.db.report import JobRow
from registre.diagnostics.phrases import CHARGES, KINDS, STAGES, STATES, money, plural, span

__all__ = ["ANSWERS", "CHARGES", "KINDS", "STAGES", "STATES", "VERDICTS", "detail", "moment", "money", "number"]
__all__ += ["ordered", "place", "plural", "span", "state", "target", "where"]

_STYLES: Final = {
    "queued": "blue",
    "waiting": "yellow",
    "running": "cyan",
    "done": "green",
    "refused": "magenta",
    "failed": "bold red",
    "cancelled": "bright_black",
    "imported": "bright_black",
}
VERDICTS: Final = {
    "done": "réussi",
    "refuse": "refusé",
    "defer": "remis à plus tard",
    "retry": "à réessayer",
    "infra": "moyen manquant",
    "drift": "page inconnue",
    "person": "à trancher",
    "bug": "erreur interne",
    "fenced": "repris par un autre",
    "crash": "processus disparu",
}
#: Answers of registre.requeue, registre.undo_requeue and registre.cancel.
ANSWERS: Final = {
    "fetch": "remis en file (recherche)",
    "download": "remis en file (achat)",
    "store": "remis en file (rangement; rien n'est racheté)",
    "ocr": "remis en file (lecture seule; rien n'est racheté)",
    "already_queued": "déjà en file",
    "already_running": "déjà en cours",
    "needs_rebuy": "refusé: l'achat a peut-être été payé; --rebuy rachète",
    "unknown": "inconnue",
    "cancelled": "annulé",
    "too_late": "trop tard: terminé, ou un achat est en cours",
    "restored": "remise comme avant",
    "undone": "déjà remise comme avant",
    "moved_on": "reprise entre-temps par un processus ou une personne",
    "rival": "une autre demande achète le même document",
}


def state(job: JobRow) -> Text:
    """The state in its colour."""
    return Text(STATES.get(job.state, job.state), style=_STYLES.get(job.state, ""))


def place(job: JobRow) -> str:
    """Where in the chain it stands; nothing where it never entered or has left it well."""
    return "" if job.state in {"done", "imported"} else STAGES.get(job.stage, job.stage)


def number(request: dict[str, Any]) -> str:
    """The ordered number, grouped as people read it when it is a long plain one."""
    text = str(request.get("document_number_normalized") or request.get("document_number") or "?").strip()
    return f"{int(text):,}".replace(",", " ") if text.isdigit() and len(text) > 4 and text[0] != "0" else text


def where(request: dict[str, Any]) -> str:
    """Circonscription, cadastre, designation, type of acte: what of them there is."""
    names = ("circonscription_fonciere", "cadastre", "designation_secondaire", "acte_type")
    return ", ".join(str(request[name]).strip() for name in names if str(request.get(name) or "").strip())


def ordered(kind: str, request: dict[str, Any]) -> str:
    """The order on one line: `index 2 784 195, Montréal, Cadastre du Québec`."""
    return ", ".join(filter(None, (f"{KINDS.get(kind, kind or '?')} {number(request)}", where(request))))


def target(kind: str, raw: dict[str, Any]) -> str:
    """A document on one line, in the registry's words."""
    names = ("circonscription", "cadastre", "designation_secondaire", "type_acte")
    places = [str(raw[name]) for name in names if raw.get(name)]
    return ", ".join((f"{KINDS.get(kind, kind)} {number({'document_number': raw.get('number')})}", *places))


def moment(at: datetime | None, *, seen_at: datetime | None = None) -> str:
    """Local time; the day only where it is not the day of `seen_at`."""
    if at is None:
        return ""
    local = at.astimezone()
    if seen_at is not None and seen_at.astimezone().date() == local.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


def detail(job: JobRow) -> str:
    """Why it is where it is, briefly."""
    if job.state == "waiting" and job.not_before is not None:
        left = job.not_before - job.seen_at
        when = f"reprise dans {span(left)}" if left.total_seconds() > 0 else "reprise imminente"
        return f"{job.error_code or ''}: {when}".lstrip(": ")
    if job.state == "running":
        return (job.worker or "").partition("#")[0]
    if job.state == "cancelled":
        return ""
    return job.error_code or ""
