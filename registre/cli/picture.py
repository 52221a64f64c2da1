"""A picture in a terminal that knows colours: two pixels a character, one above the other."""

from __future__ import annotations

import io
from typing import Final

from rich.text import Text

_UPPER_HALF: Final = "▀"


def half_blocks(png: bytes, columns: int, lines: int) -> Text:
    """A grey picture as characters of two pixels each, one above the other."""
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("L")
    scale = min(columns / image.width, 2 * lines / image.height, 1.0)
    width, height = max(round(image.width * scale), 1), max(round(image.height * scale / 2) * 2, 2)
    pixels = image.resize((width, height), Image.Resampling.LANCZOS).load()
    assert pixels is not None  # noqa: S101  a picture in memory always has pixels
    text = Text()
    for y in range(0, height, 2):
        for x in range(width):
            upper, lower = pixels[x, y], pixels[x, y + 1]
            text.append(_UPPER_HALF, f"rgb({upper},{upper},{upper}) on rgb({lower},{lower},{lower})")
        text.append("\n")
    return text
