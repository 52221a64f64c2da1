"""What `charges --reconcile` shows: the accounts' purchases in both ledgers, the differences, what was settled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from registre.cli import words
from registre.cli.context import actor, opened
from registre.cli.output import Output
from registre.cli.reconcile import PATIENCE, Checked, Plan, beginning, reconcile, settle_proven
from registre.db import charge as charges
from registre.db import report
from registre.domain.job import ChargeState
from registre.installation import database_url
from registre.settings import Settings
from registre.stages.reconcile import FINE, Finding, Kind

_SAYS: Final = {
    Kind.MATCHED: "concorde",
    Kind.FOUND: "en doute chez nous, payé au registre",
    Kind.AMOUNT: "montants différents",
    Kind.OURS_ONLY: "chez nous seulement",
    Kind.THEIRS_ONLY: "au registre seulement",
    Kind.AMBIGUOUS: "plusieurs achats de ce numéro",
    Kind.PENDING: "en cours",
}


async def compare_and_show(
    output: Output, settings: Settings, *, today: bool, yes: bool, patience: timedelta | None
) -> int:
    """The command; 0 when both ledgers say the same of every account."""
    async with opened(settings) as connection:
        first = await charges.first_charge(connection)
        since = await report.quebec_midnight(connection) if today else beginning(first)
    plan = Plan(since, PATIENCE if patience is None else patience, output.say)
    checked = await reconcile(settings, plan)
    settled = await settle_proven(database_url(settings), checked, actor=actor()) if yes else []
    if output.json:
        output.json_document(_json(checked, settled, plan))
    else:
        _show(output, checked, settled, plan)
    return 1 if any(_differs(each, settled) for each in checked) else 0


def _differs(each: Checked, settled: list[Finding]) -> bool:
    return each.findings is None or any(f.kind not in FINE and f not in settled for f in each.findings)


def _json(checked: list[Checked], settled: list[Finding], plan: Plan) -> dict[str, Any]:
    return {
        "since": plan.since,
        "accounts": [
            {
                "account": each.account,
                "trouble": each.trouble and {"code": each.trouble.code, "text": each.trouble.text},
                "findings": None if each.findings is None else [_finding(f, settled) for f in each.findings],
            }
            for each in checked
        ],
        "counts": {kind: sum(f.kind is kind for e in checked for f in e.findings or ()) for kind in Kind},
        "settled": len(settled),
        "same": not any(_differs(each, settled) for each in checked),
    }


def _finding(finding: Finding, settled: list[Finding]) -> dict[str, Any]:
    ours, theirs = finding.ours, finding.theirs
    return {
        "kind": finding.kind,
        "proves": finding.settles,
        "settled": finding in settled,
        "ours": ours
        and {
            "charge": ours.id,
            "order_id": ours.order_id,
            "job_id": ours.job_id,
            "state": ours.state,
            "amount_cents": ours.amount_cents,
            "demande": ours.demande,
            "intent_at": ours.intent_at,
            "target": ours.target.to_json(),
        },
        "theirs": theirs
        and {
            "number": theirs.target_number,
            "at": theirs.at,
            "amount_cents": theirs.amount_cents,
            "demande": theirs.demande,
            "shown": theirs.shown,
        },
    }


def _show(output: Output, checked: list[Checked], settled: list[Finding], plan: Plan) -> None:
    for each in checked:
        output.say(f"\n{each.account}: {_summary(each)}")
        rows = [_row(finding, settled) for finding in each.findings or () if finding.kind not in FINE]
        if rows:
            output.table(["Constat", "Document", ">Chez nous", ">Au registre", "!Demande", "Suite"], rows)
    different = sum(_differs(each, settled) for each in checked)
    when = words.moment(plan.since)
    if not checked:
        output.say("Aucun compte: registre accounts list.")
    elif not different:
        output.say(f"\nTout concorde depuis {when}, au cent près.")
    else:
        output.say(f"\nDepuis {when}: {words.plural(different, 'compte à revoir', 'comptes à revoir')}.")
    proven = sum(f.settles is not None and f not in settled for each in checked for f in each.findings or ())
    if settled:
        output.say(f"{words.plural(len(settled), 'achat réglé', 'achats réglés')} selon l'historique.")
    elif proven:
        said = words.plural(proven, "achat est prouvé", "achats sont prouvés")
        output.say(f"{said}: registre charges --reconcile --yes l'écrit.")


def _summary(each: Checked) -> str:
    if each.findings is None:
        return f"non vérifié. {each.trouble.text if each.trouble else ''}"
    same = [f for f in each.findings if f.kind is Kind.MATCHED]
    cents = sum(f.ours.amount_cents for f in same if f.ours)
    parts = [f"{words.plural(len(same), 'achat concorde', 'achats concordent')} ({words.money(cents)})"]
    for kind in Kind:
        count = sum(f.kind is kind for f in each.findings)
        if count and kind is not Kind.MATCHED:
            parts.append(f"{count} {_SAYS[kind]}")
    return ", ".join(parts) + "."


def _row(finding: Finding, settled: list[Finding]) -> list[str]:
    ours, theirs = finding.ours, finding.theirs
    what = words.target(str(ours.target.kind), ours.target.to_json()) if ours else _line(finding)
    said = _SAYS[finding.kind]
    if finding.kind is Kind.THEIRS_ONLY and ours:
        said = "au registre, tenu chez nous pour non payé"
    return [
        said,
        what,
        f"{words.money(ours.amount_cents)} {words.CHARGES[ours.state]}" if ours else "",
        f"{words.money(theirs.amount_cents)} {theirs.at}" if theirs and theirs.amount_cents is not None else "",
        (theirs.demande if theirs else ours.demande if ours else None) or "",
        _advice(finding, settled),
    ]


def _line(finding: Finding) -> str:
    theirs = finding.theirs
    if theirs is None:
        return ""
    places = [theirs.shown.get(name, "") for name in ("produit", "type", "circonscription", "cadastre")]
    return ", ".join([*dict.fromkeys(filter(None, places)), words.number({"document_number": theirs.target_number})])


def _advice(finding: Finding, settled: list[Finding]) -> str:
    shown = str(finding.ours.order_id or finding.ours.job_id)[:8] if finding.ours else ""
    if finding in settled:
        return f"réglé; registre requeue {shown} --yes"
    match finding.kind:
        case Kind.FOUND:
            return "prouvé: --yes l'écrit"
        case Kind.OURS_ONLY if finding.settles is ChargeState.VOID:
            return "prouvé non payé: --yes l'écrit"
        case Kind.OURS_ONLY if finding.ours and finding.ours.state is not ChargeState.INTENT:
            return f"registre status {shown}; demandez au registre"
        case Kind.OURS_ONLY:
            return "rien n'est prouvé: gardé"
        case Kind.THEIRS_ONLY if finding.ours:
            return f"signalez-le; registre status {shown}"
        case Kind.THEIRS_ONLY:
            return "acheté hors de registre"
        case Kind.AMOUNT:
            return "vérifiez la facture"
        case _:
            return "une personne doit lire l'historique"
