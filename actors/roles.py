"""One worker process of one role, from its first look at the settings to its exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from types import FrameType
from typing import Final

from actors.slot import slot_name
from registre import crash, logs, sentry
from registre.domain.errors import ConfigurationError
from registre.domain.exits import Exit
from registre.installation import environments, redis_url
from registre.limits.machine import Kind, machine
from registre.opening import nothing_opens
from registre.settings import Settings, read_settings

ROLES: Final = ("browser", "ocr", "clock")
#: What the least of a role takes of the machine.
_LEAST: Final = {"browser": Kind.REGISTRE, "ocr": Kind.ACTE}


def main() -> int:
    """Run one role until told to stop; 0 after a clean stop, else a number of `Exit` after one line that says why."""
    role = " ".join(sys.argv[1:])
    if role not in ROLES:
        sys.stderr.write(f"usage: python -m actors {'|'.join(ROLES)}\n")
        return Exit.SETTINGS
    try:
        settings = read_settings()
        logs.configure(settings.log_level)
        sentry.configure(settings.sentry_dsn, environment=settings.environment)
        sentry.watch_threads(role)
        crash.arm(settings.crash)
        if role == "clock":
            asyncio.run(_clock(settings))
        else:
            _require_room(settings, role)
            _work(settings, role)
    except ConfigurationError as exc:
        sys.stderr.write(f"registre: {exc.text}\n")
        return exc.exits
    except Exception as exc:
        sentry.report_crash(exc, role=role)
        raise
    finally:
        sentry.close()
    return 0


def _require_room(settings: Settings, role: str) -> None:
    """A process waits for room that others hold, but not for room that there will never be."""
    if redis_url(settings) is None:
        return  # nobody keeps count
    size = machine(settings)
    least, room = size.costs[_LEAST[role]], size.available
    if not least.fits(room):
        raise ConfigurationError(
            f"{role} demande {least.cpu / 1000:g} cœurs et {least.ram / 1000:g} Go (SERVER_COSTS); cette machine n'en "
            f"donnera jamais plus de {room.cpu / 1000:g} et {room.ram / 1000:g} (SERVER_MAX_CPU, SERVER_MAX_RAM et "
            "leurs réserves): registre capacity plan.",
            exits=Exit.CAPACITY,
        )


def _work(settings: Settings, role: str) -> None:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    # Not above: a clock would load browser, readers and broker, and start in three times the time.
    from actors.lifecycle import WorkerProcess

    process = WorkerProcess(settings, role)
    stop.wait()
    process.stop()


async def _clock(settings: Settings) -> None:
    from actors.clock import look, run_clock

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    places = environments(settings)
    name = slot_name("clock")
    reasons = await asyncio.gather(*(look(place, name) for place in places))
    if all(reasons):
        raise nothing_opens(places, reasons)
    async with asyncio.TaskGroup() as tasks:
        for place in places:
            tasks.create_task(run_clock(place, name, stop))
