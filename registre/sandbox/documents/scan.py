"""Makes a born-digital PDF look like scanned paper: one image a page, no text layer."""

from __future__ import annotations

import io
import threading
import time
import zlib
from collections.abc import Callable
from typing import Final, cast

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter

from registre.sandbox.foncier.model import Scan

#: pdfium is not thread-safe: every call of it in this process's renderings goes through here.
_PDFIUM: Final = threading.Lock()

#: Paper is not quite white, ink not quite black.
_PAPER: Final = 246
_INK: Final = 28
_THRESHOLD: Final = 158
#: Fixed so that the same page gives the same bytes.
_STAMP: Final = time.struct_time((2025, 1, 1, 0, 0, 0, 2, 1, 0))


def scanned(pdf: bytes, scan: Scan, seed: str) -> bytes:
    """Rasterise every page of `pdf` and degrade it as `scan` says; `seed` fixes the noise."""
    pages = [
        _degrade(image, scan, zlib.crc32(f"{seed}/{number}".encode()))
        for number, image in enumerate(_rasterise(pdf, scan.dpi))
    ]
    out = io.BytesIO()
    # bitonal pages are fax-compressed by Pillow and refuse a JPEG quality
    quality = {} if scan.bitonal else {"quality": scan.jpeg_quality}
    pages[0].save(
        out,
        format="PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=scan.dpi,
        creationDate=_STAMP,
        modDate=_STAMP,
        **quality,
    )
    return out.getvalue()


def _rasterise(pdf: bytes, dpi: int) -> list[Image.Image]:
    with _PDFIUM:
        document = pypdfium2.PdfDocument(pdf)
        try:
            return [_bitmap(page, dpi) for page in document]
        finally:
            document.close()


def _bitmap(page: pypdfium2.PdfPage, dpi: int) -> Image.Image:
    # pypdfium2 annotates render() only in part: `scale` is documented as a float
    render = cast("Callable[..., pypdfium2.PdfBitmap]", page.render)  # pyright: ignore[reportUnknownMemberType]
    # the copy outlives pdfium's buffer
    return render(scale=dpi / 72, grayscale=True).to_pil().copy()


def _degrade(image: Image.Image, scan: Scan, seed: int) -> Image.Image:
    if scan.blur:
        image = image.filter(ImageFilter.GaussianBlur(scan.blur))
    if scan.rotation:
        image = image.rotate(scan.rotation, resample=Image.Resampling.BILINEAR, fillcolor=255)
    levels = np.asarray(image, dtype=np.float32) * ((_PAPER - _INK) / 255) + _INK
    if scan.noise:
        grain = np.random.default_rng(seed).standard_normal(levels.shape, dtype=np.float32)
        levels = levels + grain * scan.noise
    if scan.bitonal:
        return Image.fromarray(levels > _THRESHOLD)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
