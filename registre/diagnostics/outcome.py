"""Rules on what came out: failures by cause, accounts, money, and what the old system left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registre.accounts import MAX_FAILURES
from registre.db import account as accounts_db
from registre.db import charge as charges_db
from registre.db import health, report
from registre.db.account import AccountState
from registre.diagnostics.codes import errors, hint, meaning
from registre.diagnostics.phrases import CHARGES, money, plural
from registre.diagnostics.rule import Finding, Level, Scene
from registre.domain.errors import NeedsPerson

#: An unsettled intent is looked up within seconds; one this old is looked up by nobody.
_OLD_INTENT: Final = timedelta(minutes=10)
#: Wrong logins that bench an account; as in `registre.accounts`, which is heavy to import for one number.
_CONTRADICTIONS: Final = {
    "done_without_text": ("status_id 5 sans texte", "l'ancien système a marqué lu ce qui ne l'était pas"),
    "stored_without_path": ("status_id 3 ou 5 sans supabase_path", "l'ancien système a perdu l'emplacement du PDF"),
    "finished_with_owner": ("ligne finie qui garde un worker_id", "l'ancien système laissait ce champ"),
}


async def endings(scene: Scene) -> AsyncIterator[Finding]:
    """Failures by cause; refusals are answers, not faults."""
    found = await health.endings(scene.connection)
    if not found:
        yield Finding("failures", Level.OK, "aucune demande échouée ni refusée")
    for item in found:
        sample = str(item.sample)[:8]
        data = {
            "code": item.code,
            "state": item.state,
            "count": item.jobs,
            "sample": item.sample,
            "latest": item.latest,
        }
        ended = "échouée" if item.state == "failed" else "refusée"
        text = f"{item.code}: {plural(item.jobs, ended)}, ex. {sample}"
        if item.state == "refused":
            yield Finding("refusals", Level.OK, text, meaning(item.code), data=data)
            continue
        yield Finding(
            "failures",
            Level.WARNING,
            text,
            item.text or meaning(item.code),
            hint(item.code, sample),
            _requeue(item.code, sample),
            data,
        )


def _requeue(code: str, sample: str) -> str:
    """Where a person must look first, the safe command only shows."""
    error = errors().get(code)
    if error is not None and issubclass(error, NeedsPerson):
        return f"registre status {sample} ; registre charges"
    return f"registre requeue --code {code}   (montre; --yes le fait)"


async def accounts(scene: Scene) -> AsyncIterator[Finding]:
    """Someone can sign in."""
    known = await accounts_db.accounts(scene.connection)
    usable = [account for account in known if _is_usable(account)]
    if not usable:
        waits = await scene.open_jobs()
        yield Finding(
            "accounts",
            Level.FAILURE,
            f"aucun compte utilisable sur {len(known)}",
            "aucun n'a été ajouté" if not known else "tous sont écartés, désactivés ou non chiffrés",
            f"{plural(waits, 'demande ouverte', 'demandes ouvertes')}; aucune ne peut être achetée"
            if waits
            else "aucun document ne peut être acheté",
            "registre accounts add CODE" if not known else "registre accounts list",
        )
    else:
        held = sum(account.lease_worker is not None for account in usable)
        yield Finding(
            "accounts",
            Level.OK,
            f"{plural(len(usable), 'compte utilisable', 'comptes utilisables')} sur {len(known)}, {held} en usage",
        )
    for account in known:
        if account.encrypted and not _is_usable(account) and account.benched_code != "disabled":
            yield Finding(
                "benched_account",
                Level.WARNING,
                f"compte {account.username} écarté ({account.failures} connexions sans succès)",
                account.benched_text or account.benched_code or "connexion interrompue avant sa réponse",
                "il ne sert plus; les autres font son travail",
                f"registre accounts add {account.username}   (ou, une fois réglé: accounts enable {account.username})",
            )
    clear = sum(not account.encrypted for account in known)
    if clear:
        yield Finding(
            "clear_passwords",
            Level.WARNING,
            f"{plural(clear, 'mot de passe', 'mots de passe')} en clair",
            "lignes de l'ancien système",
            "ces comptes ne servent pas, et la base les montre",
            "registre accounts encrypt",
        )


def _is_usable(account: AccountState) -> bool:
    return account.is_active and account.encrypted and account.failures < MAX_FAILURES


async def purchases(scene: Scene) -> AsyncIterator[Finding]:
    """Purchases nobody is settling, and the day's ceiling."""
    pending = await report.open_charges(scene.connection)
    now = (await report.list_jobs(scene.connection, limit=1))[0].seen_at if pending else None
    for charge in pending:
        shown = str(charge.order_id or charge.job_id)[:8]
        stopped = charge.job_state not in {"queued", "waiting", "running"}
        old = now is not None and now - charge.intent_at > _OLD_INTENT
        if charge.state != "unproven" and not (stopped or old):
            continue
        yield Finding(
            f"charge_{charge.state}",
            Level.WARNING,
            f"achat {CHARGES[charge.state]}, {money(charge.amount_cents)}, pour {shown}, commencé le "
            f"{charge.intent_at.astimezone():%Y-%m-%d %H:%M}",
            {
                "unproven": "rien ne prouve qu'il a été facturé ni qu'il ne l'a pas été",
                "paid": "payé, et le document n'est pas rangé",
                "intent": "interrompu avant sa preuve",
            }[charge.state],
            "ce document ne sera pas racheté tant qu'une personne n'a pas tranché"
            if charge.state == "unproven"
            else "l'argent est peut-être dépensé sans document",
            "registre charges",
            {"charge_id": charge.id, "id": charge.order_id, "job_id": charge.job_id, "state": charge.state},
        )
    spent, ceiling = await charges_db.spent_today(scene.connection), scene.settings.daily_ceiling_cents
    shown = f"dépensé ou en doute aujourd'hui: {money(spent)}"
    if ceiling and spent + scene.settings.price_cents > ceiling:
        yield Finding(
            "ceiling",
            Level.WARNING,
            f"{shown}, plafond {money(ceiling)}",
            "le plafond du jour est atteint",
            "plus rien n'est acheté avant minuit",
            "registre charges --today",
        )
    else:
        yield Finding("charges", Level.OK, shown, data={"spent_today_cents": spent})


async def takeover(scene: Scene) -> AsyncIterator[Finding]:
    """What the old system left."""
    rows = await health.imported_rows(scene.connection)
    unfinished = sum(jobs for status, jobs in rows.items() if status in {1, 2, 3, 6})
    if unfinished:
        yield Finding(
            "imported",
            Level.WARNING,
            f"{plural(unfinished, 'ligne inachevée', 'lignes inachevées')} de l'ancien système, "
            f"{sum(rows.values())} reprises en tout",
            "elles datent d'avant la migration",
            "elles attendent une décision; rien ne les traite",
            "registre requeue --imported   (montre ce que cela coûterait; --yes le fait)",
            {"by_status": rows},
        )
    for what, jobs, sample in await health.inconsistent_rows(scene.connection):
        title, cause = _CONTRADICTIONS[what]
        yield Finding(
            what,
            Level.WARNING,
            f"{jobs} {title}, ex. {sample[:8]}",
            cause,
            "ces lignes disent ce qui n'est pas",
            f"registre status {sample[:8]}",
            {"count": jobs, "sample": sample},
        )
