"""Whether what a page is made of is all there: pdfium draws what it can decode and says nothing of the rest.

Synchronous, like `registre.ocr.engine.pdf`: meant for a reader process, which alone shall load it (0.15 s, 17 MB).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pikepdf

#: How deep forms within forms are followed, and how many streams of a page are looked at.
_DEPTH: Final = 4
_MOST: Final = 4_000
#: Bytes: what is unpacked at most to see whether it ends, in pieces that are thrown away.
_UNPACKED: Final = 256 * 1_048_576
_PIECE: Final = 1_048_576
#: Streams in several layers are unpacked whole, so only small ones: deflate packs up to a thousandfold.
_SMALL: Final = 65_536
#: Filters whose end shows in the bytes: both kinds of JPEG end with this marker.
_JPEG: Final = frozenset({"/DCTDecode", "/JPXDecode"})
_END_OF_IMAGE: Final = b"\xff\xd9"
#: Filters that are unpacked without loss and tell what is wrong.
_LOSSLESS: Final = frozenset({"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode"})


def count_damaged(data: bytes | Path, number: int) -> int:
    """How many of the streams of page `number` (from 1), its pictures and forms included, do not decode to their end.

    Only what can be told without drawing is told: a fax or JBIG2 picture counts as whole. A file that this second
    look cannot open at all counts as one.
    """
    try:
        with pikepdf.open(BytesIO(data) if isinstance(data, bytes) else data) as document:
            streams = islice(_streams(document.pages[number - 1], set(), _DEPTH), _MOST)
            return sum(not _is_whole(stream) for stream in streams)
    except (pikepdf.PdfError, IndexError, RuntimeError, ValueError):
        return 1


def _streams(holder: Any, seen: set[object], depth: int) -> Iterator[Any]:
    """What the page or form draws with: its own content, then what its resources name."""
    content = holder.get("/Contents") if not isinstance(holder, pikepdf.Stream) else holder
    for stream in content if isinstance(content, pikepdf.Array) else (content,):
        if isinstance(stream, pikepdf.Stream) and stream.objgen not in seen:
            seen.add(stream.objgen)
            yield stream
    resources = holder.resources if isinstance(holder, pikepdf.Page) else holder.get("/Resources")
    named = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(named, pikepdf.Dictionary) or not depth:
        return
    for item in named.values():
        if not isinstance(item, pikepdf.Stream) or item.objgen in seen:
            continue
        yield from _streams(item, seen, depth - 1)


def _is_whole(stream: Any) -> bool:
    filters = _filters(stream.get("/Filter"))
    raw: bytes = stream.read_raw_bytes()
    if not filters or not raw.strip():
        return True
    if filters == ["/FlateDecode"]:
        return _inflates(raw)
    if len(filters) == 1 and filters[0] in _JPEG:
        return raw.rstrip(b"\0\t\r\n ").endswith(_END_OF_IMAGE)
    if len(raw) > _SMALL or not _LOSSLESS.issuperset(filters):
        return True
    try:
        stream.read_bytes()
    except pikepdf.PdfError:
        return False
    return True


def _filters(named: Any) -> list[str]:
    if named is None:
        return []
    return [str(name) for name in (named if isinstance(named, pikepdf.Array) else [named])]


def _inflates(packed: bytes) -> bool:
    """Whether it unpacks to its end; the checksum behind it may be missing, not wrong."""
    for window, body in ((zlib.MAX_WBITS, packed), (-zlib.MAX_WBITS, packed[2:])):
        unpacking, left, unpacked = zlib.decompressobj(window), body, 0
        try:
            while left and not unpacking.eof and unpacked < _UNPACKED:
                unpacked += len(unpacking.decompress(left, _PIECE))
                left = unpacking.unconsumed_tail
        except zlib.error:
            return False
        if unpacking.eof or unpacked >= _UNPACKED:
            return True
    return False
