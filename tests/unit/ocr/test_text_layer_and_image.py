"""Whether a text layer is to be trusted, and measurements on page images."""

from __future__ import annotations

import numpy as np
import pytest

from registre.ocr.engine.image import ink_share, inked, rules, slant, straighten
from registre.ocr.engine.layer import Glyph, Layer
from registre.ocr.engine.text_layer import trusted_words

SENTENCE = "Le lot numéro 2 784 195 du cadastre du Québec, vendu pour 258 500,00 $ à l'acquéreur."


def layer(text: str, pictures: float = 0.0) -> Layer:
    glyphs = [Glyph(c, 10.0 + 5 * i, 20, 15.0 + 5 * i, 30) if c != " " else None for i, c in enumerate(text)]
    return Layer(tuple(glyphs), 612, 792, pictures)


def test_ordinary_prose_is_trusted_word_by_word():
    words = trusted_words(layer(SENTENCE))

    assert words is not None
    assert [word.text for word in words] == SENTENCE.split()


@pytest.mark.parametrize(
    ("text", "pictures"),
    [
        ("", 0.0),
        ("Page 1", 0.0),
        (SENTENCE, 0.97),
        ("\ufffd\ufffd\ue001\ue002 " * 12, 0.0),
        ("xq#zt kk@@w 7%f!g bbbtrd q~~q zzkrt ## pw|q$ " * 3, 0.0),
    ],
    ids=["none", "a page number", "laid over a scan", "no unicode map", "broken font table"],
)
def test_a_layer_that_is_not_the_pages_text_is_refused(text: str, pictures: float):
    assert trusted_words(layer(text, pictures)) is None


def test_characters_far_apart_are_two_words_without_a_space():
    glyphs = layer("n" * 40).glyphs
    moved = [
        Glyph(g.text, g.x0 + (60 if i >= 20 else 0), g.y0, g.x1 + (60 if i >= 20 else 0), g.y1)
        for i, g in enumerate(glyphs)
        if g
    ]

    words = trusted_words(Layer((*moved, None, *(g for g in layer("e" * 30).glyphs)), 612, 792, 0.0))

    assert words is None or len(words) == 3


def paper(height: int = 1100, width: int = 850) -> np.ndarray:
    return np.random.default_rng(3).normal(235, 6, (height, width)).clip(0, 255).astype(np.uint8)


def lined(angle: float = 0.0) -> np.ndarray:
    page = paper()
    for y in range(150, 950, 25):
        for x in range(100, 750):
            if (x // 9) % 3:
                row = int(y + (x - 425) * np.tan(np.radians(angle)))
                page[row : row + 9, x] = 20
    return page


def test_noisy_paper_with_a_black_border_is_blank():
    page = paper()
    page[:, :15] = 0
    page[400, 300] = 0

    assert ink_share(page) < 0.0002


def test_one_line_of_text_is_ink():
    page = paper()
    page[500:510, 200:420:3] = 10

    assert ink_share(page) > 0.0005


@pytest.mark.parametrize("angle", [-2.4, -0.6, 0.0, 0.9, 3.1])
def test_slant_is_measured_and_undone(angle: float):
    page = lined(angle)

    assert slant(page) == pytest.approx(angle, abs=0.15)
    assert slant(straighten(page)) == pytest.approx(0, abs=0.15)


def test_blank_paper_is_not_turned():
    page = paper()

    assert straighten(page) is page


def test_ruled_lines_are_found_and_text_is_not():
    page = lined()
    page[120:122, 80:780] = 30
    page[120:960, 400:402] = 30

    found = rules(page)

    assert [round(y, -1) for y in found.horizontals] == [120]
    assert [round(x, -1) for x in found.verticals] == [400]


def test_the_inked_part_holds_the_faintest_mark_and_leaves_the_empty_sides():
    page = paper()
    page[300:312, 200:420] = 20
    page[900:904, 600:640] -= 45

    left, top, right, bottom = inked(page)

    assert 150 < left <= 200
    assert 250 < top <= 300
    assert 640 <= right < 690
    assert 904 <= bottom < 950


def test_of_blank_paper_nothing_is_left_out():
    assert inked(paper()) == (0, 0, 850, 1100)
