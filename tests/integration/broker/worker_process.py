"""`python worker_process.py SOURCES LOG SLOTS [NAME=VALUE...]`: a real worker process; each run is a line of LOG.

SOURCES is JSON, [environment, url, queues or null] each; SLOTS is JSON, queue → slots; NAME=VALUE sets a constant of
the broker. SIGTERM stops it as a deploy would.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import dramatiq
from dramatiq.worker import Worker

from registre.broker import JobBroker, Source, timing


def main() -> None:
    sources, log, slots = json.loads(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    for setting in sys.argv[4:]:
        name, value = setting.split("=")
        setattr(timing, name, float(value))
    file = os.open(log, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def write(word: str, name: str = "-", environment: str = "-") -> None:
        os.write(file, f"{word} {name} {os.getpid()} {time.time():.4f} {environment}\n".encode())

    broker = JobBroker(
        [Source(name, url, None if queues is None else frozenset(queues)) for name, url, queues in sources], slots=slots
    )
    dramatiq.set_broker(broker)
    for queue in slots:

        def note(name: str, environment: str, queue: str = queue) -> None:
            write("ran", f"{queue}:{name}", environment)

        def nap(name: str, seconds: float, environment: str, queue: str = queue) -> None:
            write("start", f"{queue}:{name}", environment)
            time.sleep(seconds)
            write("end", f"{queue}:{name}", environment)

        def hold(name: str, environment: str, queue: str = queue) -> None:
            write("start", f"{queue}:{name}", environment)
            while not Path(f"{log}.go").exists():
                time.sleep(0.01)
            write("end", f"{queue}:{name}", environment)

        def die(name: str, environment: str, queue: str = queue) -> None:
            write("start", f"{queue}:{name}", environment)
            os.kill(os.getpid(), signal.SIGKILL)

        for function in (note, nap, hold, die):
            dramatiq.actor(function, queue_name=queue, actor_name=f"{queue}.{function.__name__}")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(broker, queues=set(slots), worker_threads=sum(slots.values()), worker_timeout=200)
    worker.start()
    write("ready")
    stop.wait()
    worker.stop(timeout=10_000)
    broker.close()
    write("stopped")


if __name__ == "__main__":
    main()
