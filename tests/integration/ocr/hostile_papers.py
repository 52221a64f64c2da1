"""PDFs that no honest program writes, made object by object: bombs, loops, lies; and some that are merely unusual."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

from PIL import Image, ImageOps
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from tests.integration.ocr.hostile_drawing import FONT, GRAY, SENTENCE, Paper, image, paper, text, with_good_pages

__all__ = ["SENTENCE", "Paper", "image", "paper", "text", "with_good_pages"]

# --- bombs ---------------------------------------------------------------------------------------------------------


def bomb(megabytes: int, *, layers: int = 1, fill: bytes = b" ") -> tuple[bytes, bytes]:
    """A stream that inflates to so many megabytes, and its filter entry; its checksum is wrong, which nobody minds."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(fill * (1_048_576 // len(fill))) + squeeze.flush(zlib.Z_FULL_FLUSH)
    data = b"\x78\xda" + block * megabytes + b"\x03\x00" + b"\0" * 4
    for _ in range(layers - 1):
        data = zlib.compress(data, 9)
    return data, b"/Filter [%s]" % (b"/FlateDecode " * layers)


def flate_bomb(made: Paper, megabytes: int = 3000) -> None:
    """Operators that inflate to gigabytes."""
    made.page(made.stream(*bomb(megabytes)))


def nested_bomb(made: Paper) -> None:
    """The same, deflated three times."""
    made.page(made.stream(*bomb(3000, layers=3)))


def many_operators(made: Paper, megabytes: int = 200) -> None:
    """So many megabytes of strokes."""
    made.page(made.stream(*bomb(megabytes, fill=b"1 1 m 9 9 l S\n \n")))


def huge_image(made: Paper) -> None:
    """60,000 pixels a side: 3.6 GB of grey, a few megabytes deflated."""
    image(made, bomb(3434, fill=b"\x00")[0], 60_000, 60_000, b"/Filter /FlateDecode " + GRAY)


def huge_jbig2(made: Paper) -> None:
    """A JBIG2 page that declares 2^31 pixels a side."""
    size = (0x7FFFFFFF).to_bytes(4, "big")
    segment = b"\0\0\0\0\x30\0\x01" + (19).to_bytes(4, "big") + size + size + b"\0" * 8 + b"\0\0\0"
    image(made, segment, 60_000, 60_000, b"/Filter /JBIG2Decode /ColorSpace /DeviceGray /BitsPerComponent 1")


def huge_jpx(made: Paper) -> None:
    """A JPEG 2000 file whose header declares a hundred thousand pixels a side."""
    data = bytearray(jpeg2000())
    for place in (data.index(b"ihdr") + 4, data.index(b"\xff\x51") + 6):
        data[place : place + 8] = (100_000).to_bytes(4, "big") * 2
    image(made, bytes(data), 100_000, 100_000, b"/Filter /JPXDecode")


def many_images(made: Paper, times: int = 20_000) -> None:
    """One picture of the whole page, drawn over itself."""
    image(made, bytes(range(256)) * 256, 256, 256, GRAY, times=times)


def laughing_forms(made: Paper) -> None:
    """Each form draws the next ten times: a thousand million in the end."""
    inner = made.stream(text(), b"/Type /XObject /Subtype /Form /BBox [0 0 612 792]")
    for _ in range(9):
        inner = made.stream(
            b"/X Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X %d 0 R >> >>" % inner,
        )
    made.page(b"/X Do", objects=b"/X %d 0 R" % inner)


def recursive_form(made: Paper) -> None:
    """A form that draws itself, beside a line of text."""
    own = max(made.objects) + 1
    made.stream(
        text() + b"/X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] "
        b"/Resources << /Font << /F1 3 0 R >> /XObject << /X %d 0 R >> >>" % own,
    )
    made.page(b"/X Do", objects=b"/X %d 0 R" % own)


# --- structure -----------------------------------------------------------------------------------------------------


def truncated(share: float) -> bytes:
    """The first part of a sound file."""
    whole = paper(pages=5)
    return whole[: int(len(whole) * share)]


