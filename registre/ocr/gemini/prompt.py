"""What the model is asked: one Markdown file a kind of document under `prompts/`, its version on the first line."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from registre.domain.request import DocumentKind
from registre.ocr.gemini.schema import answer_schema

_VERSION = re.compile(r"<!-- version: (\d+) -->\n")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt and the shape of its answer; any change of either changes the hash."""

    text: str
    version: int
    schema: dict[str, Any]
    #: twelve hexadecimal digits
    hash: str


@cache
def prompt(kind: DocumentKind) -> Prompt:
    """The prompt for one page of a document of that kind.

    Raises:
        ValueError: the file has no version line.
    """
    text = (files("registre.ocr.gemini") / "prompts" / f"{kind.value}.md").read_text(encoding="utf-8")
    match = _VERSION.match(text)
    if match is None:
        raise ValueError(f"prompts/{kind.value}.md must begin with <!-- version: N -->")
    schema = answer_schema(kind)
    asked = text[match.end() :].strip()
    told = asked + json.dumps(schema, sort_keys=True, ensure_ascii=False)
    return Prompt(asked, int(match.group(1)), schema, hashlib.sha256(told.encode()).hexdigest()[:12])
