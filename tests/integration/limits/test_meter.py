"""The shared meter on a real server: exact in every sliding window, whoever dies, and whatever Redis forgets."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest

from registre.domain.errors import LimitsUnavailable, QuotaWait, ReadingCeiling
from registre.limits.meter import History, Limits, Meter
from registre.limits.redis import connect

MODEL = "m"
NOTHING = History([], 0, 0)


@pytest.fixture
def make(redis):
    """A meter of one invented project, with a short minute; call again for another process's view of it."""
    project = uuid4().hex

    def make(history=NOTHING, *, window_ms=60_000, patience=2.0, lease=60.0, **limits) -> Meter:
        async def read(_model: str) -> History:
            if history is None:
                raise ConnectionError("the ledger is away")
            return history

        return Meter(
            redis,
            project=project,
            limits=lambda _model: Limits(**limits),
            history=read,
            patience=timedelta(seconds=patience),
            lease=timedelta(seconds=lease),
            window_ms=window_ms,
            guard_ms=500,
        )

    make.project = project
    return make


@asynccontextmanager
async def held(meter: Meter, tokens: int = 1, **kwargs):
    async with meter.reserve(MODEL, tokens=tokens, **kwargs) as reservation:
        yield reservation


async def call(meter: Meter, tokens: int = 1, **kwargs) -> None:
    async with held(meter, tokens, **kwargs):
        pass


def most_within(arrivals: list[tuple[float, int]], window_s: float) -> tuple[int, int]:
    """The most requests and tokens in any sliding window."""
    arrivals = sorted(arrivals)
    inside = [[amount for at, amount in arrivals if begin <= at < begin + window_s] for begin, _ in arrivals]
    return max(len(amounts) for amounts in inside), max(sum(amounts) for amounts in inside)


async def test_no_window_ever_holds_more_than_the_limit_and_waiting_calls_go_on(make) -> None:
    arrivals: list[tuple[float, int]] = []
    dice = random.Random(7)

    async def client(meter: Meter) -> None:
        for _ in range(7):
            tokens = dice.randint(1, 40)
            async with held(meter, tokens) as reservation:
                await asyncio.sleep(dice.random() * 0.1)
                if reservation.fresh:
                    arrivals.append((time.monotonic(), tokens))
                else:
                    reservation.release()

    limits = {"requests_per_minute": 12, "tokens_per_minute": 200, "window_ms": 1000, "patience": 60.0}
    await asyncio.gather(*(client(make(**limits)) for _ in range(6)))

    requests, tokens = most_within(arrivals, 1.0)
    assert requests <= 12
    assert tokens <= 200
    assert len(arrivals) > 24


async def test_a_call_gives_back_what_it_did_not_take(make) -> None:
    meter = make(tokens_per_minute=1000)
    async with held(meter, 900) as reservation:
        reservation.settle(tokens=100)

    await call(meter, 800)
    assert (await meter.gauge(MODEL)).tokens == 900


async def test_a_call_that_took_more_counts_in_full(make) -> None:
    meter = make(tokens_per_minute=1000, patience=0)
    async with held(make(tokens_per_minute=1000), 100) as reservation:
        reservation.settle(tokens=950)

    with pytest.raises(QuotaWait):
        await call(meter, 100)


async def test_a_call_that_never_left_takes_nothing(make) -> None:
    meter = make(requests_per_minute=1)
    async with held(meter, 50, microdollars=9) as reservation:
        reservation.release()

    gauge = await meter.gauge(MODEL)
    assert (gauge.requests, gauge.tokens, gauge.day_requests, gauge.microdollars, gauge.held) == (0, 0, 0, 0, 0)
    await call(meter)


async def test_a_refused_large_call_consumes_nothing_and_is_told_how_long(make) -> None:
    meter = make(tokens_per_minute=1000, patience=0.7)
    await call(meter, 600)

    with pytest.raises(QuotaWait) as refusal:
        await call(meter, 600)

    assert timedelta(seconds=50) < refusal.value.delay <= timedelta(seconds=61)
    await call(meter, 400)
    assert (await meter.gauge(MODEL)).tokens == 1000


