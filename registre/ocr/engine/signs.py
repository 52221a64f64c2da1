"""Signs that our pages print, and the readers' slips between them."""

from __future__ import annotations

import re
from typing import Final

#: Chinese forms of western signs: the offline reader knows both typographies, and now and then prefers the other.
_WIDE: Final = "，。、：；！？（）［］【】＂％＋－／＝＆＄＃﹣ー一｜"
_WESTERN: Final = str.maketrans(_WIDE + "’‘", ",.,:;!?()[][]\"%+-/=&$#---|''")
_ELISION: Final = re.compile(r"(?<![\w.,])[1I|]['’](?=[^\W\d_])")
#: A small letter within capitals: `BENOîT`.
_SMALL: Final = re.compile(r"(?<=[A-ZÀ-ÖØ-Þ]{2})[a-zà-öø-þ](?=[A-ZÀ-ÖØ-Þ])")

#: All that a reader may answer: Latin letters with every accent, digits, French and English typography, wide signs.
READABLE: Final = frozenset(
    [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x180))]
    + list("–—―‘’“”†‡•…‰€™№℃ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ⁰⁴⁵⁶⁷⁸⁹ⁿ■□●○☐☑☒✓✔" + _WIDE)
)


def western(text: str) -> str:
    """Plain punctuation, and the slips no French text means (`1'an` → `l'an`, `BENOîT`); as long as `text`."""
    plain = _ELISION.sub("l'", text.translate(_WESTERN))
    return _SMALL.sub(lambda small: small.group().upper(), plain)
