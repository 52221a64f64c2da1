"""A picture in the terminal: two pixels a character, never larger than asked, ink dark and paper light."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from registre.cli.picture import half_blocks


def drawn(width: int, height: int) -> bytes:
    image = Image.new("L", (width, height), 255)
    image.paste(0, (0, 0, width // 2, height))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "columns", "lines"), [(8, 4, 8, 2), (800, 48, 100, 3), (40, 800, 2, 20), (1, 1, 1, 1)]
)
def test_it_fits_and_keeps_its_shape(width, height, columns, lines):
    shown = half_blocks(drawn(width, height), 100, 20).plain.split("\n")[:-1]
    assert (max(map(len, shown)), len(shown)) == (columns, lines)


def test_ink_is_dark_and_paper_light():
    text = half_blocks(drawn(8, 4), 100, 20)
    styles = [str(span.style) for span in text.spans[:8]]
    assert styles[0] == "rgb(0,0,0) on rgb(0,0,0)"
    assert styles[7] == "rgb(255,255,255) on rgb(255,255,255)"
