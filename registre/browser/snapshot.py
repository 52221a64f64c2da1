"""What a failed page looked like: masked picture, markup of every frame, address without secrets."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame, Page

_PICTURE_S: Final = 8.0
_MARKUP_S: Final = 5.0
_MAX_HTML: Final = 2_000_000
#: Query parameters kept as they are: page flow, nothing of an account.
_SAFE_PARAMETER: Final = re.compile(r"^(no|num|numero|lang|page|type)$", re.IGNORECASE)

#: Values typed by us or kept by the site in any field; buttons keep their caption. Works on a copy of the document.
_MASKED_MARKUP: Final = """() => {
  const copy = document.documentElement.cloneNode(true)
  const buttons = ['submit', 'button', 'reset', 'image', 'radio', 'checkbox']
  for (const field of copy.querySelectorAll('input')) {
    const type = (field.getAttribute('type') || 'text').toLowerCase()
    if (!buttons.includes(type) && field.hasAttribute('value')) field.setAttribute('value', '***')
  }
  for (const field of copy.querySelectorAll('textarea')) field.textContent = '***'
  return copy.outerHTML
}"""
_MASKED_FIELDS: Final = (
    "input[type=password], input[name*=CodeUtil i], input[name*=MotPas i], input[name*=Ident i], input[name*=Repns i]"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Evidence of one failure, fit to be stored: no password, user code or session value in it."""

    #: None when the page could no longer be drawn
    png: bytes | None
    #: every frame's markup, each behind a comment with its name and address
    html: str
    url: str


async def take_snapshot(page: Page, *, secrets: tuple[str, ...] = ()) -> Snapshot:
    """Photograph a page after a failure. Never raises for a broken page, never takes more than about 13 s.

    `secrets` (the account's code and password) are also struck out of picture and markup wherever they stand.
    """
    png, html = await asyncio.gather(_picture(page, secrets), _markup(page))
    for secret in filter(None, secrets):
        html = html.replace(secret, "***")
    return Snapshot(png, html[:_MAX_HTML], safe_url(page.url))


def safe_url(url: str) -> str:
    """The address with the values of all query parameters but harmless ones struck out."""
    parts = urlsplit(url)
    query = [(name, value if _SAFE_PARAMETER.match(name) else "***") for name, value in parse_qsl(parts.query)]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(query, safe="*"), ""))


async def _picture(page: Page, secrets: tuple[str, ...]) -> bytes | None:
    try:
        async with asyncio.timeout(_PICTURE_S):
            masks = [frame.locator(_MASKED_FIELDS) for frame in page.frames]
            masks += [frame.get_by_text(secret) for frame in page.frames for secret in secrets if secret]
            return await page.screenshot(mask=masks, mask_color="#000000", timeout=_PICTURE_S * 1000, caret="hide")
    except (PlaywrightError, TimeoutError):
        return None


async def _markup(page: Page) -> str:
    parts = await asyncio.gather(*(_frame_markup(frame) for frame in page.frames))
    return "\n".join(parts)


async def _frame_markup(frame: Frame) -> str:
    try:
        async with asyncio.timeout(_MARKUP_S):
            markup = str(await frame.evaluate(_MASKED_MARKUP))
    except (PlaywrightError, TimeoutError):
        markup = "(cadre illisible)"
    return f"<!-- cadre « {frame.name} » {safe_url(frame.url)} -->\n{markup}"
