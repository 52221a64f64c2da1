"""charges: our ledger of purchases, and what to do about those that are open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import click

from registre.cli import words
from registre.cli.context import chosen_settings, opened, run
from registre.cli.output import Output, json_option, pass_output
from registre.db import report
from registre.db.report import ChargeRow, ChargeSum
from registre.domain.job import ChargeState
from registre.settings import Settings

#: What left the account, and what may have.
_SPENT = (ChargeState.PAID, ChargeState.HAVE, ChargeState.LOST)
_DOUBTFUL = (ChargeState.INTENT, ChargeState.UNPROVEN)


@click.command()
@click.option("--today", is_flag=True, help="Seulement depuis minuit, heure du Québec.")
@click.option(
    "--reconcile",
    "compared",
    is_flag=True,
    help="Compare avec l'historique du registre, compte par compte; rien n'est changé.",
)
@click.option("--yes", is_flag=True, help="Avec --reconcile: écrit ce que l'historique prouve.")
@click.option("--wait", type=click.IntRange(0), metavar="SECONDES", help="Patience pour un compte occupé (150).")
@json_option
@pass_output
def charges(output: Output, *, today: bool, compared: bool, yes: bool, wait: int | None) -> int:
    """Ce qui a été payé, ce qui l'a peut-être été, et quoi faire des achats en suspens.

    Avec --reconcile, se connecte avec chaque compte et compare ligne par ligne; sort avec 1 s'il y a un écart.

    \b
    Exemples:
      registre charges --today
      registre charges --reconcile
      registre charges --reconcile --yes
    """
    if (yes or wait is not None) and not compared:
        raise click.UsageError("--yes et --wait vont avec --reconcile.")
    if compared:
        # loads the browser: no other use of this command should wait for it
        from registre import logs
        from registre.cli.compared import compare_and_show

        logs.configure("error")  # what goes wrong is told below, account by account
        patience = None if wait is None else timedelta(seconds=wait)
        return run(compare_and_show(output, chosen_settings(), today=today, yes=yes, patience=patience))
    run(_charges(output, chosen_settings(), today=today))
    return 0


async def _charges(output: Output, settings: Settings, *, today: bool) -> None:
    async with opened(settings) as connection:
        since = await report.quebec_midnight(connection) if today else None
        sums = await report.sum_charges(connection, since=since)
        pending = await report.open_charges(connection, since=since)
    spent = sum(item.cents for item in sums if item.state in _SPENT)
    doubtful = sum(item.cents for item in sums if item.state in _DOUBTFUL)
    if output.json:
        output.json_document(
            {
                "since": since,
                "spent_cents": spent,
                "doubtful_cents": doubtful,
                "states": [{"state": item.state, "charges": item.charges, "cents": item.cents} for item in sums],
                "open": [_json(charge) for charge in pending],
            }
        )
        return
    _show(output, settings, sums, pending, spent=spent, doubtful=doubtful, since=since)


def _json(charge: ChargeRow) -> dict[str, Any]:
    return {**{name: getattr(charge, name) for name in ChargeRow.__slots__}, "advice": advice(charge)}


def advice(charge: ChargeRow) -> str:
    """What a person does about an open purchase."""
    shown = str(charge.order_id or charge.job_id)[:8]
    moving = charge.job_state in {"queued", "waiting", "running"}
    match ChargeState(charge.state):
        case ChargeState.UNPROVEN:
            return (
                f"registre charges --reconcile le cherche dans l'historique du compte {charge.account or '?'}; s'il "
                f"n'y est pas: registre requeue {shown} --rebuy --yes. S'il y est, --reconcile --yes le note payé."
            )
        case _ if moving:
            return "Rien à faire: la demande s'en occupe."
        case ChargeState.PAID if charge.staging_key:
            return f"Payé et reçu, pas rangé: registre requeue {shown} --yes (rien n'est racheté)."
        case ChargeState.PAID if charge.job_code == "charge_unproven":
            return f"Payé selon l'historique: registre requeue {shown} --yes reprend le document sans le racheter."
        case ChargeState.PAID:
            return f"Payé, pas reçu: réclamez-le au registre, ou registre requeue {shown} --rebuy --yes."
        case _:
            return f"registre requeue {shown} --yes: l'historique du registre est consulté avant tout achat."


def _show(
    output: Output,
    settings: Settings,
    sums: list[ChargeSum],
    pending: list[ChargeRow],
    *,
    spent: int,
    doubtful: int,
    since: datetime | None,
) -> None:
    when = f"depuis {words.moment(since)}" if since else "depuis le début"
    if not sums:
        output.say(f"Aucun achat {when}.")
        return
    output.table(
        ["État", ">Achats", ">Montant"],
        [[words.CHARGES[item.state], str(item.charges), words.money(item.cents)] for item in sums],
        title=f"Achats {when}",
    )
    ceiling = settings.daily_ceiling_cents
    limit = f" (plafond du jour {words.money(ceiling)})" if since and ceiling else ""
    output.say(f"\nDépensé {words.money(spent)}{limit}, en doute {words.money(doubtful)}.")
    for charge in pending:
        shown = str(charge.order_id or charge.job_id)[:8]
        what = words.target(str(charge.target.get("kind")), charge.target)
        output.say(f"\n{shown}  {words.CHARGES[charge.state]}, {words.money(charge.amount_cents)}: {what}")
        output.say(f"          commencé le {words.moment(charge.intent_at)}, compte {charge.account or '?'}")
        output.say(f"          {advice(charge)}")
