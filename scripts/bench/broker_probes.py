"""What `scripts/bench/broker` measures. Each probe answers figures by name; None where nothing could be measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import psycopg
from bench_servers import PostgresCpu
from broker_rig import Rig
from broker_worker import make_broker
from dramatiq.message import Message

Figures = dict[str, float | str]

_PROCESSES = 2
_THREADS = 4


def enqueue(rig: Rig, count: int = 1000) -> Figures:
    """One thread, one commit each."""
    broker = make_broker(rig.kind, rig.url, {})
    begun = time.perf_counter()
    for number in range(count):
        _send(broker, number)
    rate = count / (time.perf_counter() - begun)
    rig.empty()
    return {"enqueue, 1 thread: jobs/s": rate}


def drain(rig: Rig, cpu: PostgresCpu, count: int, *, name: str) -> Figures:
    """No-ops through two processes of four threads. Enqueued beforehand; the clock runs from the first to the last.

    Both hold 32 messages a process, as suits a queue of short jobs.
    """
    rig.empty()
    rig.fill(count)
    rig.sql.execute("VACUUM ANALYZE dramatiq.queue")
    rig.sql.execute("CHECKPOINT")
    before = cpu.seconds()
    for _ in range(_PROCESSES):
        rig.start(slots=32, prefetch=32)
    total = count + _PROCESSES
    rig.wait(lambda: rig.written() > _PROCESSES)
    first, begun = rig.written(), time.perf_counter()
    locks = connections = 0

    def look() -> bool:
        nonlocal locks, connections
        locks, connections = max(locks, rig.advisory_locks()), max(connections, rig.connections())
        return rig.written() >= total

    done = rig.wait(look, 120, 0.2)
    took = time.perf_counter() - begun
    rss = rig.rss_mb()
    rig.stop()
    if not done:
        return {f"{name}: jobs/s": f"only {rig.written() - _PROCESSES}"}
    return {
        f"{name}: jobs/s": (total - first) / took,
        f"{name}: Postgres-CPU s per 1000": (cpu.seconds() - before) / count * 1000,
        f"{name}: peak memory of a worker, MB": rss,
        f"{name}: most advisory locks": locks,
        f"{name}: most connections": connections,
    }


def drain_beside_old_snapshot(rig: Rig, cpu: PostgresCpu, count: int) -> Figures:
    """The same while another session holds a snapshot, as a backup or a forgotten transaction does."""
    with psycopg.connect(rig.url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM pg_class")
        figures = drain(rig, cpu, count, name="old snapshot")
        old.rollback()
    return {name: value for name, value in figures.items() if "jobs/s" in name or "CPU" in name}


def empty_memory(rig: Rig) -> Figures:
    """A worker that has run two jobs."""
    rig.empty()
    for _ in range(_PROCESSES):
        rig.start()
    rig.ready()
    broker = make_broker(rig.kind, rig.url, {})
    for number in range(2 * _PROCESSES):
        _send(broker, number)
    rig.wait(lambda: len(rig.lines("ran")) == 2 * _PROCESSES)
    time.sleep(2)
    rss = rig.rss_mb()
    rig.stop()
    return {"idle: memory of a worker, MB": rss}


def short_jobs(rig: Rig, seconds: float) -> Figures:
    """Jobs of 20 ms on 2 x 4 threads: 400 a second at best."""
    rig.empty()
    rig.fill(int(400 * (seconds + 4)), "nap", 0.02)
    for _ in range(_PROCESSES):
        rig.start()
    rig.ready()
    rig.wait(lambda: len({line.pid for line in rig.lines("end")}) == _PROCESSES)
    time.sleep(0.5)
    first, begun = len(rig.lines("end")), time.perf_counter()
    time.sleep(seconds)
    rate = (len(rig.lines("end")) - first) / (time.perf_counter() - begun)
    rig.stop()
    return {"20 ms jobs, ideal 400: jobs/s": rate}


def trickle(rig: Rig, seconds: float) -> Figures:
    """20 a second, one at a time."""
    late = _wake_ups(rig, int(20 * seconds), 1, 1 / 20)
    return {"trickle: wake-up p50 ms": statistics.median(late), "trickle: wake-up p99 ms": _p99(late)}


def bursts(rig: Rig, count: int) -> Figures:
    """Five at once, four times a second."""
    late = _wake_ups(rig, count, 5, 1 / 4)
    return {
        "bursts of 5: p50 ms": statistics.median(late),
        "bursts of 5: p99 ms": _p99(late),
        "bursts of 5: max ms": late[-1],
    }


def many_queues(rig: Rig, queues: int = 13, each: int = 10) -> Figures:
    """One process for all of them."""
    rig.empty()
    names = [f"q{number}" for number in range(queues)]
    for name in names:
        rig.fill(each, queue=name)
    rig.start(queues=",".join(names), threads=8)
    rig.ready()
    total = queues * each
    most = 0

    def look() -> bool:
        nonlocal most
        most = max(most, rig.connections())
        return len(rig.lines("ran")) >= total

    rig.wait(look, 6)
    ran = len({(line.name, line.age) for line in rig.lines("ran")})
    rig.stop()
    return {f"{queues} queues: jobs run of {total}": ran, f"{queues} queues: connections": most}


def long_jobs_over(rig: Rig, seconds: float) -> Callable[[], Figures]:
    """16 jobs under way on two processes; the answer is to be called after the server has been restarted."""
    rig.fill(16, "nap", seconds)
    for _ in range(_PROCESSES):
        rig.start(threads=8, slots=8)
    rig.wait(lambda: rig.starts().total() == 16, 30)

    def outcome() -> Figures:
        rig.wait(lambda: rig.starts() and len({line.name for line in rig.lines("end")}) == 16, seconds + 30)
        # Long enough for a lease that was lost to be given away.
        time.sleep(14)
        twice = sum(count > 1 for count in rig.starts().values())
        rig.stop()
        return {"server restarted: of 16 long jobs run twice": twice}

    return outcome


def lost_host(rig: Rig, *, load: bool, patience: float = 25) -> Figures:
    """Eight long jobs on one process, which is killed; another is there, idle or busy."""
    name = f"host killed, {'5 jobs/s' if load else 'idle'}: last job again after s"
    rig.fill(8, "nap", 600)
    victim = rig.start(threads=8, slots=8)
    rig.wait(lambda: rig.starts().total() == 8, 30)
    rig.start(threads=16, slots=16)
    rig.ready()
    broker = make_broker(rig.kind, rig.url, {})
    time.sleep(1.5)
    victim.kill()
    victim.wait()
    rig.processes.remove(victim)
    killed, number = time.monotonic(), 0
    while rig.starts().total() < 16 and time.monotonic() < killed + patience:
        if load:
            number += 1
            _send(broker, number)
        time.sleep(0.2)
    again, took = rig.starts().total() - 8, time.monotonic() - killed
    rig.stop()
    return {name: took if again == 8 else f"{again} of 8 in {patience:.0f}"}


def _wake_ups(rig: Rig, rounds: int, each: int, pause: float) -> list[float]:
    """Milliseconds from before the enqueue to the start of the actor, sorted."""
    rig.empty()
    for _ in range(_PROCESSES):
        rig.start()
    rig.ready()
    broker = make_broker(rig.kind, rig.url, {})
    time.sleep(1.5)
    for number in range(rounds):
        for _ in range(each):
            _send(broker, number)
        time.sleep(pause)
    rig.wait(lambda: len(rig.lines("ran")) >= rounds * each, 30)
    late = sorted(line.age * 1000 for line in rig.lines("ran"))
    rig.stop()
    return late


def _send(broker: object, number: int) -> None:
    broker.enqueue(Message("work", "work.note", (str(number), time.time()), {}, {}))  # pyright: ignore


def _p99(late: list[float]) -> float:
    return late[max(int(len(late) * 0.99) - 1, 0)]
