"""What is done on the land registry's screens, one module a part of the flow."""

from __future__ import annotations
