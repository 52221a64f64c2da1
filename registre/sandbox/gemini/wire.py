"""The v1beta wire shapes: requests taken apart, answers and errors put together."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

#: Keywords that the API takes in a response schema given as JSON Schema; it refuses others.
SCHEMA_WORDS: Final = frozenset(
    {
        "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
        "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties",
        "required", "propertyOrdering",
    }
)  # fmt: skip
#: Tokens of one picture by media resolution; absent: tiles of 768 pixels.
_PICTURE: Final = {
    "MEDIA_RESOLUTION_LOW": 280,
    "MEDIA_RESOLUTION_MEDIUM": 560,
    "MEDIA_RESOLUTION_HIGH": 1_120,
    "MEDIA_RESOLUTION_ULTRA_HIGH": 2_240,
}
_REASONS: Final = {
    400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_QUOTAS: Final = {
    "rpm": ("generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel"),
    "tpm": ("generate_content_paid_tier_input_token_count", "GenerateContentPaidTierInputTokensPerModelPerMinute"),
    "rpd": ("generate_requests_per_model_per_day", "GenerateRequestsPerDayPerProjectPerModel"),
}

Json = dict[str, Any]


class BadRequest(ValueError):
    """The request is refused with 400; the text is the API's message."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A picture in a request: its bytes, or the address of an uploaded file."""

    data: bytes
    uri: str | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to generate, taken apart."""

    texts: tuple[str, ...]
    blobs: tuple[Blob, ...]
    #: JSON schema of the answer; None: plain text
    schema: Json | None
    max_tokens: int
    thinking: str


def parse(body: object) -> Ask:
    """Take a generateContent or countTokens body apart.

    Raises:
        BadRequest: it is not of the API's shape.
    """
    request = _object(camel(body), "request")
    request = _object(request.get("generateContentRequest", request), "generateContentRequest")
    contents = request.get("contents")
    if not isinstance(contents, list) or not contents:
        raise BadRequest("* GenerateContentRequest.contents: contents is not specified")
    config = _object(request.get("generationConfig", {}), "generationConfig")
    instruction = request.get("systemInstruction")
    turns = [*cast("list[object]", contents), *([instruction] if instruction is not None else [])]
    parts = [part for turn in turns for part in _parts(turn)]
    default = _object(config.get("thinkingConfig", {}), "thinkingConfig")
    return Ask(
        tuple(str(part["text"]) for part in parts if "text" in part),
        tuple(
            _blob(part, config.get("mediaResolution")) for part in parts if "inlineData" in part or "fileData" in part
        ),
        _schema(config),
        int(config.get("maxOutputTokens", 65_536)),
        str(default.get("thinkingLevel", "medium" if default.get("thinkingBudget", 1) else "minimal")).lower(),
    )


def camel(value: object) -> object:
    """The same with names in camelCase: the API takes both spellings, the SDK sends both. Schemas stay as they are."""
    if isinstance(value, list):
        return [camel(item) for item in cast("list[object]", value)]
    if not isinstance(value, Mapping):
        return value
    named = {_camel(name): item for name, item in cast("Mapping[str, object]", value).items()}
    return {name: item if name == "responseJsonSchema" else camel(item) for name, item in named.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def text_tokens(text: str) -> int:
    """About what a tokenizer makes of French."""
    return math.ceil(len(text) / 3.6)


def picture_tokens(blob: Blob, size: tuple[int, int]) -> int:
    """Tokens of one picture."""
    if blob.resolution in _PICTURE:
        return _PICTURE[blob.resolution]
    width, height = size
    if max(size) <= 384:
        return 258
    tile = max(min(width, height) // 1.5, 1)
    return 258 * math.ceil(width / tile) * math.ceil(height / tile)


def candidate(text: str | None, finish: str | None) -> Json:
    """One candidate; without text it has no parts, as when the API refuses."""
    content: Json = {"role": "model"}
    if text is not None:
        content["parts"] = [{"text": text}]
    found: Json = {"content": content, "index": 0}
    if finish:
        found["finishReason"] = finish
    return found


def error(status: int, message: str, details: Sequence[Json] = (), reason: str | None = None) -> Json:
    """The body of an error."""
    found: Json = {"code": status, "message": message, "status": reason or _REASONS[status]}
    if details:
        found["details"] = list(details)
    return {"error": found}


def quota_error(dimension: str, model: str, retry_s: float | None, limit: int | None) -> Json:
    """429: which quota, and after how long to try again."""
    metric, name = _QUOTAS[dimension]
    violation: Json = {
        "quotaMetric": f"generativelanguage.googleapis.com/{metric}",
        "quotaId": name,
        "quotaDimensions": {"location": "global", "model": model},
    }
    if limit is not None:
        violation["quotaValue"] = str(limit)
    details: list[Json] = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}]
    message = "You exceeded your current quota, please check your plan and billing details."
    if retry_s is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_s:g}s"})
        message += f" Please retry in {retry_s:g}s."
    return error(429, message, details)


def _object(value: object, name: str) -> Json:
    if not isinstance(value, Mapping):
        raise BadRequest(f"Invalid value at '{name}': an object is expected")
    return dict(cast("Mapping[str, Any]", value))


def _parts(turn: object) -> list[Json]:
    parts = _object(turn, "contents").get("parts")
    if not isinstance(parts, list) or not parts:
        raise BadRequest("* GenerateContentRequest.contents: contents.parts must not be empty.")
    return [_object(part, "parts") for part in cast("list[object]", parts)]


def _blob(part: Json, default: object) -> Blob:
    own = part.get("mediaResolution")
    level = cast("Json", own).get("level") if isinstance(own, dict) else own or default
    resolution = str(level) if level else None
    if "fileData" in part:
        return Blob(b"", str(_object(part["fileData"], "fileData").get("fileUri")), resolution)
    inline = _object(part["inlineData"], "inlineData")
    text = str(inline.get("data", "")).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as exc:
        raise BadRequest("Invalid value at 'inline_data.data': Base64 decoding failed") from exc
    return Blob(data, None, resolution)


def _schema(config: Json) -> Json | None:
    schema = config.get("responseJsonSchema")
    if schema is None:
        return None
    if config.get("responseMimeType") != "application/json":
        raise BadRequest("response_json_schema needs response_mime_type application/json")
    found = _object(schema, "responseJsonSchema")
    unknown = sorted(set(schema_words(found)) - SCHEMA_WORDS)
    if unknown:
        raise BadRequest(f"Unsupported keywords in response_json_schema: {', '.join(unknown)}")
    return found


def schema_words(schema: object) -> Iterator[str]:
    """Every keyword of a JSON schema; names of properties and definitions are none."""
    if isinstance(schema, list):
        for item in cast("list[object]", schema):
            yield from schema_words(item)
    if not isinstance(schema, Mapping):
        return
    for word, value in cast("Mapping[str, object]", schema).items():
        yield word
        if word in {"properties", "$defs"} and isinstance(value, Mapping):
            for inner in cast("Mapping[str, object]", value).values():
                yield from schema_words(inner)
        elif word not in {"enum", "required", "propertyOrdering"}:
            yield from schema_words(value)
