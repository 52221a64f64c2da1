"""Processes of the limiter's bench: `standin` counts what arrives by its own clock, `worker` calls it by the meter."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections import deque
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from registre.db import usage as ledger
from registre.db.pool import Database
from registre.db.usage import Usage
from registre.domain.errors import LimitsUnavailable, QuotaWait
from registre.limits.calls import Calls
from registre.limits.configured import read_ledgers
from registre.limits.meter import Limits, Meter
from registre.limits.prices import load
from registre.limits.redis import connect

MODEL = "gemini-2.5-flash"
#: Seconds: a killed worker's reservations are gone by then.
LEASE_S = 20.0


class Standin:
    """An HTTP server with a quota of its own: 429 beyond it, in every sliding minute of its own clock."""

    def __init__(self, options: dict) -> None:
        self._options = options
        self._recent: deque[tuple[float, int]] = deque()
        self._tokens = 0
        self.arrivals: list[tuple[float, int]] = []
        self.refused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                tokens = int(line)
                answer = "200" if self._take(tokens) else "429"
                await asyncio.sleep(random.uniform(*self._options["latency"]))
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except ConnectionError:
            pass  # the worker was killed
        finally:
            writer.close()

    def _take(self, tokens: int) -> bool:
        now = time.monotonic()
        self.arrivals.append((now, tokens))
        while self._recent and self._recent[0][0] <= now - 60:
            self._tokens -= self._recent.popleft()[1]
        fits = len(self._recent) < self._options["requests"] and self._tokens + tokens <= self._options["tokens"]
        self._recent.append((now, tokens))
        self._tokens += tokens
        self.refused += not fits
        return fits


async def standin(options: dict) -> None:
    """Serve until told to stop, then write what arrived."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    found = Standin(options)
    server = await asyncio.start_server(found.serve, "127.0.0.1", options["port"])
    Path(options["out"]).with_suffix(".ready").touch()
    await stop.wait()
    server.close()
    Path(options["out"]).write_text(json.dumps({"arrivals": found.arrivals, "refused": found.refused}))


class TimedMeter(Meter):
    """Notes how long each question to Redis takes."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.asked_ms: list[float] = []

    async def _ask(self, model: str, operation: str, **asked: object) -> object:
        begin = time.perf_counter()
        answer = await super()._ask(model, operation, **asked)
        if operation == "reserve":
            self.asked_ms.append((time.perf_counter() - begin) * 1000)
        return answer


async def worker(options: dict) -> None:
    """Call as fast as the meter allows, until told to stop."""
    skew = options["skew"]
    real = time.time
    time.time = lambda: real() + skew
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(options["database"], size=2)
    await database.open()
    redis = connect(options["redis"])
    limits = Limits(requests_per_minute=options["requests"], tokens_per_minute=options["tokens"])
    meter = TimedMeter(
        redis,
        project="bench",
        limits=lambda _model: limits,
        history=read_ledgers([database]) if options["ledger"] else None,
        lease=timedelta(seconds=LEASE_S),
    )
    calls = Calls(meter, database, load())
    figures = {"sent": 0, "refused": 0, "stale": 0, "waited": 0, "away": 0}
    tasks = [asyncio.create_task(_call_forever(calls, meter, options, figures)) for _ in range(options["tasks"])]
    pings: list[float] = []
    while not stop.is_set():
        _write(options, meter, figures, pings)
        await _ping(redis, pings)
        try:
            async with asyncio.timeout(1):
                await stop.wait()
        except TimeoutError:
            continue
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=15)
    _write(options, meter, figures, pings)
    await redis.aclose()
    await database.close()


async def _call_forever(calls: Calls, meter: Meter, options: dict, figures: dict[str, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", options["port"])
    while True:
        estimate = random.randint(1000, 5000)
        try:
            await _call(calls, estimate, reader, writer, options, figures)
        except QuotaWait as exc:
            figures["waited"] += 1
            await asyncio.sleep(exc.delay.total_seconds())
        except LimitsUnavailable:
            figures["away"] += 1
            await asyncio.sleep(0.5)


async def _call(
    calls: Calls,
    estimate: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    options: dict,
    figures: dict[str, int],
) -> None:
    usage = Usage(model=MODEL, purpose="bench", input_tokens=estimate, output_tokens=100)
    async with calls.call(usage) as call:
        await asyncio.sleep(random.uniform(0, options["jitter"]))  # the way to the provider
        writer.write(f"{estimate}\n".encode())
        await writer.drain()
        figures["sent"] += 1
        if (await reader.readline()).strip() == b"429":
            figures["refused"] += 1
            call.throttled(None)
        else:
            # The provider counts what it was sent; a smaller answer must not make room for more.
            call.answered("read", input_tokens=estimate, output_tokens=80)


async def _ping(redis: Redis, pings: list[float]) -> None:
    """What a question to Redis costs here and now, whatever is asked: machine, loop and network."""
    begin = time.perf_counter()
    try:
        await redis.ping()
    except (RedisError, OSError):
        return
    pings.append((time.perf_counter() - begin) * 1000)


def _write(options: dict, meter: TimedMeter, figures: dict[str, int], pings: list[float]) -> None:
    """One more line: the counts so far, the times since the last one. All of them anew would slow what is measured."""
    with Path(options["out"]).open("a") as out:
        out.write(json.dumps({**figures, "asked_ms": meter.asked_ms, "ping_ms": pings}) + "\n")
    meter.asked_ms.clear()
    pings.clear()


async def state(options: dict) -> None:
    """Print the meter's state and what the ledger still calls `sent`."""
    redis = connect(options["redis"])
    database = Database(options["database"], size=1)
    await database.open()
    gauge = await Meter(redis, project="bench", limits=lambda _model: Limits()).gauge(MODEL)
    within = (await redis.info("latencystats")).get("latency_percentiles_usec_evalsha", {})
    async with database.connection() as connection:
        rows = await ledger.usage_by_day(connection, span=timedelta(days=1))
    sys.stdout.write(
        json.dumps(
            {
                "held": gauge.held,
                "expired": gauge.expired,
                "rows": {row.outcome: row.calls for row in rows},
                "script_ms": [float(within.get(share, 0)) / 1000 for share in ("p50", "p99")],
            }
        )
    )
    await redis.aclose()
    await database.close()


if __name__ == "__main__":
    asyncio.run({"standin": standin, "worker": worker, "state": state}[sys.argv[1]](json.loads(sys.argv[2])))
