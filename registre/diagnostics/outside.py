"""Rules on what answers from elsewhere: Redis, and the registry's entry page. Looking costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from registre.diagnostics.rule import Finding, Whole, fault, fine

#: The page is small; a site this slow is one on which orders fail too.
_SITE_PATIENCE_S: Final = 1.5
_REDIS_LOST: Final = "les limites et la capacité partagées ne sont plus comptées; aucune demande n'est perdue"
_CROWDED: Final = 0.9


async def redis(whole: Whole) -> AsyncIterator[Finding]:
    """Redis answers, takes, gives back and forgets; jobs do not depend on it."""
    answer = await whole.redis()
    if answer is None:
        yield fault(
            "redis", "aucun Redis connu", "ni REDIS_URL ni registre up", _REDIS_LOST, "registre up", serious=False
        )
        return
    if answer.failed:
        ours = not whole.settings.redis_url
        yield fault(
            "redis",
            f"Redis: {answer.failed}: {answer.reason}",
            _REDIS_CAUSES.get(answer.failed, "il répond, mais refuse de travailler"),
            _REDIS_LOST,
            "registre up" if ours else "registre config   (vérifiez REDIS_URL et ce serveur)",
            serious=False,
            about=answer.failed.split()[0].lower(),
        )
        return
    memory = f"{answer.memory / 1024**2:.1f} Mo".replace(".", ",")
    text = f"Redis {answer.version}: PONG; écrit, relu, effacé; {memory}"
    if answer.memory_limit and answer.memory > answer.memory_limit * _CROWDED:
        yield fault(
            "redis",
            f"{text} sur {answer.memory_limit / 1024**2:.0f}",
            "sa mémoire est presque pleine",
            _REDIS_LOST,
            "relevez maxmemory de ce serveur",
            serious=False,
            about="memory",
        )
    else:
        yield fine("redis", text)


_REDIS_CAUSES: Final = {
    "connexion": "il est arrêté ou REDIS_URL est fausse",
    "mot de passe": "le mot de passe de REDIS_URL est refusé",
    "PING": "il demande un mot de passe que REDIS_URL ne donne pas, ou il se charge",
    "SET": "il est en lecture seule, ou sa mémoire est pleine",
}


async def site(whole: Whole) -> AsyncIterator[Finding]:
    """The registry's entry page comes."""
    url = whole.settings.foncier_url
    if not url:
        return
    wrong = await asyncio.to_thread(_fetch, url)
    if wrong is None:
        yield fine("site", "la page d'entrée du registre répond")
        return
    yield fault(
        "site",
        f"{url}: {wrong}",
        "le registre est arrêté ou en maintenance, ou le réseau de cette machine est coupé",
        "rien ne peut être cherché ni acheté; les demandes attendent et repartent",
        f"curl -sSI {url}",
        serious=bool(await whole.open_jobs()),
    )


def _fetch(url: str) -> str | None:
    """What is wrong with the page at that address; None when it came."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    if not url.startswith(("http://", "https://")):
        return "ce n'est pas une adresse http(s)"
    request = Request(url, headers={"User-Agent": "registre diagnose"})  # noqa: S310  http(s) only, checked above
    try:
        with urlopen(request, timeout=_SITE_PATIENCE_S) as page:  # noqa: S310
            page.read(1)
    except HTTPError as exc:
        # What is not found or not allowed here is still a server that answers.
        return f"répond {exc.code} {exc.reason}" if exc.code >= 500 else None
    except (URLError, OSError, HTTPException) as exc:
        return str(getattr(exc, "reason", exc)) or type(exc).__name__
    return None