async def test_a_call_larger_than_the_limit_passes_alone(make) -> None:
    meter = make(tokens_per_minute=1000)
    await call(meter, 5_000_000)
    assert (await meter.gauge(MODEL)).tokens == 1000


async def test_small_calls_overtake_a_large_one_only_while_it_is_young(make, redis) -> None:
    meter = make(tokens_per_minute=100, patience=0.7)
    await call(meter, 50)
    with pytest.raises(QuotaWait):
        await call(meter, 90, ticket="large")

    await call(meter, 10)  # overtakes
    await redis.zincrby(f"gemini:{{{make.project}}}:{MODEL}:waiting", -6000, "large")
    with pytest.raises(QuotaWait):
        await call(meter, 10)


async def test_a_caller_that_died_while_it_waited_holds_up_nobody(make) -> None:
    meter = make(requests_per_minute=1, window_ms=700, patience=4)
    await call(meter)
    dead = asyncio.create_task(call(meter))
    await asyncio.sleep(0.2)
    dead.cancel()
    await asyncio.wait([dead])
    assert (await meter.gauge(MODEL)).waiting == 1
    await call(meter)  # within 4 s, though the dead one's place is kept for more than 10


async def test_equal_calls_are_served_in_the_order_they_came(make) -> None:
    for _ in range(5):
        served, stall_s = await _serve_six(make)
        # who comes half a second late is no longer waited for: then the machine was asleep, and it proves nothing
        if stall_s < 0.25:
            break
    assert served == sorted(served)


async def _serve_six(make) -> tuple[list[int], float]:
    """In which order six calls had their places, and for how long the loop stood still at most."""
    served: list[int] = []
    stall_s = 0.0
    meter = make(requests_per_minute=2, window_ms=700, patience=60)

    async def client(number: int) -> None:
        async with meter.reserve(MODEL, tokens=10):
            served.append(number)

    async def watch() -> None:
        nonlocal stall_s
        while True:
            asked_at = time.monotonic()
            await asyncio.sleep(0.01)
            stall_s = max(stall_s, time.monotonic() - asked_at)

    watching = asyncio.create_task(watch())
    await call(make(requests_per_minute=2, window_ms=700))
    tasks = []
    for number in range(6):
        tasks.append(asyncio.create_task(client(number)))
        await asyncio.sleep(0.03)
    await asyncio.gather(*tasks)
    watching.cancel()
    return served, stall_s


async def test_a_429_pauses_everyone_for_as_long_as_it_says_then_goes_at_half_rate(make) -> None:
    ours, theirs = make(requests_per_minute=10), make(requests_per_minute=10, patience=0)
    await call(ours)
    await ours.throttled(MODEL, timedelta(seconds=37))

    with pytest.raises(QuotaWait) as refusal:
        await call(theirs)
    assert timedelta(seconds=30) < refusal.value.delay <= timedelta(seconds=37)

    await ours.throttled(MODEL, timedelta(0))  # a later, shorter word changes nothing
    gauge = await ours.gauge(MODEL)
    assert 30_000 < gauge.pause <= 37_000
    assert gauge.slow > gauge.pause + 60_000


async def test_after_the_pause_half_of_the_rate_is_left(make) -> None:
    meter = make(requests_per_minute=10, patience=1.0)
    await call(meter)
    await meter.throttled(MODEL, timedelta(0))
    for _ in range(4):
        await call(meter)
    with pytest.raises(QuotaWait):
        await call(meter)


async def test_a_429_without_a_delay_pauses_for_a_minute(make) -> None:
    meter = make()
    await call(meter)
    await meter.throttled(MODEL)
    assert 50_000 < (await meter.gauge(MODEL)).pause <= 60_000


async def test_a_429_for_the_day_pauses_until_the_providers_midnight(make) -> None:
    meter = make()
    await call(meter)
    await meter.throttled(MODEL, until_tomorrow=True)
    gauge = await meter.gauge(MODEL)
    assert abs(gauge.pause - gauge.day_ends_in) < 5