def broken_xref() -> bytes:
    """The table of objects points nowhere; the objects are all there."""
    whole = paper()
    start = whole.rindex(b"startxref")
    return whole[:start] + b"startxref\n7\n%%EOF\n"


def xref_loop() -> bytes:
    """Each table says that the one before it is itself."""
    whole = paper()
    start = int(whole[whole.rindex(b"startxref") + 9 :].split()[0])
    return whole.replace(b"/Root 1 0 R ", b"/Root 1 0 R /Prev %d" % start)


def page_tree_loop() -> bytes:
    """A page tree that is its own branch."""
    made = Paper()
    made.page(text())
    made.objects[2] = b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    return made.data()


def deep_page_tree(levels: int = 10_000) -> bytes:
    """One page below so many branches."""
    made = Paper()
    made.page(text())
    leaf = made.pages[0]
    for _ in range(levels):
        leaf = made.add(b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % leaf)
    made.pages = [leaf]
    made.objects[2] = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % leaf
    return made.data()


def deep_array(levels: int = 100_000) -> bytes:
    """A page whose entries hold brackets in brackets."""
    return paper(entries=b"/Odd " + b"[" * levels + b"]" * levels)


def lying_count(count: int) -> bytes:
    """One page, said to be many."""
    made = Paper()
    made.page(text())
    made.objects[2] = b"<< /Type /Pages /Kids [%d 0 R] /Count %d >>" % (made.pages[0], count)
    return made.data()


def missing_font() -> bytes:
    """The font named is not there."""
    made = Paper()
    made.page(text().replace(b"/F1", b"/F9"))
    return made.data()


def updated() -> bytes:
    """A page replaced by an incremental update."""
    whole = paper(text("Premiere version de cette page, a ne plus lire"))
    before = int(whole[whole.rindex(b"startxref") + 9 :].split()[0])
    content = text()
    number = 4
    at = len(whole)
    update = b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(content), content)
    start = at + len(update)
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n"
    return whole + update + table % (number, at, before, start)


def encrypted(user: str) -> bytes:
    """Locked with an owner's password, and a user's where one is given."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, encrypt=StandardEncryption(user, ownerPassword="proprio", canCopy=0, canPrint=0))
    for row in range(3):
        sheet.drawString(60, 700 - 28 * row, SENTENCE)
    sheet.showPage()
    sheet.save()
    return out.getvalue()


def restless() -> bytes:
    """A script at opening, a program to launch, an address to call, a file inside."""
    made = Paper(
        catalogue=b"/OpenAction << /S /JavaScript /JS (app.alert\\('x'\\); while\\(true\\){}) >> "
        b"/AA << /WC << /S /Launch /F (/bin/false) >> >> "
        b"/Names << /EmbeddedFiles << /Names [(x) << /Type /Filespec /F (x.exe) >>] >> >>",
    )
    link = made.add(
        b"<< /Type /Annot /Subtype /Link /Rect [0 0 612 792] /Border [0 0 0] "
        b"/A << /S /URI /URI (http://127.0.0.1:9/appel) >> >>"
    )
    made.page(text(), entries=b"/Annots [%d 0 R] /AA << /O << /S /URI /URI (http://127.0.0.1:9/ouvert) >> >>" % link)
    return made.data()


# --- pictures ------------------------------------------------------------------------------------------------------


def sentence_picture(mode: str = "L") -> Image.Image:
    """The sentence as a picture of a letter page, 150 dpi."""
    import pypdfium2

    document = pypdfium2.PdfDocument(paper())
    picture = document[0].render(scale=150 / 72, grayscale=True).to_pil().convert(mode)
    document.close()
    return picture


def jpeg2000() -> bytes:
    """The sentence, as a JPEG 2000 file."""
    out = io.BytesIO()
    sentence_picture().save(out, "JPEG2000")
    return out.getvalue()


def ccitt_page(made: Paper) -> None:
    """The sentence as fax."""
    out = io.BytesIO()
    picture = sentence_picture("1")
    picture.save(out, "TIFF", compression="group4", strip_size=10_000_000)
    saved = Image.open(out)
    start, length = saved.tag_v2[273][0], saved.tag_v2[279][0]
    black = b"true" if saved.tag_v2[262] == 1 else b"false"
    entries = b"/Filter /CCITTFaxDecode /ColorSpace /DeviceGray /BitsPerComponent 1 /DecodeParms "
    entries += b"<< /K -1 /Columns %d /Rows %d /BlackIs1 %s >>" % (*picture.size, black)
    image(made, out.getvalue()[start : start + length], *picture.size, entries)


def jpx_page(made: Paper) -> None:
    """The sentence as JPEG 2000."""
    image(made, jpeg2000(), *sentence_picture().size, b"/Filter /JPXDecode")


def cmyk_page(made: Paper) -> None:
    """The sentence as a JPEG in the printer's four inks."""
    out = io.BytesIO()
    picture = sentence_picture("CMYK")
    picture.save(out, "JPEG", quality=90)
    # Pillow writes the inks the other way round, as Photoshop does
    entries = b"/Filter /DCTDecode /ColorSpace /DeviceCMYK /BitsPerComponent 8 /Decode [1 0 1 0 1 0 1 0]"
    image(made, out.getvalue(), *picture.size, entries)


