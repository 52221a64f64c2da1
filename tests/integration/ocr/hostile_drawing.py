"""A PDF drawn object by object, with nothing to stop what it may say."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

#: What is written on a page of these, large enough to be read from a picture of it.
SENTENCE = "Vente par Gagnon du lot 1 234 567 au cadastre du Quebec"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_LETTER = b"[0 0 612 792]"


@dataclass
class Paper:
    """A PDF under construction: objects by number, 1 the catalogue, 2 the page tree, 3 a font."""

    objects: dict[int, bytes] = field(default_factory=dict[int, bytes])
    pages: list[int] = field(default_factory=list[int])
    #: further entries of the catalogue and of the trailer
    catalogue: bytes = b""
    trailer: bytes = b""

    def __post_init__(self) -> None:
        self.objects[3] = FONT

    def add(self, body: bytes) -> int:
        """Number of a new object."""
        number = max(self.objects) + 1
        self.objects[number] = body
        return number

    def stream(self, data: bytes, entries: bytes = b"") -> int:
        """Number of a new stream."""
        return self.add(b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data))

    def page(self, content: bytes | int, *, box: bytes = _LETTER, entries: bytes = b"", objects: bytes = b"") -> None:
        """One more page; `content` is its operators or the number of their stream, `objects` its XObjects."""
        number = content if isinstance(content, int) else self.stream(content)
        resources = b"<< /Font << /F1 3 0 R >> /XObject << %s >> >>" % objects
        self.pages.append(
            self.add(
                b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Contents %d 0 R /Resources %s %s >>"
                % (box, number, resources, entries)
            )
        )

    def data(self) -> bytes:
        """The file, its table of objects correct."""
        kids = b" ".join(b"%d 0 R" % number for number in self.pages)
        self.objects.setdefault(1, b"<< /Type /Catalog /Pages 2 0 R %s >>" % self.catalogue)
        self.objects.setdefault(2, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(self.pages)))
        out = io.BytesIO()
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places: dict[int, int] = {}
        for number, body in sorted(self.objects.items()):
            places[number] = out.tell()
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start, size = out.tell(), max(self.objects) + 1
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for number in range(1, size):
            used = number in places
            out.write(b"%010d %05d %c \n" % (places.get(number, 0), 0 if used else 65535, b"n" if used else b"f"))
        out.write(b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, self.trailer, start))
        return out.getvalue()


def text(line: str = SENTENCE, *, x: int = 60, y: int = 700, size: int = 14, lines: int = 3, mode: int = 0) -> bytes:
    """Operators that write `line`, several times; mode 3 is invisible."""
    shown = line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    rows = b"".join(b"(%s) Tj 0 -%d Td " % (shown, size * 2) for _ in range(lines))
    return b"BT /F1 %d Tf %d Tr %d %d Td %s ET\n" % (size, mode, x, y, rows)


def paper(content: bytes | None = None, *, pages: int = 1, **page: bytes) -> bytes:
    """A plain PDF of text pages."""
    made = Paper()
    for _ in range(pages):
        made.page(text() if content is None else content, **page)
    return made.data()


def with_good_pages(hostile: Callable[[Paper], None]) -> bytes:
    """Three pages, the middle one what `hostile` adds."""
    made = Paper()
    made.page(text())
    hostile(made)
    made.page(text())
    return made.data()


#: Entries of a picture in plain grey.
GRAY = b"/ColorSpace /DeviceGray /BitsPerComponent 8"


def image(
    made: Paper,
    data: bytes,
    width: int,
    height: int,
    entries: bytes,
    *,
    drawn: bytes = b"612 0 0 792 0 0",
    times: int = 1,
) -> None:
    """A page of nothing but this image, drawn so often."""
    number = made.stream(data, b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (width, height, entries))
    made.page(b"q %s cm /I Do Q\n" % drawn * times, objects=b"/I %d 0 R" % number)
