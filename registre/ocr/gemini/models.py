"""The dated table of models, `models.json`, and the guard that no unknown or retired one is used. Prices: limits."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from registre.domain.errors import ConfigurationError

#: Older models cut a picture in tiles, this many tokens each.
_TILE_TOKENS: Final = 258
_SMALL: Final = 384


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model, and the settings with which it reads pages."""

    name: str
    #: day it was released, and last day on which it answers under its own name; None: none announced
    first: date
    last: date | None
    successor: str | None
    #: what it can say, thinking included, and what we let it say of a page: a loop costs that much
    max_output_tokens: int
    answer_tokens: int
    #: thinkingLevel or thinkingBudget; None: it does not think
    thinking_level: str | None
    thinking_budget: int | None
    #: tokens that it usually thinks of a page, for the estimate
    thinking_tokens: int
    #: mediaResolution of a picture and its tokens; None: the picture is tiled
    media_level: str | None
    media_tokens: int | None

    def picture_tokens(self, width: int, height: int) -> int:
        """Tokens of one picture: fixed by its resolution, or 258 a tile.

        Tiles are squares of the shorter side by 1.5; a picture of at most 384 pixels a side is one.
        Source: ai.google.dev/gemini-api/docs/tokens and /media-resolution, read 2026-11-22.
        """
        if self.media_tokens is not None:
            return self.media_tokens
        if max(width, height) <= _SMALL:
            return _TILE_TOKENS
        tile = max(math.floor(min(width, height) / 1.5), 1)
        return _TILE_TOKENS * math.ceil(width / tile) * math.ceil(height / tile)


@dataclass(frozen=True, slots=True)
class Models:
    """The table in force."""

    as_of: str
    default: str
    models: dict[str, Model]

    def usable(self, name: str | None, today: date) -> Model:
        """The model of that name, the default where None.

        Raises:
            ConfigurationError: unknown, not released yet or retired; names those that answer.
        """
        wanted = name or self.default
        model = self.models.get(wanted.removeprefix("models/"))
        if model is None:
            raise ConfigurationError(f"GEMINI_MODEL={wanted}: modèle inconnu. {self._answering(today)}")
        if model.first > today:
            raise ConfigurationError(f"GEMINI_MODEL={wanted} n'existe que depuis le {model.first}.")
        if model.last is not None and model.last < today:
            advice = f"son successeur est {model.successor}. " if model.successor else ""
            text = f"GEMINI_MODEL={wanted} a été retiré le {model.last}; {advice}{self._answering(today)}"
            raise ConfigurationError(text)
        return model

    def _answering(self, today: date) -> str:
        names = [m.name for m in self.models.values() if m.first <= today and (m.last is None or m.last >= today)]
        return f"Au choix (table du {self.as_of}): {', '.join(names)}; un autre s'ajoute par GEMINI_MODELS."


def load(path: Path | None = None) -> Models:
    """Read the table, ours or the file that GEMINI_MODELS names.

    Raises:
        ConfigurationError: the file is missing or malformed.
    """
    source = path or files("registre.ocr.gemini") / "models.json"
    try:
        raw: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        models = {name: _model(name, item) for name, item in raw["models"].items()}
        table = Models(str(raw["as_of"]), str(raw["default"]), models)
        table.models[table.default]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConfigurationError(
            f"GEMINI_MODELS: {source} n'est pas une table de modèles ({type(exc).__name__}: {exc}); "
            "imitez registre/ocr/gemini/models.json."
        ) from exc
    return table


def _model(name: str, raw: dict[str, Any]) -> Model:
    thinking: dict[str, Any] = raw["thinking"] or {}
    media: dict[str, Any] = raw["media"] or {}
    return Model(
        name=name,
        first=date.fromisoformat(raw["first"]),
        last=date.fromisoformat(raw["last"]) if raw["last"] else None,
        successor=raw["successor"],
        max_output_tokens=int(raw["max_output_tokens"]),
        answer_tokens=min(int(raw["answer_tokens"]), int(raw["max_output_tokens"])),
        thinking_level=thinking.get("level"),
        thinking_budget=thinking.get("budget"),
        thinking_tokens=int(raw["thinking_tokens"]),
        media_level=media.get("level"),
        media_tokens=media.get("tokens"),
    )
