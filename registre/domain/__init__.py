"""What the field knows: requests, numbers, names, errors, readings. Pure: no I/O, no third-party import."""

from __future__ import annotations