async def test_the_days_requests_and_money_are_limits_too(make) -> None:
    meter = make(requests_per_day=2, microdollars_per_day=100)
    async with held(meter, microdollars=90) as reservation:
        reservation.settle(microdollars=40)

    with pytest.raises(ReadingCeiling) as ceiling:
        await call(meter, microdollars=61)
    assert ceiling.value.delay > timedelta(seconds=2)
    await call(meter, microdollars=60)
    with pytest.raises(QuotaWait) as day:
        await call(meter)
    assert "requêtes du jour" in day.value.text


async def test_what_a_dead_process_held_expires(make) -> None:
    meter = make(lease=0.2)
    async with held(meter, 500, microdollars=70):
        await asyncio.sleep(0.3)  # never settled, as far as the meter knows
        gauge = await meter.gauge(MODEL)
    assert (gauge.held, gauge.expired, gauge.requests, gauge.microdollars) == (0, 1, 1, 70)


async def test_an_answer_that_got_lost_is_asked_again_and_counted_once(make) -> None:
    meter = make()
    await call(meter)
    asked = {"ticket": "t", "keeps": False, "tokens": 5, "microdollars": 0, "patience": 0, "lease": 1000, "id": "same"}
    for _ in range(2):
        assert await meter._ask(MODEL, "reserve", **asked) == ["granted"]
    assert (await meter.gauge(MODEL)).requests == 2


async def test_without_redis_there_is_a_typed_wait(make) -> None:
    away = connect("redis://127.0.0.1:1/0")
    meter = Meter(away, limits=lambda _model: Limits())
    with pytest.raises(LimitsUnavailable):
        await call(meter)
    await away.aclose()


async def test_a_flushed_redis_takes_the_minute_from_the_ledger(make, redis) -> None:
    await call(make(requests_per_minute=5))
    await redis.flushall()

    after = make(History([(0, 2, 300), (400, 2, 100)], 70, 5), requests_per_minute=5)
    await call(after)

    gauge = await after.gauge(MODEL)
    assert (gauge.requests, gauge.tokens, gauge.day_requests, gauge.microdollars) == (5, 401, 71, 5)
    with pytest.raises(QuotaWait):
        await call(after)


@pytest.mark.parametrize("with_ledger", [False, True])
async def test_a_flushed_redis_gives_no_fresh_minute_when_the_ledger_cannot_tell(make, redis, with_ledger) -> None:
    await call(make())
    await redis.flushall()
    after = make(None)
    if not with_ledger:
        after._history = None

    with pytest.raises(QuotaWait) as refusal:
        await call(after)
    assert timedelta(seconds=55) < refusal.value.delay <= timedelta(seconds=61)


async def test_a_server_that_restored_an_old_state_is_not_believed(make, redis) -> None:
    await call(make())
    await redis.hset(f"gemini:{{{make.project}}}:{MODEL}:state", "run", "an-earlier-server")

    after = make(History([(10, 3, 30)], 3, 0))
    await call(after)
    assert (await after.gauge(MODEL)).requests == 4


async def test_a_server_whose_clock_went_back_is_not_believed(make, redis) -> None:
    await call(make())
    await redis.hincrby(f"gemini:{{{make.project}}}:{MODEL}:state", "last", 3_600_000)

    with pytest.raises(QuotaWait):
        await call(make(None))


async def test_memory_is_bounded_by_time_not_by_calls(make, redis) -> None:
    meter = make(window_ms=300)
    for _ in range(60):
        await call(meter)
    await asyncio.sleep(1.0)
    await meter.gauge(MODEL)
    scope = f"gemini:{{{make.project}}}:{MODEL}"
    assert await redis.hlen(f"{scope}:window") == 0
    assert await redis.hlen(f"{scope}:held") == 0
    assert all([await redis.ttl(key) > 0 async for key in redis.scan_iter(f"gemini:{{{make.project}}}*")])