def indexed_page(made: Paper) -> None:
    """The sentence in two colours of a palette."""
    picture = sentence_picture("1")
    entries = b"/Filter /FlateDecode /ColorSpace [/Indexed /DeviceRGB 1 <000000FFFFFF>] /BitsPerComponent 1"
    image(made, zlib.compress(picture.tobytes()), *picture.size, entries)


def jbig2_page(made: Paper) -> None:
    """The sentence as a JBIG2 generic region coded by MMR, which is fax again."""
    out = io.BytesIO()
    picture = ImageOps.invert(sentence_picture()).convert("1")
    picture.save(out, "TIFF", compression="group4", strip_size=10_000_000)
    saved = Image.open(out)
    fax = out.getvalue()[saved.tag_v2[273][0] :][: saved.tag_v2[279][0]]
    sides = picture.width.to_bytes(4, "big") + picture.height.to_bytes(4, "big")
    page = sides + b"\0" * 8 + b"\0\0\0"
    region = sides + b"\0" * 8 + b"\0" + b"\x01" + fax
    data = b"\0\0\0\0\x30\0\x01" + len(page).to_bytes(4, "big") + page
    data += b"\0\0\0\x01\x26\0\x01" + len(region).to_bytes(4, "big") + region
    image(made, data, *picture.size, b"/Filter /JBIG2Decode /ColorSpace /DeviceGray /BitsPerComponent 1")


def undecodable_page(made: Paper) -> None:
    """A scan in a code that nobody can undo."""
    image(
        made,
        b"\x00\x01\x02garbage" * 500,
        1700,
        2200,
        b"/Filter /JPXDecode /ColorSpace /DeviceGray /BitsPerComponent 8",
    )


# --- text layers ---------------------------------------------------------------------------------------------------


def million_characters(made: Paper) -> None:
    """A page with a million characters, in a grey so light that it is paper."""
    made.page(b"1 g " + text("abcde fghij " * 50, size=1, lines=1_700))


def coded_text(codes: Sequence[int], *, mode: int = 0) -> bytes:
    """Three lines whose letters say, by the font's own table, that they are these code units."""
    made = Paper()
    units = b"".join(b"<%02X> <%04X>\n" % (65 + index, code) for index, code in enumerate(codes))
    table = made.stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        b"1 begincodespacerange <00> <FF> endcodespacerange\n%d beginbfchar\n%sendbfchar\nendcmap end end"
        % (len(codes), units)
    )
    made.objects[3] = FONT.replace(b" >>", b" /ToUnicode %d 0 R >>" % table)
    letters = "".join(chr(65 + index) for index in range(len(codes)))
    made.page(text(" ".join([letters] * 6), mode=mode))
    return made.data()
