"""`python worker_process.py URL LOG SLOTS [NAME=VALUE...]`: a real worker process; each run is a line of LOG.

SLOTS is JSON, queue → slots; NAME=VALUE sets a constant of the broker. SIGTERM stops it as a deploy would.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import dramatiq
from dramatiq.worker import Worker

from registre.broker import JobBroker, Source, timing


def main() -> None:
    url, log, slots = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    for setting in sys.argv[4:]:
        name, value = setting.split("=")
        setattr(timing, name, float(value))
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def write(word: str, name: object) -> None:
        os.write(file, f"{word} {name} {os.getpid()} {time.time():.4f}\n".encode())

    broker = JobBroker([Source("test", url)], slots=slots)
    dramatiq.set_broker(broker)
    for queue in slots:

        def note(name: str, environment: str, queue: str = queue) -> None:
            write("ran", f"{queue}:{name}")

        def nap(name: str, seconds: float, environment: str, queue: str = queue) -> None:
            write("start", f"{queue}:{name}")
            time.sleep(seconds)
            write("end", f"{queue}:{name}")

        def die(name: str, environment: str, queue: str = queue) -> None:
            write("start", f"{queue}:{name}")
            os.kill(os.getpid(), signal.SIGKILL)

        for function in (note, nap, die):
            dramatiq.actor(function, queue_name=queue, actor_name=f"{queue}.{function.__name__}")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(broker, queues=set(slots), worker_threads=sum(slots.values()), worker_timeout=200)
    worker.start()
    write("ready", "-")
    stop.wait()
    worker.stop(timeout=10_000)
    write("stopped", "-")


if __name__ == "__main__":
    main()
