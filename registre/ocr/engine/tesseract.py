"""Tesseract, where it is installed: a straight gray page in, words with places and certainty out.

A program of its own, run by a reader process: it ends with that process's group, and by its limits.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from registre.domain.errors import ConfigurationError, ReaderFailed
from registre.ocr.engine.image import Gray, Rules
from registre.ocr.engine.signs import western
from registre.ocr.engine.words import Word

#: Best first; what is not installed is left out.
_LANGUAGES: Final = ("fra", "eng")
#: A page takes 1 to 6 s.
_TIMEOUT_S: Final = 60.0
#: How it looks at a page: in a grid for words wherever they stand, which belong together is our own business; elsewhere
#: for lines. Measured: the other way round a quarter of the numbers is lost.
_SPARSE, _LINES = "11", "4"
#: Half a ruled line's width, its drift over the page included: erased, for it is read as strokes and hides digits.
_RULE: Final = 3
#: Words of less certainty are texture; rules and borders are read as strokes with some more.
_NOISE: Final = 0.2
_STROKES: Final = re.compile(r"[|¦_~=«»<>.,:;'’\"—–-]+")
_STROKE_NOISE: Final = 0.75


def find(chosen: Path | None) -> Path | None:
    """The program set, else the one on the path, else None.

    Raises:
        ConfigurationError: the one set is not there.
    """
    found = shutil.which("tesseract" if chosen is None else str(chosen))
    if found is None and chosen is not None:
        raise ConfigurationError(f"REGISTRE_TESSERACT: {chosen} n'est pas un programme.")
    return None if found is None else Path(found)


@cache
def reader_version(program: Path) -> str:
    """Version of the program and the languages it reads with.

    Raises:
        ReaderFailed: it does not answer.
    """
    told = _run(program, "--version").decode("utf-8", "replace").split()
    number = next((word.lstrip("v") for word in told if re.match(r"v?\d+\.", word)), "?")
    return f"{number} {_languages(program)}"


def read_words(program: Path, image: Gray, ruled: Rules) -> tuple[Word, ...]:
    """Words of a straight page, in pixels of `image`, in no particular order.

    Raises:
        ReaderFailed: the program failed, or took too long.
    """
    height, width = image.shape
    image = _without_rules(image, ruled)
    mode = _SPARSE if ruled.verticals else _LINES
    picture = b"P5\n%d %d\n255\n" % (width, height) + image.tobytes()
    table = _run(
        program, "stdin", "stdout", "-l", _languages(program), "--psm", mode, "--dpi", "200", "tsv", given=picture
    )
    return tuple(_words(table.decode("utf-8", "replace")))


def _without_rules(image: Gray, ruled: Rules) -> Gray:
    bare, paper = image.copy(), int(np.median(image))
    for x in ruled.verticals:
        bare[:, max(x - _RULE, 0) : x + _RULE + 1] = paper
    for y in ruled.horizontals:
        bare[max(y - _RULE, 0) : y + _RULE + 1] = paper
    return bare


@cache
def _languages(program: Path) -> str:
    installed = _run(program, "--list-langs").decode("utf-8", "replace").split()
    return "+".join(name for name in _LANGUAGES if name in installed) or "eng"


def _words(table: str) -> Iterator[Word]:
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    if "conf" not in (rows.fieldnames or ()):
        raise ReaderFailed("Tesseract a répondu autre chose qu'un tableau de mots.")
    for row in rows:
        try:
            text, certainty = (row["text"] or "").strip(), float(row["conf"]) / 100
            left, top = float(row["left"]), float(row["top"])
            right, bottom = left + float(row["width"]), top + float(row["height"])
        except (KeyError, TypeError, ValueError) as exc:
            raise ReaderFailed("Tesseract a répondu autre chose qu'un tableau de mots.") from exc
        if text and certainty >= (_STROKE_NOISE if _STROKES.fullmatch(text) else _NOISE):
            yield Word(western(text), left, top, right, bottom, certainty)


def _run(program: Path, *arguments: str, given: bytes = b"") -> bytes:
    # one thread: more of them make one page slower, and take the other readers' cores
    command = ["env", "OMP_THREAD_LIMIT=1", str(program), *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise ReaderFailed("Tesseract n'en finissait pas.") from exc
    except OSError as exc:
        raise ReaderFailed(f"Tesseract ne se laisse pas lancer ({exc.strerror}).") from exc
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ReaderFailed(f"Tesseract a échoué (code {done.returncode}): {said[-1][:200] if said else 'sans un mot'}")
    return done.stdout
