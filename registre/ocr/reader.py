"""The readers' asynchronous face: pages are read in processes of their own, which may die without harm."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from multiprocessing import active_children, get_context, parent_process
from types import TracebackType
from typing import ParamSpec, TypeVar

from registre.domain.errors import ReaderFailed
from registre.domain.reading import PageReading, PdfFacts
from registre.domain.request import DocumentKind
from registre.ocr import page, pdf
from registre.ocr.image import Gray
from registre.ocr.spool import Spool

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: A page takes 2 to 5 s; one that takes this long never ends.
PAGE_TIMEOUT = timedelta(minutes=2)


class Reader:
    """Inspects PDFs and reads their pages, at most `processes` at a time.

    Each process (about 600 MB once it has read an image) starts with the first work it gets. One that dies or
    hangs fails only the page it was reading; the next page finds a fresh process.

        async with Reader(processes=2) as reader:
            facts = await reader.inspect(data)
            readings = [await reader.read_page(data, n + 1, DocumentKind.INDEX) for n in range(facts.pages)]
    """

    def __init__(self, processes: int = 1, *, page_timeout: timedelta = PAGE_TIMEOUT) -> None:
        self._timeout = page_timeout
        self._slots = [_Slot() for _ in range(processes)]
        self._free: asyncio.LifoQueue[_Slot] = asyncio.LifoQueue()
        for slot in self._slots:
            self._free.put_nowait(slot)
        self._spool = Spool()

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def inspect(self, data: bytes) -> PdfFacts:
        """Check a delivered PDF and describe it.

        Raises:
            BadPdf: it is not a whole, readable PDF.
            ReaderFailed: the process died or hung on it.
        """
        return await self._run(pdf.inspect, data)

    async def read_page(self, data: bytes, number: int, kind: DocumentKind) -> PageReading:
        """Read page `number` (from 1); rows and header fields only for an index.

        Raises:
            BadPdf: the file or that page does not open.
            ReaderFailed: the reader broke, died or hung on that page.
        """
        async with self._spool.hold(data) as path:
            return await self._run(page.read, path, number, kind)

    async def read_with_picture(self, data: bytes, number: int, kind: DocumentKind) -> tuple[PageReading, Gray | None]:
        """As `read_page`; also the page's picture for another reader, straight and upright: None where the text layer
        was read or nothing is written. About 5 MB.
        """
        async with self._spool.hold(data) as path:
            return await self._run(page.read_with_picture, path, number, kind)

    async def close(self) -> None:
        """Stop the processes, at once, and remove what was spooled."""
        for slot in self._slots:
            await slot.stop()
        await self._spool.close()

    async def _run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        slot = await self._free.get()
        try:
            return await asyncio.wait_for(slot.run(work, *args, **kwargs), self._timeout.total_seconds())
        except BrokenProcessPool as exc:
            await slot.stop()
            raise ReaderFailed("Le processus de lecture s'est arrêté brusquement.") from exc
        except TimeoutError as exc:
            await slot.stop()
            raise ReaderFailed("La lecture n'en finissait pas; son processus a été arrêté.") from exc
        except asyncio.CancelledError:
            # the caller left: free the processor rather than finish for nobody
            await slot.stop()
            raise
        finally:
            self._free.put_nowait(slot)


class _Slot:
    """One process, started at its first work, replaced after `stop`."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._pid: int | None = None

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_enter)
            self._pid = await loop.run_in_executor(self._pool, os.getpid)
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs), loop=loop)

    async def stop(self) -> None:
        """Kill the process, if there is one; waits until it is gone."""
        pool, pid = self._pool, self._pid
        self._pool = self._pid = None
        if pool is None:
            return
        for child in active_children():
            if child.pid == pid:
                child.kill()
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


def _enter() -> None:
    """First thing in a reader process: leave Ctrl-C to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.join,), daemon=True, name="parent-watch").start()


def _follow(parent_ended: Callable[[], None]) -> None:
    parent_ended()
    os._exit(1)
