"""What a failed page looked like: picture and markup of every frame, in which only the page's own words can be read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final
from unicodedata import combining, normalize
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Page

_PICTURE_S: Final = 8.0
_MARKUP_S: Final = 5.0
_RESTORE_S: Final = 2.0
_MAX_HTML: Final = 2_000_000
#: Covered in the picture: what is typed or chosen, and whatever may show a scanned page.
_COVERED: Final = (
    "input:not([type=submit], [type=button], [type=reset], [type=radio], [type=checkbox]), textarea, select, img, svg, "
    "canvas, video, embed, object, [data-registre-cover]"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Evidence of one failure, fit to be stored and sent: no name, number, typed value or address of a person in it."""

    #: None when the page could not be drawn, or not be covered whole
    png: bytes | None
    #: every frame's markup, each behind a comment with its name and address
    html: str
    url: str


async def take_snapshot(page: Page) -> Snapshot:
    """Photograph a page after a failure, and leave it as it was. Never raises for a broken page, never takes more than
    about 15 s."""
    html = await _markup(page)
    return Snapshot(await _picture(page), html[:_MAX_HTML], safe_url(page.url))


def safe_url(url: str) -> str:
    """The address without account, values of parameters, session marks and long numbers."""
    parts = urlsplit(url)
    query = urlencode(
        [(name, "***") for name, _ in parse_qsl(parts.query, keep_blank_values=True)],
        safe="*",
    )
    path = re.sub(r"\d{4,}", _zeros, re.sub(r"\([^/]*\)|;[^/]*", "***", parts.path))
    return urlunsplit(
        (
            parts.scheme,
            parts.netloc.rpartition("@")[2],
            path,
            re.sub(r"\d{4,}", _zeros, query),
            "",
        )
    )


@cache
def known_words() -> tuple[str, ...]:
    """Words that may be read in a snapshot, with and without their accents."""
    text = (files("registre.browser") / "known_words.txt").read_text(encoding="utf-8")
    found = {word for line in text.splitlines() if not line.startswith("#") for word in line.split()}
    bare = {"".join(letter for letter in normalize("NFD", word) if not combining(letter)) for word in found}
    return tuple(sorted(found | bare))


async def _picture(page: Page) -> bytes | None:
    try:
        async with asyncio.timeout(_PICTURE_S), _hidden(page) as verdict:
            masks = [frame.locator(_COVERED) for frame in page.frames]
            png = await page.screenshot(
                mask=masks,
                mask_color="#000000",
                timeout=_PICTURE_S * 1000,
                caret="hide",
            )
    except (PlaywrightError, TimeoutError):
        return None
    return png if verdict.whole else None


@dataclass(slots=True)
class _Verdict:
    #: nothing readable appeared while the picture was taken
    whole: bool = False


@asynccontextmanager
async def _hidden(page: Page) -> AsyncGenerator[_Verdict]:
    """The live page with its text hidden. Raises PlaywrightError where a frame cannot be hidden."""
    frames, verdict = list(page.frames), _Verdict()
    try:
        for hidden in await asyncio.gather(*(_ask(frame, "hide") for frame in frames)):
            if not hidden:
                raise PlaywrightError("a frame cannot be covered")
        yield verdict
    finally:
        try:
            async with asyncio.timeout(_RESTORE_S):
                restored = await asyncio.gather(*(_ask(frame, "restore") for frame in frames))
            verdict.whole = all(restored) and list(page.frames) == frames
        except (PlaywrightError, TimeoutError):
            verdict.whole = False


async def _markup(page: Page) -> str:
    parts = await asyncio.gather(*(_frame_markup(frame) for frame in page.frames))
    return "\n".join(parts)


async def _frame_markup(frame: Frame) -> str:
    try:
        async with asyncio.timeout(_MARKUP_S):
            markup = str(await _ask(frame, "markup"))
    except (PlaywrightError, TimeoutError):
        markup = "(cadre illisible)"
    return f"<!-- cadre « {frame.name} » {safe_url(frame.url)} -->\n{markup}"


async def _ask(frame: Frame, what: str) -> object:
    return await frame.evaluate(_script(), {"known": list(known_words()), "what": what})


@cache
def _script() -> str:
    return (files("registre.browser") / "mask.js").read_text(encoding="utf-8")


def _zeros(found: re.Match[str]) -> str:
    return "0" * len(found.group())
