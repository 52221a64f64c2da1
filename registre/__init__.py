"""registre: orders documents of Québec's public registries. Start reading at `registre/pipeline.py`."""

from __future__ import annotations

__version__ = "0.1.0"
