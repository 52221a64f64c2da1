"""Rules on what is set up by hand: the registry's address, the key of the passwords, the object store, reporting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from registre.db import health
from registre.diagnostics.rule import Finding, Scene, Whole, fault, fine
from registre.domain.errors import ConfigurationError, RegistreError

#: Buckets of the existing contract, and our own two.
_BUCKETS: Final = ("objects", "staging", "index", "actes", "plans-cadastraux")
#: A store that takes longer for a few bytes is as good as away.
_STORE_PATIENCE_S: Final = 1.5


async def site_url(whole: Whole) -> AsyncIterator[Finding]:
    """The one setting without a default: where things are bought."""
    if whole.settings.foncier_url:
        yield fine("site_url", f"registre foncier: {whole.settings.foncier_url}")
        return
    if await whole.alive("browser"):
        yield fine("site_url", "REGISTRE_FONCIER_URL n'est pas dans ce terminal; browser l'a reçue")
        return
    due = [item for scene in whole.scenes for item in await scene.due()]
    yield fault(
        "site_url",
        "REGISTRE_FONCIER_URL manque",
        "l'adresse du registre n'a pas de valeur par défaut, pour que rien ne soit acheté par accident",
        "le processus browser refuse de démarrer",
        "registre sandbox   (ou export REGISTRE_FONCIER_URL=l'adresse du registre)",
        serious=any(item.stage in {"fetch", "download"} for item in due),
    )


async def sentry(whole: Whole) -> AsyncIterator[Finding]:
    """Reporting is off, or its address can be one."""
    dsn = whole.settings.sentry_dsn
    if not dsn:
        yield fine("sentry", "SENTRY_DSN n'est pas posé: les échecs techniques ne sont signalés nulle part")
        return
    parts = urlsplit(dsn)
    if parts.scheme in {"http", "https"} and parts.username and parts.hostname and parts.path.strip("/")[-1:].isdigit():
        yield fine("sentry", f"échecs signalés à {parts.hostname}")
        return
    yield fault(
        "sentry",
        "SENTRY_DSN n'a pas la forme https://clé@hôte/numéro",
        "la valeur est incomplète",
        "les processus refusent de démarrer",
        "registre config   (corrigez ou retirez SENTRY_DSN)",
    )


async def key(scene: Scene) -> AsyncIterator[Finding]:
    """The key at hand opens the passwords stored."""
    sealed = await health.sealed_sample(scene.connection)
    if sealed is None:
        return
    from cryptography.fernet import Fernet, InvalidToken

    try:
        Fernet(scene.fernet_key or b"").decrypt(sealed.removeprefix("fernet:").encode())
    except (InvalidToken, ValueError) as exc:
        wrong = "cette clé n'a pas chiffré les mots de passe de la base"
        malformed = "REGISTRE_SECRET_KEY n'est pas une clé Fernet (44 caractères base64)"
        missing = "ni REGISTRE_SECRET_KEY ni secret.key dans le dossier d'état"
        yield fault(
            "secret_key",
            missing if not scene.fernet_key else wrong if isinstance(exc, InvalidToken) else malformed,
            "la clé a été perdue ou remplacée" if scene.fernet_key else "la base vient d'une autre installation",
            "aucun compte ne peut se connecter avec cette configuration",
            "registre config   (rétablissez REGISTRE_SECRET_KEY ou REGISTRE_STATE)",
        )
    else:
        yield fine("secret_key", "la clé ouvre les mots de passe")


async def objects(scene: Scene) -> AsyncIterator[Finding]:
    """In every bucket a probe is written, read back and deleted."""
    from registre.storage.objects import Objects

    root = scene.settings.object_root
    store = Objects(root)

    async def probe(bucket: str) -> str | None:
        probe_key = f"{bucket}/diagnose-{uuid4()}.txt"
        try:
            async with asyncio.timeout(_STORE_PATIENCE_S):
                await store.put(probe_key, b"registre diagnose")
                await store.delete(probe_key)
        except TimeoutError:
            return f"aucune réponse en {_STORE_PATIENCE_S:g} s"
        except (RegistreError, OSError, ConfigurationError) as exc:
            return str(getattr(exc, "text", exc))
        except Exception as exc:  # noqa: BLE001  obstore raises bare exceptions for addresses it cannot use
            return str(exc).splitlines()[0]
        return None

    failed = {
        bucket: reason
        for bucket, reason in zip(_BUCKETS, await asyncio.gather(*map(probe, _BUCKETS)), strict=True)
        if reason is not None
    }
    if not failed:
        yield fine("objects", f"stockage {root}: écrit, relu, effacé dans {len(_BUCKETS)} compartiments")
        return
    bucket, reason = next(iter(failed.items()))
    yield fault(
        "objects",
        f"{root}: {', '.join(failed)}: {reason}",
        _why(reason),
        "un document acheté ne peut pas être rangé; il reste en attente, sans être perdu",
        "df -h" if "No space" in reason else "registre config   (corrigez REGISTRE_OBJECTS ou ses droits)",
        buckets=list(failed),
        sample=bucket,
    )


def _why(reason: str) -> str:
    if "No space" in reason:
        return "le disque est plein"
    if "ermission" in reason or "Read-only" in reason:
        return "ce dossier n'est pas à l'utilisateur qui lance registre"
    return "le dossier manque, ou l'adresse et les clés S3 sont fausses"
