"""A page's markup as a small tree: enough to read old table-built sites, tags left open included. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta", "param", "source", "wbr"}
)
#: Elements that do not run into what follows them.
_SPACED: Final = frozenset({"td", "th", "tr", "p", "div", "li", "option"})
_SILENT: Final = frozenset({"script", "style"})
#: A tag that opens closes these when they stand open above it, up to the boundary.
_CLOSED_BY: Final = {
    "option": {"option"},
    "tr": {"tr", "td", "th"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "li": {"li"},
    "p": {"p"},
}
_BOUNDARY: Final = frozenset({"table", "select", "ul", "ol", "div", "form", "body", "html"})


@dataclass(slots=True, eq=False)
class Element:
    """One element; `children` holds elements and text in document order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: list[Element | str] = field(default_factory=list["Element | str"])
    parent: Element | None = None

    def attr(self, name: str) -> str:
        """The attribute's value, empty when absent."""
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        """True when the attribute is there, whatever its value."""
        return name in self.attributes

    @property
    def classes(self) -> list[str]:
        """Class names."""
        return self.attr("class").split()

    def walk(self) -> Iterator[Element]:
        """Every element below this one, in document order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.walk()

    def find_all(self, *tags: str) -> list[Element]:
        """Elements below with one of these tags."""
        return [element for element in self.walk() if element.tag in tags]

    @property
    def text(self) -> str:
        """Visible text, spaces squeezed, scripts left out."""
        return re.sub(r"\s+", " ", "".join(_texts(self)).replace("\xa0", " ")).strip()

    def says_beyond(self, other: Element) -> str:
        """What this page says that the other does not: menus, notices and footers they share left out."""
        known = {piece.strip() for piece in _texts(other)}
        return " ".join(" ".join(piece for piece in _texts(self) if piece.strip() not in known).split())

    def up(self, tag: str) -> Element | None:
        """The nearest element above with this tag."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above


def _texts(element: Element) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.tag == "br":
            yield " "
        elif child.tag not in _SILENT:
            yield from _texts(child)
            if child.tag in _SPACED:
                yield " "


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("#document")
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._close_implied(tag)
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=self._open)
        self._open.children.append(element)
        if tag not in _VOID:
            self._open = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        above: Element | None = self._open
        while above is not None and above.tag != tag:
            above = above.parent
        if above is not None and above.parent is not None:
            self._open = above.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)

    def _close_implied(self, tag: str) -> None:
        closing = _CLOSED_BY.get(tag, set[str]())
        above: Element | None = self._open
        while above is not None and above.tag not in _BOUNDARY:
            if above.tag in closing and above.parent is not None:
                self._open = above.parent
            above = above.parent


def parse_html(html: str) -> Element:
    """Build the tree of a page or a piece of one. Never fails: broken markup gives a poorer tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
