"""What happens to a page of the third corpus on its way: paper, light, feeding, turning, stamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ocr_corpus_paint import Drawing, bound, picture
from PIL import Image, ImageDraw, ImageFilter


@dataclass(frozen=True, slots=True)
class Wear:
    """What a scan does to a page."""

    name: str
    dpi: int
    #: degrees, either way
    skew: float = 0.0
    blur: float = 0.0
    noise: float = 3.0
    #: gray level of paper and of ink
    paper: int = 240
    ink: int = 25
    #: a shadow along the spine
    shadow: bool = False
    quarters: int = 0
    quality: int = 85
    threshold: int | None = None


WEARS = (
    Wear("300 dpi", 300),
    Wear("400 dpi", 400, skew=0.7),
    Wear("200 dpi", 200, skew=0.4),
    Wear("300 dpi fed askew", 300, skew=2.0, noise=6),
    Wear("300 dpi grey paper", 300, skew=0.3, paper=188, ink=40, noise=8, shadow=True),
    Wear("300 dpi pale ink", 300, skew=0.5, paper=235, ink=140, noise=4),
    Wear("300 dpi photocopy", 300, skew=0.8, blur=1.2, threshold=165, noise=12),
    Wear("300 dpi sideways", 300, quarters=1, noise=5),
    Wear("300 dpi head down", 300, quarters=2, skew=0.6, noise=5),
    Wear("200 dpi JPEG 40", 200, skew=0.6, quality=40, blur=0.4),
)


def as_scan(pages: Sequence[Drawing], wear: Wear, seed: str) -> bytes:
    """Pictures only, as a scanner would make them; seeded."""
    dice = np.random.default_rng(list(seed.encode()))
    pictures = [_worn(page, wear, dice) for page in pages]
    return bound(pictures, wear.dpi, wear.quality if wear.threshold is None else None)


def _worn(page: Drawing, wear: Wear, dice: np.random.Generator) -> Image.Image:
    image = picture(page, wear.dpi)
    for stamp in page.stamps:
        image = _stamped(image, stamp.x * wear.dpi / 72, stamp.y * wear.dpi / 72, stamp.tilt, wear.dpi / 72)
    if wear.skew:
        image = image.rotate(float(dice.uniform(-wear.skew, wear.skew)), Image.Resampling.BICUBIC, fillcolor=255)
    if wear.blur:
        image = image.filter(ImageFilter.GaussianBlur(wear.blur))
    pixels = np.asarray(image, dtype=np.float32)
    pixels = wear.ink + (pixels - 15) * (wear.paper - wear.ink) / 240
    if wear.shadow:
        across = np.linspace(0, 1, pixels.shape[1], dtype=np.float32)
        pixels = pixels * (1 - 0.18 * np.exp(-(((across - float(dice.uniform(0, 1))) / 0.1) ** 2)))
    pixels = pixels + dice.normal(0, wear.noise, pixels.shape)
    if wear.threshold is not None:
        worn = Image.fromarray(pixels > wear.threshold)
    else:
        worn = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return worn.rotate(90 * wear.quarters, expand=True) if wear.quarters else worn


def _stamped(image: Image.Image, x: float, y: float, tilt: float, scale: float) -> Image.Image:
    """An office's stamp, two rings, paler than the type, over whatever is there."""
    seal = Image.new("L", image.size, 255)
    pen = ImageDraw.Draw(seal)
    for radius in (42 * scale, 34 * scale):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=130, width=max(round(1.4 * scale), 1))
    pen.line((x - 30 * scale, y + 20 * tilt * scale, x + 30 * scale, y - 20 * tilt * scale), fill=140, width=3)
    return Image.fromarray(np.minimum(np.asarray(image), np.asarray(seal)))
