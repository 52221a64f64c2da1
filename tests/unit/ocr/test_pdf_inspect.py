"""What counts as a delivered PDF, and what does not."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pypdfium2
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen import canvas

from registre.domain.errors import BadPdf
from registre.ocr.engine.layer import read_layer
from registre.ocr.engine.pdf import MAX_PIXELS, inspect, read_text, render_page


def drawn(text: str = "Bonjour", *, pages: int = 1, size: tuple[float, float] = (612, 792), **options: object) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=size, **options)
    for number in range(1, pages + 1):
        sheet.drawString(72, size[1] - 72, f"{text} {number}")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def rotated(data: bytes, angle: int) -> bytes:
    document = pypdfium2.PdfDocument(data)
    document[0].set_rotation(angle)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def test_a_whole_pdf_is_described_by_size_hash_and_pages():
    data = drawn(pages=4)

    facts = inspect(data)

    assert (facts.size, facts.pages, facts.sha256) == (len(data), 4, hashlib.sha256(data).hexdigest())
    assert [read_text(data, number) for number in (1, 3)] == ["Bonjour 1", "Bonjour 3"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "vide"),
        (b"\0\0\n ", "vide"),
        (b"<!DOCTYPE html><html><body>Session expir\xe9e</body></html>", "page web"),
        (b"\xef\xbb\xbf\r\n<html></html>", "page web"),
        (b"PK\x03\x04 not a pdf", "n'est pas un PDF"),
        (b" " * 2000 + b"%PDF-1.4\n%%EOF", "n'est pas un PDF"),
        (b"%PDF-1.4\nnothing that follows the format\n%%EOF\n", "illisible"),
    ],
    ids=["zero bytes", "only nulls", "html", "html after a byte order mark", "zip", "magic too late", "hollow"],
)
def test_what_is_no_pdf_is_named(data: bytes, words: str):
    with pytest.raises(BadPdf) as caught:
        inspect(data)

    assert words in caught.value.text


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_truncated(share: float):
    data = drawn("Une ligne assez longue", pages=30)

    with pytest.raises(BadPdf) as caught:
        inspect(data[: int(len(data) * share)])

    assert "tronqué" in caught.value.text


def test_a_few_bytes_after_the_end_mark_do_no_harm():
    assert inspect(drawn() + b"\r\n" * 200).pages == 1


def test_a_password_makes_it_unusable():
    with pytest.raises(BadPdf) as caught:
        inspect(drawn(encrypt=StandardEncryption("secret", ownerPassword="other")))

    assert "mot de passe" in caught.value.text


def test_a_mere_copying_restriction_does_not():
    locked = drawn(encrypt=StandardEncryption("", ownerPassword="other", canCopy=0, canPrint=0))

    assert inspect(locked).pages == 1


def test_a_pdf_without_pages_is_refused():
    out = io.BytesIO()
    pypdfium2.PdfDocument.new().save(out)

    with pytest.raises(BadPdf) as caught:
        inspect(out.getvalue())

    assert "mot de passe" not in caught.value.text


def test_a_missing_page_is_refused_when_read():
    with pytest.raises(BadPdf):
        render_page(drawn(), 2, 100)


def test_a_page_is_rendered_at_the_resolution_asked():
    image = render_page(drawn(), 1, 144)

    assert (image.shape, image.dtype) == ((1584, 1224), np.uint8)


def test_an_enormous_page_is_scaled_down():
    image = render_page(drawn(size=(14_000, 14_000)), 1, 300)

    assert image.size <= MAX_PIXELS * 1.01


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_rotated_page_gives_its_words_where_they_are_seen(angle: int):
    data = drawn("MMMM")
    layer = read_layer(rotated(data, angle), 1)

    image = render_page(rotated(data, angle), 1, 72)

    inked = np.argwhere(image < 128)
    glyphs = [glyph for glyph in layer.glyphs if glyph is not None]
    assert (round(layer.width), round(layer.height)) == image.shape[::-1]
    assert abs(min(glyph.x0 for glyph in glyphs) - inked[:, 1].min()) < 5
    assert abs(max(glyph.y1 for glyph in glyphs) - inked[:, 0].max()) < 5
