"""The readers' asynchronous face: pages are read in processes of their own, which may die without harm."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, TypeVar

from registre.domain.errors import BadPdf, ReaderFailed
from registre.domain.reading import Box, PageReading, PdfFacts
from registre.domain.request import DocumentKind
from registre.ocr import crop as cropping
from registre.ocr import page
from registre.ocr.bounds import Bounds, enter, reason, within
from registre.ocr.crop import Crop
from registre.ocr.engine import pdf, tesseract
from registre.ocr.engine.image import Gray
from registre.ocr.spool import Spool

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: What reading one page may take. It takes 2 to 10 s of processor; by the clock many times that on a busy machine.
PAGE: Final = Bounds(cpu=timedelta(seconds=60), wall=timedelta(minutes=4))
#: The file itself, no page looked into; and the text layer of one page. All of it fits the budget of `store`.
_FILE: Final = Bounds(cpu=timedelta(seconds=15), wall=timedelta(seconds=25))
_TEXT: Final = Bounds(cpu=timedelta(seconds=5), wall=timedelta(seconds=15))
#: Pages whose text layer goes into `PdfFacts.text`, and how much of it.
_FACT_PAGES: Final = 3
_FACT_CHARACTERS: Final = 20_000
#: Bytes of data a reader process may hold. Measured: 600 MB after a page at 300 dpi, 870 at the largest page rendered.
MEMORY: Final = 1_280 * 1_048_576


class _Late(ReaderFailed):
    """By the clock, which a busy machine stretches: says nothing about the file."""


class Reader:
    """Inspects PDFs and reads their pages, at most `processes` at a time.

    Each process (about 600 MB once it has read an image) starts with the first work it gets, and is bounded in time
    and memory. One that dies or hangs fails only the page it was reading; the next page finds a fresh process.
    `second` is the tesseract to ask for a second opinion.

        async with Reader(processes=2) as reader:
            facts = await reader.inspect(data)
            readings = [await reader.read_page(data, n + 1, DocumentKind.INDEX) for n in range(facts.pages)]
    """

    def __init__(
        self, processes: int = 1, *, bounds: Bounds = PAGE, memory: int = MEMORY, second: Path | None = None
    ) -> None:
        self._bounds = bounds
        self._second = second
        self._second_version: str | None = None
        self._slots = [_Slot(memory) for _ in range(processes)]
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

    @asynccontextmanager
    async def holding(self, data: bytes) -> AsyncGenerator[Path]:
        """A file with these bytes, to be given to this reader instead of them: they need not be kept for its pages.

        Raises:
            ReaderFailed: the temporary folder does not take it.
        """
        async with self._spool.hold(data) as path:
            yield path

    async def inspect(self, data: bytes) -> PdfFacts:
        """Check a delivered PDF and describe it. A page that breaks its reader gives no text, and no more than that.

        Raises:
            BadPdf: it is not a whole, readable PDF, or opening it takes more than any honest file.
            ReaderFailed: the temporary folder does not take it, or the machine is too busy to say.
        """
        async with self._spool.hold(data) as path:
            facts = await self._inspect(path)
            texts: list[str] = []
            for number in range(1, min(facts.pages, _FACT_PAGES) + 1):
                try:
                    texts.append(await self._run(_TEXT, pdf.read_text, path, number))
                except (BadPdf, ReaderFailed):
                    continue
        return replace(facts, text="\n".join(filter(None, texts))[:_FACT_CHARACTERS])

    async def _inspect(self, path: Path) -> PdfFacts:
        try:
            return await self._run(_FILE, pdf.inspect, path)
        except _Late:
            raise
        except ReaderFailed:
            # once may be the machine's fault, twice is the file's
            try:
                return await self._run(_FILE, pdf.inspect, path)
            except _Late:
                raise
            except ReaderFailed as exc:
                raise BadPdf(f"Le PDF livré ne se laisse pas ouvrir. {exc.text}") from exc

    async def read_page(self, data: bytes | Path, number: int, kind: DocumentKind) -> PageReading:
        """Read page `number` (from 1); rows and header fields only for an index.

        Raises:
            BadPdf: the file or that page does not open.
            ReaderFailed: the reader broke, died or hung on that page.
        """
        async with self._held(data) as path:
            return await self._run(self._bounds, page.read, path, number, kind)

    async def read_with_picture(
        self, data: bytes | Path, number: int, kind: DocumentKind
    ) -> tuple[PageReading, Gray | None]:
        """As `read_page`; also the page's picture for another reader, straight and upright: None where the text layer
        was read or nothing is written. About 5 MB.
        """
        async with self._held(data) as path:
            return await self._run(self._bounds, page.read_with_picture, path, number, kind)

    async def crop(
        self, data: bytes | Path, number: int, box: Box | None, near: str = "", figures: Sequence[str] = ()
    ) -> Crop:
        """Pictures of one field of page `number` and of its surroundings, for a person; where no box says where it
        stands, of whichever of the `figures` is in the line that reads most like `near`.

        Raises:
            BadPdf: the file or that page does not open.
            ReaderFailed: the reader broke, died or hung on that page.
        """
        async with self._held(data) as path:
            return await self._run(self._bounds, cropping.crop, path, number, box, near, tuple(figures))

    @property
    def has_second(self) -> bool:
        """Whether there is a second reader on this machine."""
        return self._second is not None

    async def second_version(self) -> str:
        """What the second reader is: its program's version and languages.

        Raises:
            ReaderFailed: it does not say.
        """
        if self._second_version is None:
            self._second_version = await self._run(self._bounds, tesseract.reader_version, self._its_path())
        return self._second_version

    async def read_second(
        self, data: bytes | Path, number: int, kind: DocumentKind, *, picture: Gray | None
    ) -> PageReading:
        """Page `number` as the second reader reads it, from its picture where there is one.

        Raises:
            BadPdf: the file or that page does not open.
            ReaderFailed: the second reader broke, died or hung on that page.
        """
        second = self._its_path()
        async with self._held(data) as path:
            source = path if picture is None else picture
            return await self._run(self._bounds, page.read_second, second, source, number, kind)

    def _its_path(self) -> Path:
        if self._second is None:
            raise ReaderFailed("Tesseract n'est pas installé.")
        return self._second

    @asynccontextmanager
    async def _held(self, data: bytes | Path) -> AsyncGenerator[Path]:
        if isinstance(data, Path):
            yield data
        else:
            async with self._spool.hold(data) as path:
                yield path

    async def close(self) -> None:
        """Stop the processes, at once, and remove what was spooled."""
        for slot in self._slots:
            await slot.stop()
        await self._spool.close()

    async def _run(self, bounds: Bounds, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        slot = await self._free.get()
        try:
            async with asyncio.timeout(bounds.wall.total_seconds()):
                return await slot.run(within, bounds.cpu, work, *args, **kwargs)
        except BrokenProcessPool as exc:
            raise ReaderFailed(reason(await slot.stop(), bounds)) from exc
        except TimeoutError as exc:
            await slot.stop()
            raise _Late("La lecture n'en finissait pas; son processus a été arrêté.") from exc
        except asyncio.CancelledError:
            # the caller left: free the processor rather than finish for nobody
            await slot.stop()
            raise
        finally:
            self._free.put_nowait(slot)


class _Slot:
    """One process, started at its first work, replaced after `stop`."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._pool: ProcessPoolExecutor | None = None
        self._process: BaseProcess | None = None

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=enter, initargs=(self._memory,)
            )
            pid = await loop.run_in_executor(self._pool, os.getpid)
            self._process = next(child for child in active_children() if child.pid == pid)
        return await asyncio.wrap_future(self._pool.submit(work, *args, **kwargs), loop=loop)

    async def stop(self) -> int | None:
        """Kill the process and what it started, if there is one; waits until it is gone, and answers its exit code."""
        pool, process = self._pool, self._process
        self._pool = self._process = None
        if process is not None and process.pid is not None:
            # it leads a group of its own
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
        return None if process is None else process.exitcode
