"""Rules on the processes: does a clock lead, is anyone alive, are they as many and as new as they should be."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from registre.db import health
from registre.db.health import Worker
from registre.diagnostics.host import process_state
from registre.diagnostics.phrases import plural, span
from registre.diagnostics.rule import START, Finding, Scene, fault, fine, is_alive
from registre.pipeline import PLAN, SWEEP
from registre.revision import revision

ROLES: Final = tuple(dict.fromkeys(plan.role for plan in PLAN.values()))
#: The clock comes by every SWEEP; what it has not touched by then, it does not see.
SWEPT: Final = SWEEP * 5
#: As many deaths of one slot in an hour are too many (owner's rule: fewer than 5 restarts).
RESTARTS: Final = 5
#: The queue is looked at every second; a stop drains for a few.
_POLLED: Final = timedelta(seconds=35)
#: The old system's workers wrote every 10 s.
_OLD: Final = timedelta(minutes=3)


async def old_workers(scene: Scene) -> AsyncIterator[Finding]:
    """No process of the old system works on these tables."""
    old = [worker for worker in await scene.workers() if not worker.role and worker.silence < _OLD]
    old = [worker for worker in old if worker.status not in {"offline", "stopped"}]
    if old:
        names = ", ".join(worker.name for worker in old[:3])
        yield fault(
            "old_workers",
            f"{plural(len(old), 'processus étranger vivant', 'processus étrangers vivants')}: {names}",
            "l'ancien système tourne encore sur cette base",
            "il prend des lignes et les achète aussi",
            "arrêtez-le sur sa machine   (pm2 stop all, ou son conteneur)",
            workers=[worker.name for worker in old],
        )


async def stopped(scene: Scene) -> AsyncIterator[Finding]:
    """Something runs at all."""
    if await scene.leads() or any([await scene.alive(role) for role in ROLES]):
        return
    known = [worker for worker in await scene.workers() if worker.role in ROLES]
    last = min((worker.silence for worker in known), default=None)
    waits = await scene.open_jobs()
    yield fault(
        "stopped",
        "aucun processus ne tourne" + (f", depuis {span(last)} au moins" if last is not None else ""),
        "honcho (ou ce qui lance le Procfile) est arrêté, ou ses processus n'atteignent pas cette base",
        f"rien n'avance; {plural(waits, 'demande ouverte', 'demandes ouvertes')}" if waits else "rien n'avancera",
        START,
        serious=waits > 0,
    )


async def clock(scene: Scene) -> AsyncIterator[Finding]:
    """One clock leads, and does its rounds."""
    if not await scene.leads():
        yield fault(
            "clock",
            "aucune horloge (clock) ne tourne",
            "son processus est arrêté",
            "le travail d'un processus mort n'est pas repris, un message perdu n'est pas réécrit",
            START,
            serious=bool(await scene.open_jobs()),
        )
    elif await health.expired_leases(scene.connection, older=SWEPT):
        yield fault(
            "clock_stuck",
            "l'horloge (clock) tient son verrou mais ne fait plus ses rondes",
            "son processus est bloqué, ou un autre programme a pris le verrou registre.clock",
            "le travail d'un processus mort n'est pas repris",
            "relancez le processus clock   (une fois: registre diagnose --fix)",
        )
    else:
        yield fine("clock", "l'horloge (clock) tourne")


async def frozen(scene: Scene) -> AsyncIterator[Finding]:
    """A process of this machine that exists and does not speak."""
    for worker in await scene.workers():
        state = process_state(worker.pid) if _is_lost(worker) and worker.host == socket.gethostname() else None
        if state == "T":
            yield fault(
                "frozen",
                f"{worker.name} est suspendu (processus {worker.pid}), muet depuis {span(worker.silence)}",
                "il a reçu SIGSTOP, ou Ctrl-Z dans son terminal",
                "il ne fait rien; son travail est repris par d'autres s'il y en a",
                f"kill -CONT {worker.pid}",
                about=worker.role,
                pid=worker.pid,
            )


async def workers(scene: Scene) -> AsyncIterator[Finding]:
    """Each role has a living process, above all where work waits for it."""
    due = await scene.due()
    for role in ROLES:
        waiting = sum(item.jobs for item in due if _role(item.stage) == role)
        alive = await scene.alive(role)
        if alive:
            busy = sum(worker.status == "busy" for worker in alive)
            text = f"{role}: {plural(len(alive), 'processus vivant', 'processus vivants')}, {busy} au travail"
            uptime = {worker.name: worker.last_heartbeat - worker.started_at for worker in alive}
            unpolled = {worker.name: worker.unpolled for worker in alive if worker.unpolled is not None}
            text += f", file regardée il y a {span(max(unpolled.values()))} au plus" if unpolled else ""
            died = await scene.once("restarts", health.restarts)
            again = {worker.name: died.get(worker.name, 0) for worker in alive}
            text += f", {plural(sum(again.values()), 'redémarrage')} en une heure"
            yield fine(
                "workers",
                text,
                about=role,
                alive=len(alive),
                waiting=waiting,
                uptime=uptime,
                unpolled=unpolled,
                restarts=again,
            )
            for worker in alive:
                if worker.unpolled is not None and worker.unpolled > _POLLED:
                    yield fault(
                        "unpolled",
                        f"{worker.name} vit mais n'a pas regardé la file depuis {span(worker.unpolled)}",
                        "sa connexion de file est perdue ou bloquée",
                        "il ne prend pas de travail",
                        "relancez ce processus s'il ne se remet pas seul",
                        serious=waiting > 0,
                        about=role,
                    )
            continue
        yield fault(
            "workers",
            f"{role}: aucun processus vivant, {plural(waiting, 'demande prête', 'demandes prêtes')}",
            _last_word(await scene.workers(), role),
            "rien n'avance à cette étape" if waiting else "la prochaine demande attendra",
            START,
            serious=waiting > 0,
            about=role,
            alive=0,
            waiting=waiting,
        )


async def expected(scene: Scene) -> AsyncIterator[Finding]:
    """As many processes as REGISTRE_EXPECTED says; without it, as many as did not say good-bye."""
    known = await scene.workers()
    wanted = scene.settings.expected
    for role in ROLES:
        alive = await scene.alive(role)
        if role in wanted and len(alive) < wanted[role]:
            yield fault(
                "expected",
                f"{role}: {len(alive)} sur {wanted[role]} attendus (REGISTRE_EXPECTED)",
                "des processus ne démarrent pas ou ont été tués",
                "le travail avance moins vite que prévu",
                START,
                serious=False,
                about=role,
            )
        lost = [worker for worker in known if worker.role == role and _is_lost(worker)]
        lost = lost if role not in wanted else []
        for gone in _unreplaced(lost, alive):
            yield fault(
                "silent_workers",
                f"{gone.name} est sans nouvelles depuis {span(gone.silence)}",
                _why_silent(gone),
                "un processus de moins; son travail est repris après 8 s par l'horloge",
                START,
                serious=False,
                about=role,
                worker=gone.name,
            )


async def versions(scene: Scene) -> AsyncIterator[Finding]:
    """Every living process runs this program's revision."""
    alive = [worker for worker in await scene.workers() if worker.role and is_alive(worker)]
    others = [worker for worker in alive if worker.version != revision()]
    if others:
        shown = ", ".join(f"{worker.name} {worker.version}" for worker in others[:4])
        yield fault(
            "versions",
            f"{plural(len(others), 'processus', 'processus')} d'une autre révision: {shown}; ici {revision()}",
            "des processus n'ont pas été relancés après la mise à jour, ou la configuration est l'ancienne",
            "deux versions travaillent sur la même base",
            "scripts/deploy   (ou arrêtez tout, puis honcho start)",
            workers=[worker.name for worker in others],
        )
    elif alive:
        yield fine("versions", f"révision {revision()} partout", revision=revision())


