"""Rules on money: purchases nobody is settling, the day's ceiling, and what was paid for and is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from registre.db import charge as charges_db
from registre.db import health, report
from registre.diagnostics.phrases import CHARGES, money, plural
from registre.diagnostics.rule import Finding, Scene, fault, fine

#: An unsettled intent is looked up within seconds; one this old is looked up by nobody.
_OLD_INTENT: Final = timedelta(minutes=10)
#: Purchases named one by one.
_NAMED: Final = 5
#: Documents looked for in the store: the newest, and as many drawn at random.
_SAMPLE: Final = 10
_STORE_PATIENCE_S: Final = 1.5

_CAUSES: Final = {
    "unproven": "rien ne prouve qu'il a été facturé ni qu'il ne l'a pas été",
    "paid": "payé, et le document n'est pas rangé",
    "intent": "interrompu avant sa preuve",
}


async def purchases(scene: Scene) -> AsyncIterator[Finding]:
    """Purchases that only a person can end, or that nobody is ending."""
    now = datetime.now(UTC)
    pending = [charge for charge in await report.open_charges(scene.connection) if _is_left(charge, now)]
    for charge in pending[:_NAMED]:
        shown = str(charge.order_id or charge.job_id)[:8]
        yield fault(
            f"charge_{charge.state}",
            f"achat {CHARGES[charge.state]}, {money(charge.amount_cents)}, pour {shown}, commencé le "
            f"{charge.intent_at.astimezone():%Y-%m-%d %H:%M}",
            _CAUSES[charge.state],
            "ce document ne sera pas racheté tant qu'une personne n'a pas tranché"
            if charge.state == "unproven"
            else "l'argent est peut-être dépensé sans document",
            "registre charges",
            serious=False,
            charge_id=charge.id,
            id=charge.order_id,
            job_id=charge.job_id,
            state=charge.state,
            open=len(pending),
        )


def _is_left(charge: report.ChargeRow, now: datetime) -> bool:
    stopped = charge.job_state not in {"queued", "waiting", "running"}
    return charge.state == "unproven" or stopped or now - charge.intent_at > _OLD_INTENT


async def ceiling(scene: Scene) -> AsyncIterator[Finding]:
    """Today's money and its ceiling."""
    spent, limit = (await charges_db.spent_today(scene.connection), scene.settings.daily_ceiling_cents)
    shown = f"dépensé ou en doute aujourd'hui: {money(spent)}"
    if limit and spent + scene.settings.price_cents > limit:
        yield fault(
            "ceiling",
            f"{shown}, plafond {money(limit)}",
            "le plafond du jour est atteint",
            "plus rien n'est acheté avant minuit",
            "registre charges --today   (REGISTRE_DAILY_CEILING_CENTS le relève)",
            serious=False,
        )
    else:
        yield fine("charges", shown, spent_today_cents=spent)


async def documents(scene: Scene) -> AsyncIterator[Finding]:
    """Some documents, whether they are where their rows say; what was paid and staged, whether it is still there."""
    sample = await health.documents(scene.connection, limit=_SAMPLE)
    keys = {key: document for document in sample for key in (document.object_key, document.path)}
    missing = await _missing(scene, keys)
    if missing is None:
        return  # said by the rule on the store
    if missing:
        yield fault(
            "object_missing",
            f"{plural(len({keys[key].id for key in missing}), 'document')} sur {len(sample)} sans son fichier, "
            f"ex. {missing[0]}",
            "le fichier a été effacé ou déplacé hors de registre",
            "un document payé ne peut être ni lu ni remis",
            "registre config   (REGISTRE_OBJECTS est-il le bon? sinon rétablissez une sauvegarde)",
            missing=missing,
        )
    elif sample:
        yield fine("documents", f"{plural(len(sample), 'document regardé', 'documents regardés')}: fichiers présents")
    unread = [document for document in sample if document.failed and document.failed == document.pages]
    if unread:
        yield fault(
            "unread_documents",
            f"{plural(len(unread), 'document')} sur {len(sample)} regardés dont aucune page n'a pu être lue",
            "le lecteur échoue sur ces pages",
            "leur texte manque à la recherche",
            "registre requeue --code reader_failed   (montre; --yes relit sans racheter)",
            serious=False,
            documents=[document.id for document in unread],
        )
    paid = {key: job for job, key in await health.staged(scene.connection, limit=_SAMPLE)}
    lost = await _missing(scene, paid)
    if lost:
        yield fault(
            "staging_missing",
            f"{plural(len(lost), 'achat payé', 'achats payés')} dont le fichier d'attente a disparu, "
            f"ex. {str(paid[lost[0]])[:8]}",
            "il a été effacé avant d'être rangé",
            "l'historique du registre peut encore le rendre; rien n'est racheté",
            "registre charges",
            jobs=[paid[key] for key in lost],
        )


async def _missing(scene: Scene, keys: Iterable[str]) -> list[str] | None:
    """Those that the store does not have; None when it does not answer."""
    from registre.storage.objects import Objects

    wanted, store = list(keys), Objects(scene.settings.object_root)
    try:
        async with asyncio.timeout(_STORE_PATIENCE_S):
            there = await asyncio.gather(*(store.exists(key) for key in wanted))
    except Exception:  # noqa: BLE001  whatever ails the store, its own rule says it better
        return None
    return [key for key, found in zip(wanted, there, strict=True) if not found]
