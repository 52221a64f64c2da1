# pyright: basic
# dramatiq ships no types.
"""The worker process's life: loop, resources, broker, worker; opened in that order, closed in the other."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import dramatiq
import structlog
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.worker import Worker

from registre.broker import JobBroker, Source
from registre.installation import database_url
from registre.pipeline import PLAN
from registre.runtime import Runtime, open_runtime
from registre.settings import Settings

_log = structlog.get_logger("process")
_open: list[Runtime] = []


def runtime() -> Runtime:
    """This process's open resources."""
    return _open[0]


def stage_actor(work: Callable[[str, str], Awaitable[None]]) -> Callable[[str, str], object]:
    """Declare the actor of one stage: named after it, on the queue of that name. Tries are counted on the row, so
    dramatiq's own retries stay out."""
    name = work.__name__
    return dramatiq.actor(work, actor_name=name, queue_name=name)


class WorkerProcess:
    """One role's worker. dramatiq's AsyncIO middleware would swallow what fails at the start, hence by hand."""

    def __init__(self, settings: Settings, role: str) -> None:
        each = settings.browser_slots if role == "browser" else settings.ocr_slots
        # Slots are counted by stage: documents being read must not keep others from being stored.
        slots = {str(plan.stage): each for plan in PLAN.values() if plan.role == role}
        self._grace_ms = int(settings.grace.total_seconds() * 1000) + 6000
        self._thread = EventLoopThread(_log)
        self._thread.start(timeout=5)
        set_event_loop_thread(self._thread)
        try:
            self._start(settings, role, slots)
        except BaseException:
            # The loop's thread would keep a broken process alive.
            self._end_loop()
            raise

    def _start(self, settings: Settings, role: str, slots: dict[str, int]) -> None:
        _open.append(self._run(open_runtime(settings, role, slot=slot_name(role))))
        broker = JobBroker([Source(settings.environment, database_url(settings))], slots=slots)
        # The actors bind to the broker in force when they are imported.
        dramatiq.set_broker(broker)
        for stage in slots:
            import_module(f"actors.{stage}")
        self._worker = Worker(broker, queues=set(slots), worker_threads=sum(slots.values()))
        self._worker.start()
        _log.info("worker_ready", role=role, worker=runtime().worker, slots=slots)

    def stop(self) -> None:
        """Take nothing new, finish or hand back what runs, close browser and pools."""
        _log.info("worker_stopping")
        self._run(runtime().drain())
        self._worker.stop(timeout=self._grace_ms)
        self._run(_open.pop().close())
        self._end_loop()
        _log.info("worker_stopped")

    def _run(self, coroutine: Any) -> Any:
        return self._thread.run_coroutine(coroutine)

    def _end_loop(self) -> None:
        set_event_loop_thread(None)
        self._thread.stop()


def slot_name(role: str) -> str:
    """`host-browser.1`: the Procfile's slot, the same after a restart."""
    return f"{socket.gethostname()}-{os.environ.get('HONCHO_PROCESS_NAME', role)}"
