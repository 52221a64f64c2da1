"""`broker_worker.py KIND URL LOG QUEUES THREADS SLOTS`: a worker process of either broker for `scripts/bench/broker`.

Each run is a line of LOG: word, name, process, seconds since its message was made. Ends when its stdin does.
"""

from __future__ import annotations

import os
import sys
import time

import dramatiq
from dramatiq.broker import Broker
from dramatiq.worker import Worker
from dramatiq_pg import PostgresBroker

from registre.broker import JobBroker, Source


def make_broker(kind: str, url: str, slots: dict[str, int]) -> Broker:
    """Stock dramatiq-pg as it comes, or ours."""
    if kind == "stock":
        return PostgresBroker(url=url, results=False, middleware=[])
    return JobBroker([Source("bench", url)], slots=slots)


def main() -> None:
    """Work until told to stop."""
    kind, url, log, queues, threads, slots = sys.argv[1:]
    names = queues.split(",")
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    pid = os.getpid()
    broker = make_broker(kind, url, dict.fromkeys(names, int(slots)))
    dramatiq.set_broker(broker)

    def write(word: str, name: object, sent: float) -> None:
        os.write(file, f"{word} {name} {pid} {time.time() - sent:.6f}\n".encode())

    def note(name: str, sent: float, environment: str = "") -> None:
        write("ran", name, sent)

    def nap(name: str, sent: float, seconds: float, environment: str = "") -> None:
        write("start", name, sent)
        time.sleep(seconds)
        write("end", name, sent)

    for queue in names:
        for function in (note, nap):
            dramatiq.actor(function, queue_name=queue, actor_name=f"{queue}.{function.__name__}")
    Worker(broker, queues=set(names), worker_threads=int(threads)).start()
    write("ready", "-", 0)
    sys.stdin.read()


if __name__ == "__main__":
    main()
