"""Sheets to PDF bytes, with a text layer. The only module that draws with reportlab."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from typing import Protocol, cast

from reportlab.pdfgen import canvas  # pyright: ignore[reportMissingTypeStubs]

from registre.sandbox.documents.sheet import Sheet, Stroke, Text, text_width


class _Path(Protocol):
    def moveTo(self, x: float, y: float) -> None: ...  # noqa: N802
    def lineTo(self, x: float, y: float) -> None: ...  # noqa: N802
    def close(self) -> None: ...


class _TextObject(Protocol):
    def setFont(self, name: str, size: float) -> None: ...  # noqa: N802
    def setWordSpace(self, space: float) -> None: ...  # noqa: N802
    def textOut(self, text: str) -> None: ...  # noqa: N802


class _Canvas(Protocol):
    """The part of reportlab's untyped canvas we use."""

    def setPageSize(self, size: tuple[float, float]) -> None: ...  # noqa: N802
    def setTitle(self, title: str) -> None: ...  # noqa: N802
    def setLineWidth(self, width: float) -> None: ...  # noqa: N802
    def setDash(self, array: Sequence[float], phase: float) -> None: ...  # noqa: N802
    def setFillGray(self, gray: float) -> None: ...  # noqa: N802
    def beginPath(self) -> _Path: ...  # noqa: N802
    def drawPath(self, path: _Path, stroke: int, fill: int) -> None: ...  # noqa: N802
    def beginText(self, x: float, y: float) -> _TextObject: ...  # noqa: N802
    def drawText(self, text: _TextObject) -> None: ...  # noqa: N802
    def saveState(self) -> None: ...  # noqa: N802
    def restoreState(self) -> None: ...  # noqa: N802
    def translate(self, dx: float, dy: float) -> None: ...
    def rotate(self, theta: float) -> None: ...
    def skew(self, alpha: float, beta: float) -> None: ...
    def showPage(self) -> None: ...  # noqa: N802
    def save(self) -> None: ...


def paint(sheets: Sequence[Sheet], title: str) -> bytes:
    """The PDF; the same sheets give the same bytes, whenever and wherever."""
    out = io.BytesIO()
    # invariant: no clock and no random id in the file
    page = cast("_Canvas", canvas.Canvas(out, invariant=1, pageCompression=1))
    page.setTitle(title)
    for sheet in sheets:
        page.setPageSize((sheet.width, sheet.height))
        for stroke in sheet.strokes:
            _stroke(page, stroke, sheet.height)
        page.setFillGray(0)
        for run in sheet.texts:
            _text(page, run, sheet.height)
        page.showPage()
    page.save()
    return out.getvalue()


def _stroke(page: _Canvas, stroke: Stroke, height: float) -> None:
    path = page.beginPath()
    (x, y), *others = stroke.points
    path.moveTo(x, height - y)
    for x, y in others:
        path.lineTo(x, height - y)
    if stroke.closed:
        path.close()
    page.setLineWidth(stroke.width)
    page.setDash(stroke.dash or (), 0)
    if stroke.fill is not None:
        page.setFillGray(stroke.fill)
    page.drawPath(path, stroke=int(stroke.width > 0), fill=int(stroke.fill is not None))


def _text(page: _Canvas, run: Text, height: float) -> None:
    if run.written:
        _write(page, run, height)
        return
    page.saveState()
    page.translate(run.x, height - run.y)
    if run.angle:
        page.rotate(run.angle)
    text = page.beginText(0, 0)
    text.setFont(run.font, run.size)
    if run.word_space:
        text.setWordSpace(run.word_space)
    text.textOut(run.text)
    page.drawText(text)
    page.restoreState()


def _write(page: _Canvas, run: Text, height: float) -> None:
    """Letter by letter, no two alike: size, slope, slant and line wander; the pen drifts back to the line."""
    hand = random.Random(f"{run.text} {run.x:.1f} {run.y:.1f}")
    x, drift = run.x, 0.0
    for letter in run.text:
        drift = 0.8 * drift + hand.uniform(-0.35, 0.35)
        size = run.size * hand.uniform(0.9, 1.12)
        page.saveState()
        page.translate(x, height - run.y + drift)
        page.rotate(hand.uniform(-5, 5))
        page.skew(0, hand.uniform(-2, 9))
        text = page.beginText(0, 0)
        text.setFont(run.font, size)
        text.textOut(letter)
        page.drawText(text)
        page.restoreState()
        x += text_width(letter, run.font, run.size) * hand.uniform(0.94, 1.04)
