"""Pictures for a person: the cell that a reading says, whichever way the page was scanned; the line of a figure."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from ocr_papers import STYLES, acte_pdf, blank_pdf, history, index_pdf, scan
from PIL import Image

from registre.domain.errors import BadPdf
from registre.domain.request import DocumentKind
from registre.ocr.engine.rapid import read_words
from registre.ocr.reader import Reader

ROWS = history(4)


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


def letters(png: bytes) -> str:
    """What stands on a picture, without spaces."""
    import numpy as np

    picture = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    return "".join(word.text for word in read_words(picture)).replace(" ", "")


@pytest.mark.parametrize("how", ["layer", "askew and upside down"])
async def test_the_box_of_a_field_shows_that_field(reader, how):
    paper = index_pdf(ROWS, STYLES["centred_ruled_rows"])
    data = paper if how == "layer" else scan(paper, angle=180.7)
    page = await reader.read_page(data, 1, DocumentKind.INDEX)
    row = page.rows[2]
    crop = await reader.crop(data, 1, row.places["numero"])
    assert letters(crop.field) == row.numero == ROWS[2].numero
    around = Image.open(io.BytesIO(crop.around))
    assert around.width > 5 * Image.open(io.BytesIO(crop.field)).width


async def test_a_figure_of_running_text_shows_its_line_and_what_is_nowhere_the_page(reader):
    data = acte_pdf(1)
    crop = await reader.crop(data, 1, None, "pour le prix de 258 500,00 $, dont quittance")
    assert "258500,00" in letters(crop.field)
    figure = await reader.crop(
        data, 1, None, "pour le prix de 258 500,00 $, dont quittance", ["268 500,00", "258 500,00"]
    )
    assert letters(figure.field).startswith("258500,00")
    assert Image.open(io.BytesIO(figure.field)).width < Image.open(io.BytesIO(crop.field)).width / 4
    whole = await reader.crop(data, 1, None, "xyzzy")
    assert Image.open(io.BytesIO(whole.field)).height > 1500
    blank = await reader.crop(blank_pdf(), 1, (0.1, 0.1, 0.2, 0.2))
    assert Image.open(io.BytesIO(blank.field)).size > (50, 50)


async def test_a_page_that_is_not_there_is_said_so(reader):
    with pytest.raises(BadPdf):
        await reader.crop(acte_pdf(1), 9, None)
