"""`python -m actors browser|ocr|clock`: one worker process, as the Procfile starts it. SIGINT or SIGTERM stops it."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from types import FrameType
from typing import Final

from actors.clock import look, run_clock
from actors.lifecycle import WorkerProcess, slot_name
from registre import crash, logs, sentry
from registre.domain.errors import ConfigurationError
from registre.installation import environments
from registre.process import nothing_opens
from registre.settings import Settings, read_settings

_ROLES: Final = ("browser", "ocr", "clock")


def main() -> int:
    """Run one role until told to stop; 0 after a clean stop, 2 when something is not set up."""
    role = " ".join(sys.argv[1:])
    if role not in _ROLES:
        sys.stderr.write(f"usage: python -m actors {'|'.join(_ROLES)}\n")
        return 2
    try:
        settings = read_settings()
        logs.configure(settings.log_level)
        sentry.configure(settings.sentry_dsn, environment=settings.environment)
        sentry.watch_threads(role)
        crash.arm(settings.crash)
        if role == "clock":
            asyncio.run(_clock(settings))
        else:
            _work(settings, role)
    except ConfigurationError as exc:
        sys.stderr.write(f"registre: {exc.text}\n")
        return 2
    except Exception as exc:
        sentry.report_crash(exc, role=role)
        raise
    finally:
        sentry.close()
    return 0


def _work(settings: Settings, role: str) -> None:
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    process = WorkerProcess(settings, role)
    stop.wait()
    process.stop()


async def _clock(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    places = environments(settings)
    reasons = await asyncio.gather(*(look(place) for place in places))
    if all(reasons):
        raise nothing_opens(places, reasons)
    async with asyncio.TaskGroup() as tasks:
        for place in places:
            tasks.create_task(run_clock(place, slot_name("clock"), stop))


if __name__ == "__main__":
    sys.exit(main())
