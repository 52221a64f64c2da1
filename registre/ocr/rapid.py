"""RapidOCR behind one function: a straight gray page in, words with places and certainty out.

Tuned as measured 2026-11: detection at 1280 pixels, one crop at a time, one thread, no direction
classifier: half the CPU and memory of the defaults and no worse. The weights are in the wheel; no network.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from registre.ocr.image import Gray
from registre.ocr.words import Word

#: Longest side, in pixels, at which text is searched for; recognition uses the full image.
DETECTION_SIDE = 1280
#: Lines read with less certainty than this are texture, not text.
_NOISE = 0.35
#: A gap this many times the line's usual pitch, and wider than the text is high, parts two words
#: although no space was read.
_WIDE = 2.6
#: Detection boxes stand this much taller than the text in them.
_SLACK = 1.25
#: Taller than wide by this much, a box holds sideways text.
_SIDEWAYS = 1.5

#: The weights know Chinese typography too, and now and then prefer it.
_WESTERN = str.maketrans("，。、：；！？（）［］【】＂％＋－／＝＆＄＃﹣ー一｜’‘", ",.,:;!?()[][]\"%+-/=&$#---|''")
_ELISION = re.compile(r"(?<![\w.,])[1I|]['’](?=[^\W\d_])")


class _Found(Protocol):
    boxes: NDArray[np.float32]


class _CharColumns(Protocol):
    word_cols: list[list[int]]
    line_txt_len: float
    confs: list[float]


class _Recognised(Protocol):
    txts: Sequence[str]
    scores: Sequence[float]
    word_results: Sequence[_CharColumns]


class _Engine(Protocol):
    def detect_and_crop(
        self, img: NDArray[np.uint8], op_record: dict[str, Any]
    ) -> tuple[list[NDArray[np.uint8]], _Found]: ...
    def recognize_txt(self, img: list[NDArray[np.uint8]]) -> _Recognised: ...


def reader_version() -> str:
    """Version of the library, which fixes the weights."""
    return f"{version('rapidocr')} PP-OCRv6 small"


def read_words(image: Gray) -> tuple[Word, ...]:
    """Words of a straight page, in pixels of `image`, in no particular order; empty if no text is found."""
    from rapidocr.main import RapidOCRError

    colour = np.ascontiguousarray(np.repeat(image[:, :, None], 3, axis=2))
    try:
        crops, found = _engine().detect_and_crop(colour, {})
        read = _engine().recognize_txt(crops)
    except RapidOCRError:  # its way of saying that there is no text
        return ()
    words: list[Word] = []
    for box, text, score, columns in zip(found.boxes, read.txts, read.scores, read.word_results, strict=True):
        if text.strip() and score >= _NOISE:
            words.extend(_words_of(box, text, columns))
    return tuple(words)


@cache
def _engine() -> _Engine:
    """The engine of this process: about a second and 300 MB, so made at the first page that needs it."""
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.return_word_box": True,
            "Global.use_vertical_padding": False,
            "Det.limit_side_len": DETECTION_SIDE,
            "Det.limit_type": "max",
            "Rec.rec_batch_num": 1,
            # by default each short cell is padded to 320: a third of an index page's CPU
            "Rec.rec_img_shape": [3, 48, 48],
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    return cast("_Engine", engine)


def western(text: str) -> str:
    """Plain punctuation, and the slips no French text means (`1'an` → `l'an`); as long as `text`."""
    return _ELISION.sub("l'", text.translate(_WESTERN))


def _words_of(box: NDArray[np.float32], text: str, columns: _CharColumns) -> Iterator[Word]:
    """Cut one recognised line into words, each placed by where its characters were seen."""
    left, top = (float(v) for v in box.min(axis=0))
    right, bottom = (float(v) for v in box.max(axis=0))
    width = right - left
    height = (bottom - top) / _SLACK
    top, bottom = (top + bottom - height) / 2, (top + bottom + height) / 2
    text = western(text)
    positions = [column for word in columns.word_cols for column in word]
    certainties = columns.confs
    solid = [index for index, char in enumerate(text) if not char.isspace()]
    sideways = bottom - top > _SIDEWAYS * width and len(text) > 1
    if sideways or len(positions) != len(solid) or len(certainties) != len(text):
        yield Word(text.strip(), left, top, right, bottom, min(certainties, default=0.0))
        return
    places = [left + (position + 0.5) / columns.line_txt_len * width for position in positions]
    pitch = _pitch(places, solid, width)
    wide = max(_WIDE * pitch, 1.2 * height)
    start = 0
    for end in range(1, len(solid) + 1):
        if end < len(solid) and _together(text, solid[end - 1], solid[end], places[end] - places[end - 1], wide):
            continue
        yield Word(
            text[solid[start] : solid[end - 1] + 1],
            max(places[start] - pitch / 2, left),
            top,
            min(places[end - 1] + pitch / 2, right),
            bottom,
            min(certainties[index] for index in solid[start:end]),
        )
        start = end


def _together(text: str, before: int, after: int, gap: float, wide: float) -> bool:
    """Whether two characters belong to one word; a comma between letters ends one, space seen or not."""
    if after != before + 1 or gap >= wide:
        return False
    return not (text[before] == "," and text[after].isalpha() and text[before - 1 : before].isalpha())


def _pitch(places: list[float], solid: list[int], width: float) -> float:
    """Usual distance between two neighbouring characters of the line."""
    steps = [places[i] - places[i - 1] for i in range(1, len(places)) if solid[i] == solid[i - 1] + 1]
    pitch = float(np.median(steps)) if steps else width / max(len(places), 1)
    return max(pitch, 1.0)
