"""Look before buying again: staging first, then the site's own history of what the account bought."""

from __future__ import annotations

from datetime import timedelta

from registre.browser.session import Session
from registre.crash import crash_point
from registre.db import charge as charges
from registre.db.charge import Charge
from registre.domain.errors import BadPdf, ChargeUnproven, DocumentLate, Fenced, SettlingCharge, WrongDocument
from registre.domain.job import ChargeState
from registre.domain.reading import PdfFacts
from registre.domain.request import Target, normalize_number, number_in
from registre.pipeline import PROOF_WAIT
from registre.sites.base import Delivery, Purchase
from registre.stages.context import StageContext, Staged
from registre.storage.keys import staging_key

#: The site's clock and ours may differ by this much.
_CLOCK_SLACK = timedelta(minutes=15)


async def staged_already(charge: Charge, context: StageContext) -> Staged | None:
    """The purchase's bytes, if they reached staging before the worker died."""
    content = await context.objects.find(staging_key(charge.id))
    if content is None:
        return None
    await check_delivery(content, charge.target, context)
    key = staging_key(charge.id)
    await context.database.insist(lambda connection: charges.pay_charge(connection, charge.id, staging_key=key))
    return Staged(key, charge.target)


def wait_for_proof(charge: Charge) -> None:
    """Raises SettlingCharge, with the time that is left, while the site's history cannot be trusted yet."""
    left = PROOF_WAIT - charge.age
    if charge.state is ChargeState.INTENT and left > timedelta(0):
        early = SettlingCharge()
        early.delay = left
        raise early


async def look_first(charge: Charge, session: Session, context: StageContext) -> Staged | None:
    """Settle a purchase whose end is unknown. None: it is proven unpaid and closed, buying may go on.

    Raises:
        ChargeUnproven: nothing can tell; a person must.
        DocumentLate: it was paid, and the site does not hand the document out again.
        Deferred: too early for the site's history to be trusted.
    """
    try:
        return await _look(charge, session, context)
    except Fenced as exc:
        # Whoever was thought dead has settled it meanwhile: look again at what it is now.
        raise SettlingCharge from exc


async def _look(charge: Charge, session: Session, context: StageContext) -> Staged | None:
    if staged := await staged_already(charge, context):
        return staged
    if charge.state is ChargeState.UNPROVEN:
        raise ChargeUnproven
    _, adapter = context.site()
    wait_for_proof(charge)
    purchases = await adapter.purchases(session.page, charge.intent_at - _CLOCK_SLACK)
    if purchases is None:
        if charge.state is ChargeState.PAID:
            raise DocumentLate
        await context.database.insist(
            lambda connection: charges.doubt_charge(connection, charge.id, {"why": "no history page"})
        )
        raise ChargeUnproven
    found = await _match(charge, purchases, context)
    if found is None and charge.state is ChargeState.PAID:
        raise DocumentLate
    if found is None:
        await context.database.insist(
            lambda connection: charges.void_charge(connection, charge.id, {"why": "absent from the site's history"})
        )
        return None
    await context.database.insist(
        lambda connection: charges.pay_charge(
            connection, charge.id, demande=found.demande, amount_cents=found.amount_cents, note={"found": "history"}
        )
    )
    delivery = await adapter.recover(session.page, found)
    if delivery is None:
        raise DocumentLate
    return await stage_delivery(charge, delivery, context)


async def stage_delivery(charge: Charge, delivery: Delivery, context: StageContext) -> Staged:
    """Make paid bytes safe, then judge them; bytes that fail are kept aside for the person who claims them back.

    Raises:
        BadPdf, WrongDocument: what came is not the document.
        StorageFailed: the bytes could not be kept; the site's history gives them again.
    """
    key = await keep_delivery(charge, delivery, context)
    note = dict(delivery.note)
    await context.database.insist(
        lambda connection: charges.pay_charge(connection, charge.id, staging_key=key, note=note)
    )
    return Staged(key, charge.target)


async def keep_delivery(charge: Charge, delivery: Delivery, context: StageContext) -> str:
    """The part of `stage_delivery` that needs no database: answers the staging key; raises the same."""
    try:
        await check_delivery(delivery.content, charge.target, context)
    except (BadPdf, WrongDocument):
        await context.objects.put(f"rejected/{charge.id}.bin", delivery.content)
        raise
    key = staging_key(charge.id)
    await context.objects.put(key, delivery.content)
    crash_point("after_object_write")
    return key


async def check_delivery(content: bytes, target: Target, context: StageContext) -> PdfFacts:
    """A whole PDF, and where it has a text layer, with the ordered number in it."""
    facts = await context.inspector.inspect(content)
    if facts.text.strip() and not number_in(target.number, facts.text):
        raise WrongDocument(f"Le PDF livré ne porte pas le numéro {target.number}.")
    return facts


async def _match(charge: Charge, purchases: tuple[Purchase, ...], context: StageContext) -> Purchase | None:
    """The one line of the history that is this charge."""
    async with context.database.connection() as connection:
        taken = await charges.known_demandes(connection, charge.id)
    same = [
        purchase
        for purchase in purchases
        if normalize_number(purchase.target_number) == normalize_number(charge.target.number)
        and (purchase.demande is None or purchase.demande not in taken)
        and (charge.demande is None or purchase.demande == charge.demande)
    ]
    ours = [purchase for purchase in same if purchase.kind in (None, charge.target.kind)]
    if len(ours) > 1:
        raise ChargeUnproven("L'historique du registre montre plusieurs achats de ce numéro.")
    if same and not ours:
        # Another product of the same lot, as far as its line can be read: proof of nothing, in either direction.
        raise ChargeUnproven("L'historique du registre montre l'achat d'un autre produit de ce numéro.")
    return ours[0] if ours else None
