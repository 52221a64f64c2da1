"""download: the purchase. The intent is committed before the click that may pay, the bytes are safe before it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from registre.browser.once import is_sealed
from registre.browser.session import Session
from registre.crash import crash_point
from registre.db import charge as charges
from registre.db.charge import Charge
from registre.db.pool import GONE, Connection
from registre.domain.errors import (
    BadPdf,
    BeingBought,
    CeilingReached,
    ChargeUnproven,
    DocumentLate,
    NotFound,
    Refused,
    RegistreError,
    UnexpectedMessage,
    WrongDocument,
)
from registre.domain.job import ChargeState, Job
from registre.domain.request import Target
from registre.sites.base import Delivery, charged_by
from registre.stages.browsing import browsing
from registre.stages.context import Held, Rules, StageContext, Staged
from registre.stages.recovery import keep_delivery, look_first, stage_delivery

#: Between a session whose account may buy no more today and the next account's.
_SWITCH: Final = timedelta(seconds=1)


async def run(job: Job, context: StageContext) -> Staged | Held:
    """Buy the first target that exists, once.

    Raises:
        NotFound: none of the targets exists; nothing was paid.
        BeingBought: another order is buying it.
        NeedsPerson: it was or may have been paid, and the document is not there.
    """
    async with context.database.connection() as connection:
        bought = await charges.open_charge(connection, job.id)
    async with browsing(job, context, account=bought.account_id if bought else None) as session:
        if bought is not None:
            staged = await look_first(bought, session, context)
            if staged is not None:
                return staged
        return await _buy_first(job, session, context)


async def _buy_first(job: Job, session: Session, context: StageContext) -> Staged | Held:
    missing: NotFound | None = None
    for target in job.targets:
        held = await _already(job, target, context)
        if held is not None:
            return held
        intended = await _intend(job, target, session, context)
        if isinstance(intended, Held):
            return intended
        try:
            return await _buy(job, intended, session, context)
        except NotFound as exc:
            missing = missing or exc
    raise missing or NotFound


async def _already(job: Job, target: Target, context: StageContext) -> Held | None:
    async with context.database.connection() as connection:
        document = await _held(connection, job, target, context.rules)
        rival = await charges.rival_charge(connection, job.id, target.key)
    if document is not None:
        return Held(document)
    if rival is ChargeState.UNPROVEN:
        raise ChargeUnproven("Une autre demande a peut-être déjà payé ce document; une personne doit trancher.")
    if rival is not None:
        raise BeingBought
    return None


async def _held(connection: Connection, job: Job, target: Target, rules: Rules) -> UUID | None:
    return await charges.held_document(connection, target.key, fresh=job.fresh, max_age=rules.index_max_age)


async def _intend(job: Job, target: Target, session: Session, context: StageContext) -> Charge | Held:
    """Commit the intent, unless the document came meanwhile: once ours is written nobody else's purchase of it can be
    open, so what this sees then is all there will be."""
    rules = context.rules
    async with context.database.transaction() as connection:
        await _stay_below_ceilings(connection, session, rules)
        charge_id = await charges.intend_charge(
            connection, job, target, account_id=session.account.id, amount_cents=rules.price_cents
        )
        if charge_id is None:
            raise BeingBought
        if document := await _held(connection, job, target, rules):
            await charges.void_charge(connection, charge_id, {"why": "held meanwhile"})
            return Held(document)
        charge = await charges.open_charge(connection, job.id)
    if charge is None:
        raise BeingBought
    return charge


async def _stay_below_ceilings(connection: Connection, session: Session, rules: Rules) -> None:
    """The day's ceiling, then the account's own; nobody spends between this check and the intent."""
    own = rules.account
    if not (rules.daily_ceiling_cents or own.daily_cents or own.daily_orders):
        return
    await charges.lock_spending(connection)
    if (
        rules.daily_ceiling_cents
        and await charges.spent_today(connection) + rules.price_cents > rules.daily_ceiling_cents
    ):
        raise CeilingReached(wait=await charges.until_midnight(connection))
    orders, cents = await charges.account_today(connection, session.account.id)
    if not own.allows(orders, cents):
        # Its session gives way to one of another account: the lease knows which may still buy, if any.
        session.broken = True
        raise CeilingReached("Ce compte a acheté ce qu'il peut pour aujourd'hui; un autre suivra.", wait=_SWITCH)


async def _buy(job: Job, charge: Charge, session: Session, context: StageContext) -> Staged:
    _, adapter = context.site()
    crash_point("after_intent")
    try:
        delivery = await adapter.buy(session.page, charge.target, may_send=lambda: context.holds(job))
    except BaseException as exc:
        # Cancelled or broken, the money is the same: what the purchase knew of it is written down.
        charged = charged_by(exc)
        code = exc.code if isinstance(exc, RegistreError) else type(exc).__name__
        await _record_failure(charge, charged, code, context)
        if isinstance(exc, Refused) and charged is not False:
            # A refusal would end the order with its money in doubt.
            raise UnexpectedMessage(exc.text, screen=exc.screen) from exc
        if isinstance(exc, Refused) and is_sealed(session.page):
            await session.renew()
        raise
    return await _secure(charge, delivery, session, context)


async def _record_failure(charge: Charge, charged: bool | None, code: str, context: StageContext) -> None:
    """What the failed purchase cost, where the site told; an unknown stays an intent, to be looked up."""
    if charged is False:
        await context.database.insist(lambda connection: charges.void_charge(connection, charge.id, {"why": code}))
    elif charged is True:
        await context.database.insist(
            lambda connection: charges.pay_charge(connection, charge.id, note={"trouble": code})
        )


async def _secure(charge: Charge, delivery: Delivery, session: Session, context: StageContext) -> Staged:
    """Mark paid first: from here on nothing may buy this again. A bad delivery is asked for once more, for free."""
    demande = delivery.note.get("demande")
    try:
        await context.database.insist(lambda connection: charges.pay_charge(connection, charge.id, demande=demande))
    except GONE:
        # Without a database the bytes are safe in the store all the same: whoever comes next finds them there.
        await keep_delivery(charge, delivery, context)
        raise
    try:
        return await stage_delivery(charge, delivery, context)
    except (BadPdf, WrongDocument) as exc:
        async with context.database.connection() as connection:
            paid = await charges.open_charge(connection, charge.job_id)
        try:
            staged = None if paid is None else await look_first(paid, session, context)
        except (BadPdf, WrongDocument, DocumentLate, ChargeUnproven):
            staged = None
        if staged is None:
            raise exc from None
        return staged
