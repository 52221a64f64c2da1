"""What a call costs, from a dated table: `prices.json` beside this file, or the file that GEMINI_PRICES names."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from registre.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars a million tokens, which is micro-dollars a token; output includes thinking."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Prices:
    """The table in force."""

    as_of: str
    source: str
    models: dict[str, Price]

    def of(self, model: str) -> Price:
        """The price of the longest known name that `model` begins with (`gemini-2.5-flash-001` is `gemini-2.5-flash`).

        A model that the table does not know costs what the dearest one does: a ceiling must not be passed unnoticed.
        """
        known = [name for name in self.models if model == name or model.startswith(f"{name}-")]
        if known:
            return self.models[max(known, key=len)]
        return Price(max(p.input for p in self.models.values()), max(p.output for p in self.models.values()))

    def cost(self, model: str, *, input_tokens: int, output_tokens: int, thinking_tokens: int = 0) -> int:
        """Micro-dollars of a call, rounded up."""
        price = self.of(model)
        return math.ceil(input_tokens * price.input + (output_tokens + thinking_tokens) * price.output)


def load(path: Path | None = None) -> Prices:
    """Read the table.

    Raises:
        ConfigurationError: the file is missing or malformed.
    """
    source = path or files("registre.limits") / "prices.json"
    try:
        raw: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
        models = {str(name): Price(float(p["input"]), float(p["output"])) for name, p in raw["models"].items()}
        table = Prices(str(raw["as_of"]), str(raw.get("source", "")), models)
        table.of("")  # fails on an empty one
        return table
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConfigurationError(
            f"GEMINI_PRICES: {source} n'est pas une table de prix ({type(exc).__name__}: {exc}); "
            "imitez registre/limits/prices.json."
        ) from exc
