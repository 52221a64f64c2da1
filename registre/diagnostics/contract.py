"""Rules on what keeps our tables true: status names, triggers, unique indexes, and notifications that arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registre.db import health, server
from registre.db.pool import GONE, connect
from registre.diagnostics.phrases import plural, span
from registre.diagnostics.rule import SWEEP_BY_HAND, Finding, Scene, fault, fine, sql, what_does
from registre.domain.job import PublicStatus

#: The lookup table's names, as applications know them.
STATUSES: Final = {
    PublicStatus.EN_ATTENTE: "En attente",
    PublicStatus.EN_TRAITEMENT: "En traitement",
    PublicStatus.COMPLETE: "Complété",
    PublicStatus.ERREUR: "Erreur",
    PublicStatus.EXTRACTION_COMPLETE: "Extraction Complété",
    PublicStatus.OCR_EN_TRAITEMENT: "OCR en traitement",
}
#: Trigger → its table.
TRIGGERS: Final = {
    "registre_door_insert": "public.extraction_queue",
    "registre_door_update": "public.extraction_queue",
    "mirror_update": "registre.job",
    "require_evidence": "registre.job",
    "order_deleted": "registre.job",
}
_WITHOUT: Final = {
    "registre_door_insert": "une ligne insérée ne devient pas une demande",
    "registre_door_update": "une ligne remise à status_id 1 n'est pas reprise, une ligne mise à 4 n'est pas annulée",
    "mirror_update": "les lignes publiques ne disent plus où en sont les demandes",
    "require_evidence": "une demande pourrait finir sans sa preuve",
    "order_deleted": "une demande dont la ligne est effacée serait achetée quand même",
}
#: What makes "never twice" a constraint.
_GUARDS: Final = ("charge_open_by_document", "charge_open_by_job", "job_order_id_key", "document_path_key")
_NOTIFY_PATIENCE_S: Final = 0.5
#: A transaction without a statement for this long was forgotten; a statement this long is not one of ours.
_IDLE: Final = timedelta(minutes=1)
_ACTIVE: Final = timedelta(minutes=10)


async def statuses(scene: Scene) -> AsyncIterator[Finding]:
    """The six statuses and their names."""
    there = await server.statuses(scene.connection)
    missing = [f"{int(number)} « {name} »" for number, name in STATUSES.items() if number not in there]
    other = [f"{number} « {there[number]} »" for number, name in STATUSES.items() if there.get(number, name) != name]
    if missing:
        yield fault(
            "statuses",
            f"extraction_status n'a pas {', '.join(missing)}",
            "la ligne a été effacée",
            "une demande qui prend cet état échoue",
            SWEEP_BY_HAND,
        )
    if other:
        yield fault(
            "status_names",
            f"extraction_status nomme autrement: {', '.join(other)}",
            "un nom a été changé à la main",
            "un programme qui lit ces noms se trompe",
            f"{sql('TABLE extraction_status')}   (les noms attendus: {', '.join(STATUSES.values())})",
            serious=False,
        )


async def triggers(scene: Scene) -> AsyncIterator[Finding]:
    """The door opens, the mirror shows, the evidence is asked for."""
    for name, missing in (await server.idle_triggers(scene.connection, TRIGGERS)).items():
        table = TRIGGERS[name]
        enable = SWEEP_BY_HAND
        if missing:
            enable = f"sed -n '/^CREATE TRIGGER {name} /,/;$/p' migrations/*.sql | psql \"$DATABASE_URL\""
        elif table.startswith("public"):
            enable = sql(f"ALTER TABLE {table} ENABLE TRIGGER {name}")
        yield fault(
            "triggers",
            f"le déclencheur {name} de {table} {'manque' if missing else 'est désactivé'}",
            "il a été supprimé à la main" if missing else "il a été désactivé à la main",
            _WITHOUT[name],
            enable,
            about=name,
        )


async def guards(scene: Scene) -> AsyncIterator[Finding]:
    """The unique indexes of the ledger."""
    missing = await server.missing_guards(scene.connection, _GUARDS)
    if missing:
        yield fault(
            "guards",
            f"index uniques absents ou invalides: {', '.join(missing)}",
            "ils ont été supprimés à la main",
            "plus rien dans la base n'empêche un document d'être acheté deux fois: arrêtez les processus browser",
            f"grep -n {missing[0]} migrations/*.sql   (recréez-les avant de relancer)",
        )


async def unjoined(scene: Scene) -> AsyncIterator[Finding]:
    """Rows inserted while the door was shut."""
    rows = await health.unjoined_rows(scene.connection)
    if rows:
        yield fault(
            "unjoined_rows",
            f"{plural(len(rows), 'ligne')} en attente (status_id 1) sans demande, ex. {str(rows[0])[:8]}",
            "elles ont été insérées pendant que le déclencheur était inactif",
            "personne ne les traitera",
            SWEEP_BY_HAND,
            count=len(rows),
            sample=rows[0],
        )


async def disagreeing(scene: Scene) -> AsyncIterator[Finding]:
    """The public row says what its job says."""
    rows = await health.disagreeing_rows(scene.connection)
    if rows:
        sample = rows[0]
        yield fault(
            "disagreeing_rows",
            f"{plural(len(rows), 'ligne')} où status_id contredit la demande, ex. {str(sample.shown_id)[:8]} "
            f"(ligne {sample.row_says}, demande {sample.job_says})",
            "un autre programme ou une personne a écrit status_id",
            "les applications voient un état faux",
            SWEEP_BY_HAND,
            serious=False,
            count=len(rows),
            sample=sample.shown_id,
        )


async def notify(scene: Scene) -> AsyncIterator[Finding]:
    """A NOTIFY arrives: it wakes the processes."""
    try:
        speaker = await connect(scene.url)
    except GONE:
        return  # said by the rule on connections
    try:
        heard = await server.hears(scene.connection, speaker, patience_s=_NOTIFY_PATIENCE_S)
    finally:
        await speaker.close()
    if heard:
        yield fine("notify", "les notifications arrivent")
        return
    yield fault(
        "notify",
        "une notification envoyée n'est pas arrivée",
        "DATABASE_URL passe par un répartiteur en mode transaction (pgbouncer, port 6543 de Supabase)",
        "les processus ne sont pas réveillés et les verrous de l'horloge ne tiennent pas",
        "registre config   (donnez à DATABASE_URL une adresse directe ou en mode session)",
    )


async def transactions(scene: Scene) -> AsyncIterator[Finding]:
    """No transaction was forgotten."""
    for session in await server.open_transactions(scene.connection, idle=_IDLE, active=_ACTIVE):
        yield fault(
            "open_transaction",
            f"transaction ouverte depuis {span(session.age)} par {session.program or 'un programme sans nom'} "
            f"(session {session.pid})",
            "un programme a commencé une transaction et ne la finit pas",
            "les lignes mortes de la file s'accumulent: tout ralentit",
            what_does(session.pid),
            serious=False,
            pid=session.pid,
        )
        return
