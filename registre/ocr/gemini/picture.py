"""Page images for the model: encoded small, and cut in overlapping parts. CPU work, some 50 ms a page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from registre.ocr.engine.image import Gray

#: The provider shrinks larger pictures to this many pixels a side itself.
_LONGEST: Final = 3072
#: A PNG beyond this many bytes (noise of a scan) goes as JPEG.
_PNG_LIMIT: Final = 1_500_000
_JPEG_QUALITY: Final = 92
#: Share of the written height that each part takes beyond the middle: more than the tallest row of a table.
_OVERLAP: Final = 0.12
#: A pixel this much darker than the paper is ink.
_CONTRAST: Final = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture."""

    data: bytes
    mime_type: str
    width: int
    height: int


def encode(image: Gray) -> Picture:
    """PNG, which loses nothing, unless it gets large: then JPEG."""
    picture = Image.fromarray(image)
    longest = max(picture.size)
    if longest > _LONGEST:
        size = tuple(max(round(side * _LONGEST / longest), 1) for side in picture.size)
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    if not np.any((image > 0) & (image < 255)):
        picture = picture.convert("1", dither=Image.Dither.NONE) if longest <= _LONGEST else picture
    data = _saved(picture, "PNG")
    if len(data) <= _PNG_LIMIT:
        return Picture(data, "image/png", *picture.size)
    return Picture(_saved(picture.convert("L"), "JPEG", quality=_JPEG_QUALITY), "image/jpeg", *picture.size)


def halves(image: Gray) -> tuple[Gray, Gray]:
    """Upper and lower part, each with about half of the ink and a band that both have."""
    ink = (image < int(np.median(image)) - _CONTRAST).sum(axis=1)
    written = np.nonzero(ink)[0]
    if written.size == 0:
        middle, height = image.shape[0] // 2, image.shape[0]
    else:
        middle = int(np.count_nonzero(np.cumsum(ink) < ink.sum() / 2))
        height = int(written[-1] - written[0] + 1)
    band = max(round(height * _OVERLAP), 1)
    return image[: min(middle + band, image.shape[0])], image[max(middle - band, 0) :]


def _saved(picture: Image.Image, format_: str, quality: int | None = None) -> bytes:
    out = io.BytesIO()
    if quality is None:
        picture.save(out, format_)
    else:
        picture.save(out, format_, quality=quality)
    return out.getvalue()
