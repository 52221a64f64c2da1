# pyright: basic
# dramatiq ships no types.
"""The worker process's life: loop, resources, broker, worker; opened in that order, closed in the other."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Final

import dramatiq
import structlog
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.worker import Worker

from actors.places import Places
from actors.slot import capacity_name, slot_name
from registre.broker import JobBroker, Source
from registre.domain.job import Stage
from registre.pipeline import ACTE_QUEUE, PLAN
from registre.process import Process
from registre.runtime import Runtime
from registre.settings import Environment, Settings

_log = structlog.get_logger("process")
_open: list[Process] = []
#: Nothing runs any more by then but acknowledgements on their way, or what waits for a database that is away.
_LAST_WORDS_MS: Final = 2000


def runtime(environment: str) -> Runtime:
    """This process's open resources in the environment a message came from."""
    return _open[0].runtime(environment)


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
        self._slots = {str(plan.stage): each for plan in PLAN.values() if plan.role == role}
        self._queues = {*self._slots, ACTE_QUEUE} if Stage.OCR in self._slots else set(self._slots)
        self._thread = EventLoopThread(logging.getLogger("dramatiq.asyncio"))
        self._thread.start(timeout=5)
        set_event_loop_thread(self._thread)
        try:
            self._start(settings, role, Process(settings, role, slot=slot_name(role)))
        except BaseException:
            # The loop's thread would keep a broken process alive.
            self._end_loop()
            raise

    def _start(self, settings: Settings, role: str, process: Process) -> None:
        self._run(process.start())
        _open.append(process)
        names = [place.name for place in process.open_environments]
        sources = [source_of(place, self._queues) for place in process.environments]
        unopened = {source.environment for source in sources} - set(names)
        # No slot is open before there is room for it.
        self._broker = JobBroker(sources, slots=dict.fromkeys(self._queues, 0), unopened=unopened)
        process.ask_broker = self._broker.polled_ago
        self._places = Places(settings, role, process, self._broker, name=capacity_name(role))
        # The actors bind to the broker in force when they are imported.
        dramatiq.set_broker(self._broker)
        for stage in self._slots:
            import_module(f"actors.{stage}")
        for queue in self._queues:
            self._broker.declare_queue(queue)
        self._worker = Worker(self._broker, queues=self._queues, worker_threads=sum(self._slots.values()))
        self._worker.start()
        self._run(self._places.open(self._slots))
        self._run(process.open_the_rest(self._broker.open_source))
        _log.info("worker_ready", worker=process.worker, environments=names, slots=self._slots)

    def stop(self) -> None:
        """Take nothing new, finish or hand back what runs, close browser and pools."""
        _log.info("worker_stopping")
        self._broker.stop_claiming()
        _log.info("process.polling_stopped")
        self._run(_open[0].drain())
        self._worker.stop(timeout=_LAST_WORDS_MS)
        self._run(self._places.close())
        self._run(_open.pop().close())
        self._end_loop()
        _log.info("worker_stopped")

    def _run(self, coroutine: Any) -> Any:
        return self._thread.run_coroutine(coroutine)

    def _end_loop(self) -> None:
        set_event_loop_thread(None)
        self._thread.stop()


def source_of(place: Environment, queues: set[str]) -> Source:
    """What a process of these queues claims there: where documents are not read, nothing to be read."""
    unread = set() if place.ocr else {Stage.OCR, ACTE_QUEUE}
    return Source(place.name, place.database_url, frozenset(queues - unread))
