"""The text a born-digital PDF carries: its words, or None where the layer is absent or not to be trusted."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from registre.ocr.engine.image import Gray
from registre.ocr.engine.layer import Glyph, Layer
from registre.ocr.engine.words import Word

#: Fewer characters than this on a page are a stamp or a page number, not its content.
_FEWEST = 25
#: A page this much under pictures is a scan, whatever text lies on or under it: that text is
#: a stamp, or another reader's work whose certainty nobody recorded.
_SCAN = 0.5
#: Share of words that must look like words, numbers or amounts; broken font tables score under 0.5.
_SOUND = 0.75
#: Share of the letters that must be seen on the page.
_SHOWN = 0.9
#: Grey levels by which what is written differs from its ground.
_CONTRAST = 24
_PRIVATE_USE = range(0xE000, 0xF900)

_PLAIN_WORD = re.compile(
    r"""^[«“"'‘’(\[/§–—-]*
        (?:[^\W\d_]+(?:['’.&/-]+[^\W\d_]+)*\.?      # vente, l'acte, Saint-Bruno, c.a.
         |[^\W\d_]{0,3}[\d][\d\s.,:/°º%$-]*[^\W_]{0,3}   # 4, 123, 75 000,00, 10A-77, 2004-05-17, T12345678, 14h30
         |[\W_]+)                                   # punctuation alone
        [»”"'’)\].,;:!?%$°º/–—-]*$""",
    re.VERBOSE,
)
_VOWEL = re.compile(r"[aeiouyàâäæéèêëîïôöœùûü]", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{5,}")


def trusted_words(layer: Layer) -> tuple[Word, ...] | None:
    """Words of the layer, or None when the page has to be read from its image."""
    if layer.pictures >= _SCAN or layer.overfull:
        return None
    glyphs = [glyph for glyph in layer.glyphs if glyph is not None]
    if len(glyphs) < _FEWEST or not _printable(glyphs) or not _runs_right(layer):
        return None
    words = _words(layer)
    sound = sum(len(word.text) for word in words if _is_sound(word.text))
    total = sum(len(word.text) for word in words)
    return words if total and sound / total >= _SOUND else None


def _runs_right(layer: Layer) -> bool:
    """Whether its letters follow one another to the right, as the page is shown: sideways or upside down they make
    words of one letter, in any order.
    """
    right = others = 0
    for before, after in pairwise(layer.glyphs):
        if before is not None and after is not None:
            ahead = (after.x0 + after.x1) - (before.x0 + before.x1)
            aside = abs((after.y0 + after.y1) - (before.y0 + before.y1))
            right += ahead > aside
            others += ahead <= aside
    return right >= others


def shown_words(words: Sequence[Word], picture: Gray, layer: Layer) -> tuple[Word, ...] | None:
    """Those words that can be seen on the page's picture; None when too many cannot: the layer says something else than
    the page, which has to be read from its image.
    """
    scale = picture.shape[1] / max(layer.width, 1.0)
    shown = tuple(word for word in words if _is_shown(word, picture, scale))
    letters = sum(len(word.text) for word in words)
    return shown if sum(len(word.text) for word in shown) >= _SHOWN * letters else None


def _is_shown(word: Word, picture: Gray, scale: float) -> bool:
    left, top = max(int(word.x0 * scale), 0), max(int(word.y0 * scale), 0)
    part = picture[top : math.ceil(word.y1 * scale) + 1, left : math.ceil(word.x1 * scale) + 1]
    return part.size > 0 and int(part.max()) - int(part.min()) >= _CONTRAST


def _printable(glyphs: list[Glyph]) -> bool:
    bad = sum(
        not glyph.text.isprintable() or glyph.text == "\ufffd" or ord(glyph.text) in _PRIVATE_USE for glyph in glyphs
    )
    return bad / len(glyphs) < 0.02


def _is_sound(text: str) -> bool:
    if not _PLAIN_WORD.match(text):
        return False
    letters = _LETTERS.search(text)
    return letters is None or _VOWEL.search(letters.group()) is not None


def _words(layer: Layer) -> tuple[Word, ...]:
    words: list[Word] = []
    current: Word | None = None
    for glyph in layer.glyphs:
        if glyph is None:
            current = _flush(words, current)
        elif current is not None and _continues(current, glyph):
            current = replace(
                current,
                text=current.text + glyph.text,
                y0=min(current.y0, glyph.y0),
                x1=max(current.x1, glyph.x1),
                y1=max(current.y1, glyph.y1),
            )
        else:
            _flush(words, current)
            current = Word(glyph.text, glyph.x0, glyph.y0, glyph.x1, glyph.y1)
    _flush(words, current)
    return tuple(words)


def _flush(words: list[Word], word: Word | None) -> None:
    if word is not None and word.text.strip():
        words.append(word)


def _continues(word: Word, glyph: Glyph) -> bool:
    """Whether the glyph stands right after the word, on its line."""
    height = max(word.height, 1.0)
    if abs((glyph.y0 + glyph.y1) / 2 - word.cy) > height * 0.5:
        return False
    return -0.5 * height < glyph.x0 - word.x1 < 0.25 * height
