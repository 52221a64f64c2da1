"""A page of the second corpus as words and lines in points; its picture at a resolution, worn; its PDF."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, cast

import numpy as np
from ocr_fonts import font_files
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas


class _Fonts(Protocol):
    def registerFont(self, font: TTFont) -> None: ...  # noqa: N802  its own name


@dataclass(frozen=True, slots=True)
class Run:
    """Words at one place; `y` is the baseline, from the top."""

    x: float
    y: float
    text: str
    font: str
    size: float


@dataclass(frozen=True, slots=True)
class Stamp:
    """A round stamp and how it is tilted."""

    x: float
    y: float
    tilt: float


@dataclass(slots=True)
class Drawing:
    """One page, in points from its top left."""

    width: float
    height: float
    runs: list[Run] = field(default_factory=list[Run])
    #: x0, y0, x1, y1
    lines: list[tuple[float, float, float, float]] = field(default_factory=list[tuple[float, float, float, float]])
    #: grey rectangles below everything: x0, y0, x1, y1, gray level
    shades: list[tuple[float, float, float, float, int]] = field(
        default_factory=list[tuple[float, float, float, float, int]]
    )
    #: over everything, in pictures only
    stamps: list[Stamp] = field(default_factory=list[Stamp])

    def text(self, x: float, y: float, text: str, font: str, size: float) -> None:
        """Put words."""
        if text:
            self.runs.append(Run(x, y, text, font, size))


@dataclass(frozen=True, slots=True)
class Wear:
    """What a scan does to a page."""

    name: str
    dpi: int
    skew: float = 0.0
    blur: float = 0.0
    #: standard deviation of gray noise
    noise: float = 0.0
    #: share of pixels turned black or white
    salt: float = 0.0
    #: JPEG quality
    quality: int = 95
    bitonal: bool = False
    #: how much ink the palest part of the page lost
    toner: float = 0.0


WEARS = (
    Wear("300 dpi", 300, noise=4),
    Wear("300 dpi skewed, noisy", 300, skew=1.1, noise=14),
    Wear("300 dpi bitonal, salt", 300, skew=-0.5, salt=0.002, bitonal=True),
    Wear("300 dpi uneven toner", 300, skew=0.3, noise=6, toner=0.6),
    Wear("200 dpi blurred", 200, skew=-0.8, blur=0.7, noise=8),
    Wear("200 dpi JPEG 30", 200, skew=0.4, noise=4, quality=30),
    Wear("150 dpi noisy", 150, skew=0.6, blur=0.3, noise=10),
)


@cache
def _face(font: str, pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_files()[font]), pixels)


def text_width(text: str, font: str, size: float) -> float:
    """Width in points."""
    return _face(font, 100).getlength(text) * size / 100


def as_pdf(pages: Sequence[Drawing]) -> bytes:
    """Born digital: words and lines of the PDF itself."""
    target = io.BytesIO()
    canvas = Canvas(target, invariant=1)
    for page in pages:
        canvas.setPageSize((page.width, page.height))
        for x0, y0, x1, y1, level in page.shades:
            canvas.setFillGray(level / 255)
            canvas.rect(x0, page.height - y1, x1 - x0, y1 - y0, stroke=0, fill=1)
        canvas.setFillGray(0)
        for run in page.runs:
            canvas.setFont(_embedded(run.font), run.size)
            canvas.drawString(run.x, page.height - run.y, run.text)
        canvas.setLineWidth(0.6)
        for x0, y0, x1, y1 in page.lines:
            canvas.line(x0, page.height - y0, x1, page.height - y1)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


@cache
def _embedded(font: str) -> str:
    cast("_Fonts", pdfmetrics).registerFont(TTFont(font, str(font_files()[font])))
    return font


def as_scan(pages: Sequence[Drawing], wear: Wear, seed: str) -> bytes:
    """Pictures only, as a scanner would make them; seeded."""
    dice = np.random.default_rng(list(seed.encode()))
    pictures = [_worn(picture(page, wear.dpi), wear, dice) for page in pages]
    return bound(pictures, wear.dpi, None if wear.bitonal else wear.quality)


def bound(pictures: Sequence[Image.Image], dpi: int, quality: int | None) -> bytes:
    """A PDF of pictures, JPEG of that quality where they are not black and white."""
    target = io.BytesIO()
    first, *others = pictures
    jpeg = {} if quality is None else {"quality": quality}
    first.save(target, "PDF", resolution=dpi, save_all=True, append_images=others, **jpeg)
    return target.getvalue()


def picture(page: Drawing, dpi: int) -> Image.Image:
    """Black on white, unworn."""
    scale = dpi / 72
    image = Image.new("L", (round(page.width * scale), round(page.height * scale)), 255)
    pen = ImageDraw.Draw(image)
    for x0, y0, x1, y1, level in page.shades:
        pen.rectangle((x0 * scale, y0 * scale, x1 * scale, y1 * scale), fill=level)
    for x0, y0, x1, y1 in page.lines:
        ends = (x0 * scale, y0 * scale, x1 * scale, y1 * scale)
        pen.line(ends, fill=40, width=max(round(0.6 * scale), 1))
    for run in page.runs:
        face = _face(run.font, max(round(run.size * scale), 4))
        pen.text((run.x * scale, run.y * scale), run.text, fill=15, font=face, anchor="ls")
    return image


def _worn(image: Image.Image, wear: Wear, dice: np.random.Generator) -> Image.Image:
    if wear.skew:
        image = image.rotate(wear.skew, Image.Resampling.BICUBIC, fillcolor=255)
    if wear.blur:
        image = image.filter(ImageFilter.GaussianBlur(wear.blur))
    pixels = np.asarray(image, dtype=np.float32)
    if wear.toner:
        patches = Image.fromarray(dice.uniform(0, 1, (5, 4)).astype(np.float32), "F")
        faded = np.asarray(patches.resize(image.size, Image.Resampling.BICUBIC)).clip(0, 1)
        pixels = 255 - (255 - pixels) * (1 - wear.toner * faded)
    pixels = pixels * 0.94  # paper is never white
    if wear.noise:
        pixels = pixels + dice.normal(0, wear.noise, pixels.shape)
    if wear.salt:
        spots = dice.uniform(0, 1, pixels.shape)
        pixels = np.where(spots < wear.salt / 2, 0, np.where(spots > 1 - wear.salt / 2, 255, pixels))
    if wear.bitonal:
        return Image.fromarray(pixels > 150)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines of `text` no wider than `width`, broken at spaces."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, font, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def jittered(page: Drawing, dice: random.Random) -> Drawing:
    """As a hand writes: every word a little off its line, and its own size."""
    runs: list[Run] = []
    for run in page.runs:
        x = run.x
        for word in run.text.split(" "):
            size = run.size * dice.uniform(0.95, 1.06)
            runs.append(Run(x, run.y + dice.uniform(-0.6, 0.6), word, run.font, size))
            x += text_width(word + " ", run.font, size) + dice.uniform(0, 1.2)
    return Drawing(page.width, page.height, runs, page.lines, page.shades, page.stamps)
