"""What a control plane is told: the body of its commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast


def json_object(body: bytes) -> Mapping[str, object]:
    """A command's JSON object; an empty body is an empty one.

    Raises:
        TypeError: it is no object.
        ValueError: it is no JSON.
    """
    parsed: object = json.loads(body or b"{}")
    if not isinstance(parsed, dict):
        raise TypeError("a JSON object is expected")
    return cast("dict[str, object]", parsed)
