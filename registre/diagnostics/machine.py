"""Rules on this machine: disks, temporary folders, memory, load, lost children, and the browser."""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from registre.diagnostics import host
from registre.diagnostics.phrases import plural
from registre.diagnostics.rule import Finding, Whole, fault, fine
from registre.domain.errors import ConfigurationError

_GB: Final = 1024**3
#: Below this a day's documents and their snapshots may not fit; below the second nothing will.
_LOW_DISK: Final = 2 * _GB
_FULL_DISK: Final = _GB // 10
#: Share of the cores, over 5 minutes, beyond which nothing is left for a peak (owner's rule).
_BUSY: Final = 0.8
#: A reader process takes about 650 MB.
_LOW_MEMORY: Final = 0.6 * _GB
#: Names that its process list had, and the scripts that they ran.
_OLD_PROGRAM: Final = re.compile(
    r"\bnode\b.*(?:dist/(?:worker|ocr|monitor|api)/|unified-worker|registre-(?:workers?|ocr|monitor|api)\b|ocr-pool)"
)
#: Defunct processes come and go; more of them are never waited for (2130 were once found).
_MANY_DEFUNCT: Final = 20


async def disk(whole: Whole) -> AsyncIterator[Finding]:
    """Room where the state and local objects lie."""
    roots = {scene.settings.object_root for scene in whole.scenes} | {whole.settings.object_root}
    places = [whole.settings.state, *(Path(root) for root in sorted(roots) if "://" not in root)]
    seen: set[int] = set()
    for place in map(_existing, places):
        if place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        usage = shutil.disk_usage(place)
        shown = f"{usage.free / _GB:.1f} Go libres sous {place} ({usage.used / usage.total:.0%} occupés)"
        shown = shown.replace(".", ",", 1)
        if usage.free >= _LOW_DISK:
            yield fine("disk", shown)
            continue
        full = usage.free < _FULL_DISK
        yield fault(
            "disk",
            shown,
            "le disque est plein" if full else "le disque se remplit",
            "aucun document ne peut être rangé" if full else "les documents ne pourront bientôt plus être rangés",
            f"du -xh --max-depth=2 {place} | sort -h | tail",
            serious=full,
        )


def _existing(place: Path) -> Path:
    place = place.absolute()
    while not place.exists():
        place = place.parent
    return place


async def temp(whole: Whole) -> AsyncIterator[Finding]:
    """The temporary folder and the state folder take files."""
    for name, folder, setting in (
        ("temp", Path(tempfile.gettempdir()), "TMPDIR"),
        ("state", _existing(whole.settings.state), "REGISTRE_STATE"),
    ):
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"registre diagnose")
        except OSError as exc:
            yield fault(
                name,
                f"{folder} ne prend pas de fichier: {exc.strerror}",
                "disque plein, ou le dossier n'est pas à cet utilisateur",
                "aucun PDF ne peut être lu" if name == "temp" else "ni clé ni serveur privé ne peut être créé",
                f"ls -ld {folder} ; df -h {folder}   (ou posez {setting})",
            )


async def memory(whole: Whole) -> AsyncIterator[Finding]:
    """Enough memory, and none of it on disk."""
    if not whole.machine or (found := host.memory()) is None:
        return
    free, used_swap = found.available / _GB, found.swap_total - found.swap_free
    text = f"mémoire: {free:.1f} Go libres sur {found.total / _GB:.1f}".replace(".", ",")
    each = [
        f"{worker.name} {size / 1024**2:.0f} Mo"
        for scene in whole.scenes
        for worker in await scene.workers()
        if worker.host == platform.node() and (size := host.resident(worker.pid)) and worker.status != "stopped"
    ]
    if found.available < _LOW_MEMORY:
        yield fault(
            "memory",
            text + "".join(f"; {line}" for line in each),
            "trop de processus pour cette machine",
            "le système tue des processus au hasard",
            "honcho start -c browser=1,ocr=1   (ou baissez REGISTRE_READERS)",
        )
    else:
        yield fine("memory", text, processes=each)
    if used_swap > 0:
        yield fault(
            "swap",
            f"{used_swap / 1024**2:.0f} Mo de mémoire sur le disque",
            "la mémoire a manqué",
            "tout devient lent: des pages n'arrivent plus à temps",
            "free -h   (baissez REGISTRE_READERS ou REGISTRE_BROWSER_SLOTS)",
            serious=False,
        )


async def load(whole: Whole) -> AsyncIterator[Finding]:
    """The cores keep up."""
    if not whole.machine:
        return
    average, cores = host.load()
    text = f"charge {average:.1f} sur {plural(cores, 'cœur')} depuis 5 minutes".replace(".", ",")
    if average > _BUSY * cores:
        yield fault(
            "load",
            text,
            "plus de processus que de cœurs",
            "des pages n'arrivent plus à temps",
            "honcho start -c browser=1,ocr=1   (ou baissez REGISTRE_READERS)",
            serious=False,
        )
    else:
        yield fine("load", text)


async def old_programs(whole: Whole) -> AsyncIterator[Finding]:
    """No program of the old system runs on this machine."""
    if not whole.machine:
        return
    running = {pid: words for pid, words in host.commands().items() if _OLD_PROGRAM.search(words)}
    if running:
        pid, words = next(iter(running.items()))
        yield fault(
            "old_programs",
            f"{plural(len(running), 'programme')} de l'ancien système, ex. {pid}: {words[:80]}",
            "PM2, ou un conteneur, les garde encore",
            "ils prennent les mêmes lignes et les achètent aussi",
            "arrêtez-les   (pm2 stop all && pm2 delete all && pm2 save)",
            pids=list(running),
        )
    else:
        yield fine("old_programs", "aucun programme de l'ancien système")


async def defunct(whole: Whole) -> AsyncIterator[Finding]:
    """Ended children are waited for."""
    if not whole.machine:
        return
    names = host.defunct()
    if len(names) > _MANY_DEFUNCT:
        common = max(set(names), key=names.count)
        yield fault(
            "defunct",
            f"{len(names)} processus finis que personne n'a attendus, surtout {common}",
            "le premier processus du conteneur n'attend pas ses enfants",
            "à la longue plus aucun processus ne démarre",
            "docker run --init …   (ou init: true dans compose)",
            serious=False,
        )
    else:
        yield fine("defunct", f"{plural(len(names), 'processus fini', 'processus finis')} en attente")


async def browser(whole: Whole) -> AsyncIterator[Finding]:
    """A browser really starts; only when asked, because it takes a second."""
    if not whole.machine:
        return
    yield fine("runtime", f"Python {platform.python_version()}, {platform.system()} {platform.release()}")
    if whole.settings.cdp_url:
        yield fine("browser", "navigateur distant (REGISTRE_CDP_URL), non essayé")
        return
    from registre.embedded import chromium

    try:
        found = await chromium.find(whole.settings.chromium, whole.settings.state / "browser")
    except ConfigurationError as exc:
        yield fault(
            "browser",
            exc.text,
            "aucun Chromium n'est installé ou il ne démarre pas pour cet utilisateur",
            "aucun document ne peut être cherché ni acheté",
            "apt-get install chromium   (ou REGISTRE_CHROMIUM=/chemin/du/navigateur)",
        )
    else:
        yield fine("browser", f"navigateur {found}: démarre et compose du texte")
