"""Rules on the registry accounts: someone can sign in, nobody is held by the dead, none is in two places."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from registre.db import account as accounts_db
from registre.db import server
from registre.db.account import AccountState
from registre.diagnostics.phrases import plural, span
from registre.diagnostics.processes import SWEPT
from registre.diagnostics.rule import SWEEP_BY_HAND, Finding, Scene, Whole, fault, fine
from registre.settings import Settings

#: Wrong logins that bench an account; `registre.accounts` has the same and is slow to load (a test compares).
MAX_FAILURES = 2


async def accounts(scene: Scene) -> AsyncIterator[Finding]:
    """Someone can sign in."""
    known = await scene.once("accounts", accounts_db.accounts)
    usable = [account for account in known if is_usable(account)]
    if usable:
        held = sum(account.lease_worker is not None for account in usable)
        text = f"{plural(len(usable), 'compte utilisable', 'comptes utilisables')} sur {len(known)}, {held} en usage"
        yield fine("accounts", text, usable=len(usable), known=len(known), held=held)
        return
    waits = await scene.open_jobs()
    clear = bool(known) and not any(account.encrypted for account in known)
    yield fault(
        "accounts",
        f"aucun compte utilisable sur {len(known)}",
        "aucun n'a été ajouté" if not known else "tous sont en clair" if clear else "tous sont écartés ou désactivés",
        f"{plural(waits, 'demande ouverte', 'demandes ouvertes')}; aucune ne peut être achetée"
        if waits
        else "aucun document ne peut être acheté",
        "registre accounts add CODE"
        if not known
        else "registre accounts encrypt"
        if clear
        else "registre accounts list",
    )


async def health_of_accounts(scene: Scene) -> AsyncIterator[Finding]:
    """Each account by itself."""
    known = await scene.once("accounts", accounts_db.accounts)
    for account in known:
        if account.encrypted and not is_usable(account) and account.benched_code != "disabled":
            yield fault(
                "benched_account",
                f"compte {account.username} écarté ({account.failures} connexions sans succès)",
                account.benched_text or account.benched_code or "connexion interrompue avant sa réponse",
                "il ne sert plus; les autres font son travail",
                f"registre accounts add {account.username}   (ou, une fois réglé: registre accounts enable "
                f"{account.username})",
                serious=False,
                about=account.username,
                private=True,
            )
    clear = sum(not account.encrypted for account in known)
    if clear:
        yield fault(
            "clear_passwords",
            f"{plural(clear, 'mot de passe', 'mots de passe')} en clair",
            "lignes de l'ancien système",
            "ces comptes ne servent pas, et la base les montre",
            "registre accounts encrypt",
            serious=False,
        )
    for (site, username), count in Counter((account.site, account.username) for account in known).items():
        if count > 1:
            yield fault(
                "twin_accounts",
                f"le compte {username} ({site}) figure {count} fois",
                "il a été inséré deux fois à la main",
                "deux processus peuvent s'y connecter à la fois: le registre ferme la première session",
                f"registre accounts list   (effacez la ligne en trop de worker_accounts pour {username})",
                about=username,
                private=True,
            )


async def dead_holders(scene: Scene) -> AsyncIterator[Finding]:
    """No account is held by a process that no longer says so."""
    now = (await scene.once("server", server.server_state)).at
    for account in await scene.once("accounts", accounts_db.accounts):
        late = now - account.lease_until if account.lease_until else None
        if late is not None and late > SWEPT:
            yield fault(
                "dead_holders",
                f"le bail du compte {account.username} est échu depuis {span(late)} et n'a pas été rendu",
                "son processus est mort et l'horloge (clock) ne libère pas ses comptes",
                "aucune: un bail échu n'empêche pas un autre de le prendre",
                SWEEP_BY_HAND,
                serious=False,
                private=True,
            )
            return


async def resting(scene: Scene) -> AsyncIterator[Finding]:
    """Not every usable account rests after a bad login, or has spent its day."""
    usable = [account for account in await scene.once("accounts", accounts_db.accounts) if is_usable(account)]
    waits = await scene.open_jobs()
    if usable and all(account.rest_until is not None for account in usable):
        soonest = min(account.rest_until for account in usable if account.rest_until is not None)
        yield fault(
            "accounts_resting",
            f"{plural(len(usable), 'compte utilisable', 'comptes utilisables')}, tous au repos; "
            f"le premier jusqu'à {soonest.astimezone():%H:%M:%S}",
            f"leur dernière connexion n'a pas abouti ({usable[0].rest_code or 'sans code'})",
            f"{plural(waits, 'demande')} sans compte d'ici là",
            "registre accounts list",
            serious=False,
        )
    spent = [account for account in usable if _has_spent_its_day(account, scene.settings)]
    if spent and len(spent) == len(usable):
        yield fault(
            "account_ceilings",
            f"{plural(len(spent), 'compte')}: tous ont atteint leur part du jour",
            "REGISTRE_ACCOUNT_DAILY_CEILING_CENTS ou REGISTRE_ACCOUNT_DAILY_ORDERS",
            f"{plural(waits, 'demande')} sans compte avant minuit",
            "registre accounts list   (ajoutez un compte, ou relevez ces réglages)",
            serious=False,
        )


def _has_spent_its_day(account: AccountState, settings: Settings) -> bool:
    cents, orders = settings.account_daily_ceiling_cents, settings.account_daily_orders
    too_dear = bool(cents) and account.cents_today + settings.price_cents > cents
    return too_dear or (bool(orders) and account.orders_today >= orders)


async def shared(whole: Whole) -> AsyncIterator[Finding]:
    """No account stands in two environments: their leases do not know of each other."""
    places: dict[tuple[str, str], list[str]] = {}
    for scene in whole.scenes:
        for account in await scene.once("accounts", accounts_db.accounts):
            if account.is_active:
                places.setdefault((account.site, account.username), []).append(scene.name)
    for (_, username), names in places.items():
        if len(set(names)) > 1:
            yield fault(
                "shared_account",
                f"le compte {username} est actif dans {' et '.join(sorted(set(names)))}",
                "il a été ajouté deux fois; chaque environnement le croit à lui",
                "deux sessions à la fois: le registre ferme la première, et une page payée peut se perdre",
                f"registre --env {names[-1]} accounts disable {username}",
                about=username,
                private=True,
            )


def is_usable(account: AccountState) -> bool:
    """Active, sealed, and not refused too often."""
    return account.is_active and account.encrypted and account.failures < MAX_FAILURES