async def retired_roles(scene: Scene) -> AsyncIterator[Finding]:
    """No process of a role that this program no longer has."""
    known = {*ROLES, "clock", ""}
    retired = [worker for worker in await scene.workers() if worker.role not in known and is_alive(worker)]
    if retired:
        yield fault(
            "retired_roles",
            f"vivant, d'un rôle qui n'existe plus: {', '.join(worker.name for worker in retired[:4])}",
            "un processus d'une version précédente n'a pas été arrêté",
            "il travaille par d'anciennes règles sur les mêmes lignes",
            "scripts/deploy   (ou arrêtez-le sur sa machine)",
            workers=[worker.name for worker in retired],
        )


async def restarts(scene: Scene) -> AsyncIterator[Finding]:
    """No slot dies and starts again and again."""
    for slot, count in (await scene.once("restarts", health.restarts)).items():
        if count >= RESTARTS:
            yield fault(
                "restarts",
                f"{slot} est mort et reparti {count} fois en une heure",
                "mémoire, navigateur, ou un document qui le tue",
                "chaque mort coûte un essai aux demandes qu'il tenait",
                "registre status --status erreur",
                serious=False,
                about=slot,
            )


def _role(stage: str) -> str:
    return next((plan.role for plan in PLAN.values() if plan.stage == stage), "")


def _is_lost(worker: Worker) -> bool:
    return worker.status == "offline" or (worker.status in {"idle", "busy", "waiting"} and not is_alive(worker))


def _unreplaced(lost: list[Worker], alive: list[Worker]) -> list[Worker]:
    """Those in whose place nobody came: a container has a new name each time it starts."""
    heirs = sorted(alive, key=lambda worker: worker.started_at)
    left: list[Worker] = []
    for gone in sorted(lost, key=lambda worker: worker.last_heartbeat):
        heir = next((worker for worker in heirs if worker.started_at > gone.last_heartbeat), None)
        if heir is None:
            left.append(gone)
        else:
            heirs.remove(heir)
    return left


def _last_word(known: list[Worker], role: str) -> str:
    last = min((worker for worker in known if worker.role == role), key=lambda worker: worker.silence, default=None)
    if last is None:
        return "aucun n'a été démarré sur cette base depuis un jour"
    if last.status == "stopped":
        return f"{last.name} a été arrêté il y a {span(last.silence)}"
    return f"{last.name} est sans nouvelles depuis {span(last.silence)}: {_why_silent(last)}"


def _why_silent(worker: Worker) -> str:
    if worker.host == socket.gethostname() and worker.pid:
        state = process_state(worker.pid)
        if state is None:
            return f"son processus {worker.pid} n'existe plus sur cette machine"
        if state == "T":
            return f"son processus {worker.pid} est suspendu"
        return f"son processus {worker.pid} existe mais n'atteint plus la base"
    return f"tué, machine {worker.host or 'inconnue'} arrêtée, ou coupé de la base"
