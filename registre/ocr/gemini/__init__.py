"""The Gemini page reader: an image in, a typed outcome and the text or rows out. `client.py` holds the SDK."""

from __future__ import annotations
