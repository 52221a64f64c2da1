"""Rules on what is scarce and counted in Redis: this machine's places, and the paid reader's quota."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from registre.diagnostics.phrases import plural, span
from registre.diagnostics.rule import Finding, Whole, fault, fine
from registre.domain.errors import ConfigurationError, LimitsUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

#: Rounding of the sums.
_GRAIN: Final = 0.0005
#: From this share of a minute's quota on, more OCR slots would only wait.
_CLOSE: Final = 0.8


async def _client(whole: Whole) -> Redis | None:
    """None where nothing is counted: an empty Redis has no place leased and no call metered."""
    answer = await whole.redis()
    if whole.redis_url is None or answer is None or answer.failed or not answer.keys:
        return None
    # Loaded here: the library takes longer to load than the rest of the diagnosis.
    from registre.limits.redis import connect

    return connect(whole.redis_url)


async def capacity(whole: Whole) -> AsyncIterator[Finding]:
    """No more is leased than there is, and nobody waits for a place."""
    client = await _client(whole)
    if client is None:
        return
    from registre.limits import configured

    try:
        kept = configured.capacity(whole.settings, client)
        found = await kept.show()
    except LimitsUnavailable:
        return  # said by the rule on Redis
    except ConfigurationError as exc:
        cause = "un réglage de capacité est mal écrit"
        yield fault("capacity", exc.text, cause, "les processus refusent de démarrer", "registre config")
        return
    finally:
        await client.aclose()
    room = kept.machine.available
    text = f"places louées: {found.cpu:g} cœurs sur {room.cpu / 1000:g}, {found.ram:g} Go sur {room.ram / 1000:g}"
    if found.cpu > room.cpu / 1000 + _GRAIN or found.ram > room.ram / 1000 + _GRAIN:
        yield fault(
            "capacity",
            text,
            "SERVER_MAX_CPU ou SERVER_MAX_RAM ont été baissés sous ce qui est déjà loué",
            "la machine est surchargée tant que ces processus tournent",
            "registre capacity   (relancez avec moins de processus, ou rétablissez ces réglages)",
            cpu=found.cpu,
            ram=found.ram,
        )
    else:
        yield fine("capacity", text, cpu=found.cpu, ram=found.ram)
    if found.waiting:
        first = found.waiting[0]
        yield fault(
            "capacity_waiting",
            f"{plural(len(found.waiting), 'processus', 'processus')} sans place, ex. {first.worker}: "
            f"{first.cpu:g} cœurs, {first.ram:g} Go",
            "plus de processus démarrés que la machine n'en tient",
            "ils attendent une place sans travailler",
            "registre capacity   (démarrez-en moins, ou relevez SERVER_MAX_CPU et SERVER_MAX_RAM)",
            serious=False,
            workers=[lease.worker for lease in found.waiting],
        )


async def meter(whole: Whole) -> AsyncIterator[Finding]:
    """The paid reader is not paused and has not spent its day."""
    client = await _client(whole)
    if client is None:
        return
    from registre.limits import configured

    try:
        gauged = configured.meter(whole.settings, client)
        limits_of = configured.limits(whole.settings)
        gauges = [(model, limits_of(model), await gauged.gauge(model)) for model in await gauged.models()]
    except (LimitsUnavailable, ConfigurationError):
        return  # said by the rules on Redis and on capacity
    finally:
        await client.aclose()
    for model, limits, gauge in gauges:
        shares = gauge.requests / limits.requests_per_minute, gauge.tokens / limits.tokens_per_minute
        text = (
            f"{model}: {gauge.requests} appels sur {limits.requests_per_minute} depuis une minute ({shares[0]:.0%}), "
            f"{gauge.tokens} jetons sur {limits.tokens_per_minute} ({shares[1]:.0%})"
        )
        spent = bool(limits.microdollars_per_day) and gauge.microdollars >= limits.microdollars_per_day
        spent = spent or (bool(limits.requests_per_day) and gauge.day_requests >= limits.requests_per_day)
        if gauge.pause > 0:
            text = f"{text}; en pause encore {span(timedelta(milliseconds=gauge.pause))}"
            cause = "le fournisseur a répondu 429: son quota est sous GEMINI_LIMITS, ou d'autres s'en servent"
            then = "la lecture payante attend, puis repart"
            yield fault("meter", text, cause, then, "registre capacity", serious=False, about=model)
        elif spent:
            cause = "le plafond du jour est atteint (GEMINI_DAILY_CEILING_CENTS ou GEMINI_LIMITS)"
            then = "la lecture payante attend demain"
            yield fault("meter", text, cause, then, "registre usage", serious=False, about=model)
        elif max(shares) >= _CLOSE:
            cause = "le quota d'une minute est presque pris: GEMINI_LIMITS, ou trop de lecteurs pour lui"
            then = "les lectures suivantes attendent leur tour, sans se perdre"
            yield fault("meter", text, cause, then, "registre capacity", serious=False, about=model)
        else:
            yield fine("meter", text, about=model)
