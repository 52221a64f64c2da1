"""Rules on what must be there before anything can work: settings, tables, Redis, storage, key, browser, disk."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

from registre.db import health
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import Finding, Level, Scene
from registre.domain.errors import ConfigurationError, RegistreError

#: Below this a day's documents and their snapshots may not fit.
_LOW_DISK = 2 * 1024**3


async def settings(scene: Scene) -> AsyncIterator[Finding]:
    """The one setting without a default: where things are bought."""
    if scene.settings.foncier_url:
        yield Finding("settings", Level.OK, f"registre foncier: {scene.settings.foncier_url}")
        return
    if await scene.alive("browser"):
        yield Finding("settings", Level.OK, "REGISTRE_FONCIER_URL n'est pas dans ce terminal; browser l'a reçue")
        return
    waits = any(due.stage in {"fetch", "download"} for due in await scene.due())
    yield Finding(
        "settings",
        Level.FAILURE if waits else Level.WARNING,
        "REGISTRE_FONCIER_URL manque",
        "l'adresse du registre n'a pas de valeur par défaut, pour que rien ne soit acheté par accident",
        "le processus browser refuse de démarrer",
        "registre sandbox   (ou export REGISTRE_FONCIER_URL=l'adresse du registre)",
    )


async def database(scene: Scene) -> AsyncIterator[Finding]:
    """The role sees its rows, and the public table has its triggers."""
    state = await health.role_state(scene.connection)
    yield Finding("database", Level.OK, f"Postgres {state.server_version.split()[0]}, rôle {state.role}, tables à jour")
    if state.blindfolded:
        yield Finding(
            "row_security",
            Level.FAILURE,
            f"la sécurité par ligne s'applique au rôle {state.role}",
            "DATABASE_URL utilise un rôle qui ne possède pas les tables",
            "des lignes existent sans être vues; les comptes paraissent absents",
            "registre config   (donnez à DATABASE_URL le rôle propriétaire des tables)",
        )
    if state.doors < 2:
        yield Finding(
            "door",
            Level.FAILURE,
            f"{plural(state.doors, 'déclencheur actif', 'déclencheurs actifs')} sur 2 dans public.extraction_queue",
            "un déclencheur registre_door_* a été désactivé ou supprimé",
            "une ligne insérée ne devient pas une demande",
            "réactivez registre_door_insert et registre_door_update (voir migrations/0004_create_door.sql)",
        )


async def unjoined(scene: Scene) -> AsyncIterator[Finding]:
    """Rows inserted while the door was shut."""
    rows = await health.unjoined_rows(scene.connection)
    if rows:
        yield Finding(
            "unjoined_rows",
            Level.FAILURE,
            f"{plural(len(rows), 'ligne')} en attente (status_id 1) sans demande, ex. {str(rows[0])[:8]}",
            "elles ont été insérées pendant que le déclencheur était inactif",
            "personne ne les traitera",
            "registre requeue --stale --yes",
            {"count": len(rows), "sample": rows[0]},
        )


async def redis(scene: Scene) -> AsyncIterator[Finding]:
    """Redis answers; jobs do not depend on it."""
    from registre.embedded import valkey

    if scene.redis_url is None:
        yield Finding(
            "redis", Level.WARNING, "aucun Redis connu", "ni REDIS_URL ni registre up", _REDIS_LOST, "registre up"
        )
    elif await valkey.ping(scene.redis_url):
        yield Finding("redis", Level.OK, "Redis répond")
    else:
        yield Finding(
            "redis",
            Level.WARNING,
            "Redis ne répond pas",
            "il est arrêté ou REDIS_URL est fausse",
            _REDIS_LOST,
            "registre up",
        )


_REDIS_LOST = "les limites et la capacité partagées ne sont plus comptées; aucune demande n'est perdue"


async def objects(scene: Scene) -> AsyncIterator[Finding]:
    """A probe is written, read back and deleted."""
    from registre.storage.objects import Objects

    root = scene.settings.object_root
    store, key = Objects(root), f"diagnose/{uuid4()}.txt"
    try:
        await store.put(key, b"registre diagnose")
        await store.delete(key)
    except (RegistreError, OSError) as exc:
        yield Finding(
            "objects",
            Level.FAILURE,
            f"{root}: {getattr(exc, 'text', exc)}",
            "dossier sans droit d'écriture, disque plein, ou adresse et clés S3 fausses",
            "un document acheté ne peut pas être rangé",
            "registre config   (corrigez REGISTRE_OBJECTS)",
        )
    else:
        yield Finding("objects", Level.OK, f"stockage {root}: écrit, relu, effacé")


async def key(scene: Scene) -> AsyncIterator[Finding]:
    """The key at hand opens the passwords stored."""
    sealed = await health.sealed_sample(scene.connection)
    if sealed is None:
        return
    from registre.accounts import Vault

    try:
        Vault(scene.fernet_key or b"").open(sealed)
    except ConfigurationError as exc:
        yield Finding(
            "secret_key",
            Level.FAILURE,
            exc.text if scene.fernet_key else "ni REGISTRE_SECRET_KEY ni secret.key dans le dossier d'état",
            "cette clé n'est pas celle qui a chiffré les mots de passe",
            "aucun compte ne peut se connecter avec cette configuration",
            "registre config   (rétablissez REGISTRE_SECRET_KEY ou REGISTRE_STATE)",
        )
    else:
        yield Finding("secret_key", Level.OK, "la clé ouvre les mots de passe")


async def browser(scene: Scene) -> AsyncIterator[Finding]:
    """A browser really starts; only when asked, because it takes a second."""
    if not scene.host:
        return
    if scene.settings.cdp_url:
        yield Finding("browser", Level.OK, "navigateur distant (REGISTRE_CDP_URL), non essayé")
        return
    from registre.embedded import chromium

    try:
        found = await chromium.find(scene.settings.chromium, scene.settings.state / "browser")
    except ConfigurationError as exc:
        yield Finding(
            "browser",
            Level.FAILURE,
            exc.text,
            "aucun Chromium n'est installé ou il ne démarre pas pour cet utilisateur",
            "aucun document ne peut être cherché ni acheté",
            "apt-get install chromium   (ou REGISTRE_CHROMIUM=/chemin/du/navigateur)",
        )
    else:
        yield Finding("browser", Level.OK, f"navigateur {found}: démarre et compose du texte")


async def disk(scene: Scene) -> AsyncIterator[Finding]:
    """Room where the state and local objects lie."""
    if not scene.host:
        return
    place = scene.settings.state.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    shown = f"{free / 1024**3:.1f} Go libres sous {Path(place)}".replace(".", ",", 1)
    if free < _LOW_DISK:
        yield Finding(
            "disk",
            Level.WARNING,
            shown,
            "le disque se remplit",
            "les documents ne pourront plus être rangés",
            f"du -xh --max-depth=2 {place} | sort -h | tail",
        )
    else:
        yield Finding("disk", Level.OK, shown)
