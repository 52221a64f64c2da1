"""The two networks of the offline reader, run in this process: where lines stand on a page, and what a line says."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import numpy as np
import onnxruntime
import structlog
from numpy.typing import NDArray

from registre.ocr.engine.image import Gray, inked
from registre.ocr.engine.looks import Reading, doubtful, put_in
from registre.ocr.engine.weights import FULL_HEIGHT, UnknownWeightsError, cut_down, file_of

log = structlog.get_logger(__name__)

#: Longest side, in pixels, at which text is searched for.
SEARCHED_SIDE = 1280
#: Height at which a line is read. Two thirds of the network's own: a third less work and no more errors, since the
#: width, in which characters could run together, stays as at full height.
_HEIGHT = 32
#: A second look is taken at full height, the number drawn out this much.
_DRAWN_OUT = 1.25
#: The network halves a page five times.
_GRAIN = 32


class _Session(Protocol):
    def run(self, outputs: None, inputs: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]: ...


class _Boxes(Protocol):
    def __call__(self, heat: NDArray[np.float32], shape: tuple[int, int]) -> tuple[NDArray[np.float32], Any]: ...


class Finder:
    """Finds lines of text on a page."""

    def __init__(self) -> None:
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        cv2.setNumThreads(1)
        self._session = _session(file_of("det"))
        # the thresholds as rapidocr sets them for these weights
        boxes = DBPostProcess(thresh=0.3, box_thresh=0.5, max_candidates=1000, unclip_ratio=1.6, use_dilation=True)
        self._boxes = cast("_Boxes", boxes)

    def boxes(self, page: Gray) -> NDArray[np.float32]:
        """Four corners of each line found, clockwise from the top left, in pixels of `page`; in no order."""
        scale = min(SEARCHED_SIDE / max(page.shape), 1.0)
        left, top, right, bottom = inked(page)
        part = page[top:bottom, left:right]
        height, width = part.shape
        size = [max(round(int(side * scale) / _GRAIN) * _GRAIN, _GRAIN) for side in (width, height)]
        heat = self._session.run(None, {"x": _signal(cv2.resize(part, size))})[0]
        boxes = self._boxes(heat, (height, width))[0]
        return boxes + np.array([left, top], dtype=np.float32) if len(boxes) else boxes


class LineReader:
    """Reads single lines."""

    def __init__(self) -> None:
        path = file_of("rec")
        try:
            self._session = _session(cut_down(path.read_bytes()))
            self._height = _HEIGHT
        except UnknownWeightsError as exc:
            log.warning("ocr.weights_unknown", reason=str(exc), effect="la lecture coûtera davantage")
            self._session = _session(path)
            self._height = FULL_HEIGHT
        named: dict[str, str] = cast("Any", self._session).get_modelmeta().custom_metadata_map
        self._alphabet: tuple[str, ...] = ("", *named["character"].splitlines(), " ")

    def read(self, line: Gray) -> Reading:
        """What a line says."""
        reading = self._read(line, self._height, 1.0)
        # from the end: the places of what stands before stay
        for part in reversed(doubtful(line, reading)):
            seen = self._read(line[:, part.left : part.right], FULL_HEIGHT, _DRAWN_OUT)
            reading = put_in(reading, part, seen, line.shape[1])
        return reading

    def _read(self, line: Gray, tall: int, stretch: float) -> Reading:
        height, width = line.shape
        # the width is what it would be at full height, whatever the height: characters need their room
        wide = max(math.ceil(FULL_HEIGHT * stretch * width / height), 1)
        signal = _signal(cv2.resize(line, (wide, tall)))
        if wide < FULL_HEIGHT:
            signal = np.pad(signal, ((0, 0), (0, 0), (0, 0), (0, FULL_HEIGHT - wide)))
        steps = self._session.run(None, {"x": signal})[0][0]
        best = steps.argmax(axis=1)
        # a sign lasts several steps, and « nothing here » (0) parts two alike
        seen = np.nonzero((best != 0) & np.concatenate(([True], best[1:] != best[:-1])))[0]
        length = len(best) * min(wide / FULL_HEIGHT, 1.0)
        signs: list[int] = best[seen].tolist()
        return Reading(
            "".join(self._alphabet[sign] for sign in signs),
            tuple(((seen + 0.5) / length).tolist()),
            tuple(steps[seen, best[seen]].tolist()),
        )


def cut_out(page: Gray, box: NDArray[np.float32]) -> Gray:
    """The line in `box`, level; turned by a quarter if it stands."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    return cast("Gray", get_rotate_crop_image(page, box.astype(np.float32)))


def _signal(picture: Any) -> NDArray[np.float32]:
    """A gray picture as both networks want it: three channels from -1 to 1."""
    levels = np.asarray(picture, dtype=np.float32) / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(np.broadcast_to(levels, (1, 3, *levels.shape)))


def _session(weights: Path | bytes) -> _Session:
    """One thread: a reader process is one core's work."""
    runtime = cast("Any", onnxruntime)  # its stubs know none of these names
    _share_buffers()
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
    source = weights if isinstance(weights, bytes) else str(weights)
    return cast("_Session", runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"]))


@cache
def _share_buffers() -> None:
    """The networks take turns: one set of buffers, kept from page to page, serves both.

    Given back after each page, the system would have to clear them anew: a fifth of the search for lines.
    """
    runtime = cast("Any", onnxruntime)
    kind = runtime.OrtMemoryInfo("Cpu", runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT)
    runtime.create_and_register_allocator(kind, runtime.OrtArenaCfg({}))
