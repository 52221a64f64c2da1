"""The words of the trade: natures, those whom the registry names again and again, and words of remarks."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from registre.domain.text import fold

#: A name this like an alias, without being it, is a near miss, if each of its words is nearly that alias's word.
_NEAR: Final = 0.85
_NEAR_WORD: Final = 0.8
#: Shorter words say too little: `de` and `dc` differ by half.
_LONG_WORD: Final = 4


@dataclass(frozen=True, slots=True)
class Entity:
    """Someone the registry names again and again."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of the trade, from `lexicon.toml`."""

    #: (canonical nature, folded way of writing it), longer before shorter
    natures: tuple[tuple[str, str], ...]
    entities: tuple[Entity, ...]
    words: dict[str, tuple[str, ...]]

    @lru_cache(maxsize=4096)  # noqa: B019  one lexicon a process
    def nature(self, text: str | None) -> str | None:
        """The canonical nature that a text names, or None: the list is open."""
        folded = f" {fold(text or '')} "
        return next((name for name, written in self.natures if f" {written} " in folded), None)

    @lru_cache(maxsize=4096)  # noqa: B019
    def named(self, party: str) -> tuple[Entity, bool] | None:
        """Who a party's name is, and whether it was written by another of its names."""
        folded = f" {fold(party)} "
        for entity in self.entities:
            for alias in entity.aliases:
                if f" {alias} " in folded:
                    return entity, fold(entity.name) not in fold(party)
        return None

    @lru_cache(maxsize=4096)  # noqa: B019
    def nearly(self, party: str) -> Entity | None:
        """Who a party's name almost is."""
        folded = fold(party)
        best, found = _NEAR, None
        for entity in self.entities:
            for alias in entity.aliases:
                alike = SequenceMatcher(None, folded, alias, autojunk=False).ratio() if len(alias) > 5 else 0.0
                if best <= alike < 1 and _word_by_word(folded, alias):
                    best, found = alike, entity
        return found


def _word_by_word(name: str, alias: str) -> bool:
    """Whether words stand opposite words nearly the same: BORÉALE is another bank than ROYALE."""
    pairs = list(zip(name.split(), alias.split(), strict=False))
    return len(name.split()) == len(alias.split()) and all(
        SequenceMatcher(None, read, meant, autojunk=False).ratio() >= _NEAR_WORD
        for read, meant in pairs
        if max(len(read), len(meant)) >= _LONG_WORD
    )


@cache
def lexicon() -> Lexicon:
    """Read once."""
    raw = table("lexicon.toml")
    return Lexicon(
        tuple((name, fold(written)) for name, ways in raw["natures"].items() for written in ways),
        tuple(
            Entity(key, value["name"], value["kind"], tuple(fold(alias) for alias in value["aliases"]))
            for key, value in raw["entities"].items()
        ),
        {group: tuple(fold(word) for word in words) for group, words in raw["words"].items()},
    )


def table(name: str) -> dict[str, Any]:
    """One of this package's data files."""
    return tomllib.loads(files("registre.ocr.correction").joinpath(name).read_text("utf-8"))
